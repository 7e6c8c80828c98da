"""The amplitude law: does the right answer's wave grow and shrink with a - b?

g_k(d) = mean over pairs with a - b = d of the coefficient of cos(w (a + b - c)) in the logits over c. A clock's g_k is
constant, a pizza's is |cos(w d / 2)|: regress g_k = b0 + b1 |cos(w d / 2)|. With m = mean_d |cos(w d / 2)|, the part
b1 m of the mean amplitude b0 + b1 m is the pizza share.

With separate vocabularies the operands' circles may be turned against each other: |cos(w d / 2 + phase)|.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from clockpizza.evidence.probe import Probe

FLAT = 0.1  # coefficient of variation below which an amplitude hardly depends on a - b: no pizza in it
LEAST_R2 = 0.5  # below it the law does not describe the amplitude, and the share means nothing


@dataclass(frozen=True)
class AmplitudeLaw:
    """g(d) = b0 + b1 |cos(w d / 2 + phase)|, in logits.

    cv: std / |mean| of g over d. phase: radians. pizza_share: in [0, 1]; None where undefined.
    """

    b0: float
    b1: float
    r2: float
    cv: float
    phase: float
    pizza_share: float | None


def amplitudes(probe: Probe, logits: Tensor) -> Tensor:
    """g_k(d) of all frequencies: (p, p//2 + 1) [d, k], in logits. Row d, column k; column 0 is the mean logit."""
    p = probe.p
    d, b, j = (probe.arange(p).view(shape) for shape in ((p, 1, 1), (1, p, 1), (1, 1, p)))
    a = (b + d) % p
    # mean over pairs of Q[a, b, a + b - j], whose cosine series in j has the coefficients g_k(d)
    shifted = logits[a, b, (a + b - j) % p].mean(1)  # (d, j)
    g = torch.fft.rfft(shifted, dim=1).real * (2 / p)
    if p % 2 == 0:
        g[:, -1] /= 2
    return g


def amplitude_law(g: Tensor, k: int, *, free_phase: bool = False) -> AmplitudeLaw:
    """The law fitted to g_k(d), a tensor (p,).

    free_phase: fit the phase too (separate vocabularies); otherwise it is 0.
    """
    p = g.shape[0]
    angle = torch.pi * k / p * torch.arange(p, device=g.device, dtype=g.dtype)
    steps = 360 if free_phase else 1
    phases = torch.arange(steps, device=g.device, dtype=g.dtype) * (torch.pi / steps)
    x = torch.cos(angle + phases[:, None]).abs()  # (phases, p)
    dx, dg = x - x.mean(1, keepdim=True), g - g.mean()
    total = float(dg @ dg)
    slopes = (dx @ dg) / (dx * dx).sum(1)
    explained = slopes * (dx @ dg)
    # A pizza's amplitude is largest where the vectors agree, so a phase that needs b1 < 0 is a worse description.
    best = int(torch.where(slopes > 0, explained, explained - total).argmax()) if free_phase else 0
    b1 = float(slopes[best])
    m, mean = float(x[best].mean()), float(g.mean())
    b0 = mean - b1 * m
    r2 = float(explained[best]) / total if total > 0 else 0.0
    cv = float(g.std(correction=0)) / abs(mean) if mean else float("inf")
    return AmplitudeLaw(b0, b1, r2, cv, float(phases[best]), _share(b1 * m, mean, r2, cv))


def _share(pizza: float, mean: float, r2: float, cv: float) -> float | None:
    if cv < FLAT:
        return 0.0
    if r2 < LEAST_R2 or mean <= 0:
        return None
    return min(1.0, max(0.0, pizza / mean))
