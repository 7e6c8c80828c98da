"""The quick look at a network in training."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from clockpizza.cuts import EDITION
from clockpizza.evidence import Probe
from clockpizza.evidence.accuracy_by_circles import accuracy_by_circles
from clockpizza.evidence.snapshot import snapshot
from clockpizza.networks.ideal import ideal


def test_a_snapshot_has_the_paper_measures_the_losses_and_the_accuracies() -> None:
    made = ideal("pizza")
    look = snapshot(made.network)
    assert set(look.measures) == {
        *("gradient_symmetricity_100", "distance_irrelevance", "distance_irrelevance_top_wrong"),
        *("circularity", "circularity_by_circle", "parameter_norm", "restricted_loss", "excluded_loss"),
        *("accuracy_main_circles", "accuracy_companions", "accuracy_both"),
        *("clock_share", "pizza_share", "unlawful_share", "unaccounted_share"),
    }
    probe = Probe(made.network)
    exact = accuracy_by_circles(probe, {17: "main", 3: "main", 15: "main"} | dict.fromkeys((25, 6, 29), "companion"))
    assert look.measures["accuracy_main_circles"] == pytest.approx(exact.main_circles, abs=2e-3)
    assert look.measures["accuracy_companions"] == pytest.approx(exact.companions, abs=2e-3)
    assert look.measures["accuracy_both"] == 1
    restricted, excluded = look.measures["restricted_loss"], look.measures["excluded_loss"]
    assert restricted is not None and excluded is not None and restricted < 1e-3 < 3 < excluded


def test_excluded_loss_is_over_the_training_pairs_where_they_are_given() -> None:
    made = ideal("memoriser", p=13, train_fraction=0.5)
    trained, whole = (snapshot(made.network, pairs).measures["excluded_loss"] for pairs in (made.training_pairs, None))
    assert trained is not None and whole is not None and trained < whole


def test_a_snapshot_takes_about_ten_kilobytes() -> None:
    look = snapshot(ideal("pizza").network)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **look.arrays)
    assert buffer.tell() < 12_000
    assert look.arrays["circle_frequencies"].tolist()[:3] == [17, 3, 15]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("arguments", [{}, {"attention_rate": 1.0}, {"frequencies": (3, 6, 12), "width": 200}])
def test_a_provisional_verdict_has_the_shares_of_the_full_one(share: float, arguments: dict[str, Any]) -> None:
    look = snapshot(ideal("blend", p=31, pizza_share=share, **arguments).network)
    assert look.verdict is not None and look.verdict.edition == EDITION
    assert look.measures["pizza_share"] == pytest.approx(share, abs=0.03)
    assert look.measures["clock_share"] == pytest.approx(1 - share, abs=0.03)


@pytest.mark.parametrize("kind", ["lookup", "number-line", "idle-circles", "partial-lookup"])
def test_what_is_no_circles_gets_no_provisional_name(kind: str) -> None:
    look = snapshot(ideal(kind, p=31).network)
    assert look.verdict is None
    assert {look.measures[f"{name}_share"] for name in ("clock", "pizza", "unlawful", "unaccounted")} == {None}


def test_nor_does_a_network_that_has_not_solved_the_task() -> None:
    made = ideal("memoriser", p=13, train_fraction=0.8)
    assert snapshot(made.network, made.training_pairs).verdict is None
