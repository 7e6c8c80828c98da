"""Real workers, watched: from the form to a verdict, killed, resumed, stopped, and outliving the screen."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from clockpizza.store import Row, create_sweep, read_result
from clockpizza.sweep_spec import expand
from clockpizza.worker.launch import launch
from tests.tui.conftest import Visit
from tests.tui.driving import screen, until, write
from tui.screens.runs import RunsScreen

pytestmark = pytest.mark.slow
TINY = {"p": 7, "width": 8, "heads": 2, "epochs": 5_000_000}


def first(pilot: Pilot[None]) -> Row:
    rows: list[Row] = pilot.app.library.rows()  # type: ignore[attr-defined]
    return rows[0]


def test_a_network_is_trained_from_the_form_to_its_verdict(tmp_path: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> Any:
        await pilot.press("4", "ctrl+n", "down", "down", "end", "ctrl+u")
        await write(pilot, "400")
        await pilot.press("down")
        await write(pilot, "32")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen) and "starting" in screen(pilot))
        await until(pilot, lambda: "▸ running" in screen(pilot))
        await until(pilot, lambda: re.search(r"train [0-4]\.\d", screen(pilot)))  # the loss falls from 4.1
        await until(pilot, lambda: "✓ finished" in screen(pilot))
        row = first(pilot)
        result = read_result(row.folder)
        assert result is not None and result["status"] == "finished" and result["epoch"] == 400
        assert row.id == "r1.00-w32-l1-s5" and row.metrics["test_accuracy"] > 0.9
        name = result["verdict"]["name"]
        assert name in ("clock", "pizza", "non-circular")
        await until(pilot, lambda: f"{name} {result['verdict']['certainty']}" in screen(pilot))
        assert f"{row.metrics['test_accuracy']:.1%}" in screen(pilot)

    visit(Path("runs"), steps, size=(120, 40))


def test_a_worker_that_is_killed_is_seen_within_seconds_and_r_resumes(tmp_path: Path, visit: Visit) -> None:
    spec = expand(TINY)
    create_sweep(tmp_path / "runs", "long", spec)

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: first(pilot).state == "running" and first(pilot).epoch > 0)
        owner = first(pilot).owner
        assert owner is not None
        os.kill(owner.owner.pid, signal.SIGKILL)
        killed = time.monotonic()
        await until(pilot, lambda: "! crashed" in screen(pilot))
        assert time.monotonic() - killed < 3
        await pilot.press("r")
        await until(pilot, lambda: "▸ running" in screen(pilot) and first(pilot).attempt == 2)

    visit(Path("runs"), steps, size=(120, 40))


def test_a_worker_started_elsewhere_is_watched_and_stopped(tmp_path: Path, visit: Visit) -> None:
    sweep = create_sweep(tmp_path / "runs", "long", expand(TINY))
    worker = launch(sweep, device="cpu")

    async def steps(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "▸ running" in screen(pilot))
        await pilot.press("x")
        await until(pilot, lambda: "Stop long/r1.00-w8-l1-s0?" in screen(pilot))
        await pilot.press("y")
        await until(pilot, lambda: "‖ stopped" in screen(pilot))

    try:
        visit(Path("runs"), steps)
        assert worker.wait(20) == 130
    finally:
        worker.kill()
    assert sweep.run("r1.00-w8-l1-s0").checkpoint_file.exists()


def test_a_worker_that_cannot_begin_says_why(tmp_path: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("4", "ctrl+n", *["down"] * 14)
        await write(pilot, "cuda:99")
        await pilot.press("ctrl+s")
        said = pilot.app._notifications
        await until(pilot, lambda: any("device 'cuda:99' cannot be used here" in each.message for each in said))

    visit(Path("runs"), steps, size=(120, 40))
