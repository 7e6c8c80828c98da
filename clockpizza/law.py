"""The law of a circle: does its wave grow and shrink with a - b?

A clock writes cos(w (a + b - c)) with an amplitude g(d), d = a - b, that is constant; a pizza's is |cos(w d / 2)|
(Zhong et al. 2023). Both at once:

    g(d) = b0 + b1 |cos(w d / 2 + phase)|,   b0, b1 >= 0,   w = 2 pi k / p

fitted by least squares. With m the mean of |cos| over d, the part b1 m of the mean amplitude b0 + b1 m is a pizza's.
The misfit is the share of g's power, mean g^2, that the fit leaves: fit and remainder are orthogonal, so 1 - misfit is
what the law explains.

The phase is free where operands have vocabularies, and so circles, of their own. Else it is 0, unless g itself shows a
turn: pi / 2, the only other phase that does not care for the operands' order, or, where g(d) and g(-d) differ, any.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clockpizza.frequency import double, halves
from clockpizza.grounds import Wave

STEPS = 360  # of a free phase, over half a turn: |cos| has that period
# A turn must leave less than half of what phase 0 leaves, and take away more than 0.0025 of the power: the misfit of an
# amplitude of which a tenth is turned by pi / 2. What ripples flat clocks have, trained or noisy, stays below that; a
# phase without such a margin always finds a slope in them.
TURNED_PART, TURNED_LEAST = 0.5, 0.0025


@dataclass(frozen=True)
class Law:
    """g(d) = b0 + b1 |cos(w d / 2 + phase)|.

    b0, b1: in logits. phase: radians. pizza: b1 m / (b0 + b1 m), in [0, 1]; 0 where the amplitude is 0. misfit: share
    of g's power that is left, in [0, 1]; 1 where the law explains nothing. r2: the part of g's variance over d that it
    explains; None where g does not vary.
    """

    b0: float
    b1: float
    phase: float
    pizza: float
    misfit: float
    r2: float | None

    def __str__(self) -> str:
        """`0.12 + 21.30 |cos(w(a-b)/2)|`, with the phase where there is one."""
        turn = f" + {self.phase:.2f}" if self.phase else ""
        return f"{self.b0:.2f} + {self.b1:.2f} |cos(w(a-b)/2{turn})|"


def fit_law(g: Sequence[float], k: int, *, free_phase: bool = False) -> Law:
    """The law of circle k, fitted to g(d), d = 0 .. p - 1.

    free_phase: the operands have circles of their own, turned against each other by any angle.
    """
    values = np.asarray(g, dtype=float)
    every = [math.pi * i / STEPS for i in range(STEPS)]
    if free_phase:
        return _best(values, k, every)
    straight = _fit(values, k, 0.0)
    odd = (values - np.roll(values[::-1], 1)) / 2  # of g(d) - g(-d)
    lopsided = float(odd @ odd) > TURNED_LEAST * float(values @ values)
    turned = _best(values, k, every if lopsided else [math.pi / 2])
    gain = straight.misfit - turned.misfit
    return turned if turned.misfit < TURNED_PART * straight.misfit and gain > TURNED_LEAST else straight


def _best(g: NDArray[np.float64], k: int, phases: Sequence[float]) -> Law:
    return min((_fit(g, k, phase) for phase in phases), key=lambda law: law.misfit)


def _fit(g: NDArray[np.float64], k: int, phase: float) -> Law:
    p = len(g)
    x = np.abs(np.cos(np.pi * k / p * np.arange(p) + phase))
    power, m = float(g @ g), float(x.mean())
    if not power > 0:
        return Law(0.0, 0.0, phase, 0.0, 1.0, None)
    b0, b1 = min(_coefficients(g, x), key=lambda b: float(((g - b[0] - b[1] * x) ** 2).sum()))
    rest = float(((g - b0 - b1 * x) ** 2).sum())
    varies = float(((g - g.mean()) ** 2).sum())
    mean = b0 + b1 * m
    return Law(
        *(b0, b1, phase, b1 * m / mean if mean > 0 else 0.0, min(1.0, rest / power)),
        r2=1 - rest / varies if varies > 1e-20 * power else None,
    )


def _coefficients(g: NDArray[np.float64], x: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Candidates for the best b0, b1 >= 0: both free where that keeps them so, else either one alone."""
    dx = x - x.mean()
    spread = float(dx @ dx)
    b1 = float(dx @ g) / spread if spread > 1e-12 * len(g) else 0.0  # at k = p/2 and few tokens x may be constant
    b0 = float(g.mean()) - b1 * float(x.mean())
    if b0 >= 0 and b1 >= 0:
        return [(b0, b1)]
    return [(max(0.0, float(g.mean())), 0.0), (0.0, max(0.0, float(x @ g) / float(x @ x)))]


@dataclass(frozen=True)
class Reading:
    """A circle's law, read with the planes at 2k and k/2 out of the embedding.

    interaction: how far these planes are from acting one by one, in parts of the wave's power: the mean square of the
    difference between g with all of them out and g less what each takes away alone. unlawful: misfit and interaction
    together, at most 1: what no law can be read from.
    """

    law: Law
    interaction: float

    @property
    def unlawful(self) -> float:
        return min(1.0, self.law.misfit + self.interaction)


def read_law(wave: Wave, p: int, *, free_phase: bool) -> Reading:
    """The law of the circle that writes `wave`.

    The plane at 2k goes out because a companion there fills a pizza's blind spots and hides it; those at k/2 because
    the circle there writes at k, too: the fourth harmonic of its ReLU, and in deeper networks its square.
    """
    g = np.array(wave.amplitude if wave.without_both is None else wave.without_both)
    law = fit_law(g.tolist(), wave.frequency, free_phase=free_phase)
    if (
        wave.without_double is None
        or wave.without_half is None
        or double(wave.frequency, p) in halves(wave.frequency, p)
    ):
        return Reading(law, 0.0)  # one ablation: there is nothing to act together
    intact = np.array(wave.amplitude)
    one_by_one = np.array(wave.without_double) + np.array(wave.without_half) - intact
    power = float(intact @ intact)
    return Reading(law, float(((g - one_by_one) ** 2).sum()) / power if power > 0 else 1.0)
