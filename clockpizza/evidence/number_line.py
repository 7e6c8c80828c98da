"""Is there a number line: one direction in which tokens lie as a ramp (m t + o) mod p?

A ramp's harmonics, at frequencies m, 2m, 3m ..., all lie in one direction of the residual stream, with known
coefficients; a circle's two directions at one frequency are not in one line. So the ramp's direction v is fitted to all
frequencies but those of the circles at work and the ramp's own fundamental, where a circle may lie too:
v = sum_j conj(R_j) c_j / sum_j |R_j|^2, for every multiplier m and offset o at once. This is linear in the embedding:
another basis of the residual stream only turns v with it. The likeliest are then tried: an ideal ramp in place of
everything but the circles must answer what the network answers, and its sine must not.
"""

from __future__ import annotations

import torch
from torch import Tensor

from clockpizza.evidence.planes import only, without
from clockpizza.evidence.probe import Probe
from clockpizza.grounds import NumberLine

TRIED = 6  # multipliers whose ramp is put into the network
ENOUGH = 0.9  # of the network's own accuracy that circles and ramp must reach
MORE = 0.1  # accuracy that the ramp must add to its sine


def number_line(probe: Probe, kept: list[int], accuracy: float) -> NumberLine | None:
    """The number line that answers with the planes `kept`, if there is one; `accuracy` is the network's own."""
    fits = [_Ramps(E, kept) for E in (probe.E_a, probe.E_b)]
    score = fits[0].score + fits[1].score if len(probe.halves) > 1 else fits[0].score
    best: NumberLine | None = None
    for m in score.argsort(descending=True, stable=True)[:TRIED].tolist():
        ramps = [fit.ramp(m) for fit in fits]
        with_ramp = _accuracy(probe, kept, ramps, None)
        if with_ramp < ENOUGH * accuracy or (best is not None and with_ramp <= best.with_ramp):
            continue
        with_sine = _accuracy(probe, kept, ramps, m + 1)
        if with_ramp - with_sine >= MORE:
            spread = sum(float((E - E.mean(0)).square().sum()) for E in probe.halves.values())
            size = sum(float(ramp.square().sum()) for ramp in ramps[: len(probe.halves)])
            best = NumberLine(m + 1, fits[0].offset(m), size / spread, with_ramp, with_sine)
    return best


def _accuracy(probe: Probe, kept: list[int], ramps: list[Tensor], sine: int | None) -> float:
    """Over all pairs, with the planes `kept` and the ramps in place of the rest, or of them the fundamental `sine`."""
    parts = [ramp if sine is None else only(ramp, [sine]) for ramp in ramps]
    E_a, E_b = (
        only(E, kept) + without(part, [0, *kept]) for E, part in zip((probe.E_a, probe.E_b), parts, strict=True)
    )
    return probe.accuracy(probe.run(E_a, E_b))


class _Ramps:
    """The best ramp in an embedding E (p, d) for every multiplier m = 1 .. p//2 (index m - 1)."""

    def __init__(self, E: Tensor, kept: list[int]):
        self.p = p = len(E)
        self.device, self.dtype = E.device, E.dtype
        spectrum = torch.fft.fft(E, dim=0) / p  # (p, d)
        for k in (0, *kept):
            spectrum[[k, -k]] = 0
        steps = torch.arange(p, device=E.device)
        R = torch.fft.fft(steps.to(E.dtype) - (p - 1) / 2) / p  # of the plain ramp
        scores, self._offsets, self._directions = [], [], []
        for m in range(1, p // 2 + 1):
            at = steps * m % p  # the frequency of each harmonic
            used = (spectrum[at].abs().sum(1) > 0) & (steps != 1) & (steps != p - 1)
            weight = torch.where(used, R.conj(), 0)
            # for every offset o: sum_j conj(R_j) e^(-2 pi i j o / p) c_jm, a transform over j
            v = torch.fft.fft(weight[:, None] * spectrum[at], dim=0).real / weight.abs().square().sum().clamp_min(1e-30)
            size = v.square().sum(1) * weight.abs().square().sum()
            o = int(size.argmax())
            scores.append(float(size[o]))
            self._offsets.append(o)
            self._directions.append(v[o])
        self.score = torch.tensor(scores)

    def offset(self, m: int) -> int:
        return self._offsets[m]

    def ramp(self, m: int) -> Tensor:
        """The ideal ramp of multiplier m + 1, mean-free, in its direction: (p, d)."""
        t = torch.arange(self.p, device=self.device)
        values = ((m + 1) * t + self._offsets[m]) % self.p
        return (values.to(self.dtype) - (self.p - 1) / 2)[:, None] * self._directions[m]
