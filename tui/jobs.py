"""Workers: started, asked to stop, and mourned. They live in sessions of their own, and outlive the screen.

Textual-free. Raises what the store raises, in words for people.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clockpizza.errors import ClockpizzaError, visible
from clockpizza.store import SweepFolder, SweepIndex, clear_result, create_sweep, withdraw_stop
from clockpizza.store.layout import read_text
from clockpizza.store.state import State
from clockpizza.sweep_spec import SweepSpec
from clockpizza.worker.launch import launch
from clockpizza.worker.log import log_file

QUIET_CODES = (0, 1, 4, 130)  # of a worker that has said in the store how it went


@dataclass(frozen=True)
class Job:
    """A worker that this process has started."""

    sweep: str
    folder: SweepFolder
    process: subprocess.Popen[bytes]


class Jobs:
    """The workers that this process has started, until they have left."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []

    def start(
        self, runs: Path, name: str, spec: SweepSpec, devices: Sequence[str], *, keep_checkpoints: bool = False
    ) -> list[int]:
        """Write a sweep down and start its workers, one for each device; their process ids.

        Raises:
            BadInput: there is a sweep of that name with other runs. ClockpizzaError: it cannot be written.
        """
        return self._launch(name, create_sweep(runs, name, spec), devices, keep_checkpoints)

    def resume(self, sweep: SweepIndex, devices: Sequence[str] = ("auto",), *, failed: bool = False) -> list[int]:
        """Start workers on what a sweep has left, with `failed` also on what failed; a stop is withdrawn."""
        for row in sweep.rows.values() if failed else ():
            if row.state is State.FAILED:
                clear_result(row.folder)
        return self._launch(sweep.name, sweep.folder, devices, False)

    def _launch(self, name: str, folder: SweepFolder, devices: Sequence[str], keep: bool) -> list[int]:
        withdraw_stop(folder)
        started = [Job(name, folder, launch(folder, device=device, keep_checkpoints=keep)) for device in devices]
        self._jobs += started
        return [job.process.pid for job in started]

    def starting(self, sweeps: Sequence[SweepIndex]) -> set[str]:
        """Sweeps whose worker lives and has no lock yet: it loads torch."""
        owners = {holder.owner.pid for sweep in sweeps for holder, _ in sweep.owners}
        return {job.sweep for job in self._jobs if job.process.poll() is None and job.process.pid not in owners}

    def reap(self) -> list[str]:
        """Forget the workers that have left; a sentence for each that left without a word in the store."""
        gone = [job for job in self._jobs if job.process.poll() is not None]
        self._jobs = [job for job in self._jobs if job not in gone]
        return [words for job in gone if (words := _last_words(job))]


def _last_words(job: Job) -> str:
    code = job.process.returncode
    if code in QUIET_CODES or code < 0:  # a killed one is seen as crashed
        return ""
    path = log_file(job.folder, job.process.pid)
    try:
        last = read_text(path).rstrip().rpartition("\n")[2]
    except ClockpizzaError:
        return visible(f"{job.sweep}: its worker left with exit code {code} and no word")
    return visible(f"{job.sweep}: {last[20:] if last[:4].isdecimal() else last}")  # without the time
