"""Locks that say who owns what, without asking the filesystem for locks.

`locks/<name>.<generation>.lock` is made exclusively, by a hard link to a file written before, so that it is never
seen half written. The highest generation is the one that counts. A lock is

    held        where <name>.<n>.lock is the highest: it says by whom, and <name>.<n>.beat is the heartbeat
    free        where <name>.<n>.free lies beside that: its owner has let go
    taken over  by making <name>.<n+1>.lock: of all who try, one succeeds

Nothing that counts is ever removed or replaced, so nobody can mistake another's new lock for the old one; only the
owner of generation n removes what is below n. One who was so slow that he made a generation below the highest sees
that when he looks once more, and withdraws. An owner who was taken for dead and was not (a suspended host) sees a
higher generation at his next `check`, and must write no more.

This holds wherever making a link, or where there are none a file with O_EXCL, is atomic: on local disks and on NFS,
with working flock or without. Whether an owner on another host is dead, only its heartbeat can tell (`liveness.py`).
"""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from clockpizza.errors import ClockpizzaError, visible
from clockpizza.store import heartbeat
from clockpizza.store.atomic import reason, sync_folder
from clockpizza.store.holder import Holder, entries, lock_file, read_holder, top
from clockpizza.store.layout import SweepFolder, make_folder
from clockpizza.store.liveness import Watch
from clockpizza.store.names import check_name
from clockpizza.store.process import Owner

SCHEMA = 1
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class Held(ClockpizzaError):
    """A lock is held by a live owner, or by one that cannot be told to be dead."""

    exit_code = 4

    def __init__(self, holder: Holder, how: str) -> None:
        super().__init__(f"{holder.name} is held by {holder}, {how}")
        self.holder = holder


class LockLost(ClockpizzaError):
    """A lock that this process held was taken over, or its folder is gone: what it guards must not be written to."""


class Lock:
    """A lock that this process holds; `claim` makes it. Leaving its `with` block releases it.

    lost: whether it was found to be taken over.
    """

    def __init__(self, sweep: SweepFolder, holder: Holder) -> None:
        self.sweep, self.holder = sweep, holder
        self.lost = False
        self._file = _file(holder.path)
        self._epoch, self._rate, self._doing, self._count = 0, 0.0, "starting", 0
        self._end = threading.Event()
        self._beating = threading.Lock()
        self._thread: threading.Thread | None = None

    def note(self, epoch: int | None = None, rate: float | None = None, doing: str | None = None) -> None:
        """Say what the next beat shall tell: epoch, epochs a second, and a word such as "training". Costs nothing."""
        self._epoch = self._epoch if epoch is None else epoch
        self._rate = self._rate if rate is None else rate
        self._doing = doing or self._doing

    def beat(self) -> None:
        """Beat once, now. Raises LockLost; a full disk is no error."""
        self.check()
        with self._beating:
            heartbeat.write(self.holder.beat_file, heartbeat.now(self._count, self._epoch, self._rate, self._doing))
            self._count += 1

    def keep_beating(self, seconds: float = 1.0) -> None:
        """Beat from a thread until released, so that a long step does not look like death; `check` tells of a loss."""

        def beats() -> None:
            with suppress(LockLost):
                while not self._end.wait(seconds):
                    self.beat()

        self._thread = threading.Thread(target=beats, name=f"heartbeat of {self.holder.name}", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Make sure that the lock is still ours: before each checkpoint and result, for instance.

        Raises:
            LockLost: another process has taken it over, or the folder is gone.
        """
        try:
            ours = _file(self.holder.path) == self._file
            ours = ours and top(self.sweep, self.holder.name) == (self.holder.generation, False)
        except FileNotFoundError:
            ours = False
        except OSError:  # NFS gone for a moment, no more file handles: nothing to conclude from
            ours = True
        self.lost = self.lost or not ours
        if self.lost:
            raise LockLost(visible(f"{self.holder.path}: taken over by another process, or its folder was removed"))

    def release(self) -> None:
        """Let go. Nothing happens where it was lost; never raises."""
        self._end.set()
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join()
        with suppress(LockLost, OSError):
            self.check()
            # The .lock stays, so that nobody who lists the folder at this moment sees neither.
            os.close(os.open(self.holder.path.with_suffix(".free"), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            self.lost = True
            self.holder.beat_file.unlink()

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def claim(
    sweep: SweepFolder,
    name: str,
    runs: Sequence[str],
    *,
    watch: Watch,
    details: Mapping[str, Any] | None = None,
    steal: bool = False,
) -> Lock:
    """Take a lock that is free, or whose owner is dead.

    Args:
        name: of what is locked, a stack.
        runs: the ids that the owner will train; readers take them for running.
        watch: what has been seen of heartbeats so far. An owner on another host counts as dead once this watch has
            seen no beat for its lease: keep one watch, and try again.
        details: plain values for people: device, log file.
        steal: take it over whatever its owner does; that one stops at its next check.

    Raises:
        Held: its owner lives, or cannot be told to be dead (yet).
        ClockpizzaError: the lock cannot be written.
    """
    check_name(name, "lock name")
    make_folder(sweep.locks)
    values = {"schema": SCHEMA, "runs": list(runs), "time": time.time(), "details": dict(details or {})}
    try:
        while (lock := _try(sweep, name, values, watch, steal)) is None:
            pass  # another was quicker; look again at what he made
        lock.beat()
        for each, generation, suffix in entries(sweep.locks):
            if each == name and generation < lock.holder.generation:
                with suppress(OSError):
                    lock_file(sweep.locks, name, generation, suffix).unlink()
    except OSError as error:
        raise ClockpizzaError(visible(f"{sweep.locks}: {name} cannot be locked: {reason(error)}")) from error
    return lock


def _try(sweep: SweepFolder, name: str, values: Mapping[str, Any], watch: Watch, steal: bool) -> Lock | None:
    highest, free = top(sweep, name)
    if highest and not free:
        held = read_holder(sweep, name, highest)
        standing = watch.look(held.path, held.owner)
        if not (standing.dead or steal):
            raise Held(held, standing.how)
    n, owner = highest + 1, Owner.me()
    path = lock_file(sweep.locks, name, n, "lock")
    if not _create(path, json.dumps({**values, "owner": owner.to_dict()}).encode()):
        return None
    if top(sweep, name) != (n, False):  # so slow that this generation had come and gone
        with suppress(OSError):
            path.unlink()
        return None
    try:
        return Lock(sweep, Holder(name, n, path, owner, tuple(values["runs"]), values["details"]))
    except FileNotFoundError:  # taken over at once
        return None


def _create(path: Path, content: bytes) -> bool:
    """Make `path`, whole, unless it is there, and say whether it was made. Raises OSError."""
    temporary = path.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        made = _link(temporary, path, content)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    if made:
        sync_folder(path.parent)
    return made


def _link(temporary: Path, path: Path, content: bytes) -> bool:
    try:
        os.link(temporary, path)
        return True
    except OSError as error:
        if temporary.stat().st_nlink == 2:  # NFS: made, but the answer was lost and the question asked again
            return True
        if isinstance(error, FileExistsError):
            return False
        if error.errno not in _NO_LINKS:
            raise
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    return True


def _file(path: Path) -> tuple[int, int]:
    """What tells a file from another that took its name, in a folder made anew."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns
