"""The room of the machine: what is read of cards and processors, and how workers are shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.pilot import Pilot

from clockpizza.store import Watch, claim, open_sweep
from tests.tui.conftest import Visit
from tests.tui.driving import screen, until
from tui.machine import Watcher, cards, memory, parse_cards, processor_times

SMI = "0, NVIDIA H100 80GB HBM3, 87, 61440, 81559, 64, 512.30\n1, NVIDIA H100 80GB HBM3, [N/A], 0, 81559, 31, [N/A]\n"


def test_what_nvidia_smi_says_is_read() -> None:
    first, second = parse_cards([*SMI.splitlines(), "garbage"])
    assert (first.index, first.busy, first.used, first.total, first.degrees) == ("0", 0.87, 61440, 81559, 64)
    assert second.busy is None and second.watts is None


def test_processors_and_memory_are_read_from_proc() -> None:
    assert processor_times("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1\n") == (150, 1000)
    assert processor_times("") is None
    assert memory("MemTotal:  100 kB\nMemFree: 1 kB\nMemAvailable:   40 kB\n") == (102_400, 40_960)
    assert memory("") == (0, 0)


def test_the_disk_is_that_of_the_nearest_folder_there_is(tmp_path: Path) -> None:
    machine = Watcher(tmp_path / "not" / "yet").look()
    assert machine.disk_total > 0 and machine.processors >= 1


def test_cards_are_shown_with_their_load_memory_and_temperature(
    tmp_path: Path, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nprintf '%s' '{SMI}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    assert len(cards() or ()) == 2

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("5")
        await until(pilot, lambda: "cuda:0" in screen(pilot))
        lines = screen(pilot).splitlines()
        assert any(
            "cuda:0" in line and "87%" in line and "NVIDIA H100 80GB HBM3  64 °C  512 W" in line for line in lines
        )
        assert any("memory" in line and "75%" in line and "60.0 of 79.6 GiB" in line for line in lines)

    visit(Path("runs"), steps, size=(120, 40))


def test_workers_are_shown_with_their_heartbeat_and_their_log(paper: Path, visit: Visit) -> None:
    sweep = open_sweep(paper, "paper")
    (sweep.logs / "box-1.log").write_text("2026-01-01 00:00:00 training 4 runs\n2026-01-01 00:00:01 a \x1b[31mline\n")

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("5")
        await until(pilot, lambda: "workers: 1" in screen(pilot))
        (line,) = (line for line in screen(pilot).splitlines() if "▸ beating" in line)
        assert str(os.getpid()) in line and "cpu" in line and "1,234" in line and "99.5" in line
        assert "training paper" in line
        assert "training 4 runs" in screen(pilot)
        assert "a \\x1b[31mline" in screen(pilot)

    ids = [f"r{rate}-w8-l1-s0" for rate in ("0.00", "0.25", "0.50", "1.00")]
    details = {"device": "cpu", "log": "box-1.log"}
    with claim(sweep, "stack-0000", ids, watch=Watch(), details=details) as lock:
        lock.note(1234, 99.5, "training")
        lock.beat()
        visit(paper, steps, size=(120, 40))


def test_a_log_named_by_a_path_is_not_opened(paper: Path, visit: Visit) -> None:
    Path("secret").write_text("the secret")

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("5")
        await until(pilot, lambda: "workers: 1" in screen(pilot))
        assert "the secret" not in screen(pilot)

    details = {"device": "cpu", "log": "../../../secret"}
    with claim(open_sweep(paper, "paper"), "stack-0000", [], watch=Watch(), details=details):
        visit(paper, steps)
