"""The logits that each algorithm would write, and how much of the network's logits they explain.

With w = 2 pi k / p:  clock         cos(w (a + b - c))
                      pizza         |cos(w (a - b) / 2)| cos(w (a + b - c))
                      accompanying  -2 cos(w (a - b)) cos(w (a + b - c)),  by the circle at 2k for main circle k
FVE = 1 - Var(u - v) for z-scored logits u and the z-scored formula v, which is 2 r - 1 with Pearson's r.
Source: Zhong et al. 2023, sections 2, 3 and appendix (accompanying pizza).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from clockpizza.evidence.probe import Probe


def clock(probe: Probe, k: int) -> Tensor:
    """Clock logits of frequency k: (p, p, p)."""
    p = probe.p
    wave = torch.cos(2 * torch.pi * k / p * probe.arange(p).to(probe.dtype))
    c = probe.arange(p)
    return wave[(probe.s[:, None] - c) % p].view(p, p, p)


def pizza(probe: Probe, k: int, phase: float = 0.0) -> Tensor:
    """Pizza logits of frequency k: (p, p, p).

    phase: half the angle between the operands' circles (separate vocabularies), radians.
    """
    return _difference(probe, lambda d: torch.cos(torch.pi * k / probe.p * d + phase).abs()) * clock(probe, k)


def accompanying(probe: Probe, k: int, phase: float = 0.0) -> Tensor:
    """What a companion (embedding frequency 2k) adds for the main circle k: (p, p, p).

    phase: of the main circle's pizza.
    """
    return _difference(probe, lambda d: -2 * torch.cos(2 * (torch.pi * k / probe.p * d + phase))) * clock(probe, k)


def fve(logits: Tensor, formula: Tensor) -> float:
    """Fraction of the variance of `logits` that `formula` explains, both z-scored: 2 r - 1; 0 for constant logits."""
    u, v = logits.flatten() - logits.mean(), formula.flatten() - formula.mean()
    scale = u.norm() * v.norm()
    return float(2 * (u @ v) / scale - 1) if scale > 0 else 0.0


def _difference(probe: Probe, law: Callable[[Tensor], Tensor]) -> Tensor:
    """A function of a - b over all pairs, ready to multiply (p, p, p)."""
    return law((probe.a - probe.b).to(probe.dtype)).view(probe.p, probe.p, 1)
