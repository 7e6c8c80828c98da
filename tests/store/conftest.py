"""A small sweep to work in, and real processes to work against."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clockpizza.store import RunFolder, SweepFolder, begin_run, create_sweep
from clockpizza.sweep_spec import SweepSpec, expand

Spawn = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def spec() -> SweepSpec:
    return expand({"attention_rate": [0, 0.5, 1], "p": 7, "width": 8, "epochs": 100, "stack_size": 2})


@pytest.fixture
def sweep(tmp_path: Path, spec: SweepSpec) -> SweepFolder:
    return create_sweep(tmp_path / "runs", "small", spec)


@pytest.fixture
def run(sweep: SweepFolder, spec: SweepSpec) -> RunFolder:
    """The folder of the sweep's first run, begun."""
    id, config = next(iter(spec.runs.items()))
    return begin_run(sweep, id, config)


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Start `python -c CODE ARGS...` with pipes; whatever still runs when the test ends is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *args: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
