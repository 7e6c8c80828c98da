"""The waves of the logits: amplitudes by difference, and shares of all the variance."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from clockpizza.config import LinearConfig, NetworkConfig
from clockpizza.evidence import Probe
from clockpizza.evidence.waves import amplitudes, wave_power, waves
from clockpizza.networks import Network

Answering = Callable[[Tensor], Probe]


def logits_with(g: Tensor, k: int, part: str = "cos") -> Tensor:
    """g(a - b) cos(w (a + b - c)), or its sine, (p, p, p)."""
    p = len(g)
    a, b, c = torch.meshgrid(*[torch.arange(p)] * 3, indexing="ij")
    angle = 2 * math.pi * k / p * (a + b - c).double()
    return g[(a - b) % p] * (angle.cos() if part == "cos" else angle.sin())


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def zeros(p: int) -> Tensor:
    return torch.zeros(p, p, p, dtype=torch.float64)


@pytest.mark.parametrize("p", [12, 13, 15])
def test_amplitudes_are_the_coefficients_of_every_wave_at_every_difference(p: int, answering: Answering) -> None:
    g = noise(p, p // 2 + 1)
    logits = sum((logits_with(g[:, k], k) for k in range(1, p // 2 + 1)), start=zeros(p))
    logits = logits + sum((logits_with(noise(p), k, "sin") for k in (1, 2)), start=zeros(p))
    torch.testing.assert_close(amplitudes(answering(logits), logits)[:, 1:], g[:, 1:])


def test_amplitudes_are_averages_over_the_pairs_of_a_difference(answering: Answering) -> None:
    logits = logits_with(torch.ones(13, dtype=torch.float64), 3) * (1 + noise(13, 13, 1))
    a, b = torch.meshgrid(torch.arange(13), torch.arange(13), indexing="ij")
    strength = (1 + noise(13, 13, 1))[..., 0]
    expected = [float(strength[(a - b) % 13 == d].mean()) for d in range(13)]
    assert amplitudes(answering(logits), logits)[:, 3].tolist() == pytest.approx(expected)


@pytest.mark.parametrize("p", [12, 13])
def test_shares_are_of_all_the_logits_variance_over_the_answers(p: int, answering: Answering) -> None:
    lawful = logits_with(3 + noise(p), 2) + logits_with(1 + noise(p), p // 2)
    logits = lawful + logits_with(noise(p), 1, "sin") + 5 * noise(p, p, 1)  # and a mean that changes no answer
    found = waves(answering(logits))
    spread = logits - logits.mean(2, keepdim=True)
    assert found.variance == pytest.approx(float((spread**2).mean()))
    assert float(found.written.sum()) == pytest.approx(1)
    assert float(found.share[2]) == pytest.approx(float((logits_with(3 + noise(p), 2) ** 2).mean()) / found.variance)
    assert float(found.share.sum()) == pytest.approx(float((lawful**2).mean()) / found.variance)
    assert float(found.share[1]) == pytest.approx(0, abs=1e-12) and float(found.written[1]) > 0.01
    assert (float(found.share[0]), float(found.written[0])) == (0, 0)


def test_every_fixed_pair_counts_and_not_only_the_mean_over_sums(answering: Answering) -> None:
    """A wave that nine pairs in ten do not have is a tenth of its own mean, and a hundredth of its power."""
    p, one = 11, torch.ones(11, dtype=torch.float64)
    a, b = torch.meshgrid(torch.arange(p), torch.arange(p), indexing="ij")
    found = waves(answering(logits_with(one, 3) * (((a + b) % p) < 1)[..., None]))
    assert float(found.share[3]) == pytest.approx(1 / p)
    assert float(found.written[3]) == pytest.approx(1)


def test_silent_logits_have_no_waves(answering: Answering) -> None:
    found = waves(answering(zeros(7)))
    assert (found.variance, float(found.share.sum()), float(found.written.sum())) == (0, 0, 0)


def test_power_of_the_logits_is_shared_out_among_frequencies(
    random_network: Callable[[NetworkConfig], Network],
) -> None:
    power = wave_power(Probe(random_network(LinearConfig("delta", p=7, hidden=6))))
    assert (len(power), power[0], sum(power)) == (4, 0, pytest.approx(1))
