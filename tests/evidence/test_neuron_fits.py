"""Fits of neurons whose waves are known."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from clockpizza.config import LinearConfig
from clockpizza.evidence import Evidence, Probe
from clockpizza.evidence.neuron_fits import fit_neurons, neuron_fits
from clockpizza.networks import Linear, linear

Answering = Callable[[Tensor], Probe]


def waving(p: int, neurons: list[tuple[int, float, float, float, float]]) -> Probe:
    """A delta model whose neuron i is A cos(2 pi f a / p + u) + B cos(2 pi f b / p + v) + 0.7, from (f, A, u, B, v)."""
    config = LinearConfig("delta", p=p, hidden=2 * (2 * (p // 2)))
    weights = {name: torch.zeros(shape, dtype=torch.float64) for name, shape in linear.parameter_shapes(config).items()}
    angle = 2 * math.pi / p * torch.outer(torch.arange(p), torch.arange(1, p // 2 + 1)).double()
    weights["embed.weight"][:] = torch.stack([angle.cos(), angle.sin()], dim=2).flatten(1)  # (p, 2 p//2)
    weights["l1.bias"][:] = 0.7
    for i, (f, A, u, B, v) in enumerate(neurons):
        at, second = 2 * (f - 1), config.d_embed + 2 * (f - 1)
        weights["l1.weight"][i, at : at + 2] = A * torch.tensor([math.cos(u), -math.sin(u)], dtype=torch.float64)
        weights["l1.weight"][i, second : second + 2] = B * torch.tensor(
            [math.cos(v), -math.sin(v)], dtype=torch.float64
        )
    return Probe(Linear(config, weights))


def pretending(probe: Probe, law: Callable[[Tensor, Tensor], Tensor], monkeypatch: pytest.MonkeyPatch) -> Probe:
    """`probe`, with first-layer neurons that are `law` of the operands' angles 2 pi a / p and 2 pi b / p."""
    p = probe.p
    probe.E_a = probe.E_b = torch.arange(p, dtype=torch.float64)[:, None] * 2 * math.pi / p
    monkeypatch.setattr(probe.network, "neurons", lambda E_a, E_b: law(E_a, E_b))
    return probe


@pytest.mark.parametrize("p", [12, 13, 15])
def test_frequency_amplitudes_and_phases_are_recovered(p: int) -> None:
    neurons = [(1, 2.0, 0.3, 1.0, -2.0), (5, 0.5, 3.0, 0.6, 1.5), (3, 1.0, -1.0, 0.0, 0.0)]
    fit = fit_neurons(waving(p, neurons))
    f, A, u, B, v = zip(*neurons, strict=True)
    assert fit.frequency[:3].tolist() == list(f)
    assert fit.A[:3].tolist() == pytest.approx(list(A))
    assert fit.B[:3].tolist() == pytest.approx(list(B), abs=1e-12)
    assert fit.u[:3].tolist() == pytest.approx(list(u))
    assert fit.v[:2].tolist() == pytest.approx(list(v[:2]))
    assert fit.variance[:3].tolist() == pytest.approx([(x * x + y * y) / 2 for x, y in zip(A, B, strict=True)])


def test_one_wave_of_each_operand_is_all_there_is_to_explain() -> None:
    found = neuron_fits(waving(13, [(f, 1.0, 0.1 * f, 2.0, 0.2) for f in (1, 1, 1, 4, 6)]))
    assert found is not None
    assert (found.r2, found.second_order) == (pytest.approx(1), pytest.approx(0, abs=1e-12))
    assert (found.neurons, found.per_frequency) == (5, {1: 3, 4: 1, 6: 1})  # the others never change


def test_equal_phases_are_a_disc_and_independent_ones_a_torus() -> None:
    steps = [2 * math.pi * i / 3 for i in range(3)]
    disc = neuron_fits(waving(13, [(2, 1.0, u, 1.0, u) for u in steps]))
    torus = neuron_fits(waving(13, [(2, 1.0, u, 1.0, v) for u in steps for v in steps]))
    opposed = neuron_fits(waving(13, [(2, 1.0, u, 1.0, u + math.pi) for u in steps]))
    assert disc is not None and torus is not None and opposed is not None
    assert disc.phase_agreement == pytest.approx(1)
    assert torus.phase_agreement == pytest.approx(0, abs=1e-12)
    assert opposed.phase_agreement == pytest.approx(-1)


def test_phases_count_by_the_amplitudes_of_both_waves() -> None:
    found = neuron_fits(waving(13, [(2, 3.0, 0.0, 1.0, 0.0), (2, 1.0, 0.0, 1.0, math.pi / 2)]))
    assert found is not None
    assert found.phase_agreement == pytest.approx(3 / 4)


@pytest.mark.parametrize("p", [12, 13])
def test_another_frequency_is_left_unexplained(p: int, answering: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = pretending(
        answering(torch.zeros(p, p, p)), lambda x, y: 2 * (2 * x).cos() + (2 * y).cos() + (5 * x).cos(), monkeypatch
    )
    found = neuron_fits(probe)
    assert found is not None
    assert (found.r2, found.per_frequency) == (pytest.approx(5 / 6), {2: 1})


@pytest.mark.parametrize(("p", "f", "share"), [(13, 3, 0.2), (12, 5, 0.2), (12, 6, 1 / 3)])
def test_products_of_two_waves_are_the_second_order(
    p: int, f: int, share: float, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """cos x + cos y + cos x cos y has variance 1/2 + 1/2 + 1/4; where f = p/2 each wave is +-1 and has 1."""

    def law(x: Tensor, y: Tensor) -> Tensor:
        return (f * x).cos() + (f * y).cos() + (f * x).cos() * (f * y).cos()

    found = neuron_fits(pretending(answering(torch.zeros(p, p, p)), law, monkeypatch))
    assert found is not None
    assert found.second_order == pytest.approx(share)
    assert found.r2 == pytest.approx(1 - share)


def test_neurons_that_see_no_operand_have_no_fit() -> None:
    assert neuron_fits(waving(13, [])) is None


def test_an_ideal_pizzas_neurons_lie_on_a_disc_and_an_ideal_clocks_on_a_torus(
    ideal_evidence: Callable[..., Evidence],
) -> None:
    pizza = ideal_evidence("pizza", p=13, frequencies=(2, 5), companions=False).neurons
    clock = ideal_evidence("clock", p=13, frequencies=(2, 5)).neurons
    assert pizza is not None and clock is not None
    assert (pizza.phase_agreement, clock.phase_agreement) == (pytest.approx(1, abs=1e-3), pytest.approx(0, abs=1e-3))
    assert (pizza.per_frequency, clock.per_frequency) == ({2: 9, 5: 9}, {2: 54, 5: 54})
