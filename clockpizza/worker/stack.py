"""One stack of a sweep, from its lock to its verdicts.

Runs that have ended are left alone, the others go on from what was saved of them. Runs saved at different epochs (a
death in the middle of saving) are trained one group after another.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

import clockpizza
from clockpizza.checkpoints import native
from clockpizza.checkpoints import read as read_checkpoint
from clockpizza.classification import classify, plain
from clockpizza.errors import ClockpizzaError
from clockpizza.evidence.snapshot import snapshot
from clockpizza.networks import build
from clockpizza.run_config import RunConfig, run_to_dict
from clockpizza.store import (
    EventWriter,
    Lock,
    RunFolder,
    SweepFolder,
    begin_run,
    read_result,
    write_arrays,
    write_result,
)
from clockpizza.store.atomic import remove_leftovers
from clockpizza.training.cuda_graph import captured
from clockpizza.training.device import fit, set_precision
from clockpizza.training.engine import Engine, Metrics
from clockpizza.training.schedule import SNAPSHOTS
from clockpizza.training.trainer import CHECKPOINT_SECONDS, train
from clockpizza.worker import saved


class Watcher(Protocol):
    """Who looks on: told of each thing as it happens, in the training's own thread."""

    def begins(self, runs: dict[str, RunConfig], epoch: int) -> None: ...

    def metrics(self, epoch: int, runs: list[str], metrics: Metrics, epochs_per_second: float) -> None: ...

    def judging(self, run: str) -> None: ...

    def ended(self, run: str, status: str, result: dict[str, Any]) -> None: ...

    def trouble(self, what: str) -> None: ...


@dataclass
class Run:
    """A run at work: its folder, log, and where it went wrong, if it did."""

    id: str
    config: RunConfig
    folder: RunFolder
    log: EventWriter
    last: dict[str, float] = field(default_factory=dict)
    failed: str = ""


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
        ClockpizzaError: a run's folder cannot be written at all.
    """
    folders = {id: begin_run(sweep, id, config) for id, config in configs.items()}
    for folder in folders.values():
        remove_leftovers(folder.path)
        remove_leftovers(folder.snapshots)
    left = [id for id in configs if read_result(folders[id]) is None]
    if not left:
        return True
    size = sum(math.prod(w) for w in _shapes(configs[left[0]]).values())
    before = {id: saved.read(folders[id].checkpoint_file, size) for id in left}
    groups: dict[tuple[int, bool], list[str]] = {}
    for id, what in before.items():  # saved at epoch 0 is one thing, and not saved another
        groups.setdefault((what.epoch if what else 0, what is not None), []).append(id)
    for (epoch, _), ids in sorted(groups.items()):
        runs = [Run(id, configs[id], folders[id], EventWriter(folders[id], on_trouble=watcher.trouble)) for id in ids]
        earlier = [each for id in ids if (each := before[id])]
        reached = _train(runs, epoch, earlier, lock, watcher, options, stop)
        if reached < configs[ids[0]].epochs:
            return False
    return True


def _shapes(config: RunConfig) -> dict[str, tuple[int, ...]]:
    from clockpizza.networks import parameter_shapes

    return parameter_shapes(config.network)


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
    recorder = _Recorder(runs, engine, lock, watcher, options, epoch)
    recorder.started(epoch)
    step = captured(engine)
    reached = train(
        engine,
        recorder,
        epoch=epoch,
        snapshots=options.snapshots,
        stop=lambda: stop() or all(run.failed for run in runs),
        checkpoint_seconds=options.checkpoint_seconds,
        step=step,
    )
    if all(run.failed for run in runs):
        return runs[0].config.epochs  # there is nothing left to train
    if reached < runs[0].config.epochs:
        for run in runs:
            run.log.append("stopped", epoch=reached)
    else:
        recorder.finish(reached)
    return reached


class _Recorder:
    """Writes a stack's progress into its runs' folders."""

    def __init__(
        self, runs: list[Run], engine: Engine, lock: Lock, watcher: Watcher, options: Options, first_epoch: int
    ):
        self.runs, self.engine, self.lock, self.watcher, self.options = runs, engine, lock, watcher, options
        self.first_epoch = first_epoch

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
                self._end(run, "failed", epoch, reason=run.failed, metrics=run.last)
            elif not run.failed:
                run.log.append("metrics", epoch=epoch, **run.last, epochs_per_second=epochs_per_second)
        self.lock.note(epoch=epoch, rate=epochs_per_second)
        self.watcher.metrics(epoch, [run.id for run in self.runs], metrics, epochs_per_second)

    def snapshot(self, epoch: int) -> None:
        for i, run in enumerate(self.runs):
            if run.failed:
                continue
            look = snapshot(build(run.config.network, self.engine.weights(i)))
            path = run.folder.snapshot_file(epoch)
            try:
                write_arrays(path, look.arrays, durable=False)
                if self.options.keep_checkpoints:
                    self._write_weights(run, i, epoch)
            except ClockpizzaError as error:  # a full disk; training goes on
                self.watcher.trouble(str(error))
                continue
            run.log.append("snapshot", epoch=epoch, file=path.name, measures=look.measures)

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
        self.lock.check()
        self.checkpoint(epoch)  # judging takes seconds a run, and a death then shall not cost the training
        for i, run in enumerate(self.runs):
            if run.failed:
                continue
            self.lock.check()
            self.watcher.judging(run.id)
            self.lock.note(doing=f"judging {run.id}")
            self._write_weights(run, i, None)
            result = classify(read_checkpoint(run.folder.weights_file))
            verdict = plain(result.verdict)
            run.log.append("result", epoch=epoch, verdict=result.verdict.name, certainty=result.verdict.certainty)
            self._end(
                run,
                "finished",
                epoch,
                metrics=run.last,
                verdict=verdict,
                measures=_measures(result.evidence),
                evidence=result.to_dict()["evidence"],
            )
            run.folder.checkpoint_file.unlink(missing_ok=True)

    def _end(self, run: Run, status: str, epoch: int, **rest: Any) -> None:
        write_result(run.folder, status, attempt=run.log.attempt, epoch=epoch, **rest)
        self.watcher.ended(run.id, status, rest)

    def _write_weights(self, run: Run, i: int, epoch: int | None) -> None:
        """The network as one of our files: of an epoch on the way, or the final one (None)."""
        path = run.folder.weights_file if epoch is None else run.folder.weights_at(epoch)
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


def _measures(evidence: Any) -> dict[str, float | None]:
    """The numbers that lists and reports show of a finished run, by the names that snapshots use."""
    gs, di, circular = evidence.gradient_symmetricity, evidence.distance_irrelevance, evidence.circularity
    return {
        "accuracy": evidence.accuracy.all_pairs,
        "gradient_symmetricity": gs.exact,
        "gradient_symmetricity_100": gs.paper_sample,
        "distance_irrelevance": di.correct,
        "distance_irrelevance_top_wrong": di.top_wrong,
        "circularity": circular.paper,
        "circularity_by_circle": circular.by_circle,
        "parameter_norm": evidence.parameter_norm,
    }
