"""Shares of what the logits vary, as the mean over runs: what clocks write, what pizzas write, what neither does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clockpizza.report.bootstrap import FEWEST, ends, redrawn
from clockpizza.report.point import SHARES, Point


@dataclass(frozen=True)
class Mean:
    """The mean over `runs`, with a bootstrap 95 % interval.

    value is None where there are no runs; low and high where there are fewer than 3.
    """

    runs: int
    value: float | None
    low: float | None
    high: float | None


def mean_shares(points: Sequence[Point]) -> dict[str, Mean]:
    """The mean of each share, by its short name: "clock", "pizza", "unlawful", "unaccounted"."""
    shares = [list(found.values()) for each in points if (found := each.shares)]
    runs = len(shares)
    if not runs:
        return {name: Mean(0, None, None, None) for name in SHARES}
    values = np.array(shares)  # (runs, shares)
    found = values.mean(axis=0)
    if runs < FEWEST:
        return {name: Mean(runs, float(found[i]), None, None) for i, name in enumerate(SHARES)}
    low, high = ends(np.concatenate([counts @ values for counts in redrawn(runs)]) / runs)
    return {name: Mean(runs, float(found[i]), float(low[i]), float(high[i])) for i, name in enumerate(SHARES)}
