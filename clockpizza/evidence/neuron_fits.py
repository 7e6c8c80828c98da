"""Every first-layer neuron as two waves: h = A cos(2 pi f a / p + u) + B cos(2 pi f b / p + v) + constant.

Phases u = v put a network's neurons on a disc (a pizza), independent phases on a torus (a clock).
Source: McCracken et al. 2025 (arXiv 2505.18266), Moisescu-Pareja et al. 2025 (arXiv 2512.25060).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from clockpizza.evidence.probe import Probe


@dataclass(frozen=True)
class NeuronFits:
    """Fits of the n neurons whose pre-activation varies.

    r2: median share of a neuron's variance that its best single frequency explains.
    second_order: median share of its variance at (+-f, +-f): products of a wave in a with a wave in b, which no sum of
        one function of a and one of b can hold.
    phase_agreement: mean cos(u - v), weighted by A B: 1 for a disc, 0 for a torus.
    per_frequency: how many neurons have each frequency.
    """

    neurons: int
    r2: float
    second_order: float
    phase_agreement: float
    per_frequency: dict[int, int]


def neuron_fits(probe: Probe) -> NeuronFits | None:
    """Fits of all first-layer neurons; None if no neuron's pre-activation depends on the operands."""
    fit = fit_neurons(probe)
    alive = fit.variance > 1e-12 * fit.variance.max().clamp_min(torch.finfo(fit.variance.dtype).tiny)
    if not alive.any() or fit.variance.max() == 0:
        return None
    weight = (fit.A * fit.B)[alive]
    agreement = (weight * torch.cos(fit.u - fit.v)[alive]).sum() / weight.sum().clamp_min(1e-30)
    k, n = fit.frequency[alive].unique(return_counts=True)
    return NeuronFits(
        neurons=int(alive.sum()),
        r2=float((fit.first_order / fit.variance)[alive].median()),
        second_order=float((fit.second_order / fit.variance)[alive].median()),
        phase_agreement=float(agreement),
        per_frequency={int(k): int(n) for k, n in zip(k, n, strict=True)},
    )


@dataclass(frozen=True)
class Fit:
    """Per neuron, tensors (n,): best frequency, amplitudes A and B, phases u and v (radians), and variances."""

    frequency: Tensor
    A: Tensor
    B: Tensor
    u: Tensor
    v: Tensor
    variance: Tensor
    first_order: Tensor
    second_order: Tensor


@torch.no_grad()
def fit_neurons(probe: Probe) -> Fit:
    """The fit of every neuron of the first layer, from the spectra of its pre-activation over (a, b)."""
    probe.tick("neurons")
    p = probe.p
    h = torch.cat([probe.network.neurons(probe.E_a[probe.a[at]], probe.E_b[probe.b[at]]) for at in probe.chunks(4096)])
    mean = h.mean(0)
    h = h.view(p, p, -1) - mean
    variance = (h**2).mean((0, 1))
    variance[variance <= (100 * torch.finfo(h.dtype).eps * mean) ** 2] = 0  # a constant, and the rounding of its mean
    # Averages over the other operand hold all first-order power: h_a[a] = mean_b h[a, b].
    over_a, over_b = (torch.fft.rfft(h.mean(axis), dim=0) / p for axis in (1, 0))  # (p//2 + 1, n)
    double_sided = torch.full((p // 2 + 1, 1), 2.0, device=h.device, dtype=h.dtype)
    double_sided[0] = 0
    if p % 2 == 0:
        double_sided[-1] = 1
    first = double_sided * (over_a.abs() ** 2 + over_b.abs() ** 2)  # variance explained by each frequency
    best = first.max(0)
    f = best.indices
    at_f = f[None]
    wave_a, wave_b = over_a.gather(0, at_f)[0], over_b.gather(0, at_f)[0]
    # The coefficient at (f, f) and (f, -f): project a onto e^(-i f a), then b both ways.
    turns = -2j * torch.pi / p * torch.outer(probe.arange(p).to(h.dtype), f.to(h.dtype))  # (p, n)
    rows = torch.einsum("abn,an->bn", h.to(turns.dtype), torch.exp(turns)) / p
    plus, minus = ((rows * torch.exp(sign * turns)).sum(0) / p for sign in (1, -1))
    second = 2 * (plus.abs() ** 2 + minus.abs() ** 2)
    if p % 2 == 0:
        second = torch.where(f == p // 2, plus.abs() ** 2, second)
    return Fit(f, 2 * wave_a.abs(), 2 * wave_b.abs(), wave_a.angle(), wave_b.angle(), variance, best.values, second)
