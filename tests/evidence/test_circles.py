"""Circles described: which there are, how large and round, in which components, and what each writes alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from clockpizza.evidence import Evidence, Probe
from clockpizza.evidence.circles import Circle, circles, step
from clockpizza.evidence.components import principal_components
from clockpizza.evidence.planes import planes
from clockpizza.evidence.waves import waves as waves_of
from clockpizza.frequency import double

Embedded = Callable[..., Probe]
Waves = Callable[..., Tensor]
Turned = Callable[[Tensor], Tensor]
Ideal = Callable[..., Evidence]


def measured(probe: Probe) -> dict[int, Circle]:
    """The circles of an embedding whose network does nothing that matters here."""
    halves = {name: principal_components(E) for name, E in probe.halves.items()}
    return {c.frequency: c for c in circles(probe, halves, planes(probe), waves_of(probe), [])}


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


def test_planes_with_a_hundredth_of_the_variance_are_circles(embedded: Embedded, waves: Waves, turned: Turned) -> None:
    E = torch.cat([2 * waves(13, 5), waves(13, 2, axes=(1.0, 0.4)), 0.05 * waves(13, 1)], dim=1)
    found = measured(embedded(turned(E)))
    assert set(found) == {5, 2}  # the last holds less
    assert (found[5].components, found[2].components) == ({"ab": [1, 2]}, {"ab": [3, 4]})
    assert (found[5].delta, found[2].delta, found[2].companion) == (5, 6, None)
    assert {c.role for c in found.values()} == {"idle"}


def test_a_line_has_no_components_of_its_own_to_be_isolated_in(embedded: Embedded, waves: Waves) -> None:
    found = measured(embedded(torch.cat([waves(13, 5), waves(13, 2)[:, :1]], dim=1)))
    assert (found[5].roundness, found[2].roundness) == (pytest.approx(1), pytest.approx(0, abs=1e-9))
    assert len(found[2].components["ab"]) == 1


def test_all_of_many_frequencies_are_told(embedded: Embedded, waves: Waves) -> None:
    probe = embedded(torch.cat([waves(31, k) for k in range(1, 16)], dim=1))
    assert sorted(measured(probe)) == list(range(1, 16))


def test_main_circles_write_and_companions_stand_at_twice_their_frequency(ideal_evidence: Ideal) -> None:
    found = {c.frequency: c for c in ideal_evidence("pizza", p=31, frequencies=(9, 2)).circles}
    assert {k: (c.role, c.companion) for k, c in found.items()} == {
        9: ("main", 13),
        2: ("main", 4),
        13: ("companion", None),
        4: ("companion", None),
    }
    assert (found[9].wave, found[2].wave) == (pytest.approx(0.5, abs=0.01),) * 2
    assert found[13].wave + found[4].wave < 1e-3
    assert list(found)[:2] == sorted((9, 2), key=lambda k: -found[k].wave)


def test_a_small_circle_at_work_is_told_and_a_large_one_that_is_not_is_idle(ideal_evidence: Ideal) -> None:
    found = {c.frequency: c for c in ideal_evidence("pizza", p=31, frequencies=(9, 2), radii=(1.0, 0.08)).circles}
    assert found[2].variance < 0.01 and found[2].role == "main"
    idle = ideal_evidence("idle-circles", p=31).circles
    assert {c.role for c in idle} == {"idle"} and sum(c.variance for c in idle) > 0.95


def test_a_companion_hides_a_pizza_in_the_full_logits(ideal_evidence: Ideal) -> None:
    for circle in ideal_evidence("pizza", p=31, frequencies=(9, 2)).circles[:2]:
        assert circle.law_full is not None and circle.law_full.pizza < 0.2


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


def test_attention_is_frozen_for_a_circle_alone_where_there_is_attention(ideal_evidence: Ideal) -> None:
    without = ideal_evidence("pizza", p=13, frequencies=(2, 5)).circles[0]
    uniform = ideal_evidence("pizza", p=13, frequencies=(2, 5), attention_rate=1.0).circles[0]
    assert without.isolated is not None and without.isolated.pizza_frozen is None
    # Uniform attention has no pattern to lose: frozen or not is all one.
    assert uniform.isolated is not None
    assert uniform.isolated.pizza_frozen == pytest.approx(uniform.isolated.pizza)
