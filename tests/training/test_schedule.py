"""When a run is looked at."""

from __future__ import annotations

import itertools

import pytest

from clockpizza.training.schedule import metric_epochs, snapshot_epochs


@pytest.mark.parametrize("epochs", [1, 7, 300, 20_000])
def test_metrics_are_taken_at_the_start_and_the_end_and_often_early(epochs: int) -> None:
    looks = metric_epochs(epochs)
    assert looks[0] == 0 and looks[-1] == epochs
    assert looks == sorted(set(looks))
    assert looks[:50] == list(range(min(50, epochs + 1)))
    assert all(later - look <= max(1, 0.03 * look) for look, later in itertools.pairwise(looks))


def test_20000_epochs_have_some_hundred_looks_and_fifty_snapshots() -> None:
    assert 200 < len(metric_epochs(20_000)) < 300
    shots = snapshot_epochs(20_000)
    assert 45 <= len(shots) <= 50
    assert shots[0] == 0 and shots[-1] == 20_000
    assert set(shots) <= set(metric_epochs(20_000))


def test_a_short_run_has_a_snapshot_at_every_look() -> None:
    assert snapshot_epochs(9) == list(range(10))
