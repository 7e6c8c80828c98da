"""The law of a circle gives back what its amplitude was made of."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from clockpizza.grounds import Wave
from clockpizza.law import Law, Reading, fit_law, read_law

Array = NDArray[np.float64]


def cosines(p: int, k: int, phase: float = 0.0) -> Array:
    """|cos(w d / 2 + phase)| for every difference d, (p,)."""
    return np.abs(np.cos(math.pi * k / p * np.arange(p) + phase))


def fitted(g: Array, k: int, *, free_phase: bool = False) -> Law:
    return fit_law(g.tolist(), k, free_phase=free_phase)


def noise(p: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(p)


@pytest.mark.parametrize(("b0", "b1"), [(3.0, 5.0), (0.0, 2.0), (6.0, 4.0), (7.0, 0.0)])
@pytest.mark.parametrize(("p", "k"), [(59, 21), (13, 4), (12, 5), (12, 3)])
def test_both_parts_and_the_pizzas_part_are_recovered(b0: float, b1: float, p: int, k: int) -> None:
    m = float(cosines(p, k).mean())
    law = fitted(b0 + b1 * cosines(p, k), k)
    assert (law.b0, law.b1, law.phase) == (pytest.approx(b0, abs=1e-9), pytest.approx(b1, abs=1e-9), 0)
    assert law.pizza == pytest.approx(b1 * m / (b0 + b1 * m), abs=1e-9)
    assert law.misfit == pytest.approx(0, abs=1e-12)
    assert law.r2 is None if b1 == 0 else law.r2 == pytest.approx(1)


@pytest.mark.parametrize("share", [i / 20 for i in range(21)])
def test_no_part_is_rounded_to_nothing(share: float) -> None:
    m = float(cosines(59, 17).mean())
    assert fitted((1 - share) + share / m * cosines(59, 17), 17).pizza == pytest.approx(share, abs=1e-9)


def test_the_part_does_not_depend_on_the_units() -> None:
    g = 3 + 5 * cosines(13, 4) + 0.1 * noise(13)
    one, other = fitted(g, 4), fitted(1000 * g, 4)
    assert other.b1 == pytest.approx(1000 * one.b1)
    assert (other.pizza, other.misfit, other.r2) == pytest.approx((one.pizza, one.misfit, one.r2))


def test_what_the_law_explains_and_what_it_leaves_are_all_there_is() -> None:
    """Fit and remainder are orthogonal, at the edge where b0 or b1 is 0, too."""
    for g in (3 + 5 * cosines(13, 4) + noise(13), -2 + 31 * cosines(13, 4), 30 - 2 * cosines(13, 4) + noise(13)):
        law = fitted(g, 4)
        fit = law.b0 + law.b1 * cosines(13, 4, law.phase)
        assert law.b0 >= 0 and law.b1 >= 0
        assert float(fit @ fit) / float(g @ g) == pytest.approx(1 - law.misfit)


def test_more_than_a_whole_pizza_is_one_and_what_does_not_fit_is_misfit() -> None:
    law = fitted(-2 + 31 * cosines(59, 17), 17)
    assert (law.pizza, law.b0) == (1, 0)
    assert 0.001 < law.misfit < 0.02


@pytest.mark.parametrize("g", [-3 - 5 * cosines(13, 4), np.zeros(13)])
def test_a_wave_that_says_the_wrong_answer_or_nothing_is_all_misfit(g: Array) -> None:
    law = fitted(g, 4)
    assert (law.b0, law.b1, law.pizza, law.misfit) == (0, 0, 0, 1)


def test_an_amplitude_that_falls_where_a_pizza_rises_is_a_turned_pizza_and_no_clock() -> None:
    """24.44 - 18.39 |cos| is how |sin| looks to a law without a phase."""
    law = fitted(20 * np.abs(np.sin(math.pi * 17 / 59 * np.arange(59))), 17)
    assert (law.phase, law.pizza) == (pytest.approx(math.pi / 2), pytest.approx(1))
    assert law.misfit < 1e-9
    assert "1.57" in str(law)


@pytest.mark.parametrize("phase", [0.7, math.pi / 2, 2.2])
@pytest.mark.parametrize("share", [0.15, 0.4, 1.0])
def test_a_turn_that_the_amplitude_shows_is_found(share: float, phase: float) -> None:
    x = cosines(59, 17, phase)
    law = fitted(20 * ((1 - share) + share * x / x.mean()), 17)
    assert law.phase == pytest.approx(phase, abs=0.01)
    assert law.pizza == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("size", [1e-4, 4e-3])
def test_noise_makes_no_pizza_of_a_flat_clock(size: float, seed: int) -> None:
    """At 1e-4, and at the rounding of bfloat16, with vocabularies of one and of two."""
    g = 20 * (1 + size * noise(59, seed))
    assert fitted(g, 17).pizza < 0.01
    assert fitted(g, 17, free_phase=True).pizza < 0.02


def test_ripples_of_a_clock_are_no_turn() -> None:
    """A hump at twice the frequency, as large as trained clocks have, which a turned pizza would fit a little."""
    g = 20 * (1 - 0.04 * np.cos(2 * math.pi * 17 / 59 * np.arange(59)))
    assert fitted(g, 17).phase == 0


@pytest.mark.parametrize("degrees", [0, 20, 90, 145])
def test_the_phase_between_two_vocabularies_is_fitted(degrees: int) -> None:
    law = fitted(3 + 5 * cosines(59, 17, math.radians(degrees)), 17, free_phase=True)
    assert math.degrees(law.phase) == pytest.approx(degrees, abs=0.5)
    assert (law.b0, law.b1) == (pytest.approx(3, abs=0.01), pytest.approx(5, abs=0.01))


def test_a_companion_hides_a_pizza_from_the_law() -> None:
    """|cos x| = 2/pi + 4/(3 pi) cos 2x - ...: the companion takes the second harmonic off."""
    companion = -4 / (3 * math.pi) * np.cos(2 * math.pi * 17 / 59 * np.arange(59))
    assert fitted(cosines(59, 17), 17).pizza == pytest.approx(1)
    assert fitted(cosines(59, 17) + companion, 17).pizza < 0.15


# ---- read with planes out -------------------------------------------------------------------------------------------


def wave(intact: Array, double: Array | None, half: Array | None, both: Array | None, k: int = 4) -> Wave:
    def values(g: Array | None) -> list[float] | None:
        return None if g is None else g.tolist()

    p = len(intact)
    left = [0.0] * (p // 2)
    amplitudes = (values(double), values(half), values(both))
    return Wave(k, 0.5, 0.5, intact.tolist(), *amplitudes, left, None, 0.5, None)


def read(intact: Array, double: Array | None, half: Array | None, both: Array | None) -> Reading:
    return read_law(wave(intact, double, half, both), len(intact), free_phase=False)


def test_the_law_is_read_with_both_planes_out() -> None:
    pizza, flat = cosines(13, 4), np.ones(13)
    reading = read(flat, flat + (pizza - flat) / 2, flat + (pizza - flat) / 2, pizza)
    assert reading.law.pizza == pytest.approx(1)
    assert reading.interaction == pytest.approx(0)
    assert reading.unlawful == pytest.approx(0, abs=1e-9)


def test_planes_that_do_not_act_one_by_one_leave_no_law_to_read() -> None:
    pizza, flat = cosines(13, 4), np.ones(13)
    reading = read(flat, flat, flat, pizza)  # each alone changes nothing, both together everything
    assert reading.interaction == pytest.approx(float(((pizza - flat) ** 2).mean()))
    assert reading.unlawful == pytest.approx(reading.interaction, abs=1e-9)
    assert read(flat, flat, flat, np.zeros(13)).unlawful == 1


def test_where_a_circle_has_neither_plane_its_law_is_that_of_the_full_logits() -> None:
    assert read(cosines(13, 4), None, None, None).law.pizza == pytest.approx(1)


def test_at_p_5_one_plane_is_both() -> None:
    """2 is the double of 1 and 1/2 at once: there is one ablation, and nothing to act together."""
    pizza, flat = cosines(5, 1), np.ones(5)
    reading = read_law(wave(flat, pizza, pizza, pizza, k=1), 5, free_phase=False)
    assert (reading.law.pizza, reading.interaction) == (pytest.approx(1), 0)
