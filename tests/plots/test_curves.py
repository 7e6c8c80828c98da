"""Curves in a terminal: where points land, and what stands beside the axes."""

from __future__ import annotations

import numpy as np
import pytest

from clockpizza.plots.circle import BRAILLE
from clockpizza.plots.curves import RULER, Axis, Line, curves, number, smooth, span


def plot(line: Line, x: Axis, y: Axis, columns: int = RULER + 20, rows: int = 11, **more: object) -> list[str]:
    return curves([line], x, y, columns=columns, rows=rows, **more).plain.split("\n")  # type: ignore[arg-type]


def ramp() -> Line:
    return Line(np.array([0.0, 10.0]), np.array([0.0, 10.0]), "red")


def test_a_line_runs_from_corner_to_corner() -> None:
    lines = plot(ramp(), Axis(0, 10), Axis(0, 10), braille=False)
    assert len(lines) == 11 and all(len(line) == RULER + 20 for line in lines)
    assert lines[0].endswith("*") and lines[9][RULER] == "*"
    columns = [line.index("*") for line in lines[:10]]
    assert columns == sorted(columns, reverse=True)


def test_braille_has_eight_dots_a_cell() -> None:
    lines = plot(ramp(), Axis(0, 10), Axis(0, 10))
    inked = [character for line in lines[:10] for character in line[RULER:] if character != " "]
    assert all(BRAILLE < ord(character) < BRAILLE + 256 for character in inked)
    assert sum(bin(ord(character) - BRAILLE).count("1") for character in inked) >= 40  # one in each of 40 columns


def test_each_line_keeps_its_colour_and_later_ones_lie_over_earlier_ones() -> None:
    flat = np.array([5.0, 5.0])
    ends = np.array([0.0, 10.0])
    text = curves([Line(ends, flat, "red"), Line(ends, flat, "blue")], Axis(0, 10), Axis(0, 10), columns=28, rows=11)
    assert {str(span.style) for span in text.spans} == {"dim", "blue"}


def test_steep_parts_are_closed() -> None:
    step = Line(np.array([0.0, 4.9, 5.0, 10.0]), np.array([0.0, 0.0, 10.0, 10.0]), "red")
    lines = plot(step, Axis(0, 10), Axis(0, 10), braille=False)
    assert all("*" in line for line in lines[:10])


def test_what_is_not_finite_and_what_has_no_logarithm_is_left_out() -> None:
    line = Line(np.array([0.0, 1.0, 10.0, 100.0]), np.array([1.0, np.nan, 0.0, 1.0]), "red")
    lines = plot(line, Axis(1, 100, True), Axis(0.1, 10, True), braille=False)
    assert sum(row.count("*") for row in lines[:10]) == 1  # epoch 100 alone
    assert curves([Line(np.empty(0), np.empty(0), "red")], Axis(0, 1), Axis(0, 1), columns=30, rows=8).plain.strip()


def test_the_cursor_stands_at_its_epoch() -> None:
    lines = plot(Line(np.array([0.0]), np.array([0.0]), "red"), Axis(0, 10), Axis(0, 10), cursor=5.0, braille=False)
    assert {line.index("|") for line in lines[:9]} == {RULER + 10}


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis(0, 6000), [0, 2000, 4000, 6000]),
        (Axis(0, 1), [0, 0.5, 1.0]),
        (Axis(1, 6000, True), [1, 10, 100, 1000]),
        (Axis(1e-8, 10, True), [1e-8, 1e-5, 1e-2, 10]),
        (Axis(5, 5), [5]),
    ],
)
def test_ticks_are_round(axis: Axis, ticks: list[float]) -> None:
    assert axis.ticks(4) == pytest.approx(ticks)


def test_numbers_beside_the_axes_are_short() -> None:
    assert [number(value) for value in (0, 0.25, 1e-7, 2000, 20000, 1.5e6)] == [
        *("0", "0.25", "1e-07"),
        *("2,000", "20k", "1.5M"),
    ]


def test_a_span_holds_what_is_finite() -> None:
    axis = span([np.array([1.0, np.nan, 3.0]), np.array([np.inf])], log=False)
    assert axis.low < 1 < 3 < axis.high
    axis = span([np.array([0.0, 1e-3, 10.0])], log=True)
    assert 0 < axis.low < 1e-3 and axis.high > 10
    assert span([], log=True) == Axis(1.0, 10.0, True)


def test_smoothing_is_the_mean_of_neighbours() -> None:
    y = np.array([0.0, 3.0, np.nan, 6.0, 9.0])
    assert smooth(y, 3) == pytest.approx([1.5, 1.5, 4.5, 7.5, 7.5])
    assert smooth(y, 1) is y


def test_a_frame_without_room_is_left_empty() -> None:
    assert curves([ramp()], Axis(0, 1), Axis(0, 1), columns=RULER + 3, rows=10).plain == ""
    assert curves([ramp()], Axis(0, 1), Axis(0, 1), columns=40, rows=2).plain == ""
