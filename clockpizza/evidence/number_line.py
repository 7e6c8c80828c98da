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

TRIED = 4  # multipliers whose ramp is put into the network, by either score
ROUNDS = 10  # of fitting a direction, those harmonics that point elsewhere trusted less each time
# Of the network's own accuracy, that circles and ramp must reach. A narrow network early in training, whose spread-out
# embedding is a little ramp-like, reached .91; a number line reaches all of it.
LEAST_WITH_RAMP = 0.95
MORE = 0.1  # accuracy that the ramp must add to its sine


def number_line(probe: Probe, kept: list[int], accuracy: float) -> NumberLine | None:
    """The number line that answers with the planes `kept`, if there is one; `accuracy` is the network's own."""
    fits = [_Ramps(E, kept) for E in probe.halves.values()]
    best: NumberLine | None = None
    for kind in range(2):
        score = sum(fit.scores[:, kind] for fit in fits)
        assert isinstance(score, torch.Tensor)
        for at in score.argsort(descending=True, stable=True)[:TRIED].tolist():
            m = at + 1
            ramps = [fit.ramp(m, fit.offsets[at][kind]) for fit in fits]
            with_ramp = _accuracy(probe, kept, ramps, None)
            if with_ramp < LEAST_WITH_RAMP * accuracy or (best is not None and with_ramp <= best.with_ramp):
                continue
            with_sine = _accuracy(probe, kept, ramps, m)
            if with_ramp - with_sine >= MORE:
                spread = sum(float((E - E.mean(0)).square().sum()) for E in probe.halves.values())
                size = sum(float(ramp.square().sum()) for ramp in ramps)
                best = NumberLine(m, fits[0].offsets[at][kind], size / spread, with_ramp, with_sine)
    return best


def _accuracy(probe: Probe, kept: list[int], ramps: list[Tensor], sine: int | None) -> float:
    """Over all pairs, with the planes `kept` and the ramps in place of the rest, or of them the fundamental `sine`."""
    parts = [ramp if sine is None else only(ramp, [sine]) for ramp in ramps]
    halves = probe.halves.values()
    E = [only(E, kept) + without(part, [0, *kept]) for E, part in zip(halves, parts, strict=True)]
    return probe.accuracy(probe.run(E[0], E[-1]))


class _Ramps:
    """The likeliest ramps in an embedding E (p, d), for every multiplier m = 1 .. p//2 (index m - 1).

    Two scores find the offset: by how much of the embedding a ramp explains, and by how many harmonics point the same
    way however long they are, for a small ramp beside loud lines or circles.
    """

    def __init__(self, E: Tensor, kept: list[int]):
        self.p = p = len(E)
        self.device, self.dtype = E.device, E.dtype
        self._spectrum = torch.fft.fft(E, dim=0) / p  # (p, d)
        for k in (0, *kept):
            self._spectrum[[k, -k]] = 0
        self._steps = torch.arange(p, device=E.device)
        self._R = torch.fft.fft(self._steps.to(E.dtype) - (p - 1) / 2) / p  # of the plain ramp, by harmonic
        found = [self._offsets(m) for m in range(1, p // 2 + 1)]
        self.scores = torch.tensor([[score for _, score in each] for each in found])  # (p//2, 2)
        self.offsets = [[offset for offset, _ in each] for each in found]

    def _harmonics(self, m: int) -> tuple[Tensor, Tensor]:
        """Coefficients c_jm of the embedding by harmonic j, (p, d), and weights conj(R_j), 0 where not used, (p,)."""
        c = self._spectrum[self._steps * m % self.p]
        size = c.abs().square().sum(1)
        used = (size > 1e-24 * size.max()) & (self._steps != 1) & (self._steps != self.p - 1)
        return c, torch.where(used, self._R.conj(), 0)

    def _offsets(self, m: int) -> list[tuple[int, float]]:
        """The best offset and its score, by size and by direction."""
        c, weight = self._harmonics(m)
        unit = c / c.abs().square().sum(1, keepdim=True).sqrt().clamp_min(1e-300)
        best = []
        for rows, phases in ((c, weight), (unit, torch.sgn(weight))):
            # for every offset o: sum_j phase_j e^(-2 pi i j o / p) row_j, a transform over j
            v = torch.fft.fft(phases[:, None] * rows, dim=0).real
            size = v.square().sum(1) / phases.abs().square().sum().clamp_min(1e-300)
            o = int(size.argmax())
            best.append((o, float(size[o])))
        return best

    def ramp(self, m: int, offset: int) -> Tensor:
        """The ideal ramp (m t + offset) mod p, mean-free, in the direction that most harmonics share: (p, d)."""
        c, weight = self._harmonics(m)
        turn = torch.exp(-2j * torch.pi * self._steps * offset / self.p).to(c.dtype)
        each = (c * turn[:, None] / self._R[:, None]).real[weight != 0]  # what v would be by each harmonic: (n, d)
        trust = weight.abs().square()[weight != 0]
        v = each.median(0).values if len(each) else c.new_zeros(c.shape[1]).real
        for _ in range(ROUNDS):
            off = (each - v).square().sum(1)
            fair = torch.minimum(torch.ones_like(off), off.median() / off.clamp_min(1e-300))
            w = trust * fair
            v = (w[:, None] * each).sum(0) / w.sum().clamp_min(1e-300)
        values = (m * self._steps + offset) % self.p
        return (values.to(self.dtype) - (self.p - 1) / 2)[:, None] * v
