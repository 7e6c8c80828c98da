"""The rate at which the mean clock share passes the mean pizza share: half of what both write is a clock's there.

A logistic curve, share(x) = 1 / (1 + exp(-slope (x - middle))), is fitted to clock / (clock + pizza) by
quasi-likelihood (Papke and Wooldridge 1996), each run weighted by what both algorithms write in it: a network that
writes next to nothing by either law says next to nothing. Its interval is the bootstrap's over runs, not the
likelihood's: shares are no counts, and scatter as they like.

A Newton step of length t along a direction that changes no logit by more than m raises the quasi-likelihood for sure
with t = ln(1 + m) / m, as the third derivative of a logistic curve's logarithm is nowhere larger than the second. So
the curves of all draws are fitted at once, and none has to be watched.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clockpizza.report.bootstrap import FEWEST, Array, ends, redrawn
from clockpizza.report.crossing import Crossing

STEPS = 60
CLOSE = 1e-7  # change of a logit at which a curve is found
TINY = 1e-30


def share_crossing(runs: Sequence[tuple[float, float, float]]) -> Crossing:
    """Where clocks come to write more than pizzas.

    Args:
        runs: of each its x, its clock share and its pizza share.

    Returns:
        As `crossing` does, with a run whose clock share is the larger for a yes; no ends where there are fewer than 3
        runs.
    """
    table = np.array([each for each in runs if each[1] + each[2] > 0], dtype=float).reshape(-1, 3)
    table = table[np.argsort(table[:, 0], kind="stable")]
    x, clock, pizza = table.T
    counts = {"yes": int((clock > pizza).sum()), "no": int((clock <= pizza).sum())}
    if not counts["yes"] or not counts["no"]:
        return Crossing("all yes" if counts["yes"] else "all no" if counts["no"] else "none", **counts)
    first, last = float(x[0]), float(x[-1])
    if first == last:
        return Crossing("one x", **counts)
    places, starts = np.unique((x - first) / (last - first), return_index=True)
    curves = _Curves(places)
    all_clock, all_pizza = np.add.reduceat(clock, starts)[None], np.add.reduceat(pizza, starts)[None]
    middle, line = (each[0] for each in curves.fit(all_clock, all_pizza, np.zeros(2)))
    if np.isnan(middle):
        return Crossing("no rise", **counts)
    if not 0 <= middle <= 1:
        return Crossing("outside", **counts)
    more = (all_clock - all_pizza)[0]
    if more[places <= middle].sum() >= 0 or more[places >= middle].sum() <= 0:
        return Crossing("no rise", **counts)  # a curve that the runs themselves do not follow across one half
    status = "separate" if curves.apart(all_clock, all_pizza)[0] else "found"
    low = high = None
    if len(x) >= FEWEST:
        drawn = (
            (np.add.reduceat(times * clock, starts, axis=1), np.add.reduceat(times * pizza, starts, axis=1))
            for times in redrawn(len(x))
        )
        middles = np.concatenate([curves.fit(*each, line)[0] for each in drawn])
        unknown = np.isnan(middles)  # a draw that does not rise says nothing, so both ends give way
        low = float(ends(np.where(unknown, -np.inf, middles))[0])
        high = float(ends(np.where(unknown, np.inf, middles))[1])

    def back(place: float | None) -> float | None:
        return None if place is None or not 0 <= place <= 1 else first + place * (last - first)

    return Crossing(status, back(float(middle)), back(low), back(high), **counts)


class _Curves:
    """Logistic curves through what clocks and pizzas write at places from 0 to 1; (curves, places) each."""

    def __init__(self, places: Array) -> None:
        self.places = places

    def fit(self, clock: Array, pizza: Array, start: Array) -> tuple[Array, Array]:
        """Where each curve is one half, NaN where it does not rise, and its slope and intercept (curves, 2).

        start: a slope and an intercept to begin with.
        """
        both = clock + pizza
        middles, lines = np.full(len(clock), np.nan), np.tile(start, (len(clock), 1))
        apart, seen = self.apart(clock, pizza), (both > 0).sum(axis=1) > 1
        lowest, highest = self._gap(clock, pizza)
        middles[apart & seen] = (lowest + highest)[apart & seen] / 2
        fitted = ~apart & seen & (clock.sum(axis=1) > 0) & (pizza.sum(axis=1) > 0)
        left = np.flatnonzero(fitted)
        for _ in range(STEPS):
            if not len(left):
                break
            step = self._step(clock[left], both[left], lines[left])
            lines[left] += step
            left = left[_largest(step) > CLOSE]
        rising = np.flatnonzero(fitted & (lines[:, 0] > 0))
        middles[rising] = -lines[rising, 1] / lines[rising, 0]
        return middles, lines

    def apart(self, clock: Array, pizza: Array) -> NDArray[np.bool_]:
        """Whether no clock writes below a place where a pizza does: every middle between the two suits as well."""
        lowest, highest = self._gap(clock, pizza)
        return np.isfinite(lowest) & np.isfinite(highest) & (lowest >= highest)

    def _gap(self, clock: Array, pizza: Array) -> tuple[Array, Array]:
        """The lowest place of a clock, and the highest of a pizza; infinite where there are none."""
        lowest = np.where(clock > 0, self.places, np.inf).min(axis=1)
        return lowest, np.where(pizza > 0, self.places, -np.inf).max(axis=1)

    def _step(self, clock: Array, both: Array, lines: Array) -> Array:
        """What to add to slopes and intercepts; places are counted from their mean, which keeps the two apart."""
        share = 0.5 * (1 + np.tanh(lines[:, :1] * (self.places / 2) + lines[:, 1:] / 2))
        off = clock - both * share
        weight = both * share * (1 - share)
        total = weight.sum(axis=1) + TINY
        mean = weight @ self.places / total
        spread = weight @ self.places**2 - mean**2 * total
        rise, level = off @ self.places, off.sum(axis=1)
        slope = (rise - mean * level) / np.maximum(spread, TINY)
        step = np.stack([slope, level / total - mean * slope], axis=1)
        most = np.maximum(_largest(step), TINY)
        return step * (np.log1p(most) / most)[:, None]


def _largest(step: Array) -> Array:
    """The largest change of a logit, which is at either end of the places."""
    return np.maximum(abs(step[:, 1]), abs(step.sum(axis=1)))
