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
    """amplitude: g_k(d) of what is then written, (p, p//2 + 1). change: variance over c of the logits' change, mean
    over pairs, in parts of the intact logits' variance.
    """

    amplitude: Tensor
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
            logits = self.probe.run(*(without(E, key) for E in (self.probe.E_a, self.probe.E_b)), frozen=frozen)
            self._out[key] = Ablated(amplitudes(self.probe, logits), self._change(logits))
        return self._out[key]

    def kept(self, frequencies: Collection[int]) -> tuple[float, float]:
        """Accuracy over all pairs, and the change, with the mean and these planes alone, attention live."""
        logits = self.probe.run(*(only(E, frequencies) for E in (self.probe.E_a, self.probe.E_b)))
        return self.probe.accuracy(logits), self._change(logits)

    def _change(self, logits: Tensor) -> float:
        change = logits - self.probe.logits
        change -= change.mean(2, keepdim=True)
        variance = self.waves.variance
        return float((change**2).mean()) / variance if variance > 0 else 0.0
