"""Follows one growing log: reads what is new since the last look, and no more than there is time for.

The offset stands after the last whole line; a torn last line is left for the next look. Lines that are garbage, of a
later schema or over 1 MiB are counted and skipped. A file that was replaced or cut short is noticed by its inode, its
size or its first bytes, and read from the start again.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from clockpizza.store.event import LONGEST_LINE, Event, decode, kind_mark

TAIL = 32 << 10
BLOCK = 64 << 10  # bytes read and parsed before the clock is looked at: a few milliseconds
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class EventFile:
    """A log and how far it has been read.

    skipped: lines passed over. missing: events whose numbers are not there (their writer had a full disk).
    restarted: the file was replaced, or cut short; the last read began again at its start.
    gone: it could not be opened.
    """

    def __init__(self, path: Path, attempt: int) -> None:
        self.path, self.attempt = path, attempt
        self.skipped = self.missing = 0
        self.restarted = self.gone = False
        self._offset = 0
        self._seq: int | None = None  # of the last event read
        self._skip_to_newline = False
        self._file: tuple[int, int] | None = None  # device and inode
        self._head = b""
        self._drained: tuple[int, ...] | None = None  # what the file looked like when nothing new was left in it

    def read(self) -> tuple[list[Event], bool]:
        """The next events, from one block of the file, and whether there is more behind them."""
        self.restarted = False
        try:
            if self._drained is not None and self._drained == _look(os.lstat(self.path)):
                return [], False
            handle = os.open(self.path, _FLAGS)
        except OSError:
            self.gone, self._drained = True, None
            return [], False
        self.gone = False
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                return [], False
            self._begin(handle, status)
            events, more = self._read_block(handle, status.st_size)
            self._drained = None if more else _look(status)
            return events, more
        except OSError:  # a stale NFS handle, a bad disk: the next look may fare better
            return [], False
        finally:
            os.close(handle)

    def skim(self, kinds: tuple[str, ...]) -> list[Event]:
        """Instead of a first `read`: the last event of all, and the last of each of `kinds`, in their order.

        Only the last 32 kB are looked into, and only lines spaced as we space them. The next `read` goes on after them.
        """
        try:
            handle = os.open(self.path, _FLAGS)
        except OSError:
            self.gone = True
            return []
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                return []
            self._begin(handle, status)
            start = max(0, status.st_size - TAIL)
            block = os.pread(handle, TAIL, start)
        except OSError:
            return []
        finally:
            os.close(handle)
        whole = block.find(b"\n") + 1 if start else 0
        end = block.rfind(b"\n") + 1
        self._offset = start + max(end, whole)
        self._skip_to_newline = bool(start) and not end
        found: dict[int, Event] = {}
        for at in (end - 2, *(block.rfind(kind_mark(kind), whole, end) for kind in kinds)):
            begin = block.rfind(b"\n", 0, max(0, at)) + 1
            if whole <= begin <= at and (event := decode(block[begin : block.find(b"\n", at)], self.attempt)):
                found[begin] = event
                self._seq = max(self._seq or 0, event.seq)
        return [found[begin] for begin in sorted(found)]

    def _begin(self, handle: int, status: os.stat_result) -> None:
        """Make sure that it is still the same file, and start anew where it is not."""
        file, head = (status.st_dev, status.st_ino), os.pread(handle, 64, 0)
        if self._file is not None and (
            file != self._file or status.st_size < self._offset or not head.startswith(self._head)
        ):
            self.restarted = True
            self._offset, self._seq, self._skip_to_newline = 0, None, False
            self.skipped = self.missing = 0
        self._file, self._head = file, head

    def _read_block(self, handle: int, size: int) -> tuple[list[Event], bool]:
        block = os.pread(handle, BLOCK, self._offset)
        if self._skip_to_newline:
            end = block.find(b"\n") + 1
            self._offset += end or len(block)
            self._skip_to_newline = not end
            return [], self._offset < size
        end = block.rfind(b"\n") + 1
        if not end and len(block) == BLOCK:
            block = os.pread(handle, LONGEST_LINE, self._offset)
            end = block.find(b"\n") + 1
            if not end and len(block) == LONGEST_LINE:
                self._skip_to_newline = True
                self.skipped += 1
                self._offset += len(block)
                return [], self._offset < size
        self._offset += end
        lines = block[:end].split(b"\n")
        return [event for line in lines if line and (event := self._decode(line))], end > 0 and self._offset < size

    def _decode(self, line: bytes) -> Event | None:
        event = decode(line, self.attempt)
        if event is None:
            self.skipped += 1
            return None
        if self._seq is not None:
            self.missing += max(0, event.seq - self._seq - 1)
        self._seq = event.seq
        return event


def _look(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
