"""The loop tells its recorder what happens, when it happens."""

from __future__ import annotations

from clockpizza.config import TransformerConfig
from clockpizza.run_config import RunConfig
from clockpizza.training.engine import Engine, Metrics
from clockpizza.training.trainer import train

CONFIG = RunConfig(TransformerConfig(p=7, width=8), epochs=30)


class Notes:
    def __init__(self) -> None:
        self.metric_epochs: list[int] = []
        self.losses: list[float] = []
        self.snapshots: list[int] = []
        self.checkpoints: list[int] = []

    def metrics(self, epoch: int, metrics: Metrics, epochs_per_second: float) -> None:
        self.metric_epochs.append(epoch)
        self.losses.append(float(metrics.train_loss[0]))

    def snapshot(self, epoch: int) -> None:
        self.snapshots.append(epoch)

    def checkpoint(self, epoch: int) -> None:
        self.checkpoints.append(epoch)


def test_a_run_is_trained_to_its_last_epoch_and_its_loss_falls() -> None:
    notes = Notes()
    assert train(Engine([CONFIG]), notes, snapshots=5) == 30
    assert notes.metric_epochs == list(range(31))
    assert notes.losses[-1] < notes.losses[0]
    assert notes.snapshots[0] == 0 and notes.snapshots[-1] == 30 and len(notes.snapshots) <= 5
    assert notes.checkpoints == []


def test_a_stop_saves_first() -> None:
    notes, engine = Notes(), Engine([CONFIG])
    reached = train(engine, notes, stop=lambda: float(engine.optimiser.steps) == 12)
    assert reached == 12 and notes.checkpoints == [12]


def test_what_is_left_is_trained_after_a_stop() -> None:
    engine = Engine([CONFIG])
    train(engine, Notes(), stop=lambda: float(engine.optimiser.steps) == 12)
    unbroken = Engine([CONFIG])
    train(unbroken, Notes())
    notes = Notes()
    assert train(engine, notes, epoch=12) == 30
    assert notes.metric_epochs[0] == 12
    assert engine.parameters.equal(unbroken.parameters)


def test_checkpoints_go_by_the_clock() -> None:
    notes = Notes()
    train(Engine([CONFIG]), notes, checkpoint_seconds=0)
    assert notes.checkpoints == list(range(30))
