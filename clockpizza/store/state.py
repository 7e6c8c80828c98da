"""What a run is doing: worked out from what lies in the folder, never stored, so that it cannot be wrong for long.

In this order: a result ends a run (finished, failed); a lock whose owner lives, or may, makes it running, stalled or
stopping; a lock left by a dead owner makes it crashed; without a lock, the last event tells whether it was stopped,
failed or crashed; and a run that nobody has begun is queued.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from clockpizza.store.liveness import Standing


class State(StrEnum):
    """What a run is doing."""

    QUEUED = "queued"  # nobody has begun
    RUNNING = "running"
    STALLED = "stalled"  # owned, but the owner gives no sign
    STOPPING = "stopping"  # owned, and asked to stop
    STOPPED = "stopped"  # stopped when asked; a resume goes on from the checkpoint
    FINISHED = "finished"
    FAILED = "failed"  # it cannot go on: not a number, out of memory
    CRASHED = "crashed"  # its owner is gone without a word; a resume goes on from the checkpoint


LIVE = (State.RUNNING, State.STALLED, State.STOPPING)
ENDED = (State.FINISHED, State.FAILED)
RESUMABLE = (State.STOPPED, State.CRASHED)


def derive(
    result: Mapping[str, Any] | None,
    standing: Standing | None,
    last_kind: str | None,
    *,
    stop_asked: bool = False,
    damage: str = "",
    reason: str = "",
) -> tuple[State, str]:
    """A run's state, and in a few words why where that is not plain.

    Args:
        result: its result.json, if any. damage: why that cannot be read.
        standing: of the owner of the lock that names this run, if any.
        last_kind: the kind of the last event of its highest attempt.
        stop_asked: whether a request to stop stands for it.
        reason: of its last event, where that is `failed`.
    """
    if damage:
        return State.FAILED, damage
    if result is not None:
        why = result.get("reason")
        return State(result["status"]), why if isinstance(why, str) else ""
    if standing is not None and standing.silent:
        return State.STALLED, f"its owner is {standing.how}"
    if standing is not None and not standing.gone:
        return (State.STOPPING if stop_asked else State.RUNNING), ""
    if last_kind == "stopped":
        return State.STOPPED, ""
    if last_kind == "failed":
        return State.FAILED, reason
    if standing is not None:
        return State.CRASHED, f"its owner was a process {standing.how}"
    if last_kind is None:
        return State.QUEUED, ""
    return State.CRASHED, "its owner left without a word"
