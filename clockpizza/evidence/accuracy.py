"""How often the network is right: over all pairs and, where the split is known, over either part of it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from clockpizza.evidence.probe import Probe


@dataclass(frozen=True)
class Accuracy:
    """Shares in [0, 1]; `loss` is the mean cross entropy over all p^2 pairs, in nats."""

    all_pairs: float
    held_out: float | None
    training: float | None
    loss: float


def accuracy(probe: Probe, training_pairs: Tensor | None = None) -> Accuracy:
    """Accuracy over all p^2 pairs; with `training_pairs` (indices a * p + b) also on and off the training set."""
    logits = probe.logits.view(-1, probe.p)
    right = logits.argmax(1) == probe.s
    held_out = training = None
    if training_pairs is not None:
        trained = torch.zeros_like(right)
        trained[training_pairs.to(right.device)] = True
        training = float(right[trained].double().mean()) if trained.any() else None
        held_out = float(right[~trained].double().mean()) if not trained.all() else None
    loss = float(torch.nn.functional.cross_entropy(logits.double(), probe.s))
    return Accuracy(float(right.double().mean()), held_out, training, loss)
