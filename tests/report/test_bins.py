"""Runs are gathered by what a sweep goes over: a value a bin, or ranges where there are many."""

from __future__ import annotations

from collections.abc import Callable

from clockpizza.report.bins import bins, going_over, ranges
from clockpizza.report.point import point
from clockpizza.store import Row

MakeRow = Callable[..., Row]


def test_a_grid_of_rates_has_a_bin_a_rate_and_drawn_ones_have_tenths() -> None:
    assert ranges([0, 0.05, 0.05, 0], "attention_rate") == {0: (0, 0), 0.05: (0.05, 0.05)}
    found = ranges([0.0, 0.31, 0.7, 1.0], "attention_rate")
    assert found == {0.0: (0, 0.1), 0.31: (0.3, 0.4), 0.7: (0.7, 0.8), 1.0: (0.9, 1)}


def test_many_widths_are_gathered_by_half_octaves() -> None:
    assert ranges([32, 64, 128], "width") == {32: (32, 32), 64: (64, 64), 128: (128, 128)}
    found = ranges(range(32, 512), "width")
    assert {found[each] for each in (32, 47)} == {(32, 48)}
    assert (found[48], found[64], found[128], found[500]) == ((48, 64), (64, 96), (128, 192), (384, 512))


def test_only_what_differs_is_gone_over(row: MakeRow) -> None:
    assert going_over([point(row("clock", 1.0, layers=n)) for n in (1, 2)]) == ["layers"]
    assert going_over([point(row("clock", n / 2, width=64 * (n + 1))) for n in (0, 1)]) == ["attention_rate", "width"]
    assert going_over([point(row("pizza", None, seed=n)) for n in (0, 1)]) == []


def test_a_bin_counts_its_runs(row: MakeRow) -> None:
    points = [point(row(verdict, 0.1)) for verdict in ("clock", "pizza", "pizza", "refused", "")]
    points += [point(row("clock", 0.2)), point(row("clock", 0.2))]
    first, second = bins(points, "attention_rate")
    assert (first.low, first.high, first.tally.runs, first.tally.refused, first.tally.unfinished) == (0.1, 0.1, 5, 1, 1)
    assert (first.tally.verdicts["pizza"].count, first.tally.verdicts["pizza"].total) == (2, 3)
    assert second.tally.verdicts["clock"].value == 1
