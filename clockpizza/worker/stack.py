"""One stack of a sweep, from its lock to its verdicts.

Runs that have ended are left alone, the others go on from what was saved of them. Runs saved at different epochs (a
death in the middle of saving) are trained one group after another. A run that cannot go on, because its checkpoint is
damaged for instance, is given up with an event `failed` and no result, so that a resume tries it again; its mates go
on.
"""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

import clockpizza
from clockpizza.checkpoints import native
from clockpizza.checkpoints import read as read_checkpoint
from clockpizza.classification import classify
from clockpizza.errors import ClockpizzaError
from clockpizza.evidence.snapshot import snapshot
from clockpizza.networks import build
from clockpizza.run_config import RunConfig, run_to_dict
from clockpizza.store import (
    EventWriter,
    Lock,
    LockLost,
    RunFolder,
    SweepFolder,
    begin_run,
    has_ended,
    write_arrays,
    write_result,
)
from clockpizza.store.atomic import reason, remove_leftovers
from clockpizza.training.cuda_graph import captured
from clockpizza.training.device import fit, set_precision
from clockpizza.training.engine import Engine, Metrics
from clockpizza.training.schedule import SNAPSHOTS
from clockpizza.training.trainer import CHECKPOINT_SECONDS, train
from clockpizza.worker import saved

METRIC_DIGITS, MEASURE_DIGITS = 9, 6  # in events; results have them all


class Watcher(Protocol):
    """Who looks on: told of each thing as it happens, in the training's own thread."""

    def begins(self, runs: dict[str, RunConfig], epoch: int) -> None: ...

    def metrics(self, epoch: int, runs: list[str], metrics: Metrics, epochs_per_second: float) -> None: ...

    def judging(self, run: str) -> None: ...

    def ended(self, run: str, status: str, result: dict[str, Any]) -> None: ...

    def trouble(self, what: str) -> None: ...


@dataclass
class Run:
    """A run at work: its folder, log, last metrics, and why it is trained no further, where it is not."""

    id: str
    config: RunConfig
    folder: RunFolder
    log: EventWriter
    last: dict[str, float] = field(default_factory=dict)
    failed: str = ""

    def give_up(self, error: Exception) -> None:
        """Train it no further. There is no result, so that a resume tries again."""
        if not self.failed:
            self.failed = told(error)
            self.log.append("failed", reason=self.failed)


@dataclass(frozen=True)
class Options:
    """How to train, beyond what the configs say; none of it changes a result on the same device."""

    device: torch.device
    snapshots: int = SNAPSHOTS
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    keep_checkpoints: bool = False


def train_stack(
    sweep: SweepFolder,
    configs: dict[str, RunConfig],
    lock: Lock,
    watcher: Watcher,
    options: Options,
    stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Train the runs `configs` under their `lock`, and say whether all of them have ended.

    Raises:
        LockLost: another process has taken the stack over; nothing more is written.
        ClockpizzaError: some runs had to be given up; the others have ended, or gone as far as they could.
    """
    given_up: dict[str, str] = {}

    def give_up(id: str, why: str) -> None:
        given_up[id] = why
        watcher.trouble(f"{id}: {why}")

    groups: dict[tuple[int, bool], list[tuple[Run, saved.Saved | None]]] = {}
    for id, config in configs.items():
        try:
            folder = begin_run(sweep, id, config)
            if has_ended(folder):
                continue
            remove_leftovers(folder.path)
            remove_leftovers(folder.snapshots)
            run = Run(id, config, folder, EventWriter(folder, on_trouble=watcher.trouble))
        except ClockpizzaError as error:
            give_up(id, str(error))
            continue
        try:
            before = saved.read(folder.checkpoint_file, config)
        except ClockpizzaError as error:
            run.give_up(error)
            give_up(id, run.failed)
            continue
        # Saved at epoch 0 is one thing, and not saved another.
        groups.setdefault((before.epoch if before else 0, before is not None), []).append((run, before))
    for (epoch, _), members in sorted(groups.items(), key=lambda group: group[0]):
        runs, earlier = [run for run, _ in members], [before for _, before in members if before]
        try:
            reached = _train(runs, epoch, earlier, lock, watcher, options, stop)
        except LockLost:
            raise
        except Exception as error:  # whatever it was, the other stacks have no part in it
            reached = runs[0].config.epochs
            for run in runs:
                run.give_up(error)
        for run in runs:
            if run.failed and not has_ended(run.folder):
                give_up(run.id, run.failed)
        if reached < runs[0].config.epochs:
            return False
    if given_up:
        raise ClockpizzaError(f"{len(given_up)} of {len(configs)} runs given up: {next(iter(given_up.values()))}")
    return True


def told(error: Exception) -> str:
    """An error in a line. Where it is one that nobody foresaw, its traceback goes to stderr, a worker's log."""
    if isinstance(error, ClockpizzaError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename}: {reason(error)}" if error.filename else reason(error)
    traceback.print_exception(error)
    return f"{type(error).__name__}: {error}"


def _train(
    runs: list[Run],
    epoch: int,
    earlier: list[saved.Saved],
    lock: Lock,
    watcher: Watcher,
    options: Options,
    stop: Callable[[], bool],
) -> int:
    set_precision(runs[0].config.precision)
    engine = Engine([run.config for run in runs], options.device)
    if earlier:
        engine.load(saved.stacked(earlier))
    fit(engine)
    recorder = _Recorder(runs, engine, lock, watcher, options)
    recorder.started(epoch)
    step = captured(engine)

    def leave() -> bool:
        if lock.lost:  # as its heartbeat has found
            lock.check()
        return stop() or all(run.failed for run in runs)

    reached = train(
        engine,
        recorder,
        epoch=epoch,
        snapshots=options.snapshots,
        stop=leave,
        checkpoint_seconds=options.checkpoint_seconds,
        step=step,
    )
    if all(run.failed for run in runs):
        return runs[0].config.epochs  # there is nothing left to train
    if reached < runs[0].config.epochs:
        for run in runs:
            if not run.failed:
                run.log.append("stopped", epoch=reached)
    else:
        recorder.finish(reached)
    return reached


class _Recorder:
    """Writes a stack's progress into its runs' folders."""

    def __init__(self, runs: list[Run], engine: Engine, lock: Lock, watcher: Watcher, options: Options):
        self.runs, self.engine, self.lock, self.watcher, self.options = runs, engine, lock, watcher, options

    def started(self, epoch: int) -> None:
        versions = {"clockpizza": clockpizza.__version__, "torch": str(torch.__version__)}
        for run in self.runs:
            run.log.append(
                "started",
                epoch=epoch,
                host=self.lock.holder.owner.host,
                pid=self.lock.holder.owner.pid,
                device=str(self.engine.device),
                threads=torch.get_num_threads(),
                stack=len(self.runs),
                batch=self.engine.batch,
                versions=versions,
            )
        self.lock.note(epoch=epoch, doing="training")
        self.watcher.begins({run.id: run.config for run in self.runs}, epoch)

    def metrics(self, epoch: int, metrics: Metrics, epochs_per_second: float) -> None:
        columns = {name: values.tolist() for name, values in vars(metrics).items()}
        for i, run in enumerate(self.runs):
            run.last = {name: values[i] for name, values in columns.items()}
            if not run.failed and not math.isfinite(run.last["train_loss"]):
                run.failed = f"the training loss is not a finite number at epoch {epoch}"
                run.log.append("failed", epoch=epoch, reason=run.failed)
                try:
                    self._end(run, "failed", epoch, reason=run.failed, metrics=run.last)
                except ClockpizzaError as error:
                    self.watcher.trouble(str(error))
            elif not run.failed:
                told_of = {name: _digits(value, METRIC_DIGITS) for name, value in run.last.items()}
                run.log.append("metrics", epoch=epoch, **told_of, epochs_per_second=_digits(epochs_per_second, 4))
        self.lock.note(epoch=epoch, rate=epochs_per_second)
        self.watcher.metrics(epoch, [run.id for run in self.runs], metrics, epochs_per_second)

    def snapshot(self, epoch: int) -> None:
        for i, run in enumerate(self.runs):
            if run.failed:
                continue
            look = snapshot(build(run.config.network, self.engine.weights(i)), self.engine.training_pairs[i])
            path = run.folder.snapshot_file(epoch)
            try:
                write_arrays(path, look.arrays, durable=False)
                if self.options.keep_checkpoints:
                    self._write_weights(run, i, epoch)
            except ClockpizzaError as error:  # a full disk; training goes on
                self.watcher.trouble(str(error))
                continue
            measures = {name: _digits(value, MEASURE_DIGITS) for name, value in look.measures.items()}
            told = {} if look.verdict is None else {"verdict": look.verdict.name, "certainty": look.verdict.certainty}
            run.log.append("snapshot", epoch=epoch, file=path.name, measures=measures, **told)

    def checkpoint(self, epoch: int) -> None:
        self.lock.check()
        state = self.engine.state()
        for i, run in enumerate(self.runs):
            if run.failed:
                continue
            try:
                saved.write(run.folder.checkpoint_file, epoch, state, i)
            except ClockpizzaError as error:
                self.watcher.trouble(str(error))
                continue
            run.log.append("checkpoint", epoch=epoch, file=run.folder.checkpoint_file.name)

    def finish(self, epoch: int) -> None:
        """Write down weights and verdict of every run; what was saved on the way is removed then."""
        self.checkpoint(epoch)  # judging takes seconds a run, and a death then shall not cost the training
        for i, run in enumerate(self.runs):
            if run.failed:
                continue
            self.lock.check()
            try:
                self._judge(run, i, epoch)
            except Exception as error:  # a full disk, or evidence that cannot be had of this network
                run.give_up(error)

    def _judge(self, run: Run, i: int, epoch: int) -> None:
        self.watcher.judging(run.id)
        self.lock.note(doing=f"judging {run.id}")
        self._write_weights(run, i, None)
        result = classify(read_checkpoint(run.folder.weights_file))
        run.log.append("result", epoch=epoch, verdict=result.verdict.name, certainty=result.verdict.certainty)
        self._end(
            run,
            "finished",
            epoch,
            metrics=run.last,
            **result.of_run(),
        )
        with suppress(OSError):
            run.folder.checkpoint_file.unlink()

    def _end(self, run: Run, status: str, epoch: int, **rest: Any) -> None:
        write_result(run.folder, status, attempt=run.log.attempt, epoch=epoch, **rest)
        self.watcher.ended(run.id, status, rest)

    def _write_weights(self, run: Run, i: int, epoch: int | None) -> None:
        """The network as one of our files: of an epoch on the way, or the final one (None)."""
        path = run.folder.weights_file if epoch is None else run.folder.weights_at(epoch)
        with suppress(OSError):  # what is wrong, the writing will say
            path.parent.mkdir(exist_ok=True)
        record = {
            "run": run_to_dict(run.config),
            "epoch": run.config.epochs if epoch is None else epoch,
            "metrics": {name: value for name, value in run.last.items() if math.isfinite(value)},
            "device": str(self.engine.device),
            "stack": len(self.runs),
            "attempt": run.log.attempt,
            "time": time.time(),
        }
        network = build(run.config.network, self.engine.weights(i))
        native.write(path, network, self.engine.training_pairs[i].cpu(), record, overwrite=True)


def _digits(value: float | None, digits: int) -> float | None:
    """A number as it is written into an event: a log of 17 digits is twice as long, and nobody reads them."""
    return None if value is None else float(f"{value:.{digits}g}")
