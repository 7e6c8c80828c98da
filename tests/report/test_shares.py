"""Mean shares carry the bootstrap's 95 % interval, and only runs with a verdict that counts are in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from clockpizza.report.bootstrap import DRAWS, redrawn
from clockpizza.report.point import point
from clockpizza.report.shares import Mean, mean_shares
from clockpizza.store import Row, State

MakeRow = Callable[..., Row]


def test_the_mean_and_its_interval_are_those_of_runs_drawn_anew(row: MakeRow) -> None:
    clocks = np.random.default_rng(0).beta(0.7, 0.7, 30)
    runs = [point(row("clock", 0.5, shares=(c, 0.9 * (1 - c), 0.1 * (1 - c), 0.0))) for c in clocks]
    found = mean_shares(runs)
    random = np.random.default_rng(1)
    drawn = random.choice(clocks, size=(20_000, 30)).mean(axis=1)
    assert found["clock"].value == pytest.approx(clocks.mean())
    assert (found["clock"].low, found["clock"].high) == pytest.approx(np.quantile(drawn, (0.025, 0.975)), abs=0.02)
    assert sum(mean.value or 0 for mean in found.values()) == pytest.approx(1)
    assert mean_shares(runs) == found  # the draws are the same at every call


def test_intervals_hold_the_truth_about_nineteen_times_in_twenty(row: MakeRow) -> None:
    random, counts = np.random.default_rng(0), np.concatenate([*redrawn(40)])
    held = 0
    for _ in range(300):
        values = random.beta(0.7, 0.7, 40)
        low, high = np.quantile(counts @ values / 40, (0.025, 0.975))
        held += low <= 0.5 <= high
    assert 275 <= held <= 295


def test_fewer_than_three_runs_have_no_interval(row: MakeRow) -> None:
    runs = [point(row("pizza", 0.5, seed=n)) for n in range(3)]
    assert mean_shares(runs[:2])["pizza"] == Mean(2, 0.9, None, None)
    assert mean_shares(runs)["pizza"].low == pytest.approx(0.9)
    assert mean_shares([])["pizza"] == Mean(0, None, None, None)


def test_only_a_verdict_that_counts_has_shares(row: MakeRow) -> None:
    snapshot = {f"{name}_share": 0.25 for name in ("clock", "pizza", "unlawful", "unaccounted")}
    running = point(row("", state=State.RUNNING, epoch=900, measures=snapshot, metrics={"test_accuracy": 1.0}))
    assert running.measures["clock_share"] == 0.25 and not running.shares
    assert not point(row("refused", measures=snapshot)).shares
    assert not point(row("clock", edition=1)).shares
    judged = point(row("clock"))
    assert judged.shares == {"clock": 0.9, "pizza": 0.05, "unlawful": 0.03, "unaccounted": 0.02}
    assert not replace(judged, apart=True).shares
    for broken in ({"clock_share": -0.1}, {"clock_share": 7.0}):
        assert not point(row("clock", measures={**snapshot, **broken})).shares


def test_draws_come_in_blocks_and_all_of_them_come() -> None:
    for runs in (1, 7, 5000):
        blocks = [*redrawn(runs)]
        assert sum(map(len, blocks)) == DRAWS
        assert all((block.sum(axis=1) == runs).all() for block in blocks)
