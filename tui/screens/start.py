"""The room where trainings and sweeps are started: a form, and what it would start."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from clockpizza.errors import BadInput, ClockpizzaError, visible
from clockpizza.worker.launch import module_path
from tui import keys
from tui.form import FIELDS, Order, check_field, order, preset
from tui.jobs import Jobs
from tui.machine import cards
from tui.screens.base import LabScreen
from tui.widgets.panel import Panel

PAUSE_SECONDS = 0.8  # without typing, before a helper process estimates
SHOWN = 8  # ids of runs that are named


class Outcome(Panel):
    """What the form would start, or what keeps it from that; and what it would take."""

    def __init__(self) -> None:
        super().__init__("what it starts", id="outcome")
        self.order: Order | None = None
        self.wrong = ""
        self.estimate: list[str] = []

    def show(self, order: Order | None, wrong: str, estimate: list[str]) -> None:
        """Show an order with its estimate, or why there is none."""
        self.order, self.wrong, self.estimate = order, wrong, estimate
        self.redraw()

    def draw(self, width: int, height: int) -> Text:
        palette, found = self.app.palette, self.order
        if found is None:
            return Text("\n").join(Text(visible(self.wrong), palette.colour("failed")).wrap(self.app.console, width))
        ids, stacks = list(found.spec.runs), found.spec.stacks()
        what = "a training" if len(ids) == 1 else f"a sweep of {len(ids):,} runs"
        if len(stacks) > 1:
            what += f" in {len(stacks)} stacks"
        parts = [Text(f"{what}, on {', '.join(found.devices)}", "bold")]
        parts.append(Text(f"{self.app.runs}/{found.name}"))
        parts += [Text(visible(line)) for line in self.estimate]
        parts += [Text(f"{id}: {found.spec.runs[id].describe()}", palette.dim) for id in ids[:SHOWN]]
        if len(ids) > SHOWN:
            parts.append(Text(f"and {len(ids) - SHOWN:,} more", palette.dim))
        return Text("\n").join(line for part in parts for line in part.wrap(self.app.console, width))


class StartScreen(LabScreen):
    """A form of what `clockpizza sweep` takes."""

    ROOM = "start"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("start")]

    def __init__(self) -> None:
        super().__init__()
        self._order: Order | None = None

    def compose_room(self) -> ComposeResult:
        with Vertical(id="form"), Horizontal():
            yield Static("\n".join(field.key.replace("_", " ") for field in FIELDS), id="names")
            with Vertical(id="fields"):
                for field in FIELDS:
                    yield Input(placeholder=field.default, compact=True, id=f"field-{field.key}")
            yield Static(id="hints")
        yield Outcome()

    def on_mount(self) -> None:
        """The first field has the focus."""
        self.set_title("lists 1,2,4 and ranges 0:1:21 too")
        self.query(Input).first().focus()
        self._check()

    @on(Input.Changed)
    def _check(self) -> None:
        """Say at once what is wrong, and a moment later what it takes."""
        texts = self._texts()
        hints, palette = Text(no_wrap=True, overflow="ellipsis"), self.app.palette
        for field in FIELDS:
            wrong = check_field(field.key, texts[field.key].strip())
            self.query_one(f"#field-{field.key}", Input).set_class(bool(wrong), "-bad")
            hints.append(f"{visible(wrong) or field.hint}\n", palette.colour("failed") if wrong else palette.dim)
        self.query_one("#hints", Static).update(hints)
        try:
            self._order, wrong = order(texts), ""
        except BadInput as error:
            self._order, wrong = None, str(error)
        self.query_one(Outcome).show(self._order, wrong, ["disk and time: estimating ..."])
        self._estimate(self._order)

    def _texts(self) -> dict[str, str]:
        return {field.key: self.query_one(f"#field-{field.key}", Input).value for field in FIELDS}

    @work(exclusive=True)
    async def _estimate(self, found: Order | None) -> None:
        """What it takes, by a helper process: that needs torch."""
        if found is None:
            return
        await asyncio.sleep(PAUSE_SECONDS)
        command = [sys.executable, "-P", "-m", "clockpizza", "sweep", "--dry-run", "--name", found.name]
        command += [*found.options, *(["--devices", ",".join(found.devices)] if found.devices != ("auto",) else [])]
        command += ["--seed", "0"] * (len(found.options) == 0)  # it wants to know at least one thing
        # Not asyncio's: its transports outlive a loop that is closed while the helper runs, and complain.
        process = subprocess.Popen(
            command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env={**os.environ, **module_path()}
        )
        try:
            out, err = await asyncio.to_thread(process.communicate)
        finally:
            process.kill()
        lines = [line for line in out.decode(errors="replace").splitlines() if line.startswith(("disk:", "time:"))]
        said = err.decode(errors="replace").strip().rpartition("\n")[2]
        self.query_one(Outcome).show(found, "", lines or [f"no estimate: {said.removeprefix('clockpizza: ')}"])

    def action_fill(self, name: str) -> None:
        """Fill in a preset, or nothing."""
        texts = preset(name) if name else {}
        with self.prevent(Input.Changed):
            for field in FIELDS:
                self.query_one(f"#field-{field.key}", Input).value = texts.get(field.key, "")
        self._check()

    async def action_start(self) -> None:
        """Start workers, and go to the list of runs, where they are seen."""
        found, app = self._order, self.app
        if found is None:
            self.notify(self.query_one(Outcome).wrong, severity="error")
            return
        try:
            pids = await asyncio.to_thread(start, app.jobs, app.runs, found)
        except ClockpizzaError as error:
            self.notify(str(error), severity="error")
            return
        app.show_started(found.name)
        app.notify(visible(f"Process {', '.join(map(str, pids))} loads torch, then trains {found.name}."))


def start(jobs: Jobs, runs: Path, found: Order) -> list[int]:
    """Write a sweep down and start its workers: for `auto` on every card, as many as there are stacks."""
    stacks, devices = len(found.spec.stacks()), found.devices
    if devices == ("auto",) and stacks > 1 and "CUDA_VISIBLE_DEVICES" not in os.environ:
        devices = tuple(f"cuda:{card.index}" for card in cards() or ()) or devices
    return jobs.start(runs, found.name, found.spec, devices[:stacks], keep_checkpoints=found.keep_checkpoints)
