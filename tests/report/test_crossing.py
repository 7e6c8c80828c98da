"""The rate at which half have turned: a logistic fit with a profile-likelihood interval, honest where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from clockpizza.report.crossing import WORSE, Crossing, crossing

HOURS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.25, 3.5, 4, 4.25, 4.5, 4.75, 5, 5.5]
PASSED = [0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1]


def test_the_middle_is_that_of_the_textbooks_fit() -> None:
    found = crossing([(x, bool(y)) for x, y in zip(HOURS, PASSED, strict=True)])
    assert found.status == "found" and (found.yes, found.no) == (10, 10)
    assert found.value == pytest.approx(4.0777 / 1.5046, abs=1e-3)


def test_the_ends_are_where_the_best_curve_is_just_too_bad() -> None:
    found = crossing([(x, bool(y)) for x, y in zip(HOURS, PASSED, strict=True)])
    x, sign = np.array(HOURS), 2 * np.array(PASSED) - 1
    slopes = np.linspace(0, 20, 20_001)[:, None]

    def best(middle: float) -> float:
        return float((-np.logaddexp(0, -sign * slopes * (x - middle)).sum(axis=1)).max())

    assert found.value is not None and found.low is not None and found.high is not None
    for end in (found.low, found.high):
        assert best(found.value) - best(end) == pytest.approx(WORSE, abs=2e-3)


def test_intervals_hold_the_truth_about_nineteen_times_in_twenty() -> None:
    random = np.random.default_rng(0)
    held = 0
    for _ in range(100):
        x = random.random(60)
        found = crossing([*zip(x, random.random(60) < 1 / (1 + np.exp(-15 * (x - 0.6))), strict=True)])
        held += (found.low or 0) <= 0.6 <= (found.high or 1)
    assert 90 <= held <= 99


def test_where_yes_and_no_do_not_overlap_the_middle_is_halfway_and_the_interval_wider_than_the_gap() -> None:
    found = crossing([(i / 20, i > 10) for i in range(21)])
    assert found.status == "separate" and found.value == pytest.approx(0.525)
    assert found.low is not None and found.high is not None
    assert 0.4 < found.low < 0.5 and 0.55 < found.high < 0.65


def test_two_runs_tell_no_interval() -> None:
    assert crossing([(0.0, False), (1.0, True)]) == Crossing("separate", 0.5, None, None, 1, 1)


@pytest.mark.parametrize(
    ("runs", "status"),
    [
        ([], "none"),
        ([(0.1, True), (0.9, True)], "all yes"),
        ([(0.1, False), (0.9, False)], "all no"),
        ([(0.5, False), (0.5, True)], "one x"),
        ([(0.1, True), (0.9, False)], "no rise"),
        ([(i / 10, i == 6) for i in range(10)], "outside"),
    ],
)
def test_what_cannot_be_told_is_not(runs: list[tuple[float, bool]], status: str) -> None:
    found = crossing(runs)
    assert (found.status, found.value, found.low, found.high) == (status, None, None, None)
