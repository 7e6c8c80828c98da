"""The amplitude law gives back what the logits were made of."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from clockpizza.evidence.amplitude_law import AmplitudeLaw, amplitude_law, amplitudes
from torch import Tensor

from clockpizza.evidence import Probe

Answering = Callable[[Tensor], Probe]


def cosines(p: int, k: int, phase: float = 0.0) -> Tensor:
    """|cos(w d / 2 + phase)| for every difference d, (p,)."""
    return (math.pi * k / p * torch.arange(p, dtype=torch.float64) + phase).cos().abs()


def logits_with(g: Tensor, k: int, part: str = "cos") -> Tensor:
    """g(a - b) cos(w (a + b - c)), or its sine, (p, p, p)."""
    p = len(g)
    a, b, c = torch.meshgrid(*[torch.arange(p)] * 3, indexing="ij")
    angle = 2 * math.pi * k / p * (a + b - c).double()
    return g[(a - b) % p] * (angle.cos() if part == "cos" else angle.sin())


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("p", [12, 13, 15])
def test_amplitudes_are_the_coefficients_of_every_wave_at_every_difference(p: int, answering: Answering) -> None:
    g = noise(p, p // 2 + 1)
    logits = sum(
        (logits_with(g[:, k], k) for k in range(1, p // 2 + 1)), start=torch.zeros(p, p, p, dtype=torch.float64)
    )
    logits = logits + sum(
        (logits_with(noise(p), k, "sin") for k in (1, 2)), start=torch.zeros(p, p, p, dtype=torch.float64)
    )
    torch.testing.assert_close(amplitudes(answering(logits), logits)[:, 1:], g[:, 1:])


def test_amplitudes_are_averages_over_the_pairs_of_a_difference(answering: Answering) -> None:
    logits = logits_with(torch.ones(13, dtype=torch.float64), 3) * (1 + noise(13, 13, 1))
    a, b = torch.meshgrid(torch.arange(13), torch.arange(13), indexing="ij")
    strength = (1 + noise(13, 13, 1))[..., 0]
    expected = [float(strength[(a - b) % 13 == d].mean()) for d in range(13)]
    assert amplitudes(answering(logits), logits)[:, 3].tolist() == pytest.approx(expected)


@pytest.mark.parametrize(("b0", "b1"), [(3.0, 5.0), (0.0, 2.0), (6.0, 4.0)])
@pytest.mark.parametrize(("p", "k"), [(59, 21), (13, 4), (12, 5), (12, 3)])
def test_both_parts_and_the_pizzas_share_are_recovered(b0: float, b1: float, p: int, k: int) -> None:
    m = float(cosines(p, k).mean())
    law = amplitude_law(b0 + b1 * cosines(p, k), k)
    assert (law.b0, law.b1, law.phase) == (pytest.approx(b0), pytest.approx(b1), 0)
    assert law.r2 == pytest.approx(1)
    assert law.pizza_share == pytest.approx(b1 * m / (b0 + b1 * m))


def test_the_share_does_not_depend_on_the_units() -> None:
    g = 3 + 5 * cosines(13, 4) + 0.1 * noise(13)
    one, other = amplitude_law(g, 4), amplitude_law(1000 * g, 4)
    assert other.b1 == pytest.approx(1000 * one.b1)
    assert (other.pizza_share, other.r2, other.cv) == pytest.approx((one.pizza_share, one.r2, one.cv))


def test_more_than_a_whole_pizza_is_one_and_less_than_none_is_none() -> None:
    assert amplitude_law(-2 + 31 * cosines(59, 17), 17).pizza_share == 1
    law = amplitude_law(30 - 10 * cosines(59, 17), 17)
    assert (law.b1, law.pizza_share) == (pytest.approx(-10), 0)


def test_an_amplitude_that_hardly_varies_is_no_pizzas_however_well_it_fits() -> None:
    law = amplitude_law(20 + cosines(59, 17), 17)
    assert (law.r2, law.pizza_share) == (pytest.approx(1), 0)
    assert law.cv == pytest.approx(float(cosines(59, 17).std(correction=0)) / (20 + float(cosines(59, 17).mean())))
    assert law.cv < 0.1


def test_variation_that_follows_no_cosine_has_no_share() -> None:
    d = torch.arange(59, dtype=torch.float64)
    law = amplitude_law(5 + 2 * (2 * math.pi * 4 * d / 59).cos(), 17)
    assert law.r2 < 0.5 and law.cv > 0.1
    assert law.pizza_share is None


@pytest.mark.parametrize("g", [-3 - 5 * cosines(13, 4), cosines(13, 4) - 0.7])
def test_a_wave_that_says_the_wrong_answer_has_no_share(g: Tensor) -> None:
    assert amplitude_law(g, 4).pizza_share is None


def test_a_frequency_without_logits_has_no_share() -> None:
    law = amplitude_law(torch.zeros(13, dtype=torch.float64), 4)
    assert (law.b0, law.b1, law.r2, law.cv, law.pizza_share) == (0, 0, 0, math.inf, None)


def test_a_companion_hides_a_pizza_from_the_law() -> None:
    """|cos x| = 2/pi + 4/(3 pi) cos 2x - ...: the companion takes the second harmonic off."""
    d = torch.arange(59, dtype=torch.float64)
    pizza = cosines(59, 17)
    companion = -4 / (3 * math.pi) * (2 * math.pi * 17 * d / 59).cos()
    assert amplitude_law(pizza, 17).pizza_share == pytest.approx(1)
    hidden = amplitude_law(pizza + companion, 17)
    assert hidden.pizza_share is None
    assert hidden.r2 < 0.5
    assert hidden.cv == pytest.approx(math.sqrt((math.pi**2 / 8 - 1) - (2 / 3) ** 2 / 2), rel=0.01)  # from 2/15 on


def fitted(phase: float, *, free_phase: bool) -> AmplitudeLaw:
    return amplitude_law(3 + 5 * cosines(59, 17, phase), 17, free_phase=free_phase)


@pytest.mark.parametrize("degrees", [0, 20, 90, 145])
def test_the_phase_between_two_vocabularies_is_fitted_where_it_is_free(degrees: int) -> None:
    law = fitted(math.radians(degrees), free_phase=True)
    assert math.degrees(law.phase) == pytest.approx(degrees, abs=0.5)
    assert (law.b0, law.b1) == (pytest.approx(3, abs=0.01), pytest.approx(5, abs=0.01))
    assert law.r2 > 0.9999


def test_a_pizza_turned_by_a_quarter_is_lost_where_the_phase_is_not_free() -> None:
    law = fitted(math.pi / 2, free_phase=False)
    assert law.b1 < 0 and law.pizza_share != pytest.approx(fitted(0, free_phase=True).pizza_share)
