"""Who holds which lock: the files in `locks/`, read. What they mean, `lock.py` says."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clockpizza.errors import BadInput, visible
from clockpizza.store.layout import SweepFolder, listing, read_text
from clockpizza.store.process import Owner

LARGEST = 4 << 20  # bytes
_FILE = re.compile(r"(.+)\.([0-9]{6,12})\.(lock|free|beat)")


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, as its file says. Garbage there gives an unknown owner."""

    name: str
    generation: int
    path: Path
    owner: Owner = field(default_factory=Owner)
    runs: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)  # device, log and the like

    @property
    def beat_file(self) -> Path:
        return self.path.with_suffix(".beat")

    def __str__(self) -> str:
        return visible(f"process {self.owner.pid} on {self.owner.host}") if self.owner.pid else "an unknown process"


def holders(sweep: SweepFolder) -> dict[str, Holder]:
    """Who holds each lock that is held, dead or alive, by name. Nothing where there is no folder to be read."""
    tops: dict[str, tuple[int, bool]] = {}
    with suppress(OSError):
        for name, generation, suffix in entries(sweep.locks):
            if suffix != "beat":
                tops[name] = max(tops.get(name, (0, False)), (generation, suffix == "free"))
    return {name: read_holder(sweep, name, generation) for name, (generation, free) in tops.items() if not free}


def read_holder(sweep: SweepFolder, name: str, generation: int) -> Holder:
    """Who made one generation of a lock."""
    path = lock_file(sweep.locks, name, generation, "lock")
    try:
        values = json.loads(read_text(path, LARGEST))
        runs, details = values["runs"], values["details"]
        if not isinstance(details, dict) or not all(isinstance(run, str) for run in runs):
            return Holder(name, generation, path)
        return Holder(name, generation, path, Owner.from_dict(values["owner"]), tuple(runs), details)
    except (BadInput, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Holder(name, generation, path)


def top(sweep: SweepFolder, name: str) -> tuple[int, bool]:
    """The highest generation of a lock, 0 where there was none, and whether it is free again.

    Raises:
        OSError: the folder cannot be read. That it is empty must not be concluded from that.
    """
    mine = [(generation, suffix) for each, generation, suffix in entries(sweep.locks) if each == name]
    return max(((generation, suffix == "free") for generation, suffix in mine if suffix != "beat"), default=(0, False))


def entries(folder: Path) -> list[tuple[str, int, str]]:
    """Name, generation and suffix of each file of a lock. Raises OSError."""
    found = (_FILE.fullmatch(name) for name in listing(folder))
    return [(match[1], int(match[2]), match[3]) for match in found if match]


def lock_file(folder: Path, name: str, generation: int, suffix: str) -> Path:
    """The path of one file of a lock."""
    return folder / f"{name}.{generation:06}.{suffix}"
