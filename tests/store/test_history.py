"""Several attempts at a run tell one story, and where they overlap the highest is believed."""

from __future__ import annotations

import numpy as np

from clockpizza.store import Batch, Event, History


def metrics(attempt: int, *epochs: int) -> list[Event]:
    return [Event("metrics", attempt, 0, 0.0, {"epoch": e, "train_loss": attempt + e / 1000}) for e in epochs]


def started(attempt: int, epoch: int) -> Event:
    return Event("started", attempt, 0, 0.0, {"epoch": epoch})


def attempts(history: History) -> dict[float, int]:
    """Epoch -> which attempt told of it."""
    columns = history.metrics()
    assert (np.diff(columns["epoch"]) > 0).all()
    return {epoch: int(loss) for epoch, loss in zip(columns["epoch"], columns["train_loss"], strict=True)}


def test_a_single_attempt_is_told_as_it_came() -> None:
    history = History()
    history.add(Batch([started(1, 0), *metrics(1, 0, 10)]))
    history.add(Batch(metrics(1, 20)))
    assert attempts(history) == {0: 1, 10: 1, 20: 1}
    assert np.isnan(history.metrics()["test_accuracy"]).all()
    assert [event.kind for event in history.notes] == ["started"]


def test_a_later_attempt_replaces_what_came_after_its_start() -> None:
    history = History()
    history.add(Batch([started(1, 0), *metrics(1, 0, 10, 20, 30), started(2, 10), *metrics(2, 15)]))
    assert attempts(history) == {0: 1, 10: 1, 15: 2}


def test_where_both_tell_of_an_epoch_the_later_attempt_is_believed() -> None:
    history = History()
    history.add(Batch([*metrics(1, 0, 10, 20), started(2, 10), *metrics(2, 10, 20), started(3, 0)]))
    assert attempts(history) == {0: 1}
    history.add(Batch(metrics(3, 0, 5)))
    assert attempts(history) == {0: 3, 5: 3}


def test_snapshots_follow_the_same_rule() -> None:
    def snapshot(attempt: int, epoch: int) -> Event:
        return Event("snapshot", attempt, 0, 0.0, {"epoch": epoch, "file": f"{attempt}"})

    history = History()
    history.add(Batch([snapshot(1, 0), snapshot(1, 10), snapshot(1, 20), started(2, 10), snapshot(2, 10)]))
    assert {epoch: data["file"] for epoch, data in history.snapshots().items()} == {0: "1", 10: "2"}


def test_garbage_in_place_of_numbers_is_left_out() -> None:
    history = History()
    history.add(
        Batch(
            [Event("metrics", 1, 0, 0.0, {"epoch": "x"}), Event("metrics", 1, 0, 0.0, {"epoch": 1, "train_loss": []})]
        )
    )
    assert list(history.metrics()["epoch"]) == [1]


def test_a_restart_forgets_what_was_told() -> None:
    history = History()
    history.add(Batch(metrics(1, 0, 10)))
    history.add(Batch(metrics(1, 3), restarted=True))
    assert attempts(history) == {3: 1}
    assert attempts(History()) == {}
