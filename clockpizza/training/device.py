"""Where to train, and how: the device, its precision, and how many runs fit on it at a time."""

from __future__ import annotations

import torch

from clockpizza.devices import named_device
from clockpizza.errors import BadInput
from clockpizza.memory import keep_freed_memory
from clockpizza.training.engine import Engine

SPARE = 0.8  # of the free memory of a card that a batch may take


def choose(name: str = "auto") -> torch.device:
    """The device called `name`; auto is the first CUDA card, else the CPU.

    Raises:
        BadInput: it is not there, or cannot train.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = named_device(name)
    if device.type == "mps":
        raise BadInput("mps has no float64, which the loss is computed in; use --device cpu")
    if device.type not in ("cpu", "cuda"):
        raise BadInput(f"device {name!r} cannot train; use cpu or cuda")
    return device


def set_precision(precision: str) -> None:
    """Let float32 matrix products on CUDA use TensorFloat-32, or not. It is a setting of the whole process."""
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"


def batch_for(engine: Engine) -> int:
    """Runs at a time: one on a CPU, so that it stays in the cache; on CUDA as many as fit its free memory."""
    if engine.device.type != "cuda":
        return 1
    free, _ = torch.cuda.mem_get_info(engine.device)
    return max(1, min(len(engine.configs), int(SPARE * free / engine.bytes_per_run)))


def fit(engine: Engine) -> None:
    """Ready the process for an engine: choose its batch, and halve it until a step's gradients fit the card.

    Raises:
        BadInput: not even one run fits.
    """
    if engine.device.type == "cpu":
        keep_freed_memory()
    engine.batch = batch_for(engine)
    while engine.device.type == "cuda":
        try:
            engine.loss_and_gradients()
            torch.cuda.synchronize(engine.device)
            return
        except torch.cuda.OutOfMemoryError as error:
            engine.release_buffers()
            torch.cuda.empty_cache()
            if engine.batch == 1:
                raise BadInput(f"one run does not fit the memory of {engine.device}") from error
            engine.batch //= 2
