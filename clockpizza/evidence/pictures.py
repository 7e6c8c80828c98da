"""What a screen draws of a network."""

from __future__ import annotations

import torch
from torch import Tensor

from clockpizza.evidence.probe import Probe


def correct_logit_picture(probe: Probe) -> Tensor:
    """Q[a, b, a + b] by [(a + b) mod p, (a - b) mod p]: (p, p); NaN where p is even and parities differ."""
    return picture_of(probe, probe.logits)


def picture_of(probe: Probe, logits: Tensor) -> Tensor:
    """The same picture of other logits (p, p, p)."""
    p = probe.p
    picture = logits.new_full((p, p), float("nan"))
    correct = logits.view(-1, p).gather(1, probe.s[:, None])[:, 0]
    picture[probe.s, (probe.a - probe.b) % p] = correct
    return picture.cpu()


def plane(probe: Probe, k: int) -> Tensor:
    """The first vocabulary half projected on the plane of frequency k, longer axis first: (p, 2)."""
    E = probe.E_a
    coefficient = torch.fft.rfft(E, dim=0)[k]
    axes = torch.linalg.svd(torch.stack([coefficient.real, coefficient.imag]), full_matrices=False)[2]
    return ((E - E.mean(0)) @ axes.T).cpu()
