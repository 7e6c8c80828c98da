"""Folders of runs to look at: the examples that come with the project, and sweeps written by hand."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from textual.pilot import Pilot

from clockpizza.store import EventWriter, Index, begin_run, create_sweep, write_result
from clockpizza.sweep_spec import expand
from tests.tui.driving import until
from tui.app import ClockpizzaApp
from tui.settings import Options

EXAMPLES = Path(__file__).parents[2] / "runs" / "examples"
Steps: TypeAlias = Callable[[Pilot[None]], Awaitable[Any]]
Visit: TypeAlias = Callable[..., Any]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run in a folder of their own, with a cache of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("TMUX", raising=False)


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """A folder of runs as on a fresh clone."""
    for name in ("clock", "pizza", "tied"):
        shutil.copytree(EXAMPLES / name, tmp_path / "runs" / "examples" / name)
    return Path("runs")


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    """A folder with one sweep, `paper`: one run finished as a pizza, one refused, one crashed, one queued."""
    spec = expand({"attention_rate": [0, 0.25, 0.5, 1], "p": 7, "width": 8, "epochs": 100})
    sweep = create_sweep(tmp_path / "runs", "paper", spec)
    ids = list(spec.runs)
    ends = (({"name": "pizza", "certainty": "clear"}, 0.999), ({"name": None, "refused": "it does not solve"}, 0.3))
    for id, (verdict, accuracy) in zip(ids, ends, strict=False):
        run = begin_run(sweep, id, spec.runs[id])
        metrics = {"test_accuracy": accuracy, "train_accuracy": 1.0, "test_loss": 0.01, "train_loss": 0.001}
        write_result(run, "finished", attempt=1, epoch=100, metrics=metrics, verdict=verdict, measures={}, time=1e9)
    crashed = EventWriter(begin_run(sweep, ids[2], spec.runs[ids[2]]))
    crashed.append("started", epoch=0)
    for epoch in range(41):
        metrics = {"train_loss": 2.0 / (epoch + 1), "test_loss": 4.0 / (epoch + 1)}
        crashed.append(
            "metrics", epoch=epoch, **metrics, train_accuracy=epoch / 40, test_accuracy=epoch / 80, epochs_per_second=10
        )
    return Path("runs")


@pytest.fixture
def visit() -> Iterator[Visit]:
    """Run the app over a folder and let `steps` press keys; workers that it started are killed in the end."""
    seen: list[Path] = []

    def run(
        runs: Path, steps: Steps, size: tuple[int, int] = (80, 24), options: Options | None = None, open: Any = None
    ) -> Any:
        seen.append(runs.absolute())

        async def go() -> Any:
            app = ClockpizzaApp(runs, open, options)
            async with app.run_test(size=size, notifications=True) as pilot:
                await until(pilot, lambda: app.library.loaded and app._version == app.library.version)
                await pilot.pause()
                return await steps(pilot)

        return asyncio.run(go())

    yield run
    for folder in seen:
        index = Index(folder)
        index.refresh()
        for sweep in index.sweeps.values():
            for holder, standing in sweep.owners:
                if not standing.gone and holder.owner.pid != os.getpid():
                    with suppress(ProcessLookupError):
                        os.kill(holder.owner.pid, signal.SIGKILL)
