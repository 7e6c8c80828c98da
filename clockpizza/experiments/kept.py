"""Accuracy with some circles alone at some epochs, from the weights that a run kept on the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from clockpizza.checkpoints import read
from clockpizza.errors import BadInput
from clockpizza.evidence.fourier import token_spectrum
from clockpizza.evidence.planes import only
from clockpizza.evidence.probe import Probe
from clockpizza.experiments.roles import Roles
from clockpizza.store import RunFolder


@dataclass(frozen=True)
class PartAccuracy:
    """Accuracy over every pair, and over those in blind spots."""

    every: float
    blind: float


def kept_accuracies(
    run: RunFolder, roles: Roles, blind: NDArray[np.bool_], epochs: Iterable[int]
) -> dict[int, dict[str, PartAccuracy]]:
    """By epoch and by what alone is kept of the embedding, beside its mean; attention is live.

    main, companions, both: circles of `roles`. others: as many other frequencies as there are companions, the strongest
    at that epoch; main_and_others: with the main circles. all: the whole network. What there is none of is left out,
    and so is an epoch whose weights were not kept or are damaged.

    blind: which differences a - b are blind spots, (p,).
    """
    found: dict[int, dict[str, PartAccuracy]] = {}
    for epoch in sorted(set(epochs) & set(run.kept_epochs())):
        try:
            network = read(run.weights_at(epoch)).network
        except BadInput:
            continue
        if network.config.p == roles.p:
            probe = Probe(network, dtype=torch.float32)
            hidden = torch.from_numpy(blind)[(probe.a - probe.b) % roles.p]
            found[epoch] = {name: _accuracy(probe, ks, hidden) for name, ks in _parts(probe, roles).items() if ks}
    return found


def _parts(probe: Probe, roles: Roles) -> dict[str, tuple[int, ...]]:
    """Frequencies by the names above."""
    power = np.mean([token_spectrum(E) for E in probe.halves.values()], axis=0)
    others = tuple(sorted(roles.others, key=lambda k: -power[k - 1])[: len(roles.companions)])
    return {
        "main": roles.main,
        "companions": roles.companions,
        "others": others,
        "both": roles.main + roles.companions if roles.companions else (),
        "main_and_others": roles.main + others if others else (),
        "all": tuple(range(1, roles.p // 2 + 1)),
    }


def _accuracy(probe: Probe, frequencies: tuple[int, ...], hidden: torch.Tensor) -> PartAccuracy:
    logits = probe.run(only(probe.E_a, frequencies), only(probe.E_b, frequencies))
    right = (logits.view(-1, probe.p).argmax(1) == probe.s).double()
    return PartAccuracy(float(right.mean()), float(right[hidden].mean()))
