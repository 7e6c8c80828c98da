"""What this machine is doing: cards, processors, memory, disk. Textual-free; what is not told is left out."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

QUERY = "index,name,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw"
TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class Card:
    """An NVIDIA card. busy: share of time; used, total: MiB; None where the driver does not tell."""

    index: str
    name: str
    busy: float | None
    used: float | None
    total: float | None
    degrees: float | None
    watts: float | None


@dataclass(frozen=True)
class Machine:
    """busy: share of the processors' time since the last look, None at a first; bytes of memory and disk."""

    busy: float | None
    processors: int
    load: float
    memory_used: int
    memory_total: int
    disk_free: int
    disk_total: int


class Watcher:
    """Looks at the machine; remembers what the processors' share is measured from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._before: tuple[int, int] | None = None

    def look(self) -> Machine:
        """The machine at this moment, and the disk that holds the folder, or the nearest above it that is there."""
        busy, processors = None, os.cpu_count() or 1
        now = processor_times(_text("/proc/stat"))
        if now and self._before and now[1] > self._before[1]:
            busy = (now[0] - self._before[0]) / (now[1] - self._before[1])
        self._before = now
        total, available = memory(_text("/proc/meminfo"))
        folder = self.folder.absolute()
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        disk = shutil.disk_usage(folder)
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
        return Machine(busy, processors, load, total - available, total, disk.free, disk.total)


def cards() -> list[Card] | None:
    """The NVIDIA cards, None where there is no driver to ask. Takes up to a second; not for the thread that draws."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    command = [program, f"--query-gpu={QUERY}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_cards(done.stdout.splitlines()) if not done.returncode else None


def parse_cards(lines: Sequence[str]) -> list[Card]:
    """What nvidia-smi says of each card, a line each; garbage is passed over."""
    found = []
    for line in lines:
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == len(QUERY.split(",")):
            busy, *rest = map(_number, parts[2:])
            found.append(Card(parts[0], parts[1], None if busy is None else busy / 100, *rest))
    return found


def processor_times(stat: str) -> tuple[int, int] | None:
    """Ticks at work and in all, of /proc/stat's first line."""
    words = stat.partition("\n")[0].split()
    if words[:1] != ["cpu"] or len(words) < 6:
        return None
    ticks = [int(word) for word in words[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def memory(meminfo: str) -> tuple[int, int]:
    """Bytes in all and available, of /proc/meminfo; 0 where it does not say."""
    values = {}
    for line in meminfo.splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words[:1] and words[0].isdecimal():
            values[name] = int(words[0]) * 1024
    return values.get("MemTotal", 0), values.get("MemAvailable", 0)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:  # [N/A]
        return None


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
