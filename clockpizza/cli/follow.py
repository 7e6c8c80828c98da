"""Carrying a sweep out: workers are started and followed through the store, or the training is done in this process."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from clockpizza.cli.options import again, index_of, look
from clockpizza.cli.progress import Screen, Silent, progress
from clockpizza.cli.results import exit_code, print_results
from clockpizza.errors import BadInput, ClockpizzaError, visible
from clockpizza.store import ENDED, SweepFolder, SweepIndex, owners, withdraw_stop

LOOK_SECONDS = 0.5
QUIET_SECONDS = 5.0  # without any owner of a lock, after which nobody is thought to train a sweep
START_SECONDS = 120.0  # that a worker may take to load torch and take its first lock

Worker = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Job:
    """What to do with a sweep that is there.

    name: of the sweep in the folder `runs`. devices: one worker each.
    """

    runs: Path
    name: str
    folder: SweepFolder
    devices: Sequence[str]
    keep_checkpoints: bool = False
    quiet: bool = False


def devices_of(given: str) -> list[str]:
    """The devices that `--devices` or `--device` names; auto is every CUDA card, else the CPU.

    Raises:
        BadInput: one cannot be used.
    """
    import torch

    from clockpizza.training.device import choose

    cards = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    names = [name.strip() for name in given.split(",") if name.strip()]
    if names == ["auto"]:
        return cards or ["cpu"]
    for name in names:
        if name not in (*cards, *(["cuda"] if cards else []), "cpu"):  # looked at without touching a card's memory
            choose(name)
    if not names or len(set(names)) < len(names):
        raise BadInput(f"devices are {given!r}; expected each once, as cuda:0,cuda:1")
    return names


def train(job: Job, *, detach: bool, foreground: bool, json: bool) -> None:
    """Train what a sweep has left, in one of three ways, and print how its runs ended.

    Raises:
        typer.Exit: with the exit code, where it is not 0.
    """
    if detach:
        start(job)
        return
    index, code = carry_out(job, foreground=foreground)
    print_results(index, json=json)
    if code:
        raise typer.Exit(code)


def carry_out(job: Job, *, foreground: bool) -> tuple[SweepIndex, int]:
    """Train what a sweep has left, and return it as it is then, and an exit code."""
    return _in_this_process(job) if foreground else _follow_workers(job)


def start(job: Job) -> None:
    """Start workers, and return once each of them trains or has nothing to do.

    Raises:
        typer.Exit: with the code of workers that left at once, all of them.
    """
    from clockpizza.worker.log import log_file

    workers = _launch(job)
    index = index_of(job.runs, job.name)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and not all(_began(index, worker) for worker in workers):
        time.sleep(0.1)
        look(index)
    if all(worker.poll() is not None for worker in workers):
        raise typer.Exit(_conclude(job, index, workers))
    for worker in workers:
        typer.echo(visible(f"process {worker.pid} trains {job.name}; log {log_file(job.folder, worker.pid)}"), err=True)
    typer.echo(f"  {again('watch', job.name, job.runs)}\n  {again('stop', job.name, job.runs)}", err=True)


def _follow_workers(job: Job) -> tuple[SweepIndex, int]:
    """Start workers, follow them until they leave, and return the sweep as it is then, and an exit code.

    Ctrl-C asks on a terminal whether to stop or to leave the workers running; elsewhere it stops them.
    """
    workers = _launch(job)
    index = index_of(job.runs, job.name)
    with progress(quiet=job.quiet) as display, _Interrupts() as interrupts:
        stopping = False
        while True:
            gone = all(worker.poll() is not None for worker in workers)  # before the look, which then sees all
            look(index)
            display.show(index)
            if gone:
                break
            if not interrupts.wait(LOOK_SECONDS):
                continue
            if stopping:
                _terminate(workers)
                return index, _tell(display, "left at once, without saving", 130)
            choice = _ask(display) if interrupts.on_a_terminal else "s"
            if choice == "l":
                where = (
                    f"`{again('watch', job.name, job.runs)}` follows it, `{again('stop', job.name, job.runs)}` stops it"
                )
                return index, _tell(display, f"left running; {where}", 0)
            if choice == "s":
                stopping = True
                _terminate(workers)
                _note(display, "stopping: saves first; ctrl-C once more leaves at once, unsaved")
    return index, _conclude(job, index, workers)


def _in_this_process(job: Job) -> tuple[SweepIndex, int]:
    """Train in this process, as `_follow_workers` does through workers.

    Ctrl-C and SIGTERM save and stop, the second leaves.

    Raises:
        ClockpizzaError: what a worker would have said in its log.
    """
    from clockpizza.store import Watch
    from clockpizza.training.device import choose
    from clockpizza.worker.stack import Options
    from clockpizza.worker.work import work

    if len(job.devices) > 1:
        raise BadInput("--foreground trains on one device; name it, or let workers train")
    options = Options(choose(job.devices[0]), keep_checkpoints=job.keep_checkpoints)
    withdraw_stop(job.folder)
    index = index_of(job.runs, job.name)
    with progress(quiet=job.quiet) as display, _Interrupts(second_leaves=True) as interrupts:
        look(index)
        display.show(index)  # what is there before the work, which may end sooner than the thread's first look
        with _shown(index, display):
            outcome = work(
                job.folder,
                _Troubles(),
                options,
                watch=Watch(),
                stop=interrupts.event.is_set,
                details={"device": str(options.device)},
            )
        look(index)
        display.show(index)
    if outcome.failed and not outcome.stopped:
        return index, 1  # why, was said when it happened
    return index, _code(job, index, stopped=outcome.stopped, held=bool(outcome.held))


def follow(index: SweepIndex, display: Silent) -> None:
    """Show a sweep until all its runs have ended, or nobody trains it (any more)."""
    quiet_since = time.monotonic()
    while True:
        look(index)
        display.show(index)
        if index.error:
            raise BadInput(index.error)
        if all(row.state in ENDED for row in index.rows.values()):
            return
        if any(not standing.gone for _, standing in index.owners):
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since > QUIET_SECONDS:  # between two stacks there is nobody for a moment
            return
        time.sleep(LOOK_SECONDS)


def _launch(job: Job) -> list[Worker]:
    from clockpizza.worker.launch import launch

    withdraw_stop(job.folder)
    return [launch(job.folder, device=device, keep_checkpoints=job.keep_checkpoints) for device in job.devices]


def _began(index: SweepIndex, worker: Worker) -> bool:
    return worker.poll() is not None or any(holder.owner.pid == worker.pid for holder, _ in index.owners)


def _terminate(workers: Sequence[Worker]) -> None:
    for worker in workers:
        if worker.poll() is None:
            worker.terminate()


def _conclude(job: Job, index: SweepIndex, workers: Sequence[Worker]) -> int:
    """The exit code when all workers have left, and a line on stderr where not all is well."""
    look(index)
    codes = [worker.returncode for worker in workers]
    if not index.error and any(row.state not in ENDED for row in index.rows.values()):
        died = [worker for worker in workers if worker.returncode not in (0, 4, 130)]
        if died:
            return _died(job, max(died, key=lambda worker: worker.returncode != 1))
    return _code(job, index, stopped=130 in codes, held=4 in codes)


def _code(job: Job, index: SweepIndex, *, stopped: bool, held: bool) -> int:
    from clockpizza.store import Watch

    if index.error:
        raise BadInput(index.error)
    rows = index.rows.values()
    if all(row.state in ENDED for row in rows):
        return exit_code(rows)
    if held and not stopped:
        names = ", ".join(f"{holder.name} by {holder}" for holder in owners(job.folder, Watch()))
        return _tell(None, f"what is left is being trained: {names or 'by others, who have just left'}", 4)
    return _tell(None, f"stopped and saved; `{again('resume', job.name, job.runs)}` goes on", 130)


def _died(job: Job, worker: Worker) -> int:
    from clockpizza.store.layout import read_text
    from clockpizza.worker.log import log_file

    log = log_file(job.folder, worker.pid)
    if worker.returncode < 0:
        how = f"was killed by {signal.Signals(-worker.returncode).name}"
        words = f"the worker {how}; `{again('resume', job.name, job.runs)}` goes on from what was saved"
        return _tell(None, words, 1)
    try:
        last = read_text(log).rstrip().rpartition("\n")[2]
    except ClockpizzaError:
        last = f"the worker left with exit code {worker.returncode} and no word"
    words = last[20:] if last[:4].isdecimal() else last  # without the time
    return _tell(None, f"{words} (log {log})", 2 if worker.returncode == 2 else 1)


def _tell(display: Silent | None, words: str, code: int) -> int:
    if isinstance(display, Screen):
        display.live.stop()
    typer.echo(visible(f"clockpizza: {words}"), err=True)
    return code


def _note(display: Silent, words: str) -> None:
    if isinstance(display, Screen):
        display.note = words
    elif type(display) is not Silent:
        typer.echo(f"clockpizza: {words}", err=True)


def _ask(display: Silent) -> str:
    """What to do about the workers: s, l or w. A second ctrl-C, or no answer, leaves them running."""
    with display.paused():
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            while True:
                typer.echo("[s]top and save, [l]eave it running, or [w]atch on? ", err=True, nl=False)
                line = sys.stdin.readline()
                answer = line.strip().lower()[:1]
                if not line or answer in ("s", "l", "w"):
                    return answer or "l"
        except KeyboardInterrupt:
            typer.echo("", err=True)
            return "l"
        finally:
            signal.signal(signal.SIGINT, before)


class _Interrupts:
    """Ctrl-C and SIGTERM, noticed instead of obeyed. On a terminal SIGTERM ends this process, not the workers."""

    def __init__(self, *, second_leaves: bool = False) -> None:
        self.event = threading.Event()
        self.on_a_terminal = sys.stdin.isatty() and sys.stderr.isatty()
        self._second_leaves = second_leaves
        self._before: dict[int, Any] = {}

    def wait(self, seconds: float) -> bool:
        """Wait, and say whether there was one."""
        found = self.event.wait(seconds)
        self.event.clear()
        return found

    def _notice(self, number: int, frame: object) -> None:
        if self._second_leaves and self.event.is_set():
            raise KeyboardInterrupt
        self.event.set()

    def __enter__(self) -> _Interrupts:
        numbers = [signal.SIGINT]
        if self._second_leaves or not self.on_a_terminal:
            numbers.append(signal.SIGTERM)
        self._before = {number: signal.signal(number, self._notice) for number in numbers}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


@contextmanager
def _shown(index: SweepIndex, display: Silent) -> Iterator[None]:
    """Look and show from a thread, for as long as the `with` block lasts."""
    end = threading.Event()

    def show() -> None:
        while not end.wait(LOOK_SECONDS):
            look(index)
            display.show(index)

    thread = threading.Thread(target=show, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


class _Troubles:
    """A watcher that speaks of what goes wrong alone; all else is read from the store."""

    def begins(self, runs: Any, epoch: int) -> None: ...

    def metrics(self, epoch: int, runs: list[str], metrics: Any, epochs_per_second: float) -> None: ...

    def judging(self, run: str) -> None: ...

    def ended(self, run: str, status: str, result: Any) -> None: ...

    def trouble(self, what: str) -> None:
        typer.echo(visible(f"clockpizza: {what}"), err=True)
