"""Which circles are at work, told by what falls with which plane."""

from __future__ import annotations

import pytest

from clockpizza.frequency import halves
from clockpizza.grounds import Wave
from clockpizza.roles import are_circles, carried, explained, kept_planes, mains, names

P = 59


def wave(k: int, share: float, left: dict[int, float], *, both: float | None = None, double: float = 0.0) -> Wave:
    """A wave with what its plane leaves of itself and of others; of all that are not named, everything."""
    rest = [left.get(j, 1.0) for j in range(1, P // 2 + 1)]
    return Wave(k, share, share, [1.0] * P, None, None, None, rest, both, share, double)


def test_a_wave_that_falls_with_its_own_plane_alone_is_a_main_circles() -> None:
    (main,) = mains([wave(17, 0.9, {17: 0.02})], P)
    assert (main.frequency, main.own, main.others) == (17, pytest.approx(0.98), 0)


def test_a_lookup_has_no_circle_at_work_as_all_its_waves_fall_alike() -> None:
    every = {j: 0.0 for j in range(1, P // 2 + 1)}
    assert mains([wave(k, 1 / 29, every) for k in range(1, 30)], P) == []


def test_a_plane_that_takes_little_of_its_own_wave_is_at_no_work() -> None:
    assert mains([wave(17, 0.5, {17: 0.6}), wave(3, 0.4, {3: 0.0})], P)[0].frequency == 3


@pytest.mark.parametrize(("others", "at_work"), [(0.4, True), (0.6, False)])
def test_what_falls_besides_counts_against_it(others: float, at_work: bool) -> None:
    found = mains([wave(17, 0.5, {17: 0.0, 3: 1 - others}), wave(3, 0.5, {3: 0.0})], P)
    assert (17 in [main.frequency for main in found]) == at_work


def test_a_wave_without_a_plane_of_its_own_does_not_count_as_another() -> None:
    """A deeper network's circle 8 writes at 16, too: that both fall with it does not make it a table."""
    found = mains([wave(8, 0.5, {8: 0.0, 16: 0.06}), wave(16, 0.4, {16: 0.94}, both=0.0)], P)
    assert [(main.frequency, main.others) for main in found] == [(8, 0)]


def test_a_companion_changes_the_logits_and_is_no_main_circle() -> None:
    strong, weak = wave(17, 0.5, {17: 0.0}, double=0.1), wave(3, 0.4, {3: 0.0}, double=0.004)
    assert [main.companion for main in mains([strong, weak], P)] == [25, None]
    small = [wave(13, 0.9, {13: 0.0}), wave(21, 0.03, {21: 0.0}, double=0.004)]
    assert mains(small, P)[1].companion == 17  # it changes much of a small wave
    chain = [wave(5, 0.5, {5: 0.0}, double=0.4), wave(10, 0.4, {10: 0.0}, double=0.0)]
    assert [main.companion for main in mains(chain, P)] == [None, None]
    assert names(mains([strong], P)) == {17: "main", 25: "companion"}
    assert kept_planes(mains(chain, P), P) == [5, 10, 20]


def test_a_wave_that_goes_with_the_circle_at_half_its_frequency_is_that_circles() -> None:
    waves = [wave(8, 0.5, {8: 0.0}), wave(16, 0.4, {16: 0.94}, both=0.04)]
    (part,) = carried(waves, mains(waves, P), P)
    assert (part.frequency, part.carrier, part.part) == (16, 8, pytest.approx(0.96))
    assert explained(mains(waves, P), [part], waves) == pytest.approx(0.5 + 0.4 * 0.96)


def test_a_circle_keeps_its_own_part_of_a_wave_that_another_carries() -> None:
    waves = [wave(8, 0.5, {8: 0.0}), wave(16, 0.4, {16: 0.3}, both=0.1)]
    found = mains(waves, P)
    assert [main.frequency for main in found] == [8, 16]
    assert carried(waves, found, P)[0].part == pytest.approx(0.2)


def test_what_stays_when_both_planes_are_out_belongs_to_no_circle() -> None:
    waves = [wave(8, 0.5, {8: 0.0}), wave(16, 0.4, {16: 0.94}, both=0.94), wave(7, 0.1, {7: 1.0}, both=0.0)]
    assert [part.part for part in carried(waves, mains(waves, P), P)] == [pytest.approx(0.06)]


def test_circles_write_most_of_the_logits_and_are_enough_to_answer() -> None:
    enough, little = [wave(17, 0.7, {17: 0.0})], [wave(17, 0.6, {17: 0.0})]
    assert are_circles(enough, P, accuracy=1.0, kept_accuracy=0.95)
    assert not are_circles(enough, P, accuracy=1.0, kept_accuracy=0.89)
    assert not are_circles(little, P, accuracy=1.0, kept_accuracy=1.0)


@pytest.mark.parametrize(
    ("k", "p", "found"),
    [(16, 59, [8]), (17, 59, [21]), (1, 5, [2]), (4, 12, [2]), (6, 12, [3]), (2, 12, [1, 5]), (1, 12, []), (1, 3, [])],
)
def test_halves_are_the_frequencies_whose_double_it_is(k: int, p: int, found: list[int]) -> None:
    assert halves(k, p) == found
