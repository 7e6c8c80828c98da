"""The formulas are the paper's, and FVE is what it is called."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from clockpizza.evidence import Probe, logit_formulas
from clockpizza.evidence.logit_formulas import accompanying, clock, fve, pizza

Answering = Callable[[Tensor], Probe]


@pytest.fixture
def probe(answering: Answering) -> Probe:
    return answering(torch.zeros(59, 59, 59))


@pytest.mark.parametrize(("p", "k"), [(7, 3), (12, 5), (12, 6), (15, 5)])
def test_every_formula_is_the_papers(p: int, k: int, answering: Answering) -> None:
    probe, w = answering(torch.zeros(p, p, p)), 2 * math.pi * k / p
    found = [formula(probe, k).tolist() for formula in (clock, pizza, accompanying)]
    for a, b, c in itertools.product(range(p), repeat=3):
        wave = math.cos(w * (a + b - c))
        assert [formula[a][b][c] for formula in found] == pytest.approx(
            [wave, abs(math.cos(w * (a - b) / 2)) * wave, -2 * math.cos(w * (a - b)) * wave], abs=1e-12
        )


def test_a_formula_explains_itself_whatever_the_units(probe: Probe) -> None:
    for formula in (clock(probe, 17), pizza(probe, 17), accompanying(probe, 17)):
        assert fve(formula, formula) == pytest.approx(1)
        assert fve(30 * formula - 7, formula) == pytest.approx(1)
        assert fve(-formula, formula) == pytest.approx(-3)


def test_a_clock_explains_four_fifths_of_a_pizza(probe: Probe) -> None:
    """r = mean |cos| / rms |cos| = (2 / pi) sqrt 2, so FVE = 2 r - 1 = .80."""
    for k in (1, 17, 29):
        assert fve(pizza(probe, k), clock(probe, k)) == pytest.approx(4 * math.sqrt(2) / math.pi - 1, abs=0.001)
        assert fve(clock(probe, k), pizza(probe, k)) == pytest.approx(fve(pizza(probe, k), clock(probe, k)))


def test_a_clock_says_nothing_of_its_companion_nor_of_another_frequency(probe: Probe) -> None:
    assert fve(accompanying(probe, 17), clock(probe, 17)) == pytest.approx(-1, abs=1e-9)  # r = 0
    assert fve(clock(probe, 3), clock(probe, 17)) == pytest.approx(-1, abs=1e-9)


def test_it_is_one_less_the_variance_of_the_difference_of_z_scores() -> None:
    generator = torch.Generator().manual_seed(0)
    u, v = (torch.randn(5, 5, 5, generator=generator, dtype=torch.float64) for _ in range(2))
    z_u, z_v = ((x - x.mean()) / x.std(correction=0) for x in (u, v))
    assert fve(u, v) == pytest.approx(1 - float((z_u - z_v).var(correction=0)))


def test_constant_logits_are_not_explained(probe: Probe) -> None:
    assert fve(torch.ones(59, 59, 59), clock(probe, 3)) == 0


def test_a_pizzas_phase_moves_its_blind_spot(probe: Probe) -> None:
    """With a phase of w t / 2 the vectors cancel where a - b + t is what a - b was."""
    shifted = logit_formulas.pizza(probe, 17, phase=math.pi * 17 * 5 / 59)
    ratio = (shifted / clock(probe, 17))[..., 0].abs()
    plain = (pizza(probe, 17) / clock(probe, 17))[..., 0].abs()
    for a, b in ((0, 0), (10, 3), (4, 50)):
        assert float(ratio[a, b]) == pytest.approx(float(plain[(a + 5) % 59, b]))
