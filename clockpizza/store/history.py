"""What happened to a run over all its attempts, as one story.

An attempt that goes on from epoch e replaces what earlier attempts told of later epochs, and of the same ones: where
events overlap, the highest attempt's are kept.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from typing import TYPE_CHECKING, Any

from clockpizza.store.event import METRICS, Event, number
from clockpizza.store.run_events import Batch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_NOTES = 1000


class _Attempt:
    """What one attempt told: the epoch it went on from, its curves as columns, its snapshots."""

    def __init__(self) -> None:
        self.start = math.inf
        self.columns = {name: array("d") for name in ("epoch", *METRICS)}
        self.snapshots: dict[int, dict[str, Any]] = {}

    def add(self, event: Event) -> None:
        epoch = event.epoch
        if epoch is None:
            return
        if event.kind == "started":
            self.start = epoch
        elif event.kind == "metrics":
            self.columns["epoch"].append(epoch)
            for name in METRICS:
                value = number(event.data.get(name))
                self.columns[name].append(math.nan if value is None else value)
        elif event.kind == "snapshot":
            self.snapshots[int(epoch)] = event.data


class History:
    """A run's events, gathered: add what `RunEvents.read` gives.

    notes: all events that are neither metrics nor snapshots, as they came, the last 1000.
    Memory is 48 bytes for an event of metrics.
    """

    def __init__(self) -> None:
        self._attempts: dict[int, _Attempt] = {}
        self.notes: deque[Event] = deque(maxlen=MOST_NOTES)

    def add(self, batch: Batch) -> None:
        """Take in what is new."""
        if batch.restarted:
            self._attempts.clear()
            self.notes.clear()
        for event in batch.events:
            self._attempts.setdefault(event.attempt, _Attempt()).add(event)
            if event.kind not in ("metrics", "snapshot"):
                self.notes.append(event)

    @property
    def attempts(self) -> list[int]:
        """The attempts that told anything, in order."""
        return sorted(self._attempts)

    def metrics(self) -> dict[str, NDArray[np.float64]]:
        """Columns of equal length: epoch, rising from attempt to attempt, and METRICS, NaN where one is unknown."""
        import numpy as np

        parts: list[dict[str, NDArray[np.float64]]] = []
        for attempt, before, until in self._cuts():
            columns = {name: np.array(column) for name, column in attempt.columns.items()}
            kept = (columns["epoch"] < before) & (columns["epoch"] <= until)
            parts.append({name: column[kept] for name, column in columns.items()})
        names = ("epoch", *METRICS)
        return {name: np.concatenate([np.empty(0), *(part[name] for part in reversed(parts))]) for name in names}

    def snapshots(self) -> dict[int, dict[str, Any]]:
        """What the snapshot events say, by epoch, in order."""
        kept: dict[int, dict[str, Any]] = {}
        for attempt, _, until in self._cuts():
            kept |= {epoch: data for epoch, data in attempt.snapshots.items() if epoch <= until and epoch not in kept}
        return dict(sorted(kept.items()))

    def _cuts(self) -> list[tuple[_Attempt, float, float]]:
        """Attempts, last first, each with which epochs stand: below a later one's first, up to its start."""
        cuts = []
        before = until = math.inf
        for number_ in sorted(self._attempts, reverse=True):
            attempt = self._attempts[number_]
            cuts.append((attempt, before, until))
            before = min(before, min(attempt.columns["epoch"], default=math.inf))
            until = min(until, attempt.start)
        return cuts
