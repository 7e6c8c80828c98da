"""The Fourier planes of an embedding: its two directions at each frequency over tokens.

Taking a plane out sets the embedding's Fourier coefficient at that frequency to zero. This acts on tokens alone, so it
means the same in every basis of the residual stream: what it does to the logits does not depend on how the weights are
written down. Variance and roundness do depend on that; they describe a plane and decide nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor

from clockpizza.evidence.probe import Probe


@dataclass(frozen=True)
class Planes:
    """By frequency 0 .. p//2, lists. variance: share of the whole embedding's, summing to 1. roundness: shorter over
    longer axis, the least of the vocabulary halves; 1 a circle, 0 a line, as in a Lissajous figure.
    """

    variance: list[float]
    roundness: list[float]


def planes(probe: Probe) -> Planes:
    """Variance and roundness of every plane."""
    p = probe.p
    power = torch.zeros(p // 2 + 1, device=probe.device, dtype=probe.dtype)
    roundness = torch.ones_like(power)
    for E in probe.halves.values():
        coefficients = torch.fft.rfft(E, dim=0)  # (p//2 + 1, d_embed)
        axes = torch.linalg.svdvals(torch.stack([coefficients.real, coefficients.imag], dim=1))  # (p//2 + 1, 2)
        weight = (axes**2).sum(1)
        if p % 2 == 0:
            weight[-1] /= 2
            axes[-1] = 1  # k = p/2 has one direction: +-1 is all the circle there is
        power += weight
        roundness = torch.minimum(roundness, axes[:, 1] / axes[:, 0].clamp_min(torch.finfo(axes.dtype).tiny))
    power[0] = 0
    total = power.sum()
    return Planes((power / total if total > 0 else power).tolist(), roundness.tolist())


def without(E: Tensor, frequencies: Collection[int]) -> Tensor:
    """Embeddings (p, d_embed) with some of their Fourier coefficients over tokens set to zero."""
    coefficients = torch.fft.rfft(E, dim=0)
    coefficients[list(frequencies)] = 0
    return torch.fft.irfft(coefficients, n=len(E), dim=0)


def only(E: Tensor, frequencies: Collection[int]) -> Tensor:
    """Embeddings (p, d_embed) made of their mean and some Fourier coefficients over tokens."""
    return without(E, [k for k in range(1, len(E) // 2 + 1) if k not in set(frequencies)])
