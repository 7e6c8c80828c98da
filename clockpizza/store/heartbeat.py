"""The heartbeat beside a lock: a file of fixed size, rewritten in place about once a second.

In place, because a full disk must not make a living worker look dead: no new block is needed. Readers judge by
whether the bytes change between their looks; the numbers in it are for people.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from clockpizza.store.event import number

SIZE = 256  # bytes, padded with spaces


@dataclass(frozen=True)
class Beat:
    """One beat.

    count: how many there were before. epoch, rate (epochs a second), doing: what the owner is at. boottime: seconds
    since this boot, which processes on one host share and nobody sets; 0 where there is no such clock. time: seconds
    since 1970 by the owner's clock.
    """

    count: int = 0
    epoch: int = 0
    rate: float = 0.0
    doing: str = ""
    boottime: float = 0.0
    time: float = 0.0

    @property
    def progress(self) -> tuple[int, str]:
        """What must change, sooner or later, in a worker that does not hang."""
        return self.epoch, self.doing

    def encode(self) -> bytes:
        """The content of the file."""
        values = [self.count, self.epoch, round(self.rate, 2), self.doing[:40], round(self.boottime, 2), self.time]
        text = json.dumps(values)
        return text.encode()[: SIZE - 1].ljust(SIZE - 1) + b"\n"


def now(count: int, epoch: int, rate: float, doing: str) -> Beat:
    """A beat of this moment."""
    return Beat(count, epoch, rate, doing, boottime(), round(time.time(), 2))


def boottime() -> float:
    """Seconds since this host booted, sleep included; 0 where the system does not tell."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return 0.0 if clock is None else time.clock_gettime(clock)


def write(path: Path, beat: Beat) -> bool:
    """Rewrite the heartbeat, and say whether it could be."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            return os.pwrite(handle, beat.encode(), 0) == SIZE
        finally:
            os.close(handle)  # opened and closed each time: on NFS that is what shows it to other hosts
    except OSError:
        return False


def read(path: Path) -> tuple[bytes, Beat]:
    """The bytes of a heartbeat and what they say; empty where there is none, or they say nothing that can be read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            content = os.read(handle, SIZE)
        finally:
            os.close(handle)
        count, epoch, rate, doing, booted, wall = json.loads(content)
        numbers = [number(each) for each in (count, epoch, rate, booted, wall)]
        if None in numbers or not isinstance(doing, str):
            return content, Beat()
        return content, Beat(int(count), int(epoch), float(rate), doing, float(booted), float(wall))
    except (OSError, ValueError, TypeError, RecursionError):
        return b"", Beat()
