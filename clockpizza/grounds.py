"""The grounds of a verdict: plain numbers that say what a network's circles do to its logits.

They are kept with the result, so that a later edition of the rule can judge again without the weights.

With z_k(a, b) the complex amplitude of the logits over c at output frequency k, relative to a + b, and V all the
logits' variance over c: written(k) is the share of V at k whatever its phase, wave(k) the share that is a wave of
a + b - c with an amplitude g_k(d) that depends on d = a - b alone, 1/2 <g_k^2> / V.

"Out" means: the Fourier plane of that frequency is taken out of the embedding of both operands, and attention keeps the
pattern that it has with the whole embedding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from clockpizza.errors import BadInput


@dataclass(frozen=True)
class Wave:
    """One wave of the logits, and what becomes of it when planes are out.

    frequency: k. share: of the logits' variance, as a wave with amplitude g(d). written: at this output frequency in
        all.
    amplitude: g(d), d = 0 .. p - 1, in logits. without_double, without_half, without_both: the same with the plane at
        2k out, with those at k/2 (there are two at even p, all of them), and with all of these; None where there is
        no such plane.
    left: with the plane of k itself out, what is left of the wave at each frequency 1 .. p//2: <g' g> / <g^2>, 1 where
        nothing changes, 0 where all is gone; 0 where there was no wave.
    left_without_half: what is left of this wave with the planes of k and of k/2 out; None where it was not asked.
    effect, effect_double: with the plane of k (of 2k) out, the variance of the change, in parts of the logits'.
    """

    frequency: int
    share: float
    written: float
    amplitude: list[float]
    without_double: list[float] | None
    without_half: list[float] | None
    without_both: list[float] | None
    left: list[float]
    left_without_half: float | None
    effect: float
    effect_double: float | None


@dataclass(frozen=True)
class NumberLine:
    """A direction in which tokens lie as a ramp (multiplier t + offset) mod p, and what the network answers with it.

    variance: the ramp's share of the embedding's. with_ramp: accuracy of the main circles, their doubles and an ideal
    ramp, everything else out of the embedding; with_sine: the same with the ramp's fundamental alone.
    """

    multiplier: int
    offset: int
    variance: float
    with_ramp: float
    with_sine: float


@dataclass(frozen=True)
class Grounds:
    """What judging needs of one network.

    accuracy: over all pairs; held_out: over held-out pairs, where the split is known.
    separate_vocabularies: whether operand b has tokens of its own.
    waves: those that hold some of the logits' variance (roles.LEAST_WAVE), the strongest first.
    kept: frequencies of the main circles and their doubles. kept_accuracy: over all pairs with these planes alone and
        live attention. kept_share: the part of the logits' variance that is then written, 1 - <(Q' - Q)^2> / V.
    number_line: only looked for where circles do not explain the network. idle: likewise, a few round planes that hold
        most of the embedding's variance and alone, with live attention, do not answer.
    circularity, circularity_authors, symmetricity_100, irrelevance_top_wrong: the paper's measures.
    """

    p: int
    accuracy: float
    held_out: float | None
    separate_vocabularies: bool
    waves: list[Wave]
    kept: list[int]
    kept_accuracy: float
    kept_share: float
    number_line: NumberLine | None
    idle: list[int]
    circularity: float
    circularity_authors: float
    symmetricity_100: float | None
    irrelevance_top_wrong: float | None


def to_dict(grounds: Grounds) -> dict[str, Any]:
    """Plain values, numbers to seven digits: what `from_dict` reads, and what verdicts are judged from."""
    return {name: _rounded(value) for name, value in asdict(grounds).items()}


def from_dict(values: Mapping[str, Any]) -> Grounds:
    """What `to_dict` wrote.

    Raises:
        BadInput: something is missing, or not of the kind that it should be.
    """
    try:
        line = values["number_line"]
        grounds = Grounds(
            **{
                **{field.name: values[field.name] for field in fields(Grounds)},
                "waves": [Wave(**{field.name: each[field.name] for field in fields(Wave)}) for each in values["waves"]],
                "number_line": None if line is None else NumberLine(**line),
            }
        )
        _check(grounds)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"grounds of a verdict that cannot be read: {type(error).__name__} {error}") from error
    return grounds


def _check(grounds: Grounds) -> None:
    """Raise ValueError or TypeError where lists do not have the lengths or members that arithmetic needs."""
    p = grounds.p
    if type(p) is not int or not 3 <= p <= 10_000:
        raise ValueError(f"p {p!r}")
    numbers = [grounds.accuracy, grounds.kept_accuracy, grounds.kept_share, grounds.circularity]
    optional = (grounds.held_out, grounds.symmetricity_100, grounds.irrelevance_top_wrong)
    numbers += [grounds.circularity_authors, *(x for x in optional if x is not None)]
    if (line := grounds.number_line) is not None:
        numbers += [line.multiplier, line.offset, line.variance, line.with_ramp, line.with_sine]
    if not all(type(k) is int for k in (*grounds.kept, *grounds.idle)):
        raise ValueError("a frequency expected")
    for wave in grounds.waves:
        if type(wave.frequency) is not int or not 1 <= wave.frequency <= p // 2 or len(wave.left) != p // 2:
            raise ValueError(f"wave {wave.frequency!r}")
        for g in (wave.amplitude, wave.without_double, wave.without_half, wave.without_both):
            if g is not None and len(g) != p:
                raise ValueError(f"an amplitude of {len(g)} values")
            numbers += g or []
        numbers += [wave.share, wave.written, wave.effect, *wave.left]
        numbers += [x for x in (wave.effect_double, wave.left_without_half) if x is not None]
    if not all(type(x) in (int, float) and abs(x) < 1e12 for x in numbers):
        raise ValueError("a number expected")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return value
