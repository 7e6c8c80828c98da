"""Modular addition: the pairs, their answers, and which of them a run is trained on."""

from __future__ import annotations

import torch
from torch import Tensor


def answers(p: int, device: torch.device | str = "cpu") -> Tensor:
    """(a + b) mod p of pair i = a * p + b: (p^2,)."""
    tokens = torch.arange(p, device=device)
    return ((tokens[:, None] + tokens) % p).flatten()


def training_split(p: int, pairs: int, seed: int) -> Tensor:
    """Indices a * p + b of the `pairs` pairs that a run with this seed is trained on, sorted: (pairs,).

    It depends on p, the number and the seed alone, so that networks of all shapes with one seed share a split.
    """
    generator = torch.Generator().manual_seed(seed)
    return torch.randperm(p * p, generator=generator)[:pairs].sort().values
