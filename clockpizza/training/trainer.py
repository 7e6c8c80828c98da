"""The loop: steps, and what is looked at on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from clockpizza.training.engine import Engine, Metrics
from clockpizza.training.schedule import SNAPSHOTS, metric_epochs, snapshot_epochs

CHECKPOINT_SECONDS = 60.0


class Recorder(Protocol):
    """What wants to know how a stack is doing; epochs count the steps that were taken."""

    def metrics(self, epoch: int, metrics: Metrics, epochs_per_second: float) -> None:
        """Losses and accuracies."""

    def snapshot(self, epoch: int) -> None:
        """Time for a look at the networks."""

    def checkpoint(self, epoch: int) -> None:
        """Time to save the engine's state."""


def train(
    engine: Engine,
    recorder: Recorder,
    *,
    epoch: int = 0,
    snapshots: int = SNAPSHOTS,
    stop: Callable[[], bool] = lambda: False,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    step: Callable[[], object] | None = None,
) -> int:
    """Train a stack from `epoch` to its configs' last, and return the epoch reached.

    Metrics and snapshots of `epoch` itself are taken as those of epoch 0 are, and belong to whoever resumes.

    Args:
        engine: the stack, its state that of `epoch`.
        recorder: told of metrics and snapshots on their schedule, and of checkpoints by the clock and before a stop.
        snapshots: how many a whole run has.
        stop: asked after every epoch.
        step: one epoch; `engine.step`, or what was captured of it.
    """
    epochs, step = engine.configs[0].epochs, step or engine.step
    looks, shots = set(metric_epochs(epochs)), set(snapshot_epochs(epochs, snapshots))
    saved = began = time.monotonic()
    done, rate = 0, 0.0
    while True:
        if epoch in looks:
            now = time.monotonic()
            if now - began >= 0.2 or not rate:
                rate, began, done = done / max(now - began, 1e-9), now, 0
            recorder.metrics(epoch, engine.metrics(), rate)
        if epoch in shots:
            recorder.snapshot(epoch)
        if epoch >= epochs:
            return epoch
        if stop():
            recorder.checkpoint(epoch)
            return epoch
        if time.monotonic() - saved >= checkpoint_seconds:
            recorder.checkpoint(epoch)
            saved = time.monotonic()
        step()
        epoch, done = epoch + 1, done + 1
