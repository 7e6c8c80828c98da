"""Restricted and excluded loss: is the answer in the key frequencies' sums alone, and what is left without them?

The waves of key frequency k are cos(w (a + b)) and sin(w (a + b)) as functions of the pair, w = 2 pi k / p. Restricted:
the logits' mean over pairs and their parts along the waves of all key frequencies are kept, nothing else. Excluded:
those parts are taken out and all else is kept, which leaves what was memorised.
Source: Nanda et al. 2023 (progress measures); excluded loss is over the training pairs there, and here
where the split is known.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from clockpizza.evidence.planes import only
from clockpizza.evidence.probe import Probe


@dataclass(frozen=True)
class ProgressLosses:
    """Mean cross entropy over the p answers, nats a pair.

    restricted: over all pairs. excluded: over the training pairs where they are known, else over all.
    """

    frequencies: list[int]
    restricted: float
    excluded: float


def progress_losses(
    probe: Probe, frequencies: Collection[int], training_pairs: Tensor | None = None
) -> ProgressLosses | None:
    """Both losses for key frequencies; None where there are none."""
    if not frequencies:
        return None
    p = probe.p
    by_sum = probe.logits.new_zeros(p, p).index_add_(0, probe.s, probe.logits.view(-1, p)) / p  # [s, c], means over d
    kept = only(by_sum, frequencies)  # along s; with the mean
    without = probe.logits.view(-1, p) - (kept - kept.mean(0))[probe.s]
    pairs = slice(None) if training_pairs is None else training_pairs.to(probe.device)
    return ProgressLosses(
        sorted(frequencies),
        restricted=float(cross_entropy(kept.double(), torch.arange(p, device=probe.device))),
        excluded=float(cross_entropy(without[pairs].double(), probe.s[pairs])),
    )
