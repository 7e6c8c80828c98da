"""A network at one moment, as arrays to draw: out of a run's snapshot, or out of a portrait.

Numbers only: neither torch nor Textual. What is in a file is checked here, so that widgets can trust it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clockpizza.errors import BadInput
from clockpizza.plots.planes import turned

LARGEST_P = 1000  # of a picture that is drawn

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Moment:
    """What there is to draw; what a file lacks is empty or None.

    epoch: of the snapshot; None for a checkpoint that does not tell. p: how many tokens.
    circles: by frequency, the strongest in the embedding first, tokens on their plane, (p, 2), `turned`.
    embedding_power, logit_power: shares at the frequencies 1 .. p//2, (p//2,).
    correct_logit: rows a + b, columns a - b, (p, p), NaN where there is none.
    alone: by frequency, the same picture with all other circles taken out of the embedding.
    attention: by head, weight of the last position on operand a, over (a, b), (heads, p, p).
    neurons: numbers of the neurons whose pictures are kept, (m,); neuron_pictures: over (a, b), (m, p, p);
    neuron_fits: of every neuron, frequency, u, v, amplitude, R2, (d_mlp, 5).
    """

    p: int
    epoch: int | None = None
    circles: dict[int, Array] = field(default_factory=dict)
    embedding_power: Array | None = None
    logit_power: Array | None = None
    correct_logit: Array | None = None
    alone: dict[int, Array] = field(default_factory=dict)
    attention: Array | None = None
    neurons: NDArray[np.int64] | None = None
    neuron_pictures: Array | None = None
    neuron_fits: Array | None = None


def of_arrays(arrays: Mapping[str, NDArray[Any]], epoch: int | None = None) -> Moment:
    """The moment in the arrays of a snapshot or a portrait.

    Raises:
        BadInput: an array that has not the shape it should.
    """
    picture = _numbers(arrays, "correct_logit", 2)
    if picture is None:
        raise BadInput("it has no picture of logits")
    p = len(picture)
    if not 2 <= p <= LARGEST_P:
        raise BadInput(f"p is {p}; what can be drawn lies between 2 and {LARGEST_P}")
    _shape("correct_logit", picture, (p, p))
    circles = _circles(arrays, p)
    spectrum = _numbers(arrays, "embedding_spectrum", 2)  # (halves, p//2 + 1), from frequency 0
    return Moment(
        p=p,
        epoch=epoch,
        circles=circles,
        embedding_power=_numbers(arrays, "embedding_power", 1, (p // 2,)) if spectrum is None else spectrum.mean(0)[1:],
        logit_power=_numbers(arrays, "logit_power", 1, (p // 2,)),
        correct_logit=picture,
        alone={k: found for k in circles if (found := _numbers(arrays, f"isolated_{k}", 2, (p, p))) is not None},
        attention=_numbers(arrays, "attention", 3, (None, p, p)),
        neurons=None if (ids := _numbers(arrays, "neurons", 1)) is None else ids.astype(int),
        neuron_pictures=_numbers(arrays, "neuron_pictures", 3, (None, p, p)),
        neuron_fits=_numbers(arrays, "neuron_fits", 2, (None, 5)),
    )


def winding(p: int, k: int) -> int:
    """k or p - k, which are one circle: the one whose inverse mod p is the smaller, the paper's delta."""
    if math.gcd(k, p) > 1:
        return k
    return k if pow(k, -1, p) <= p // 2 else p - k


def walk(p: int, k: int) -> list[int]:
    """The tokens in their order round the circle of frequency k, from token 0: 0, delta, 2 delta, ...

    Where k has no inverse several tokens share a place; they follow each other.
    """
    return sorted(range(p), key=lambda t: (winding(p, k) * t % p, t))


def _circles(arrays: Mapping[str, NDArray[Any]], p: int) -> dict[int, Array]:
    """Tokens on their planes by frequency, turned; none where no frequency holds enough of the embedding."""
    scores, frequencies = _numbers(arrays, "circle_scores", 3), _numbers(arrays, "circle_frequencies", 1)
    if scores is None or frequencies is None:
        return {}
    _shape("circle_scores", scores, (len(frequencies), p, 2))
    if not np.isfinite(scores).all() or not ((frequencies >= 1) & (frequencies <= p // 2)).all():
        raise BadInput("circle_scores are no points, or their frequencies are none of this p")
    return {int(k): turned(xy, winding(p, int(k))) for k, xy in zip(frequencies, scores, strict=True)}


def _numbers(
    arrays: Mapping[str, NDArray[Any]], name: str, axes: int, shape: tuple[int | None, ...] | None = None
) -> Array | None:
    """An array as float32; None where there is none of that name."""
    found = arrays.get(name)
    if found is None:
        return None
    if found.dtype.kind not in "fiub" or found.ndim != axes or not found.size:
        raise BadInput(f"{name} is no array of numbers with {axes} axes")
    if shape is not None:
        _shape(name, found, shape)
    return found.astype(np.float32)


def _shape(name: str, array: NDArray[Any], shape: tuple[int | None, ...]) -> None:
    if any(side not in (None, found) for side, found in zip(shape, array.shape, strict=True)):
        raise BadInput(f"{name} is {array.shape}; it should be {shape}")
