"""Which process owns something, and whether it still lives.

A process id alone is no answer: ids are reused, begin again after a reboot, and mean nothing on another host or in
another container. So the boot id, the pid namespace and the process's start time are recorded too.

On systems without /proc (macOS) only host and pid are known; there a reused pid passes for the owner until its
heartbeat has been silent for long enough.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from clockpizza.store.names import sanitise


class Life(Enum):
    """What can be said of an owner from where we stand."""

    ALIVE = "alive"
    DEAD = "dead"
    ELSEWHERE = "elsewhere"  # another host or container, or the kernel does not say: only its heartbeat can tell


@dataclass(frozen=True)
class Owner:
    """A process, recorded so that it cannot be taken for another.

    host: its name. machine: the machine id, which two hosts of one name do not share.
    boot: the kernel's boot id. namespace: the pid namespace, which tells containers apart.
    started: in clock ticks after boot. What a system does not tell is "" or 0.
    """

    host: str = ""
    machine: str = ""
    boot: str = ""
    namespace: str = ""
    pid: int = 0
    started: int = 0

    @classmethod
    def me(cls) -> Owner:
        """This process. Never cached: a forked child is another process."""
        host, machine, boot, namespace = _here()
        started = 0
        with suppress(OSError, ValueError, IndexError):
            started = start_time(os.getpid()) or 0
        return cls(host, machine, boot, namespace, os.getpid(), started)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Owner:
        """The owner that `to_dict` wrote; what is missing or of another type is left unknown."""
        known = {}
        for field in fields(cls):
            value = values.get(field.name)
            if type(value) is type(field.default):
                known[field.name] = value
        return cls(**known)  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def life(self) -> Life:
        """Whether the process lives, as far as this process can tell."""
        host, machine, boot, namespace = _here()
        if self.pid <= 0:
            return Life.ELSEWHERE
        if self.boot != boot:
            # The same machine since rebooted; two machines that merely share a name fail the machine id, or have none.
            rebooted = (self.host, self.machine) == (host, machine) and "" not in (machine, boot, self.boot)
            return Life.DEAD if rebooted else Life.ELSEWHERE
        if self.namespace != namespace or (not boot and self.host != host):
            return Life.ELSEWHERE
        try:
            return Life.ALIVE if _runs(self.pid, self.started) else Life.DEAD
        except (OSError, ValueError, IndexError):
            return Life.ELSEWHERE


def start_time(pid: int) -> int | None:
    """When a process started, in clock ticks after boot; None where it is none, a zombie, or hidden.

    Raises:
        OSError: nothing can be told: no more file handles, or the like.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the command in parentheses, and may hold both parentheses and spaces.
    rest = stat.rpartition(")")[2].split()
    return None if rest[0] in "ZXx" else int(rest[19])


def _runs(pid: int, started: int) -> bool:
    found = start_time(pid)
    if found is not None:
        return found == started or not started
    try:
        os.kill(pid, 0)
    except PermissionError:
        # Another user's; mounted with hidepid, /proc keeps silent about it. A zombie it would have shown.
        return not Path(f"/proc/{pid}").exists()
    except (ProcessLookupError, OverflowError):
        return False
    return not Path("/proc/self/stat").exists()  # with /proc, one of ours that has no start time is a zombie


@cache
def _here() -> tuple[str, str, str, str]:
    """Host, machine id, boot id and pid namespace of this process."""
    host = sanitise(os.uname().nodename)[:64]
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return host, _line("/etc/machine-id"), _line("/proc/sys/kernel/random/boot_id"), namespace


def _line(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()[:64]
    except (OSError, UnicodeDecodeError):
        return ""
