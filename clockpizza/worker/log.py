"""What a worker says, for people: lines in a text file of its own, below the sweep's `logs/`."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clockpizza.errors import ClockpizzaError, visible
from clockpizza.store.layout import SweepFolder, make_folder, refuse_links
from clockpizza.store.process import Owner

if TYPE_CHECKING:
    from clockpizza.run_config import RunConfig
    from clockpizza.training.engine import Metrics

SECONDS = 60.0  # between lines about progress


def log_file(sweep: SweepFolder, pid: int) -> Path:
    """Where the worker of that pid on this host writes what it has to say."""
    return sweep.logs / f"{Owner.me().host}-{pid}.log"


def redirect(sweep: SweepFolder) -> Path:
    """Let all that this process writes to its outputs, tracebacks included, end in its log file.

    Raises:
        ClockpizzaError: the log cannot be written.
    """
    path = log_file(sweep, os.getpid())
    make_folder(sweep.logs)
    refuse_links(sweep.path, path)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise ClockpizzaError(visible(f"{path}: cannot be written: {error.strerror}")) from error
    for output in (1, 2):
        os.dup2(handle, output)
    os.close(handle)
    return path


def say(what: str) -> None:
    """A line with the time before it. A full disk is no reason to fail."""
    line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {visible(what)}\n"
    with suppress(OSError):
        os.write(2, line.encode(errors="backslashreplace"))


class Log:
    """A watcher that says what happens, progress once a minute."""

    def __init__(self) -> None:
        self._epochs = 0
        self._said = 0.0

    def begins(self, runs: dict[str, RunConfig], epoch: int) -> None:
        self._epochs, self._said = next(iter(runs.values())).epochs, time.monotonic()
        say(
            f"training {len(runs)} run{'s' * (len(runs) > 1)} from epoch {epoch:,}: {', '.join(list(runs)[:3])}"
            + ", ..." * (len(runs) > 3)
        )

    def metrics(self, epoch: int, runs: list[str], metrics: Metrics, epochs_per_second: float) -> None:
        if epoch < self._epochs and time.monotonic() - self._said < SECONDS:
            return
        self._said = time.monotonic()
        loss = metrics.train_loss.mean().item()
        say(f"epoch {epoch:,} of {self._epochs:,}, {epochs_per_second:.1f} epochs/s, mean training loss {loss:.3g}")

    def judging(self, run: str) -> None:
        pass

    def ended(self, run: str, status: str, result: dict[str, Any]) -> None:
        verdict = result.get("verdict") or {}
        say(f"{run} {status}: {result.get('reason') or verdict.get('name') or 'refused'}")

    def trouble(self, what: str) -> None:
        say(what)
