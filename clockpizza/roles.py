"""Which circles are at work, told by what taking their planes out of the embedding does to the logits.

A wave of the logits is a circle's own when it falls with that circle's plane and the other waves do not. In a network
of circles planes act nearly one by one: a plane out takes its own wave away and leaves the rest. In a lookup table
every plane is part of every token, so all waves fall alike; in a number line a plane out bends the whole ramp.

Nothing here depends on the basis of the residual stream, on variance in the embedding, or on principal components.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clockpizza.frequency import double, halves
from clockpizza.grounds import Wave

LEAST_WAVE = 0.002  # of the logits' variance: a wave that is looked at
LEAST_OWN = 0.5  # how much more of its own wave than of the others' a circle's plane must take along
LEAST_EFFECT = 0.02  # of a main circle's wave, that its companion's plane must change the logits by, in variance
LEAST_EXPLAINED = 2 / 3  # of the logits' variance, that must be the main circles'
LEAST_ALONE = 0.9  # of the network's accuracy, that main circles and their doubles must reach alone


@dataclass(frozen=True)
class Main:
    """A circle at work.

    wave: its own. own: the part of that wave that falls when its plane is out, in [0, 1]. others: the part of the
    other circles' waves that falls meanwhile. companion: 2k where the plane there changes the logits and is not itself
    a main circle's.
    """

    wave: Wave
    own: float
    others: float
    companion: int | None

    @property
    def frequency(self) -> int:
        return self.wave.frequency


@dataclass(frozen=True)
class Carried:
    """A part of the wave at `frequency` that a main circle at half that frequency writes; part: of the wave."""

    frequency: int
    carrier: int
    part: float


def fall(wave: Wave, k: int) -> float:
    """The part of the wave at k that falls when the plane of `wave` is out, in [0, 1]."""
    return min(1.0, max(0.0, 1 - wave.left[k - 1]))


def falls(waves: Sequence[Wave]) -> list[tuple[Wave, float, float]]:
    """Each wave, with the part of itself and the part of the others that falls when its plane is out.

    Others are those that fall with planes of their own: what another circle carries falls with that one.
    """
    own = {wave.frequency: fall(wave, wave.frequency) for wave in waves}
    found = []
    for wave in waves:
        rest = [other for other in waves if other is not wave and own[other.frequency] >= LEAST_OWN / 2]
        power = sum(other.share for other in rest)
        fallen = sum(other.share * (1 - wave.left[other.frequency - 1]) for other in rest)
        found.append((wave, own[wave.frequency], fallen / power if power else 0.0))
    return found


def mains(waves: Sequence[Wave], p: int) -> list[Main]:
    """The circles at work, the strongest writer first."""
    found = [(wave, own, others) for wave, own, others in falls(waves) if own - max(0.0, others) >= LEAST_OWN]
    at_work = {wave.frequency for wave, _, _ in found}

    def companion(wave: Wave) -> int | None:
        twice = double(wave.frequency, p)
        counts = wave.effect_double is not None and wave.effect_double >= LEAST_EFFECT * wave.share
        return twice if counts and twice not in at_work else None

    return [Main(wave, own, others, companion(wave)) for wave, own, others in found]


def carried(waves: Sequence[Wave], found: Sequence[Main], p: int) -> list[Carried]:
    """What of waves does not fall with their own plane but does with the main circle at half their frequency.

    A deeper network can square what a circle at k/2 has written, and so write at k.
    """
    at_work = {main.frequency: main for main in found}
    result = []
    for wave in waves:
        carriers = [h for h in halves(wave.frequency, p) if h in at_work]
        if wave.left_without_half is None or not carriers:
            continue
        own = at_work[wave.frequency].own if wave.frequency in at_work else 0.0
        part = min(1.0, max(0.0, 1 - wave.left_without_half)) - own
        if part > 0:
            strongest = max(carriers, key=lambda h: at_work[h].wave.share)
            result.append(Carried(wave.frequency, strongest, part))
    return result


def explained(found: Sequence[Main], others: Sequence[Carried], waves: Sequence[Wave]) -> float:
    """The share of the logits' variance at the frequencies of main circles, as far as these write there."""
    written = {wave.frequency: wave.written for wave in waves}
    return sum(main.wave.written * main.own for main in found) + sum(
        written[each.frequency] * each.part for each in others
    )


def are_circles(waves: Sequence[Wave], p: int, *, accuracy: float, kept_accuracy: float) -> bool:
    """Whether main circles write most of the logits, and are enough to answer."""
    found = mains(waves, p)
    enough = explained(found, carried(waves, found, p), waves) >= LEAST_EXPLAINED
    return enough and kept_accuracy >= LEAST_ALONE * accuracy


def kept_planes(found: Sequence[Main], p: int) -> list[int]:
    """The planes of the main circles and those at twice their frequencies."""
    return sorted({main.frequency for main in found} | {double(main.frequency, p) for main in found} - {0})


def names(found: Sequence[Main]) -> dict[int, str]:
    """`main` and `companion` by frequency; a plane that is neither has no entry."""
    companions = {main.companion: "companion" for main in found if main.companion is not None}
    return companions | {main.frequency: "main" for main in found}
