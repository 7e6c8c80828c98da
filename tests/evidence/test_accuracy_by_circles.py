"""Accuracy by circles: main circles, companions and both, in networks where theory says which are needed."""

from __future__ import annotations

import pytest

from clockpizza.evidence import Probe
from clockpizza.evidence.ablations import Ablations
from clockpizza.evidence.accuracy_by_circles import (
    AccuracyByCircles,
    accuracy_by_circles,
    circle_accuracies,
    with_frequencies,
)
from clockpizza.evidence.circle_grounds import measure_waves
from clockpizza.evidence.waves import waves
from clockpizza.networks.ideal import ideal
from clockpizza.roles import mains, names


def roles_of(probe: Probe) -> dict[int, str]:
    return names(mains(measure_waves(Ablations(probe, waves(probe))), probe.p))


def test_an_ideal_pizzas_main_circles_do_it_and_its_companions_do_not() -> None:
    probe = Probe(ideal("pizza").network)
    roles = roles_of(probe)
    assert {k for k, role in roles.items() if role == "main"} == {17, 3, 15}
    assert {k for k, role in roles.items() if role == "companion"} == {25, 6, 29}
    found = accuracy_by_circles(probe, roles)
    assert found.both == 1
    assert found.main_circles is not None and found.companions is not None
    assert found.main_circles > 0.9 > 0.4 > found.companions


def test_a_clock_has_no_companions() -> None:
    probe = Probe(ideal("clock").network)
    found = accuracy_by_circles(probe, roles_of(probe))
    assert (found.main_circles, found.companions, found.both) == (1, None, 1)


def test_networks_without_circles_have_none_of_the_accuracies() -> None:
    probe = Probe(ideal("clock").network)
    assert accuracy_by_circles(probe, {}) == AccuracyByCircles(None, None, None)


def test_one_circle_of_a_clock_is_enough_and_none_is_chance() -> None:
    probe = Probe(ideal("clock", p=13, frequencies=[5, 2]).network)
    found = circle_accuracies(probe, [5, 2])
    assert (found[5].alone, found[5].without, found[2].alone, found[2].without) == (1, 1, 1, 1)
    assert with_frequencies(probe, []) == pytest.approx(1 / 13)
