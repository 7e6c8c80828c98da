"""Are the winners of several runs ranked higher at the start than chance would have it?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class RankTest:
    """Ranks (1 the strongest) of the winners of several runs, as places from 0 (strongest) to 1 (weakest).

    winners, runs: how many. place: mean over winners, .5 by chance. low, high: 95 % of what chance gives, by the normal
    approximation. p_value: two-sided. All but the counts are None where there are no winners or no losers.
    Source: Wilcoxon's rank sum, summed over runs, in each of which winners are drawn from its n frequencies without
    putting back.
    """

    winners: int
    runs: int
    place: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None


def rank_test(ranks: Sequence[Sequence[int]], n: int) -> RankTest:
    """ranks: of each run's winners, among its n frequencies."""
    count = sum(map(len, ranks))
    variance = sum(len(each) * (n - len(each)) * (n + 1) / 12 for each in ranks)
    if not variance:
        return RankTest(count, len(ranks))
    spread = math.sqrt(variance) / count / (n - 1)  # of the mean place
    place = sum(rank - 1 for each in ranks for rank in each) / count / (n - 1)
    z = (place - 0.5) / spread
    return RankTest(
        count, len(ranks), place, 0.5 - 1.96 * spread, 0.5 + 1.96 * spread, math.erfc(abs(z) / math.sqrt(2))
    )
