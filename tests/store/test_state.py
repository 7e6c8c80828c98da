"""What a run is doing follows from what lies in its folder."""

from __future__ import annotations

from typing import Any

import pytest

from clockpizza.store import Standing, State
from clockpizza.store.heartbeat import Beat
from clockpizza.store.state import derive


def standing(**what: bool) -> Standing:
    named = {"dead": False, "gone": False, "silent": False, "alive": False, **what}
    return Standing(**named, how="which is so", beat=Beat())


ALIVE, SILENT, GONE, DEAD = standing(), standing(silent=True), standing(gone=True), standing(dead=True, gone=True)


@pytest.mark.parametrize(
    ("result", "owner", "last", "state"),
    [
        (None, None, None, State.QUEUED),
        (None, ALIVE, None, State.RUNNING),
        (None, ALIVE, "stopped", State.RUNNING),  # resumed, and yet to say so
        (None, SILENT, "metrics", State.STALLED),
        (None, DEAD, "metrics", State.CRASHED),
        (None, GONE, "metrics", State.CRASHED),
        (None, DEAD, None, State.CRASHED),  # died before its first word
        (None, DEAD, "stopped", State.STOPPED),  # it stopped, but could not let go of the lock
        (None, None, "metrics", State.CRASHED),
        (None, None, "stopped", State.STOPPED),
        (None, None, "failed", State.FAILED),
        ({"status": "finished"}, ALIVE, "metrics", State.FINISHED),  # the rest of its stack goes on
        ({"status": "failed", "reason": "loss is not a number"}, None, "failed", State.FAILED),
    ],
)
def test_the_state_follows(
    result: dict[str, Any] | None, owner: Standing | None, last: str | None, state: State
) -> None:
    assert derive(result, owner, last)[0] is state


def test_a_run_that_was_asked_to_stop_is_stopping_while_its_owner_lives() -> None:
    assert derive(None, ALIVE, "metrics", stop_asked=True)[0] is State.STOPPING
    assert derive(None, None, None, stop_asked=True)[0] is State.QUEUED
    assert derive(None, DEAD, "metrics", stop_asked=True)[0] is State.CRASHED


def test_the_reason_is_given_where_the_state_is_not_plain() -> None:
    assert derive({"status": "failed", "reason": "loss is not a number"}, None, None)[1] == "loss is not a number"
    assert derive(None, None, "failed", reason="no checkpoint")[1] == "no checkpoint"
    assert derive(None, DEAD, "metrics")[1] == "its owner was a process which is so"
    assert derive(None, SILENT, "metrics")[1] == "its owner is which is so"
    assert derive(None, None, None, damage="result.json: not JSON") == (State.FAILED, "result.json: not JSON")
