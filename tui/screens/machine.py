"""The room of the machine: cards, processors, memory and disk; workers with their heartbeats, and what they say."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical

from clockpizza.cli.progress import span
from clockpizza.errors import visible
from clockpizza.store import Holder, Standing, SweepIndex
from clockpizza.store.names import is_name
from tui.machine import Card, Machine, Watcher, cards
from tui.messages import LibraryChanged
from tui.screens.base import LabScreen
from tui.widgets.line_list import LineList
from tui.widgets.panel import Panel

LOOK_SECONDS = 2.0
TAIL = 16 << 10  # bytes of a log that are shown
GIB = 2**30


class Devices(Panel):
    """Cards, processors, memory, disk: a bar each."""

    def __init__(self) -> None:
        super().__init__("machine", id="devices")
        self._machine: Machine | None = None
        self._cards: list[Card] | None = None

    def show(self, machine: Machine, cards: list[Card] | None) -> None:
        """Show what was seen."""
        self._machine, self._cards = machine, cards
        self.redraw()

    def draw(self, width: int, height: int) -> Text:
        machine = self._machine
        if machine is None:
            return Text()
        lines = []
        for card in self._cards or ():
            words = "" if card.degrees is None else f"{card.degrees:.0f} °C"
            words += "" if card.watts is None else f"  {card.watts:.0f} W"
            lines.append(self._bar(f"cuda:{card.index}", card.busy, f"{visible(card.name)}  {words}", width))
            if card.used is not None and card.total:
                share = card.used / card.total
                words = f"{card.used / 1024:.1f} of {card.total / 1024:.1f} GiB"
                lines.append(self._bar("  memory", share, words, width))
        if self._cards is None:
            lines.append(
                Text.assemble(("cuda      ", self.app.palette.dim), "no NVIDIA card found: no nvidia-smi here")
            )
        words = f"{machine.processors} threads, load {machine.load:.1f}"
        lines.append(self._bar("cpu", machine.busy, words, width))
        if machine.memory_total:
            share = machine.memory_used / machine.memory_total
            words = f"{machine.memory_used / GIB:.1f} of {machine.memory_total / GIB:.1f} GiB"
            lines.append(self._bar("memory", share, words, width))
        share = 1 - machine.disk_free / machine.disk_total
        lines.append(self._bar("disk", share, f"{machine.disk_free / GIB:.1f} GiB free", width))
        return Text("\n").join(lines)

    def _bar(self, name: str, share: float | None, words: str, width: int) -> Text:
        palette = self.app.palette
        cells = max(8, min(30, width - 50))
        full = round((share or 0.0) * cells)
        ink, blank = ("#", "-") if palette.ascii else ("━", "─")
        colour = palette.colour("stalled" if (share or 0.0) > 0.9 else "clock")
        told = "    " if share is None else f"{share:4.0%}"
        bar = ((ink * full, colour), (blank * (cells - full), palette.dim))
        return Text.assemble((f"{name:10}", palette.dim), *bar, f" {told}  {words}", no_wrap=True)


class LogTail(Panel):
    """The end of a worker's log."""

    EMPTY = "What the worker under the cursor writes into its log stands here."

    def __init__(self) -> None:
        super().__init__("log", id="log")
        self._text = ""

    def show(self, path: Path | None) -> None:
        """Show the end of a log, or nothing."""
        self._text = tail(path) if path else ""
        self.caption(f"log {path.name}" if path else "log")
        self.redraw()

    def draw(self, width: int, height: int) -> Text:
        console = self.app.console
        wrapped = [
            part for line in self._text.splitlines() for part in Text(visible(line)).wrap(console, max(8, width))
        ]
        return Text("\n").join(wrapped[-height:])


class MachineScreen(LabScreen):
    """What the machine does, and who works on it."""

    ROOM = "machine"

    def __init__(self) -> None:
        super().__init__()
        self._workers: dict[str, tuple[SweepIndex, Holder, Standing]] = {}

    def compose_room(self) -> ComposeResult:
        with Vertical(id="machine"):
            yield Devices()
            yield LineList("workers", self._line, self._header, id="workers")
            yield LogTail()

    def on_mount(self) -> None:
        """Look now, and from then on every two seconds while the room is seen."""
        self._watcher = Watcher(self.app.runs)
        workers = self.query_one("#workers", LineList)
        workers.EMPTY = (
            f"Nobody trains anything in {visible(str(self.app.runs))}. Workers stand here, on whatever host."
        )
        workers.focus()
        self.set_title(f"{os.uname().nodename}")
        self.set_interval(LOOK_SECONDS, self._look)
        self._look()

    @work(exclusive=True)
    async def _look(self) -> None:
        """In a thread: a driver may take its time."""
        if self.is_current:
            self.query_one(Devices).show(*await asyncio.to_thread(lambda: (self._watcher.look(), cards())))

    @on(LibraryChanged)
    def _gather(self) -> None:
        self._workers = {
            f"{sweep.name} {holder.name}": (sweep, holder, standing)
            for sweep in self.app.library.sweeps()
            for holder, standing in sweep.owners
            if not standing.gone
        }
        found = self.query_one("#workers", LineList)
        found.title = f"workers: {len(self._workers)}" if self._workers else "no worker at work"
        found.show(list(self._workers))
        self._show_log()

    @on(LineList.Moved)
    def _show_log(self) -> None:
        found = self._workers.get(self.query_one("#workers", LineList).key)
        log = found[1].details.get("log") if found else None
        known = found and isinstance(log, str) and is_name(log)
        self.query_one(LogTail).show(found[0].folder.logs / str(log) if found and known else None)

    def _header(self, width: int) -> Text:
        return Text(
            f"{'heartbeat':12}{'process':24}{'device':8}{'runs':>5}{'epoch':>9}{'a second':>10}  doing",
            self.app.palette.dim,
        )

    def _line(self, number: int, width: int) -> Text:
        sweep, holder, standing = list(self._workers.values())[number]
        beat, palette = standing.beat, self.app.palette
        age = max(0.0, time.time() - beat.time) if beat.time else 0.0
        words = f"{span(age)} ago" if age >= 5 else "beating"
        line = palette.mark("stalled" if standing.silent else "running", f"{words:10}")
        process = visible(f"{holder.owner.host} {holder.owner.pid}")[:23]
        device = visible(str(holder.details.get("device", "")))[:7]
        line.append(f"{process:24}{device:8}{len(holder.runs):5,}{beat.epoch:9,}{beat.rate:10.1f}", "default")
        doing = f"{standing.how}" if standing.silent else beat.doing
        return Text.assemble(line, f"  {visible(doing)} {visible(sweep.name)}", no_wrap=True)


def tail(path: Path) -> str:
    """The last lines of a text file; "" where it cannot be read, or is a link."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL))
            text = file.read(TAIL).decode(errors="replace")
    except OSError:
        return ""
    return text.partition("\n")[2] if size > TAIL else text
