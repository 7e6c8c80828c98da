"""All that the screen knows of the runs: an index of the folder, kept up to date by a thread of its own.

Textual-free. The thread reads files in pieces of a few milliseconds; whoever draws reads what it has gathered and keeps
nothing. `version` grows whenever something has changed.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Hashable
from pathlib import Path

from clockpizza.store import Batch, History, Index, Row, RunEvents, SweepIndex, Watch

LIVE_SECONDS = 1.0  # between looks while somebody trains
QUIET_SECONDS = 2.0  # and while nobody does
PIECE_SECONDS = 0.01  # of reading, after which the thread lets others work
HISTORIES = 24  # kept and followed, of the runs looked at last


class _Followed:
    """A run's logs: read by the thread, gathered into a history by whoever asks for it."""

    def __init__(self, row: Row) -> None:
        self.folder = row.folder
        self.events, self.history = RunEvents(row.folder), History()
        self.batches: deque[Batch] = deque()


class Library:
    """The runs of a folder.

    version: grows when anything has changed. loaded: whether a first look at everything is done.
    watch: what is known of heartbeats.
    """

    def __init__(self, runs: Path) -> None:
        self.folder = runs
        self.version = 0
        self.loaded = False
        self.watch = Watch()
        self._index = Index(runs, watch=self.watch)
        self._followed: OrderedDict[str, _Followed] = OrderedDict()
        self._seen: Hashable = None
        self._news = 0  # batches of events that were read
        self._wake, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="library", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._end.set()
        self._wake.set()

    def look_now(self) -> None:
        """Look at once, because something was done that shall be seen."""
        self._wake.set()

    def sweeps(self) -> list[SweepIndex]:
        """All sweeps, by name."""
        return list(self._index.sweeps.values())

    def sweep(self, name: str) -> SweepIndex | None:
        """The sweep of that name."""
        return self._index.sweeps.get(name)

    def rows(self) -> list[Row]:
        """All runs, by sweep, in the order of their specs."""
        return self._index.rows()

    def row(self, name: str) -> Row | None:
        """The run of that full name, as `sweep/id`."""
        sweep, _, id = name.rpartition("/")
        found = self.sweep(sweep)
        return found.rows.get(id) if found else None

    def history(self, row: Row) -> History:
        """What the logs of a run tell, as far as they have been read.

        For one thread only. At first it is empty; `version` grows as it fills.
        """
        followed = self._followed.get(row.name)
        if followed is None or followed.folder != row.folder:
            followed = self._followed[row.name] = _Followed(row)
            while len(self._followed) > HISTORIES:
                self._followed.popitem(last=False)
            self._wake.set()
        self._followed.move_to_end(row.name)
        while followed.batches:
            followed.history.add(followed.batches.popleft())
        return followed.history

    def _work(self) -> None:
        import clockpizza.plots.curves  # noqa: F401, with numpy: so that nobody who draws has to wait for it

        while not self._end.is_set():
            began = time.monotonic()
            while self._index.refresh(PIECE_SECONDS) and not self._end.is_set():
                if not self.loaded:  # a first look is shown as it goes
                    self._compare()
                time.sleep(0)
            self.loaded = True
            self._follow()
            self._compare()
            live = any(row.live for row in self._index.rows())
            pause = LIVE_SECONDS if live else QUIET_SECONDS
            self._wake.wait(max(0.05, pause - (time.monotonic() - began)))
            self._wake.clear()

    def _follow(self) -> None:
        """Read on in the logs that somebody looks at."""
        for followed in list(self._followed.values()):
            more = True
            while more and not self._end.is_set():
                batch = followed.events.read(PIECE_SECONDS)
                more = batch.more
                if batch.events or batch.restarted:
                    followed.batches.append(batch)
                    self._news += 1

    def _compare(self) -> None:
        """Let the version grow where something that is shown is not as it was."""
        index = self._index
        seen = (
            self.loaded,
            self._news,
            tuple((sweep.name, sweep.error, len(sweep.owners)) for sweep in index.sweeps.values()),
            tuple(
                (r.id, r.state, r.reason, r.epoch, r.attempt, r.changed, r.verdict, r.certainty, r.edition)
                for r in index.rows()
            ),
        )
        if seen != self._seen:
            self._seen = seen
            self.version += 1
