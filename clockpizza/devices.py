"""Devices by the names that torch has for them."""

from __future__ import annotations

import torch

from clockpizza.errors import BadInput


def named_device(name: str) -> torch.device:
    """The device called `name`. Raises BadInput where it is not there, or computes nothing."""
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadInput(f"device {name!r} cannot be used here ({reason}); `clockpizza doctor` lists what can") from error
    if device.type == "meta":
        raise BadInput("device 'meta' computes nothing; use cpu or cuda")
    return device
