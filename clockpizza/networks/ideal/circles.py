"""Circles that add: clocks, pizzas, and blends of both.

A neuron with input cos(w a + u + h) + cos(w b + u - h) = 2 cos(w (a - b) / 2 + h) cos(w (a + b) / 2 + u), where u runs
over phases and the output weights are the second harmonic of u, writes |cos(w (a - b) / 2 + h)| cos(w (a + b - c)).
With one h, the turn, that is a pizza; averaged over h it no longer depends on a - b: the clock.

A companion writes -2 cos(w (a - b) + 2 h) cos(w (a + b - c)) = -cos(2 w a + 2 h - w c) - cos(2 w b - 2 h - w c), linear
in the embedding's circle at 2k: the unembedding reads it off the stream. Where another main circle has that frequency,
the plane is embedded once, round and with the main circle's radius, and both read it: nothing of either is lost or
doubled. Two circles with one 2k share their companion's plane likewise. k = p/2 and p/3 have no companion. A companion
that is a line, with any direction at 2k, adds LINE_GAIN / 2 of that amplitude, and as large a wave cos(w (a + b + c)).

With separate vocabularies operand b's circle stands at w b + phi. Vectors that are just added then give the turn
-phi / 2, which is taken unless another is asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from clockpizza.frequency import double
from clockpizza.networks.ideal.draft import Draft, Place

U_PHASES, H_PHASES = 9, 6  # leave harmonics of about 1 % of the wave
GAIN = 20.0  # mean amplitude of each circle's logits, about the paper's model A
LINE_PHASE = 2.4  # radians between the directions of companions that are lines, so that they miss different answers
# Of a line's term. A line writes as much to cos(w (a + b + c)) as to cos(w (a + b - c)), which costs margin.
LINE_GAIN = 0.2


@dataclass(frozen=True)
class Circle:
    """A main circle.

    frequency: k. radius: in the embedding. pizza_share: of its mean amplitude. phi: operand b's circle is turned by it,
    radians. turn: h of the pizza's part, radians. gain: mean amplitude of its logits.
    """

    frequency: int
    radius: float
    pizza_share: float
    phi: float = 0.0
    turn: float = 0.0
    gain: float = GAIN


@dataclass(frozen=True)
class Companions:
    """size: radius, as a multiple of the main circle's. lines: one direction each instead of two."""

    size: float = 0.6
    lines: bool = False


@dataclass(frozen=True)
class Neurons:
    """m neurons of one circle: phases at which they read each operand (m,), and what they write to cos, sin: (m, 2)."""

    of_a: Tensor
    of_b: Tensor
    out: Tensor


def waves(p: int, k: int, phase: float = 0.0) -> Tensor:
    """cos and sin of 2 pi k t / p + phase over tokens: (2, p)."""
    t = 2 * math.pi * k / p * torch.arange(p, dtype=torch.float64) + phase
    return torch.stack([t.cos(), t.sin()])


def at_phase(x: Tensor) -> Tensor:
    """What reads cos(angle + x) off a point (cos, sin) of a circle: (m, 2)."""
    return torch.stack([x.cos(), -x.sin()], dim=1)


def u_phases(p: int) -> int:
    """How many phases u one h takes: odd, and so many that one circle's error stays below half a token."""
    return max(U_PHASES, 2 * math.ceil((math.sqrt(p) - 1) / 2) + 1)


def neuron_count(p: int, share: float) -> int:
    """How many neurons a circle of that pizza share takes."""
    return u_phases(p) * ((share > 0) + H_PHASES * (share < 1))


def pizza_amplitude(p: int, circle: Circle) -> float:
    """b1, the factor of |cos(w d / 2 + h)| in the circle's logits."""
    d = math.pi * circle.frequency / p * torch.arange(p, dtype=torch.float64)
    return circle.pizza_share * circle.gain / float((d + circle.turn).cos().abs().mean())


def neurons(p: int, circle: Circle) -> Neurons:
    """The neurons of one circle."""
    n = u_phases(p)
    u = 2 * math.pi / n * torch.arange(n, dtype=torch.float64)
    # per neuron: its wave's second harmonic is 4 / (3 pi) of |cos|, half of the phases' sum is left
    unit = 3 * math.pi / (2 * n)
    parts = [(circle.turn, pizza_amplitude(p, circle) * unit)] if circle.pizza_share > 0 else []
    if circle.pizza_share < 1:
        clock = (1 - circle.pizza_share) * circle.gain * unit * (math.pi / 2) / H_PHASES
        parts += [(math.pi * i / H_PHASES, clock) for i in range(H_PHASES)]
    return Neurons(
        of_a=torch.cat([u + h for h, _ in parts]),
        of_b=torch.cat([u - h for h, _ in parts]),
        out=torch.cat([gain * at_phase(2 * u) for _, gain in parts]),
    )


def companion_gain(p: int, circle: Circle) -> float:
    """What multiplies both cosines of a companion's term: it takes the second harmonic of |cos| away."""
    return -pizza_amplitude(p, circle) * 2 / (3 * math.pi)


def direction(p: int, k: int) -> int:
    """1 where the plane at 2k has the frequency 2k itself, -1 where it is p - 2k and turns the other way."""
    return 1 if double(k, p) == 2 * k % p else -1


def companion_phi(p: int, circle: Circle) -> float:
    """The angle of operand b's companion with which vectors that are just added give the companion's term."""
    return direction(p, circle.frequency) * 2 * circle.phi


def read_apart(p: int, circles: list[Circle], companions: Companions | None) -> bool:
    """Whether anything reads the operands' vectors otherwise than added."""
    phi = {circle.frequency: circle.phi for circle in circles}
    for circle in circles:
        if circle.pizza_share < 1 or not _whole_turns(2 * circle.turn + circle.phi):
            return True
        twice, natural = double(circle.frequency, p), companion_phi(p, circle)
        if companions and twice and not _whole_turns(phi.setdefault(twice, natural) - natural):
            return True  # the plane at 2k is another circle's, too, and turned as that one needs it
    return False


def _whole_turns(angle: float) -> bool:
    return abs(math.remainder(angle, 2 * math.pi)) < 1e-9


def add_circles(draft: Draft, circles: list[Circle], companions: Companions | None) -> list[Place]:
    """Add circles, and their companions, to a draft; where the main ones stand."""
    p = draft.config.p
    mains = {circle.frequency: circle for circle in circles}
    planes = _companion_planes(draft, circles, companions) if companions else {}
    places = {k: draft.embed(c.radius * waves(p, k), c.radius * waves(p, k, c.phi)) for k, c in mains.items()}
    for circle in circles:
        out = draft.take(2)
        draft.W_U[out] = waves(p, circle.frequency)
        made = neurons(p, circle)
        rows = draft.neuron_rows(len(made.out))
        R_a, R_b = at_phase(made.of_a), at_phase(made.of_b - circle.phi)
        draft.W_in[rows] = draft.read(places[circle.frequency], R_a, R_b) / circle.radius
        draft.W_out[out, rows] = made.out.T
        twice = double(circle.frequency, p)
        if companions and circle.pizza_share and twice:
            plane = planes.get(twice) or _Plane(mains[twice].radius, mains[twice].phi, 0.0, places[twice])
            _accompany(draft, circle, plane)
    return list(places.values())


@dataclass(frozen=True)
class _Plane:
    """What a companion's term is read from: its radius, operand b's angle, the phase of its first direction."""

    radius: float
    phi: float
    phase: float
    place: Place


def _companion_planes(draft: Draft, circles: list[Circle], companions: Companions) -> dict[int, _Plane]:
    """Planes at 2k, by frequency, where no main circle stands."""
    p = draft.config.p
    planes: dict[int, _Plane] = {}
    main = {circle.frequency for circle in circles}
    for i, circle in enumerate(circles):
        twice = double(circle.frequency, p)
        if not twice or twice in main or twice in planes or not circle.pizza_share:
            continue
        radius = companions.size * circle.radius
        phi = companion_phi(p, circle)
        line = companions.lines and 2 * twice != p  # at p/2 each operand has one direction anyway
        phase, n = (LINE_PHASE * i, 1) if line else (0.0, 2)
        place = draft.embed(radius * waves(p, twice, phase)[:n], radius * waves(p, twice, phi + phase)[:n])
        planes[twice] = _Plane(radius, phi, phase, place)
    return planes


def _accompany(draft: Draft, circle: Circle, plane: _Plane) -> None:
    """Let the unembedding read the companion's term.

    A line has half of it: cos(2 w a + x) cos(w c + x), for its one direction x, where a circle adds the same of sines.
    """
    p = draft.config.p
    way, n = direction(p, circle.frequency), plane.place.of_sum.shape[0]
    c = 2 * math.pi * circle.frequency / p * torch.arange(p, dtype=torch.float64)
    # cos(2 w a + 2 h - w c) and cos(2 w b - 2 h - w c), from a plane whose angle is 2 w t, or -2 w t where 2k folds
    R_a = at_phase(way * (2 * circle.turn - c) - plane.phase)[:, :n]
    R_b = at_phase(way * (-2 * circle.turn - c) - plane.phi - plane.phase)[:, :n]
    gain = companion_gain(p, circle) * (1 if n == 2 else LINE_GAIN)
    draft.W_U += gain / plane.radius * draft.read(plane.place, R_a, R_b).T
