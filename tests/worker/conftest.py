"""Workers as processes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest

from clockpizza.store import SweepFolder
from clockpizza.worker.launch import launch


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[SweepFolder], subprocess.Popen[bytes]]]:
    """Start a worker on a sweep; those that live when the test ends are killed."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    workers: list[subprocess.Popen[bytes]] = []

    def start(sweep: SweepFolder, device: str = "cpu") -> subprocess.Popen[bytes]:
        workers.append(launch(sweep, device=device))
        return workers[-1]

    yield start
    for worker in workers:
        if worker.poll() is None:
            worker.kill()
            worker.wait()
