"""The circles of an embedding, described: how large, how round, in which components, and what each writes alone.

A circle is a frequency k whose plane holds at least 1 % of the embedding's variance, or that is at work in the logits
(clockpizza/roles.py). Its paper label is the neighbour step delta = k^-1 mod p. Variance, roundness and principal
components depend on the basis of the residual stream: they describe, the verdict does not rest on them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from clockpizza.evidence import logit_formulas
from clockpizza.evidence.components import SMALLEST_SHARE, Components
from clockpizza.evidence.isolation import alone
from clockpizza.evidence.planes import Planes
from clockpizza.evidence.probe import Probe
from clockpizza.evidence.waves import Waves, amplitudes
from clockpizza.law import Law, fit_law, read_law
from clockpizza.roles import Main, names


@dataclass(frozen=True)
class IsolatedFVE:
    """FVE of the formulas on the logits of the circle alone, attention live or frozen (None without attention,
    and of companions)."""

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
        wave: share of the logits' variance that is a wave of a + b - c at k; written: that is at k in all.
        role: "main" (at work), "companion" (at twice a main circle's frequency, changes the logits), "idle".
        companion: frequency of a main circle's companion where it has one.
        law_full: its law in the full logits, companions and all; of main circles.
        isolated: FVE on the circle alone; None if it is idle or has no two components of its own.
        accuracy_alone: accuracy over all pairs with every other component removed; None likewise.
    """

    frequency: int
    delta: int | None
    variance: float
    roundness: float
    components: dict[str, list[int]]
    wave: float
    written: float
    role: str
    companion: int | None
    law_full: Law | None
    isolated: IsolatedFVE | None
    accuracy_alone: float | None


def step(k: int, p: int) -> int | None:
    """The paper's delta = k^-1 mod p, the smaller of +-; None where k has no inverse."""
    if math.gcd(k, p) > 1:
        return None
    inverse = pow(k, -1, p)
    return min(inverse, p - inverse)


def circles(
    probe: Probe,
    halves: dict[str, Components],
    planes: Planes,
    waves: Waves,
    mains: Sequence[Main],
) -> list[Circle]:
    """The circles, those at work first, the strongest writer first."""
    free_phase = probe.config.separate_vocabularies
    of, roles = {main.frequency: main for main in mains}, names(mains)
    found = [k for k in range(1, probe.p // 2 + 1) if planes.variance[k] >= SMALLEST_SHARE or k in roles]
    accompanied = {main.companion: main.frequency for main in mains if main.companion is not None}
    phases = {k: read_law(main.wave, probe.p, free_phase=free_phase).law.phase for k, main in of.items()}
    order = {k: -float(waves.share[k]) for k in found}
    result = []
    for k in sorted(found, key=lambda k: (k not in of, order[k], -planes.variance[k])):
        main = accompanied.get(k)
        isolated, accuracy_alone = None, None
        if k in roles:
            isolated, accuracy_alone = _isolated(probe, halves, k, main, phases.get(main, 0.0) if main else 0.0)
        result.append(
            Circle(
                frequency=k,
                delta=step(k, probe.p),
                variance=planes.variance[k],
                roundness=planes.roundness[k],
                components={name: [i + 1 for i in half.of_frequency(k)] for name, half in halves.items()},
                wave=float(waves.share[k]),
                written=float(waves.written[k]),
                role=roles.get(k, "idle"),
                companion=of[k].companion if k in of else None,
                law_full=fit_law(of[k].wave.amplitude, k, free_phase=free_phase) if k in of else None,
                isolated=isolated,
                accuracy_alone=accuracy_alone,
            )
        )
    return result


def _isolated(
    probe: Probe, halves: dict[str, Components], k: int, main: int | None, main_phase: float
) -> tuple[IsolatedFVE | None, float | None]:
    kept = alone(probe, halves, k)
    if kept is None:
        return None, None
    live = probe.run(*kept)
    phase = 0.0
    if probe.config.separate_vocabularies:
        phase = fit_law(amplitudes(probe, live)[:, k].tolist(), k, free_phase=True).phase
    clock, pizza = logit_formulas.clock(probe, k), logit_formulas.pizza(probe, k, phase)
    # A companion writes at half its frequency, where only the accompanying formula looks.
    frozen = probe.run(*kept, frozen=True) if probe.config.attention_rate and main is None else None

    def fve(logits: Tensor | None, formula: Tensor) -> float | None:
        return None if logits is None else logit_formulas.fve(logits, formula)

    return IsolatedFVE(
        clock=logit_formulas.fve(live, clock),
        pizza=logit_formulas.fve(live, pizza),
        accompanying=fve(live, logit_formulas.accompanying(probe, main, main_phase)) if main else None,
        clock_frozen=fve(frozen, clock),
        pizza_frozen=fve(frozen, pizza),
    ), probe.accuracy(live)
