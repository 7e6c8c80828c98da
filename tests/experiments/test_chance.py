"""Whether winners stood higher at the start than chance has it."""

from __future__ import annotations

import itertools
import statistics

import pytest

from clockpizza.experiments.chance import RankTest, rank_test


def test_winners_that_were_strongest_are_no_chance() -> None:
    found = rank_test([[1, 2, 3], [1, 2, 4]], 29)
    assert found.place == pytest.approx((0 + 1 + 2 + 0 + 1 + 3) / 6 / 28)
    assert found.p_value is not None and found.p_value < 1e-3


def test_winners_in_the_middle_are_chance() -> None:
    found = rank_test([[15], [14, 16]], 29)
    assert (found.place, found.p_value, found.winners, found.runs) == (0.5, 1, 3, 2)


def test_the_range_by_chance_is_that_of_all_ways_to_draw() -> None:
    places = [statistics.fmean(rank - 1 for rank in drawn) / 6 for drawn in itertools.combinations(range(1, 8), 3)]
    found = rank_test([[1, 2, 3]], 7)
    assert found.high is not None
    assert (found.high - 0.5) / 1.96 == pytest.approx(statistics.pstdev(places))


def test_without_winners_or_losers_there_is_nothing_to_say() -> None:
    assert rank_test([], 29) == RankTest(0, 0)
    assert rank_test([[1, 2, 3]], 3) == RankTest(3, 1)
