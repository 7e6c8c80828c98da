"""Does a neuron write at twice the phase that it reads?

A first-layer neuron reads A cos(w a + u) + B cos(w b + v) = 2 A cos(w (a - b) / 2 + (u - v) / 2) cos(w (a + b) / 2 +
(u + v) / 2) where A = B: its input phase is (u + v) / 2. The ReLU's second harmonic is cos(w (a + b) + u + v), so a
neuron that is to add to cos(w (a + b - c)) writes cos(w c + u + v): its output phase is twice its input phase.
Source: Yip et al. 2024 (arXiv 2412.03773), the pizza's MLP as numerical integration over phases.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from clockpizza.evidence.neuron_fits import Fit
from clockpizza.evidence.probe import Probe


@dataclass(frozen=True)
class OutputPhases:
    """Weighted by A B and by what a neuron writes at its frequency.

    agreement: mean cos(output phase - (u + v)): 1 where every neuron writes at twice its input phase, 0 by chance.
    same_frequency: share of the weight whose strongest output frequency is the one that the neuron reads.
    phase: of each neuron's writing at its own frequency, radians, (n,). weight: (n,), summing to 1.
    """

    agreement: float
    same_frequency: float
    phase: Tensor
    weight: Tensor


def output_phases(fit: Fit, W_L: Tensor) -> OutputPhases | None:
    """Output phases of neurons with fits `fit` and neuron-logit map W_L (p, n); None where no neuron writes a wave."""
    spectrum = torch.fft.rfft(W_L, dim=0)  # (p//2 + 1, n)
    at_f = spectrum.gather(0, fit.frequency[None])[0]
    weight = fit.A * fit.B * at_f.abs() * (fit.variance > 0)
    if not weight.sum() > 0:
        return None
    weight = weight / weight.sum()
    strongest = 1 + spectrum[1:].abs().argmax(0)
    return OutputPhases(
        agreement=float((weight * torch.cos(at_f.angle() - fit.u - fit.v)).sum()),
        same_frequency=float(weight[strongest == fit.frequency].sum()),
        phase=at_f.angle(),
        weight=weight,
    )


def strongest_writers(probe: Probe, fit: Fit, W_L: Tensor | None, count: int) -> Tensor:
    """The `count` neurons that write most to the logits, (count,), most first.

    By the spread of the pre-activation times the norm of the neuron's column in W_L (mean over logits taken off); where
    there is no W_L, in the next matrix.
    """
    weights = probe.network.weights
    out = W_L - W_L.mean(0) if W_L is not None else weights.get("blocks.0.mlp.W_out", weights.get("l2.weight"))
    assert out is not None
    strength = fit.variance.sqrt() * out.norm(dim=0)
    return strength.argsort(descending=True, stable=True)[:count]
