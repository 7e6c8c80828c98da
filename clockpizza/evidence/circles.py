"""The circles of an embedding, and for each of them: what does it compute?

A circle is a frequency k that holds at least 1 % of the embedding's variance in a plane: the embedding's Fourier
coefficients at k span two directions, and `roundness` is the ratio of their lengths (1 a circle, 0 a line, as in a
Lissajous figure). Its paper label is the neighbour step delta = k^-1 mod p.

What it computes is read from the amplitude law of the network's logits at k after the circle at 2k is taken out of the
embedding: the companion fills the blind spots of a pizza and hides it. The pattern of attention is frozen meanwhile, so
that only the values change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from clockpizza.cuts import MAIN_SHARE
from clockpizza.evidence import logit_formulas
from clockpizza.evidence.amplitude_law import AmplitudeLaw, amplitude_law, amplitudes
from clockpizza.evidence.components import SMALLEST_SHARE, Components
from clockpizza.evidence.isolation import alone
from clockpizza.evidence.probe import Probe
from clockpizza.frequency import double

MOST = 12  # circles are examined; an embedding with more frequencies than that has no few circles to speak of


@dataclass(frozen=True)
class IsolatedFVE:
    """FVE of the formulas on the logits of the circle alone, attention live or frozen (None without attention)."""

    clock: float
    pizza: float
    accompanying: float | None  # of the main circle that this one accompanies
    clock_frozen: float | None
    pizza_frozen: float | None


@dataclass(frozen=True)
class Circle:
    """One circle.

    Attributes:
        frequency: k, 1 .. p//2.
        delta: the paper's label k^-1 mod p (the smaller of +-), None where gcd(k, p) > 1.
        variance: share of the embedding's variance, all halves.
        roundness: shorter over longer axis, the least of the halves.
        components: 1-based numbers of its principal components, per vocabulary half.
        logit_share: share of the logits' power over all frequencies that is at k.
        role: "main" (writes logits), "companion" (at twice a main circle's frequency, writes none), "idle".
        companion: frequency of the circle at 2k where there is one.
        law: amplitude law in the full logits.
        law_without_companion: the same with frequency 2k out of the embedding, attention live.
        law_frozen: and with the attention pattern frozen; None without attention.
        pizza_share: the verdict's number, from law_frozen, else law_without_companion; None where undefined.
        isolated: FVE on the circle alone; None if it has no two components of its own.
        accuracy_alone: accuracy over all pairs with every other component removed; None likewise.
    """

    frequency: int
    delta: int | None
    variance: float
    roundness: float
    components: dict[str, list[int]]
    logit_share: float
    role: str
    companion: int | None
    law: AmplitudeLaw
    law_without_companion: AmplitudeLaw
    law_frozen: AmplitudeLaw | None
    isolated: IsolatedFVE | None
    accuracy_alone: float | None

    @property
    def pizza_share(self) -> float | None:
        return (self.law_frozen or self.law_without_companion).pizza_share


def step(k: int, p: int) -> int | None:
    """The paper's delta = k^-1 mod p, the smaller of +-; None where k has no inverse."""
    if math.gcd(k, p) > 1:
        return None
    inverse = pow(k, -1, p)
    return min(inverse, p - inverse)


def without_frequency(E: Tensor, k: int) -> Tensor:
    """Embeddings (p, d_embed) with their Fourier coefficient at frequency k over tokens set to zero."""
    coefficients = torch.fft.rfft(E, dim=0)
    coefficients[k] = 0
    return torch.fft.irfft(coefficients, n=E.shape[0], dim=0)


def circle_frequencies(probe: Probe) -> list[int]:
    """Frequencies that hold at least 1 % of the embedding's variance, the strongest writer of logits first."""
    variance, power = _planes(probe)[0], logit_power(probe)
    found = [k for k in range(1, probe.p // 2 + 1) if variance[k] >= SMALLEST_SHARE]
    return sorted(found, key=lambda k: (-power[k], -variance[k]))


def circle_roles(probe: Probe) -> dict[int, str]:
    """Every circle's role by its frequency, the strongest writer of logits first; see `Circle`."""
    power, found = logit_power(probe), circle_frequencies(probe)
    main = {k for k in found if power[k] >= MAIN_SHARE}
    accompanied = {double(k, probe.p) for k in main}
    return {k: "main" if k in main else "companion" if k in accompanied else "idle" for k in found}


def circles(probe: Probe, halves: dict[str, Components]) -> list[Circle]:
    """The circles, the strongest writer of logits first; of more than 12 frequencies, the first 12."""
    variance, roundness = _planes(probe)
    power = logit_power(probe)
    roles = circle_roles(probe)
    accompanied = {double(k, probe.p): k for k, role in roles.items() if role == "main"}
    g = amplitudes(probe, probe.logits)
    free_phase = probe.config.separate_vocabularies
    result: list[Circle] = []
    phases: dict[int, float] = {}  # of the amplitude laws without companions
    for k, role in list(roles.items())[:MOST]:
        probe.tick(f"circle {k}")
        live, frozen = _without_companion(probe, k, free_phase)
        phases[k] = (frozen or live).phase
        main = accompanied.get(k) if role == "companion" else None  # it writes more, so it came before
        isolated, accuracy_alone = _isolated(probe, halves, k, main, phases.get(main, 0.0) if main else 0.0)
        result.append(
            Circle(
                frequency=k,
                delta=step(k, probe.p),
                variance=variance[k],
                roundness=roundness[k],
                components={name: [i + 1 for i in half.of_frequency(k)] for name, half in halves.items()},
                logit_share=power[k],
                role=role,
                companion=double(k, probe.p) if double(k, probe.p) in roles else None,
                law=amplitude_law(g[:, k], k, free_phase=free_phase),
                law_without_companion=live,
                law_frozen=frozen,
                isolated=isolated,
                accuracy_alone=accuracy_alone,
            )
        )
    return result


def logit_power(probe: Probe) -> list[float]:
    """Share of the right answer's wave power, mean_d g_k(d)^2, at each frequency 0 .. p//2; 0 holds nothing."""
    power = (amplitudes(probe, probe.logits) ** 2).mean(0)
    power[0] = 0
    total = power.sum()
    return (power / total if total > 0 else power).tolist()


def _planes(probe: Probe) -> tuple[list[float], list[float]]:
    """Variance share (of the whole embedding) and roundness (least over halves) of each frequency 0 .. p//2."""
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
    return (power / total if total > 0 else power).tolist(), roundness.tolist()


def _without_companion(probe: Probe, k: int, free_phase: bool) -> tuple[AmplitudeLaw, AmplitudeLaw | None]:
    twice = double(k, probe.p)
    E_a, E_b = (without_frequency(E, twice) if twice else E for E in (probe.E_a, probe.E_b))

    def law(frozen: bool) -> AmplitudeLaw:
        g = amplitudes(probe, probe.run(E_a, E_b, frozen=frozen))[:, k]
        return amplitude_law(g, k, free_phase=free_phase)

    return law(frozen=False), law(frozen=True) if probe.config.attention_rate else None


def _isolated(
    probe: Probe, halves: dict[str, Components], k: int, main: int | None, main_phase: float
) -> tuple[IsolatedFVE | None, float | None]:
    kept = alone(probe, halves, k)
    if kept is None:
        return None, None
    E_a, E_b = kept
    live = probe.run(E_a, E_b)
    phase = 0.0
    if probe.config.separate_vocabularies:
        phase = amplitude_law(amplitudes(probe, live)[:, k], k, free_phase=True).phase
    clock, pizza = logit_formulas.clock(probe, k), logit_formulas.pizza(probe, k, phase)
    frozen = probe.run(E_a, E_b, frozen=True) if probe.config.attention_rate else None
    return IsolatedFVE(
        clock=logit_formulas.fve(live, clock),
        pizza=logit_formulas.fve(live, pizza),
        accompanying=logit_formulas.fve(live, logit_formulas.accompanying(probe, main, main_phase)) if main else None,
        clock_frozen=logit_formulas.fve(frozen, clock) if frozen is not None else None,
        pizza_frozen=logit_formulas.fve(frozen, pizza) if frozen is not None else None,
    ), probe.accuracy(live)
