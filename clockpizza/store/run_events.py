"""Follows all logs of one run: one file for each process that ever wrote to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from clockpizza.store.event import Event, attempt_of
from clockpizza.store.event_file import EventFile
from clockpizza.store.layout import RunFolder, listing

MOST_BLOCKS = 128  # a read, so that what it holds in memory stays bounded


@dataclass(frozen=True)
class Batch:
    """What one look brought.

    events: in the order of attempts. more: there is more to read at once.
    restarted: a log was replaced, cut short or removed; forget all events from before, for they come again.
    gone: the run has no events folder (any more).
    """

    events: list[Event] = field(default_factory=list)
    more: bool = False
    restarted: bool = False
    gone: bool = False


class RunEvents:
    """Reads a run's events as they come.

    Names that are no log's are passed over and counted in `ignored`; `skipped` and `missing` sum those of the logs.
    """

    def __init__(self, run: RunFolder, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.run = run
        self.ignored = 0
        self._clock = clock
        self._files: dict[str, EventFile] = {}

    @property
    def skipped(self) -> int:
        """Lines that were garbage, too long, or of a later schema."""
        return sum(file.skipped for file in self._files.values())

    @property
    def missing(self) -> int:
        """Events that their writers could not write down."""
        return sum(file.missing for file in self._files.values())

    def read(self, budget_seconds: float | None = None) -> Batch:
        """What is new since the last look: at least one block, and no further once the budget is spent.

        Never raises for what is in the folder, or is not. Call again while `more`.
        """
        deadline = None if budget_seconds is None else self._clock() + budget_seconds
        restarted = False
        names = self._names()
        if names is None:
            restarted, self._files = bool(self._files), {}
            return Batch(restarted=restarted, gone=True)
        if not names.keys() >= self._files.keys():
            restarted, self._files = True, {}
        for name in names.keys() - self._files.keys():
            self._files[name] = EventFile(self.run.events / name, names[name])

        events: list[Event] = []
        blocks = 0
        order = sorted(self._files, key=lambda name: (names[name], name))
        for name in order:
            more = True
            while more:
                new, more = self._files[name].read()
                if not new and not more and not self._files[name].restarted:
                    break  # takes no time: were the clock looked at here, a short budget would never reach the next
                blocks += 1
                if self._files[name].restarted:
                    # The others' events were told already and will be forgotten with this one's: all of it again.
                    self._files = {}
                    return Batch(more=True, restarted=True)
                events += new
                if blocks >= MOST_BLOCKS or (deadline is not None and self._clock() >= deadline):
                    return Batch(events, more or name != order[-1], restarted)
        return Batch(events, False, restarted)

    def _names(self) -> dict[str, int] | None:
        """Name -> attempt of each log; None where there is no folder."""
        try:
            found = listing(self.run.events)
        except OSError:
            return None
        attempts = {name: attempt for name in found if (attempt := attempt_of(name)) is not None}
        self.ignored = len(found) - len(attempts)
        return attempts
