"""The rate at which the mean clock share passes the mean pizza share: a fit to shares, with a bootstrap interval."""

from __future__ import annotations

import numpy as np
import pytest

from clockpizza.report.bootstrap import Array, redrawn
from clockpizza.report.crossing import Crossing
from clockpizza.report.share_crossing import share_crossing

GRID = np.linspace(0, 1, 11)


def shares(rates: Array, middle: float, noise: float, random: np.random.Generator) -> list[tuple[float, float, float]]:
    """Runs in which a share of .9 is lawful; a clock's half of it is crossed at `middle`, with noise on the logit."""
    logit = 12 * (rates - middle) + noise * random.normal(size=len(rates))
    clock = 0.9 / (1 + np.exp(-logit))
    return [*zip(rates.tolist(), clock.tolist(), (0.9 - clock).tolist(), strict=True)]


def test_the_middle_is_that_of_the_best_curve() -> None:
    runs = shares(np.repeat(GRID, 3), 0.62, 2.0, np.random.default_rng(0))
    found = share_crossing(runs)
    x, clock, pizza = np.array(runs).T
    slopes, middles = np.linspace(3, 20, 341), np.linspace(0.5, 0.75, 501)
    logit = slopes[:, None, None] * (x - middles[:, None])
    likelihood = -(clock * np.logaddexp(0, -logit) + pizza * np.logaddexp(0, logit)).sum(axis=2)
    _, best = np.unravel_index(likelihood.argmax(), likelihood.shape)
    assert found.status == "found" and found.value == pytest.approx(middles[best], abs=6e-4)
    assert (found.yes, found.no) == (sum(clock > pizza), sum(clock <= pizza))


def test_shares_without_noise_give_their_own_middle_and_no_width() -> None:
    found = share_crossing(shares(GRID, 0.62, 0.0, np.random.default_rng(0)))
    assert (found.value, found.low, found.high) == pytest.approx((0.62, 0.62, 0.62), abs=1e-6)


def test_the_interval_is_that_of_curves_through_runs_drawn_anew() -> None:
    runs = shares(np.repeat(GRID, 2), 0.6, 1.0, np.random.default_rng(1))
    found = share_crossing(runs)
    again = []
    for times in next(redrawn(len(runs)))[:200].astype(int):
        drawn = [run for run, count in zip(runs, times, strict=True) for _ in range(count)]
        again.append(share_crossing(drawn).value or np.nan)
    assert found.low == pytest.approx(np.nanquantile(again, 0.025), abs=0.02)
    assert found.high == pytest.approx(np.nanquantile(again, 0.975), abs=0.02)
    assert share_crossing(runs) == found  # the draws are the same at every call


def test_intervals_hold_the_truth_about_nineteen_times_in_twenty() -> None:
    random = np.random.default_rng(0)
    held = 0
    for _ in range(100):
        found = share_crossing(shares(np.repeat(GRID, 4), 0.7, 2.0, random))
        held += (found.low or 0) <= 0.7 <= (found.high or 1)
    assert 88 <= held <= 99


def test_a_network_that_writes_nothing_by_either_law_says_nothing() -> None:
    runs = shares(np.repeat(GRID, 2), 0.6, 1.0, np.random.default_rng(2))
    faint = [(0.1, 1e-6, 0.0), (0.9, 0.0, 1e-6)]
    assert share_crossing([*runs, (0.3, 0.0, 0.0)]) == share_crossing(runs)
    assert share_crossing([*runs, *faint]).value == pytest.approx(share_crossing(runs).value, abs=1e-4)


def test_where_clocks_and_pizzas_do_not_overlap_the_middle_is_halfway() -> None:
    found = share_crossing([(i / 20, float(i > 10), float(i <= 10)) for i in range(21)])
    assert found.status == "separate" and found.value == pytest.approx(0.525)
    assert found.low is not None and found.high is not None and found.low < 0.525 < found.high


def test_two_runs_tell_no_interval_and_few_hardly_any() -> None:
    found = share_crossing([(0.0, 0.1, 0.9), (1.0, 0.9, 0.1)])
    assert found == Crossing("found", found.value, None, None, 1, 1) and found.value == pytest.approx(0.5)
    found = share_crossing([(0.0, 0.1, 0.9), (0.5, 0.4, 0.6), (1.0, 0.9, 0.1)])
    assert (found.low, found.high) == (None, None)  # more than one draw in forty is of one rate alone


@pytest.mark.parametrize(
    ("runs", "status"),
    [
        ([], "none"),
        ([(0.5, 0.0, 0.0)], "none"),
        ([(0.1, 0.6, 0.3), (0.9, 0.9, 0.1)], "all yes"),
        ([(0.1, 0.1, 0.9), (0.9, 0.3, 0.6)], "all no"),
        ([(0.5, 0.1, 0.9), (0.5, 0.9, 0.1)], "one x"),
        ([(0.1, 0.9, 0.1), (0.9, 0.1, 0.9)], "no rise"),
        ([*[(i / 10, 0.05, 0.05) for i in range(8)], (0.8, 0.9, 0.05), (0.9, 0.9, 0.05)], "no rise"),  # not from below
        ([(i / 10, 0.3 + 0.25 * (i == 9), 0.5) for i in range(10)], "outside"),
    ],
)
def test_what_cannot_be_told_is_not(runs: list[tuple[float, float, float]], status: str) -> None:
    found = share_crossing(runs)
    assert (found.status, found.value, found.low, found.high) == (status, None, None, None)
