"""What a run leaves on the way: its row of the engine's state, from which it goes on."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from clockpizza.checkpoints import untrusted
from clockpizza.errors import BadInput, visible
from clockpizza.networks import parameter_shapes
from clockpizza.run_config import RunConfig
from clockpizza.store.atomic import write_bytes

SCHEMA = 1
ROWS = ("parameters", "first", "second")  # a row a run; the number of steps is one for all


@dataclass(frozen=True)
class Saved:
    """A run at an epoch: parameters and AdamW's moments, (P,) each, and the number of steps taken, ()."""

    epoch: int
    state: dict[str, Tensor]


def write(path: Path, epoch: int, state: dict[str, Tensor], run: int) -> None:
    """Save row `run` of an engine's state. Raises ClockpizzaError where it cannot be written."""
    rows = {name: state[name][run].clone() for name in ROWS}
    buffer = io.BytesIO()
    torch.save({"schema": SCHEMA, "epoch": epoch, "steps": state["steps"], **rows}, buffer)
    write_bytes(path, buffer.getvalue())


def read(path: Path, config: RunConfig) -> Saved | None:
    """What was saved of a run; None where nothing was.

    Raises:
        BadInput: not such a file, or of another network.
    """
    if not path.exists():
        return None
    size = sum(map(math.prod, parameter_shapes(config.network).values()))
    try:
        holds = untrusted.load(path)
        epoch = holds.get("epoch") if isinstance(holds, dict) and holds.get("schema") == SCHEMA else None
        if type(epoch) is not int or not 0 <= epoch <= config.epochs:
            raise BadInput("not a checkpoint of this training")
        state = {}
        for name in (*ROWS, "steps"):
            tensor, expected = holds.get(name), () if name == "steps" else (size,)
            if not isinstance(tensor, Tensor) or tensor.shape != expected or not tensor.isfinite().all():
                raise BadInput(f"{name} is not what this network's training saves")
            state[name] = tensor.clone()  # off the file, which it may be a view of
    except BadInput as error:
        raise BadInput(visible(f"{path}: {error}; remove it to train the run from its start")) from error
    return Saved(epoch, state)


def stacked(saved: Sequence[Saved]) -> dict[str, Tensor]:
    """The engine's state made of runs at one epoch."""
    rows = {name: torch.stack([each.state[name] for each in saved]) for name in ROWS}
    return {**rows, "steps": saved[0].state["steps"]}
