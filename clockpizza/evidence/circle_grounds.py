"""The grounds of the verdict, measured: which waves the logits have, and what of them falls with which plane."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from clockpizza.evidence.ablations import Ablations
from clockpizza.evidence.number_line import number_line
from clockpizza.evidence.planes import Planes
from clockpizza.frequency import double, halves
from clockpizza.grounds import NumberLine, Wave
from clockpizza.roles import LEAST_ALONE, LEAST_WAVE, are_circles, kept_planes, mains

LEAST_REST = 0.01  # of the logits' variance: what a plane leaves of its own wave, for which a carrier is looked
LEAST_PLANE, LEAST_ROUND = 0.01, 0.5  # of the embedding's variance, and roundness: what looks like a circle
LEAST_HELD = 0.5  # of the embedding's variance, that a few such circles must hold together


@dataclass(frozen=True)
class CircleGrounds:
    """What `clockpizza.grounds.Grounds` holds of circles, under the same names."""

    waves: list[Wave]
    kept: list[int]
    kept_accuracy: float
    kept_share: float
    number_line: NumberLine | None
    idle: list[int]

    @staticmethod
    def none() -> CircleGrounds:
        """Of a network that is refused a verdict."""
        return CircleGrounds([], [], 0.0, 0.0, None, [])


def circle_grounds(ablations: Ablations, planes: Planes) -> CircleGrounds:
    """What falls with which plane, what the circles at work do alone, and else what there is instead."""
    probe = ablations.probe
    waves = measure_waves(ablations)
    found = mains(waves, probe.p)
    kept = kept_planes(found, probe.p)
    own = probe.accuracy(probe.logits)
    alone, change = ablations.kept(kept)
    line, idle = None, []
    if not are_circles(waves, probe.p, accuracy=own, kept_accuracy=alone):
        probe.tick("number line")
        line = number_line(probe, kept, own)
        idle = idle_circles(ablations, planes, own)
    return CircleGrounds(waves, kept, alone, 1 - change, line, idle)


def measure_waves(ablations: Ablations) -> list[Wave]:
    """All waves that hold some of the logits' variance, the strongest first, each with its planes out."""
    waves, p = ablations.waves, ablations.probe.p
    found = [k for k in range(1, p // 2 + 1) if waves.share[k] >= LEAST_WAVE]
    found.sort(key=lambda k: -float(waves.share[k]))
    result = []
    for k in found:
        ablations.probe.tick(f"circle {k}")
        result.append(_measure_wave(ablations, k))
    return result


def _measure_wave(ablations: Ablations, k: int) -> Wave:
    waves, p = ablations.waves, ablations.probe.p
    own, twice, half = ablations.out([k]), double(k, p), halves(k, p)
    left = _left(waves.amplitude, own.amplitude)
    rest = float(waves.share[k]) * (1 - max(0.0, 1 - left[k - 1]))

    def amplitude(out: list[int]) -> list[float]:
        return ablations.out(out).amplitude[:, k].tolist()

    return Wave(
        frequency=k,
        share=float(waves.share[k]),
        written=float(waves.written[k]),
        amplitude=waves.amplitude[:, k].tolist(),
        without_double=amplitude([twice]) if twice else None,
        without_half=amplitude(half) if half else None,
        without_both=amplitude([twice, *half]) if twice or half else None,
        left=left,
        left_without_half=_left(waves.amplitude, ablations.out([k, *half]).amplitude)[k - 1]
        if half and rest >= LEAST_REST
        else None,
        effect=own.change,
        effect_double=ablations.out([twice]).change if twice else None,
    )


def _left(intact: Tensor, now: Tensor) -> list[float]:
    """What is left of every wave 1 .. p//2, given g (p, p//2 + 1) before and after: <g' g> / <g^2>."""
    power = (intact**2).sum(0)
    return torch.where(power > 0, (intact * now).sum(0) / power.clamp_min(1e-300), 0)[1:].tolist()


def idle_circles(ablations: Ablations, planes: Planes, accuracy: float) -> list[int]:
    """A few round planes that hold most of the embedding's variance and do not answer; [] where there are none such.

    Taking them out would show nothing: a number line or a lookup table has a part in every plane.
    """
    p = ablations.probe.p
    large = [
        k for k in range(1, p // 2 + 1) if planes.variance[k] >= LEAST_PLANE and planes.roundness[k] >= LEAST_ROUND
    ]
    few = len(large) <= max(1, (p - 1) // 4)
    if not few or sum(planes.variance[k] for k in large) < LEAST_HELD:
        return []
    return large if ablations.kept(large)[0] < LEAST_ALONE * accuracy else []
