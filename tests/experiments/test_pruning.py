"""The pruning experiment on snapshots made by hand, of which every answer is known.

In each run frequency 1 wins, its companion is 2, and p is 13.
"""

from __future__ import annotations

import json

import pytest

from clockpizza.experiments.pruning import COMPANIONS, CONTROL, masked_spec, pruning, read
from clockpizza.experiments.pruning_text import views
from clockpizza.inspection.blocks import Table
from tests.experiments.conftest import MakeSweep, Series, config

LOGITS = [1.0, 0, 0, 0, 0, 0]
#           held out  embedding at frequencies 1 to 6
GROWING: Series = {
    0: (0.0, [0.2, 0.1, 0.25, 0.15, 0.15, 0.15], LOGITS),
    20: (0.6, [0.4, 0.1, 0.2, 0.1, 0.1, 0.1], LOGITS),
    40: (0.995, [0.5, 0.2, 0.1, 0.1, 0.05, 0.05], LOGITS),
    60: (1.0, [0.5, 0.3, 0.1, 0.1, 0, 0], LOGITS),
    90: (1.0, [0.6, 0.4, 0, 0, 0, 0], LOGITS),
}
PRUNED: Series = {
    0: (0.0, [0.25, 0.3, 0.15, 0.1, 0.1, 0.1], LOGITS),
    20: (0.95, [0.4, 0.3, 0.1, 0.1, 0.05, 0.05], LOGITS),
    40: (0.99, [0.6, 0.2, 0.05, 0.05, 0.05, 0.05], LOGITS),
    90: (1.0, [0.97, 0.03, 0, 0, 0, 0], LOGITS),
}
UNSOLVED: Series = {0: (0.0, [1 / 6] * 6, LOGITS), 90: (0.3, [1, 0, 0, 0, 0, 0], LOGITS)}


def test_runs_are_read_at_the_moments_of_their_training(make_sweep: MakeSweep) -> None:
    (run,) = read(make_sweep("s", {config(): GROWING}))
    assert run.moments == {"start": 0, "half": 20, "most": 40, "solved": 40, "end": 90}
    assert (run.roles.main, run.roles.companions, run.blind_spots) == ((1,), (2,), [6, 7])
    assert (run.ranks, run.logit_ranks, run.ranked) == ({1: 2}, {1: 1}, 6)
    assert run.born == {1: 20, 2: 60}
    assert run.shares["solved"] == pytest.approx({"main": 0.5, "companions": 0.2, "others": 0.3, "masked": 0})
    assert run.peak == (90, pytest.approx(0.4))
    assert run.accuracies == {}


def test_companions_that_grow_and_companions_that_are_pruned_are_told_apart(make_sweep: MakeSweep) -> None:
    runs = {config(0.0): GROWING, config(0.0, seed=1): GROWING, config(1.0): PRUNED, config(1.0, seed=1): UNSOLVED}
    found = pruning("s", read(make_sweep("s", runs)))
    assert found.left_out == {"r1.00-w8-l1-s1": "held-out accuracy below 99 % at epoch 90"}
    pizza, clock = found.rates
    assert (pizza.rate, pizza.runs, clock.rate, clock.runs) == (0, 2, 1, 1)
    assert (pizza.fell.count, pizza.fell.total, clock.fell.count, clock.fell.total) == (0, 2, 1, 1)
    assert (pizza.after.count, pizza.never.count, pizza.pairs, pizza.lag) == (2, 0, 2, 3)
    assert (clock.after.count, clock.never.count, clock.pairs, clock.lag) == (0, 0, 1, 0)  # born before: at epoch 0
    assert pizza.shares["end"]["companions"].mean == pytest.approx(0.4)
    assert clock.shares["end"]["companions"].mean == pytest.approx(0.03)
    assert pizza.even is not None and pizza.even.mean == pytest.approx(1 / 6)
    assert pizza.embedding.place == pytest.approx(1 / 5)  # second of six, twice
    assert (pizza.strongest_wins.count, pizza.strongest_by_chance) == (0, pytest.approx(1 / 6))
    json.dumps(found.to_dict(), allow_nan=False)


def test_runs_without_kept_weights_say_so(make_sweep: MakeSweep) -> None:
    found = pruning("s", read(make_sweep("s", {config(): GROWING})))
    said = {view.name: view for view in views(found)}
    assert said["accuracy"].says.startswith("Not recorded")
    assert said["masked"].says.startswith("Not done yet")


def test_each_solved_run_is_masked_twice_once_as_a_control(make_sweep: MakeSweep) -> None:
    runs = read(make_sweep("s", {config(): GROWING, config(seed=1): UNSOLVED}))
    spec = masked_spec(runs)
    assert spec is not None and spec == masked_spec(runs)  # drawn alike each time
    companions, control = (each.masked_frequencies for each in spec.runs.values())
    assert companions == (2,)
    assert len(control) == 1 and control[0] in (3, 4, 5, 6)
    assert masked_spec(runs[1:]) is None


def test_a_mask_is_compared_with_the_same_seed_without(make_sweep: MakeSweep) -> None:
    runs = read(make_sweep("s", {config(): GROWING}))
    other = [0, 0, 0, 0, 1.0, 0]  # frequency 5 wins instead
    without: Series = {
        0: (0.0, [0.3, 0, 0.2, 0.1, 0.2, 0.2], other),
        60: (0.99, [0.2, 0.05, 0.05, 0, 0.7, 0], other),
        90: (1.0, [0.2, 0.05, 0.05, 0, 0.7, 0], other),
    }
    masked = read(make_sweep("s-masked", {config(masked=(2,)): without, config(masked=(4,)): GROWING}))
    by_mask = {run.config.masked_frequencies: run for run in masked}
    assert by_mask[2,].ranks == {5: 2}  # ranks leave out what is masked
    assert by_mask[2,].ranked == 5
    found = pruning("s", runs, masked)
    companions, control = found.masked
    assert (companions.kind, control.kind) == (COMPANIONS, CONTROL)
    assert (companions.won_again.count, companions.won_again.total) == (0, 1)
    assert (companions.regrown.count, companions.later.count) == (0, 1)
    assert companions.delay is not None and companions.delay.mean == 1.5  # epoch 60 instead of 40
    assert companions.masked_share is not None and companions.masked_share.mean == pytest.approx(0.05)
    assert (control.won_again.count, control.later.count) == (1, 0)
    tables = [block for block in views(found)[-1].blocks if isinstance(block, Table)]
    assert tables[1].rows[1] == ["0", "0", "companions", "2", "1", "5"]
