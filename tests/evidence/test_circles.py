"""Circles: which there are, how round, what they write, and what they compute."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from clockpizza.config import LinearConfig, NetworkConfig
from clockpizza.evidence import Evidence, Probe
from clockpizza.evidence.circles import (
    MOST,
    Circle,
    circle_frequencies,
    circles,
    logit_power,
    step,
    without_frequency,
)
from clockpizza.evidence.components import principal_components
from clockpizza.frequency import double
from clockpizza.networks import Network

Embedded = Callable[..., Probe]
Waves = Callable[..., Tensor]
Turned = Callable[[Tensor], Tensor]
Ideal = Callable[..., Evidence]


def measured(probe: Probe) -> dict[int, Circle]:
    found = circles(probe, {name: principal_components(E) for name, E in probe.halves.items()})
    return {circle.frequency: circle for circle in found}


@pytest.mark.parametrize(("k", "p", "twice"), [(17, 59, 25), (3, 59, 6), (15, 59, 29), (21, 59, 17), (5, 12, 2)])
def test_a_companion_has_twice_the_frequency_folded_back(k: int, p: int, twice: int) -> None:
    assert double(k, p) == twice


@pytest.mark.parametrize(("k", "p"), [(6, 12), (4, 12), (5, 15), (1, 3)])
def test_half_and_a_third_of_p_have_no_companion_but_the_mean_and_themselves(k: int, p: int) -> None:
    assert double(k, p) == 0


@pytest.mark.parametrize(
    ("k", "p", "delta"), [(17, 59, 7), (3, 59, 20), (15, 59, 4), (29, 59, 2), (5, 12, 5), (3, 12, None), (6, 12, None)]
)
def test_delta_is_the_step_between_neighbours_where_the_circle_visits_every_token(
    k: int, p: int, delta: int | None
) -> None:
    assert step(k, p) == delta
    if delta is not None:
        assert k * delta % p in (1, p - 1)


@pytest.mark.parametrize("p", [12, 13])
def test_a_frequency_is_taken_out_and_everything_else_stays(p: int, waves: Waves, turned: Turned) -> None:
    both, rest = torch.cat([waves(p, 5), 2 * waves(p, 1)], 1), torch.cat([0 * waves(p, 5), 2 * waves(p, 1)], 1)
    torch.testing.assert_close(without_frequency(turned(both), 5), turned(rest))


def test_variance_roundness_and_components_are_those_of_the_ellipses(
    embedded: Embedded, waves: Waves, turned: Turned
) -> None:
    E = torch.cat([2 * waves(13, 5), waves(13, 2, axes=(1.0, 0.4)), 0.05 * waves(13, 1)], dim=1)
    found = measured(embedded(turned(E)))
    total = 8 + 1.16 + 2 * 0.05**2
    assert set(found) == {5, 2}  # the last holds less than a hundredth
    assert (found[5].variance, found[2].variance) == (pytest.approx(8 / total), pytest.approx(1.16 / total))
    assert (found[5].roundness, found[2].roundness) == (pytest.approx(1), pytest.approx(0.4))
    assert (found[5].components, found[2].components) == ({"ab": [1, 2]}, {"ab": [3, 4]})
    assert (found[5].delta, found[2].delta, found[2].companion) == (5, 6, None)


def test_a_line_is_no_circle(embedded: Embedded, waves: Waves) -> None:
    found = measured(embedded(torch.cat([waves(13, 5), waves(13, 2)[:, :1]], dim=1)))
    assert (found[5].roundness, found[2].roundness) == (pytest.approx(1), pytest.approx(0, abs=1e-9))
    assert (found[2].isolated, found[2].accuracy_alone) == (None, None)  # it has no plane to be isolated in


def test_half_of_an_even_modulus_is_as_round_as_it_can_be(embedded: Embedded, waves: Waves) -> None:
    found = measured(embedded(torch.cat([2 * waves(12, 1), waves(12, 6)[:, :1]], dim=1)))
    assert (found[6].roundness, found[6].components) == (1, {"ab": [3]})
    assert found[6].variance == pytest.approx(1 / (1 + 4))  # variance 1 of +-1, against 4 (cos^2 + sin^2)
    assert found[6].isolated is not None


def test_of_two_vocabularies_the_less_round_half_counts(embedded: Embedded, waves: Waves) -> None:
    found = measured(embedded(waves(13, 5), waves(13, 5, axes=(1.0, 0.6)).roll(2, 0)))
    assert found[5].roundness == pytest.approx(0.6)
    assert found[5].components == {"a": [1, 2], "b": [1, 2]}


def test_only_a_dozen_frequencies_are_examined_and_all_are_counted(embedded: Embedded, waves: Waves) -> None:
    probe = embedded(torch.cat([waves(31, k) for k in range(1, 16)], dim=1))
    assert sorted(circle_frequencies(probe)) == list(range(1, 16))
    power = logit_power(probe)
    assert list(measured(probe)) == sorted(range(1, 16), key=lambda k: -power[k])[:MOST]


def test_power_of_the_logits_is_shared_out_among_frequencies(
    random_network: Callable[[NetworkConfig], Network],
) -> None:
    power = logit_power(Probe(random_network(LinearConfig("delta", p=7, hidden=6))))
    assert (len(power), power[0], sum(power)) == (4, 0, pytest.approx(1))


def test_main_circles_write_and_companions_stand_at_twice_their_frequency(ideal_evidence: Ideal) -> None:
    found = {c.frequency: c for c in ideal_evidence("pizza", p=31, frequencies=(9, 2)).circles}
    assert {k: (c.role, c.companion) for k, c in found.items()} == {
        9: ("main", 13),
        2: ("main", 4),
        13: ("companion", None),
        4: ("companion", None),
    }
    assert (found[9].logit_share, found[2].logit_share) == (pytest.approx(0.5, abs=0.01),) * 2
    assert found[13].logit_share + found[4].logit_share < 1e-3


def test_a_circle_that_neither_writes_nor_accompanies_is_idle(embedded: Embedded, waves: Waves) -> None:
    probe = embedded(torch.cat([waves(13, 5), waves(13, 2)], dim=1))
    t = torch.arange(13, dtype=torch.float64)
    probe.logits = (2 * math.pi * 5 / 13 * (t[:, None, None] + t[:, None] - t)).cos()
    found = measured(probe)
    assert (found[5].role, found[5].logit_share, found[2].role) == ("main", pytest.approx(1), "idle")


def test_a_companion_hides_a_pizza_until_it_is_taken_out(ideal_evidence: Ideal) -> None:
    for circle in ideal_evidence("pizza", p=31, frequencies=(9, 2)).circles[:2]:
        assert circle.law.r2 < 0.5 and circle.law.cv < 0.12
        assert circle.law_without_companion.r2 > 0.99
        assert circle.pizza_share == pytest.approx(1, abs=0.01)


def test_attention_is_frozen_while_a_companion_is_out_where_there_is_attention(ideal_evidence: Ideal) -> None:
    without = ideal_evidence("pizza", p=13, frequencies=(2, 5)).circles[0]
    uniform = ideal_evidence("pizza", p=13, frequencies=(2, 5), attention_rate=1.0).circles[0]
    assert without.law_frozen is None and without.isolated is not None and without.isolated.pizza_frozen is None
    assert uniform.law_frozen is not None and uniform.isolated is not None
    # Uniform attention has no pattern to lose: frozen or not is all one.
    assert uniform.law_frozen.b1 == pytest.approx(uniform.law_without_companion.b1)
    assert uniform.isolated.pizza_frozen == pytest.approx(uniform.isolated.pizza)


def test_alone_a_circle_writes_its_own_formula(ideal_evidence: Ideal) -> None:
    pizza = ideal_evidence("pizza", p=31, frequencies=(9, 2))
    for circle in pizza.circles[:2]:
        assert circle.isolated is not None and circle.isolated.accompanying is None
        assert circle.isolated.pizza > 0.99
        assert circle.isolated.clock == pytest.approx(0.80, abs=0.01)
    for companion in pizza.circles[2:]:
        assert companion.isolated is not None and companion.isolated.accompanying is not None
        assert companion.isolated.accompanying > 0.99
    for circle in ideal_evidence("clock", p=31, frequencies=(9, 2)).circles:
        assert circle.isolated is not None
        assert circle.isolated.clock > 0.99
        assert circle.isolated.pizza == pytest.approx(0.80, abs=0.01)


@pytest.mark.parametrize(("p", "frequencies"), [(15, (5, 1)), (12, (4, 1, 3)), (12, (6, 1, 5))])
@pytest.mark.parametrize(("kind", "share"), [("clock", 0), ("pizza", 1)])
def test_circles_at_half_and_a_third_of_p_are_judged_with_all_of_their_embedding(
    kind: str, share: float, p: int, frequencies: tuple[int, ...], ideal_evidence: Ideal
) -> None:
    main = [c for c in ideal_evidence(kind, p=p, frequencies=frequencies).circles if c.role == "main"]
    assert {c.frequency for c in main} == set(frequencies)
    assert [c.pizza_share for c in main] == [pytest.approx(share, abs=0.02)] * len(main)
    assert all(c.companion is None for c in main if p % c.frequency == 0 and p // c.frequency in (2, 3))
