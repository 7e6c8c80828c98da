"""What planes of the embedding do to the logits, by taking them out or keeping only them; each done once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from torch import Tensor

from clockpizza.evidence.planes import only, without
from clockpizza.evidence.probe import Probe
from clockpizza.evidence.waves import Waves, amplitudes


@dataclass(frozen=True)
class Ablated:
    """amplitude: g_k(d) of what is then written, (p, p//2 + 1). accuracy: over all pairs. change: variance over c of
    the logits' change, mean over pairs, in parts of the intact logits' variance.
    """

    amplitude: Tensor
    accuracy: float
    change: float


class Ablations:
    """Ablations of one network, remembered by which planes are out."""

    def __init__(self, probe: Probe, waves: Waves):
        self.probe, self.waves = probe, waves
        self._out: dict[frozenset[int], Ablated] = {}

    def out(self, frequencies: Collection[int]) -> Ablated:
        """The planes of `frequencies` taken out, the attention pattern frozen."""
        key = frozenset(frequencies)
        if key not in self._out:
            frozen = bool(self.probe.config.attention_rate)
            E_a, E_b = (without(E, key) for E in (self.probe.E_a, self.probe.E_b))
            self._out[key] = self.look(self.probe.run(E_a, E_b, frozen=frozen))
        return self._out[key]

    def kept(self, frequencies: Collection[int]) -> Ablated:
        """The mean and the planes of `frequencies` alone, attention live."""
        return self.look(self.probe.run(*(only(E, frequencies) for E in (self.probe.E_a, self.probe.E_b))))

    def look(self, logits: Tensor) -> Ablated:
        """What other logits (p, p, p) are beside the intact ones."""
        change = logits - self.probe.logits
        change -= change.mean(2, keepdim=True)
        variance = self.waves.variance
        moved = float((change**2).mean()) / variance if variance > 0 else 0.0
        return Ablated(amplitudes(self.probe, logits), self.probe.accuracy(logits), moved)
