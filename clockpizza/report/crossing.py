"""Where half of the runs have turned: a logistic curve through yes and no, and how far its middle may lie elsewhere.

P(yes at x) = 1 / (1 + exp(-slope (x - middle))), slope >= 0, by maximum likelihood. The interval is the profile
likelihood's: all middles that, with the slope that suits them best, are at most 1.92 (half of the .95 quantile of
chi-squared with one degree of freedom) worse in log-likelihood than the best. Unlike one by the curvature, it holds
where yes and no do not overlap, and it has no end where the runs do not tell one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WORSE = 1.920729  # half of the .95 quantile of chi-squared with one degree of freedom
STEEPEST = 1e6  # slope, over the range of x; a step for all that runs can tell
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Crossing:
    """Where half have turned.

    status: "found"; "separate" (no yes below a no: any middle between the highest no and the lowest yes suits as well,
        and `value` is halfway); "outside" (the curve reaches one half beyond the x's that were tried); "no rise" (yes
        does not grow more frequent with x); "all yes", "all no", "none" (no runs), "one x".
    value: x, None unless found or separate.
    low, high: 95 % interval; None where it goes on beyond the x's that were tried, and where there is no value.
    yes, no: how many.
    """

    status: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    yes: int = 0
    no: int = 0


def crossing(runs: Sequence[tuple[float, bool]]) -> Crossing:
    """Where half of `runs`, each an x and whether it is a yes, have turned from no (low x) to yes (high x)."""
    at, turned = np.array([x for x, _ in runs], dtype=float), np.array([yes for _, yes in runs], dtype=bool)
    counts = {"yes": int(turned.sum()), "no": int((~turned).sum())}
    if not counts["yes"] or not counts["no"]:
        return Crossing("all yes" if counts["yes"] else "all no" if counts["no"] else "none", **counts)
    first, last = float(at.min()), float(at.max())
    if first == last:
        return Crossing("one x", **counts)
    curve = _Curve((at - first) / (last - first), turned)

    def back(place: float | None) -> float | None:
        return None if place is None else first + place * (last - first)

    highest_no, lowest_yes = float(curve.x[~turned].max()), float(curve.x[turned].min())
    if highest_no <= lowest_yes:
        status, middle, best = "separate", (highest_no + lowest_yes) / 2, curve.profile((highest_no + lowest_yes) / 2)
    else:
        slope, intercept = curve.fit()
        if slope <= 0:
            return Crossing("no rise", **counts)
        status, middle = "found", -intercept / slope
        best = curve.likelihood(slope * curve.x + intercept)
    if not 0 <= middle <= 1:
        return Crossing("outside", **counts)
    low, high = (curve.end(middle, outermost, best) for outermost in (0.0, 1.0))
    return Crossing(status, back(middle), back(low), back(high), **counts)


class _Curve:
    """Logistic curves through yes and no at x, which runs from 0 to 1; (n,) each."""

    def __init__(self, x: Array, yes: NDArray[np.bool_]) -> None:
        self.x, self.yes = x, yes
        self.sign = np.where(yes, 1.0, -1.0)

    def likelihood(self, logit: Array) -> float:
        """The logarithm of the likelihood of all that was seen."""
        return float(-np.logaddexp(0, -self.sign * logit).sum())

    def fit(self) -> tuple[float, float]:
        """Slope and intercept of the best curve, by Newton's method with halved steps; yes and no must overlap."""
        design = np.stack([self.x, np.ones_like(self.x)], axis=1)  # (n, 2)
        best = np.zeros(2)
        for _ in range(100):
            expected = _expit(design @ best)
            gradient = design.T @ (self.yes - expected)
            curvature = design.T @ (design * (expected * (1 - expected))[:, None]) + 1e-12 * np.eye(2)
            step = np.linalg.solve(curvature, gradient)
            here = self.likelihood(design @ best)
            while self.likelihood(design @ (best + step)) < here and np.abs(step).max() > 1e-12:
                step /= 2
            best = best + step
            if np.abs(step).max() <= 1e-9 * (1 + np.abs(best).max()):
                break
        return float(best[0]), float(best[1])

    def profile(self, middle: float) -> float:
        """The likelihood's logarithm with the best slope from 0 up, which is found by halving: it is concave in it."""
        away = self.x - middle

        def uphill(slope: float) -> bool:
            return float(away @ (self.yes - _expit(slope * away))) > 0

        low, high = 0.0, 1.0
        while high < STEEPEST and uphill(high):
            low, high = high, 2 * high
        for _ in range(20):
            mean = (low + high) / 2
            low, high = (mean, high) if uphill(mean) else (low, mean)
        return self.likelihood(low * away)

    def end(self, middle: float, outermost: float, best: float) -> float | None:
        """Where the interval ends between the middle and `outermost`; None where it does not."""
        if self.profile(outermost) > best - WORSE:
            return None
        inside, outside = middle, outermost
        for _ in range(16):
            mean = (inside + outside) / 2
            inside, outside = (mean, outside) if self.profile(mean) > best - WORSE else (inside, mean)
        return inside


def _expit(logit: Array) -> Array:
    return 0.5 * (1 + np.tanh(logit / 2))
