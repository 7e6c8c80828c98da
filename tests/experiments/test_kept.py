"""Accuracy by circles from kept weights, in a pizza built by hand: what it needs its companions for is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clockpizza.checkpoints import write
from clockpizza.experiments.kept import PartAccuracy, kept_accuracies
from clockpizza.experiments.roles import Roles, blind_spots
from clockpizza.networks.ideal import ideal
from clockpizza.store import RunFolder

PIZZA = Roles(59, main=(17, 3, 15), companions=(25, 6, 29))


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run that kept an ideal pizza at epoch 40, a clock of another p at 50, and nonsense at 60."""
    made = RunFolder(tmp_path / "r")
    made.make()
    made.weights_at(40).parent.mkdir()
    write(made.weights_at(40), ideal("pizza").network)
    write(made.weights_at(50), ideal("clock", p=13).network)
    made.weights_at(60).write_bytes(b"nonsense")
    return made


def test_companions_are_right_where_main_circles_hardly_see(run: RunFolder) -> None:
    found = kept_accuracies(run, PIZZA, blind_spots(PIZZA.main, np.full(29, 1 / 29), 59), [40])[40]
    assert found["companions"] == PartAccuracy(every=12 / 59, blind=1)
    assert found["main"] == found["both"] == found["all"] == PartAccuracy(1, 1)
    assert found["others"].every == pytest.approx(1 / 59, abs=0.005)


def test_a_companion_alone_is_right_where_minus_cos_of_its_difference_is_positive(run: RunFolder) -> None:
    one = Roles(59, main=(17,), companions=(25,))
    right = np.cos(2 * np.pi * 17 * np.arange(59) / 59) < 0
    found = kept_accuracies(run, one, right, [40])[40]
    assert found["companions"] == PartAccuracy(every=right.mean(), blind=1)
    assert found["others"] == PartAccuracy(1, 1)  # the strongest other frequency is a main circle of the pizza


def test_what_was_not_kept_or_cannot_be_read_is_left_out(run: RunFolder) -> None:
    blind = np.ones(59, dtype=bool)
    assert list(kept_accuracies(run, PIZZA, blind, [0, 40, 50, 60])) == [40]


def test_without_companions_there_is_nothing_to_add(run: RunFolder) -> None:
    found = kept_accuracies(run, Roles(59, main=(17, 3, 15), companions=()), np.ones(59, dtype=bool), [40])
    assert set(found[40]) == {"main", "all"}
