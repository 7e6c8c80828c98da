"""The logits as waves over the answers: how much is a wave of a + b - c, and how its amplitude goes with a - b.

g_k(d) is the mean, over pairs with a - b = d, of the coefficient of cos(w (a + b - c)) in the logits over c, with
w = 2 pi k / p.
Shares are of all the logits' variance over c (a pair's mean logit changes no answer): see clockpizza/grounds.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from clockpizza.evidence.probe import Probe


@dataclass(frozen=True)
class Waves:
    """Of the intact logits. variance: V, over c, mean over pairs, in squared logits.

    amplitude: g_k(d), (p, p//2 + 1) [d, k]. share: of V as waves with these amplitudes; written: of V at each output
    frequency, (p//2 + 1,); both 0 at frequency 0.
    """

    variance: float
    amplitude: Tensor
    share: Tensor
    written: Tensor


def waves(probe: Probe) -> Waves:
    """The waves of a network's logits."""
    g = amplitudes(probe, probe.logits)
    written = (torch.fft.rfft(probe.logits, dim=2).abs() ** 2).mean((0, 1)) * 2 / probe.p**2
    power = (g**2).mean(0) / 2
    if probe.p % 2 == 0:  # at p/2 a wave's mean square is 1, not 1/2
        written[-1] /= 2
        power[-1] *= 2
    written[0] = power[0] = 0
    variance = float(written.sum())
    scale = 1 / variance if variance > 0 else 0.0
    return Waves(variance, g, power * scale, written * scale)


def amplitudes(probe: Probe, logits: Tensor) -> Tensor:
    """g_k(d) of all frequencies: (p, p//2 + 1) [d, k], in logits. Row d, column k; column 0 is the mean logit."""
    # The mean over pairs of Q[a, b, a + b - j] has a cosine series in j with the coefficients g_k(d).
    g = torch.fft.rfft(probe.by_offset(logits).mean(1), dim=1).real * (2 / probe.p)
    if probe.p % 2 == 0:
        g[:, -1] /= 2
    return g


def wave_power(probe: Probe) -> list[float]:
    """Share of the right answer's wave power, mean_d g_k(d)^2, at each frequency 0 .. p//2; 0 holds nothing."""
    power = (amplitudes(probe, probe.logits) ** 2).mean(0)
    power[0] = 0
    total = power.sum()
    return (power / total if total > 0 else power).tolist()
