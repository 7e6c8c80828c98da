"""What a sweep will take, before it is begun: disk by the sizes of its files, time by a few steps of each shape."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass

import torch

from clockpizza.networks import parameter_shapes
from clockpizza.run_config import RunConfig
from clockpizza.sweep_spec import SweepSpec
from clockpizza.training.device import fit, set_precision
from clockpizza.training.engine import Engine
from clockpizza.training.schedule import metric_epochs, snapshot_epochs

BLOCK = 4096  # bytes in which file systems allot
SNAPSHOT_BYTES = 7_500  # of one at p 59, about as p^2: 9,100 at the start, 7,200 in the end
METRICS_BYTES, SNAPSHOT_EVENT_BYTES = 215, 460  # of an event in the log
FIXED_BYTES = 10 * BLOCK  # config, result, folders
SHAPES = 8  # more of them than this are not timed
STEPS = 5


@dataclass(frozen=True)
class Disk:
    """Bytes: of the finished sweep, and at most while it trains."""

    final: int
    peak: int


def disk(spec: SweepSpec, *, workers: int = 1, keep_checkpoints: bool = False) -> Disk:
    """How much room a sweep takes.

    While a stack trains, each of its runs has a checkpoint of parameters and two moments, three times its weights.
    """
    final = sum(_run_bytes(config, keep_checkpoints) for config in spec.runs.values())
    checkpoints = sorted(
        (sum(3 * _weights(spec.runs[id]) for id in stack.runs) for stack in spec.stacks()), reverse=True
    )
    return Disk(final, final + sum(checkpoints[:workers]))


def seconds(spec: SweepSpec, device: torch.device, *, workers: int = 1) -> float | None:
    """How long a sweep will train here, by a few steps of each shape; None where there are too many shapes to time."""
    by_shape: dict[tuple[str, ...], list[RunConfig]] = {}
    for stack in spec.stacks():
        configs = [spec.runs[id] for id in stack.runs]
        first = configs[0]
        key = (str(parameter_shapes(first.network)), str(first.training_pairs), first.precision, str(len(configs)))
        by_shape.setdefault(key, configs)
    if len({key[:3] for key in by_shape}) > SHAPES:
        return None
    per_run: dict[tuple[str, ...], float] = {}
    total = 0.0
    for stack in spec.stacks():
        first = spec.runs[stack.runs[0]]
        key = (str(parameter_shapes(first.network)), str(first.training_pairs), first.precision, str(len(stack.runs)))
        if key not in per_run:
            per_run[key] = _step_seconds(by_shape[key], device) / len(stack.runs)
        total += per_run[key] * len(stack.runs) * first.epochs
    return total / workers


def _step_seconds(configs: list[RunConfig], device: torch.device) -> float:
    """Of one step of a stack. On a CPU runs go one after another, so that as many as there are threads tell enough."""
    few = configs[-max(1, torch.get_num_threads()) :] if device.type == "cpu" else configs
    set_precision(configs[0].precision)
    engine = Engine(few, device)
    fit(engine)
    times = []
    for _ in range(STEPS + 1):  # the first warms up
        began = time.perf_counter()
        engine.step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - began)
    return min(times[1:]) * len(configs) / len(few)


def _run_bytes(config: RunConfig, keep_checkpoints: bool) -> int:
    shots = len(snapshot_epochs(config.epochs))
    weights = _weights(config)
    sizes: Iterable[float] = (
        weights + 8 * config.training_pairs + 6_000,
        shots * (SNAPSHOT_BYTES * (config.network.p / 59) ** 2 + BLOCK / 2),  # half a block is wasted, as a rule
        len(metric_epochs(config.epochs)) * METRICS_BYTES + shots * SNAPSHOT_EVENT_BYTES,
        FIXED_BYTES,
        shots * (weights + 6_000) if keep_checkpoints else 0,
    )
    return sum(_blocks(size) for size in sizes)


def _weights(config: RunConfig) -> int:
    size = 8 if config.precision == "float64" else 4
    return size * sum(math.prod(shape) for shape in parameter_shapes(config.network).values())


def _blocks(size: float) -> int:
    return math.ceil(size / BLOCK) * BLOCK
