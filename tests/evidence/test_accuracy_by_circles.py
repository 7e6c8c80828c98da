"""Accuracy by circles: main circles, companions and both, in networks where theory says which are needed."""

from __future__ import annotations

import pytest
import torch

from clockpizza.evidence import Probe
from clockpizza.evidence.accuracy_by_circles import (
    AccuracyByCircles,
    accuracy_by_circles,
    circle_accuracies,
    only,
    with_frequencies,
)
from clockpizza.evidence.circles import circle_roles
from clockpizza.networks.ideal import ideal


def test_an_ideal_pizzas_main_circles_do_it_and_its_companions_do_not() -> None:
    probe = Probe(ideal("pizza").network)
    roles = circle_roles(probe)
    assert {k for k, role in roles.items() if role == "main"} == {17, 3, 15}
    assert {k for k, role in roles.items() if role == "companion"} == {25, 6, 29}
    found = accuracy_by_circles(probe, roles)
    assert found.both == 1
    assert found.main_circles is not None and found.companions is not None
    assert found.main_circles > 0.9 > 0.4 > found.companions


def test_a_clock_has_no_companions() -> None:
    probe = Probe(ideal("clock").network)
    found = accuracy_by_circles(probe, circle_roles(probe))
    assert (found.main_circles, found.companions, found.both) == (1, None, 1)


def test_networks_without_circles_have_none_of_the_accuracies() -> None:
    probe = Probe(ideal("clock").network)
    assert accuracy_by_circles(probe, {}) == AccuracyByCircles(None, None, None)


def test_one_circle_of_a_clock_is_enough_and_none_is_chance() -> None:
    probe = Probe(ideal("clock", p=13, frequencies=[5, 2]).network)
    found = circle_accuracies(probe, [5, 2])
    assert (found[5].alone, found[5].without, found[2].alone, found[2].without) == (1, 1, 1, 1)
    assert with_frequencies(probe, []) == pytest.approx(1 / 13)


@pytest.mark.parametrize("p", [12, 13])
def test_only_the_mean_and_the_wanted_frequencies_are_left(p: int) -> None:
    E = torch.randn(p, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    kept = torch.fft.rfft(only(E, [2, p // 2]), dim=0)
    whole = torch.fft.rfft(E, dim=0)
    assert torch.allclose(kept[[0, 2, p // 2]], whole[[0, 2, p // 2]])
    assert float(kept[[1, 3, 4]].abs().max()) < 1e-12
    assert torch.allclose(only(E, range(1, p // 2 + 1)), E)
