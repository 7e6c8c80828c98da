"""Which frequencies are main circles and companions, when they are born, and what main circles do not see."""

from __future__ import annotations

import numpy as np
import pytest

from clockpizza.experiments.roles import Roles, blind_spots, born, roles
from clockpizza.timeline import Timeline


def history(embedding: list[list[float]], logits: list[list[float]] | None = None, p: int = 13) -> Timeline:
    """A run with these shares at the frequencies 1 .. p//2 in snapshots at epochs 0, 10, 20 and so on."""
    power = np.array(embedding)
    return Timeline(
        p=p,
        epochs=np.arange(0.0, 10.0 * len(power), 10.0),
        measures={},
        embedding_power=power,
        logit_power=power if logits is None else np.array(logits),
        frames=[],
        metrics={},
    )


def test_main_circles_write_logits_and_companions_are_their_doubles() -> None:
    found = roles(history([[0.4, 0.1, 0.4, 0.1, 0, 0]], [[0.3, 0, 0.7, 0, 0, 0]]))
    assert found == Roles(13, main=(3, 1), companions=(6, 2))  # 6 holds nothing, and is one all the same
    assert found.others == (4, 5)
    assert found.pairs() == [(3, 6), (1, 2)]


def test_a_double_that_is_a_main_circle_itself_is_no_companion() -> None:
    found = roles(history([[0.5, 0.5, 0, 0, 0, 0]]))
    assert (found.main, found.companions, found.pairs(), found.doubled) == ((1, 2), (4,), [(2, 4)], (1,))


def test_a_third_of_p_is_its_own_double_and_has_no_companion() -> None:
    assert roles(history([[0, 0, 1, 0]], p=9)).companions == ()


def test_a_circle_is_born_where_it_exceeds_one_and_a_half_even_shares_until_its_peak() -> None:
    even = 1 / 6
    shares = [even, 1.6 * even, 1.4 * even, 1.5 * even, 2 * even, 0.1 * even]
    found = history([[share, *[(1 - share) / 5] * 5] for share in shares])
    assert born(found, 1) == 30  # not at 10, from which it fell back; that it is pruned later does not matter
    assert born(found, 2) is None


def test_a_pizza_does_not_see_pairs_half_way_round_its_circle() -> None:
    blind = blind_spots((1,), np.full(29, 1 / 29), 59)
    assert np.flatnonzero(blind).tolist() == [27, 28, 29, 30, 31, 32]  # |cos(pi d / 59)| is least around 59 / 2
    of_three = blind_spots((3,), np.full(29, 1 / 29), 59)
    assert {3 * d % 59 for d in np.flatnonzero(of_three)} == {27, 28, 29, 30, 31, 32}


@pytest.mark.parametrize("p", [12, 13])
def test_strong_circles_count_for_more(p: int) -> None:
    power = np.zeros(p // 2)
    power[[0, 1]] = [1, 1e-6]
    assert (blind_spots((1, 2), power, p) == blind_spots((1,), power, p)).all()
