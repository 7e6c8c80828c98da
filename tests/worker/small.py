"""Sweeps so small that they are trained in no time, someone who looks on, and what came of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from clockpizza.checkpoints import read
from clockpizza.config import TransformerConfig
from clockpizza.run_config import RunConfig
from clockpizza.store import SweepFolder, Watch, create_sweep
from clockpizza.sweep_spec import sweep_of
from clockpizza.worker.stack import Options
from clockpizza.worker.work import Outcome, work

CPU = Options(torch.device("cpu"), snapshots=6)
FOREVER = 10_000_000  # epochs


def runs(epochs: int = 60, count: int = 2, **more: Any) -> list[RunConfig]:
    network = TransformerConfig(p=7, width=8, heads=2, attention_rate=0.5)
    return [RunConfig(network, seed=seed, epochs=epochs, **more) for seed in range(count)]


def sweep_in(folder: Path, stack_size: int = 64, **of_runs: Any) -> SweepFolder:
    return create_sweep(folder, "s", sweep_of(runs(**of_runs), stack_size=stack_size))


class Nobody:
    """Does not look on, but keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.epochs: list[int] = []

    def begins(self, runs: dict[str, RunConfig], epoch: int) -> None:
        self.said.append(f"begins {len(runs)} at {epoch}")

    def metrics(self, epoch: int, runs: list[str], metrics: object, epochs_per_second: float) -> None:
        self.epochs.append(epoch)

    def judging(self, run: str) -> None:
        self.said.append(f"judging {run}")

    def ended(self, run: str, status: str, result: dict[str, Any]) -> None:
        self.said.append(f"{run} {status}")

    def trouble(self, what: str) -> None:
        self.said.append(what)


def do(
    sweep: SweepFolder, options: Options = CPU, watcher: Nobody | None = None, watch: Watch | None = None, **more: Any
) -> Outcome:
    return work(sweep, watcher or Nobody(), options, watch=watch or Watch(), **more)


def read_ids(sweep: SweepFolder) -> list[str]:
    return sorted(path.name for path in sweep.runs.iterdir())


def weights(sweep: SweepFolder, id: str) -> dict[str, torch.Tensor]:
    return read(sweep.run(id).weights_file).network.weights


def assert_same_weights(one: SweepFolder, other: SweepFolder, *ids: str) -> None:
    """Bit for bit, in the runs `ids`, or in all of them."""
    for id in ids or read_ids(one):
        for name, weight in weights(one, id).items():
            assert torch.equal(weight, weights(other, id)[name]), (id, name)
