"""Appends events to the log of one process at one run.

Each event is one write to a file opened for appending, so a reader sees whole lines in order; a process killed in the
middle leaves at most a torn last line. The file is opened anew for each event: a stack of hundreds of runs needs no
hundreds of open files, on NFS the closing makes the line visible to other hosts, and a folder that was deleted is
noticed.

A full disk does not end a training: the event is lost, `trouble` says why, `on_trouble` is told once, and the next
event that can be written goes to a line of its own. Numbers of lost events are not used again, so that readers see
the gap.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from clockpizza.errors import ClockpizzaError, visible
from clockpizza.store.atomic import reason
from clockpizza.store.event import Event, attempt_of, file_name
from clockpizza.store.layout import RunFolder, listing
from clockpizza.store.process import Owner

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


class EventWriter:
    """The log of this process at one attempt at a run.

    attempt: from 1, one more than any in the folder, unless given. lost: how many events could not be written.
    trouble: why the last event could not be written; None when it could.

    Raises:
        ClockpizzaError: the log cannot be made.
    """

    def __init__(
        self, run: RunFolder, attempt: int | None = None, on_trouble: Callable[[str], None] = lambda what: None
    ) -> None:
        self.lost = 0
        self.trouble: str | None = None
        self._seq = 0
        self._torn = False
        self._on_trouble = on_trouble
        owner = Owner.me()
        self.attempt = attempt or last_attempt(run) + 1
        while True:
            self.path = run.events / file_name(self.attempt, owner.host, owner.pid)
            try:
                os.close(os.open(self.path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666))
                return
            except FileExistsError:  # this very process had an attempt before
                self.attempt += 1
            except OSError as error:
                raise ClockpizzaError(visible(f"{self.path}: cannot be made: {reason(error)}")) from error

    def append(self, kind: str, **data: Any) -> bool:
        """Write an event down, and say whether it could be.

        Raises:
            ValueError, TypeError: `data` can be no event; see `Event.encode`. Never OSError.
        """
        line = Event(kind, self.attempt, self._seq, time.time(), data).encode()
        self._seq += 1
        if self._torn:
            line = b"\n" + line
        written = 0
        try:
            handle = os.open(self.path, _FLAGS)
            try:
                while written < len(line):
                    written += os.write(handle, line[written:])
            finally:
                os.close(handle)
        except OSError as error:
            self._torn = self._torn or written > 0
            self.lost += 1
            first, self.trouble = self.trouble is None, visible(f"{self.path}: {reason(error)}")
            if first:
                self._on_trouble(self.trouble)
            return False
        self._torn, self.trouble = False, None
        return True


def last_attempt(run: RunFolder) -> int:
    """The highest attempt at a run so far; 0 when there was none."""
    attempts = [0]
    with suppress(OSError):
        attempts += [attempt_of(name) or 0 for name in listing(run.events)]
    return max(attempts)
