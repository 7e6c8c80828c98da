"""Points on two axes, read back from their cells."""

from __future__ import annotations

from rich.color import Color

from clockpizza.plots.curves import Axis
from clockpizza.plots.marks import MARKS
from clockpizza.plots.scatter import Series, scatter

UNIT = Axis(0, 1)


def lines(*series: Series, x: Axis = UNIT, ascii: bool = False) -> list[str]:
    ticks = [x.low, x.high]
    return scatter(series, x, UNIT, ticks, title="title", columns=40, rows=12, ascii=ascii).plain.split("\n")


def test_points_stand_where_they_belong() -> None:
    drawn = lines(Series([0, 1], [0, 1], MARKS["clock"]), Series([0.5], [0.5], MARKS["pizza"]))
    assert drawn[0] == "title" and len(drawn) == 12 and max(map(len, drawn)) == 40
    top, bottom = drawn[2], drawn[9]
    assert top.startswith("  1┤") and top.endswith("●│") and bottom.startswith("  0┤●")
    (middle,) = [line for line in drawn if "▲" in line]
    assert abs(middle.index("▲") - (4 + 39) / 2) <= 1


def test_later_series_lie_over_earlier_ones() -> None:
    drawn = "".join(lines(Series([0.5], [0.5], MARKS["pizza"]), Series([0.5], [0.5], MARKS["clock"])))
    assert "●" in drawn and "▲" not in drawn


def test_a_logarithmic_axis_has_equal_room_for_equal_factors() -> None:
    (line,) = [
        each for each in lines(Series([1, 10, 100], [0.5] * 3, MARKS["clock"]), x=Axis(1, 100, True)) if "●" in each
    ]
    places = [i for i, character in enumerate(line) if character == "●"]
    assert abs((places[2] - places[1]) - (places[1] - places[0])) <= 1


def test_marks_have_their_colours_and_ascii_twins() -> None:
    text = scatter([Series([0.5], [0.5], MARKS["pizza"])], UNIT, UNIT, [], title="", columns=40, rows=12)
    (span,) = [span for span in text.spans if text.plain[span.start : span.end] == "▲"]
    assert not isinstance(span.style, str) and span.style.color == Color.parse("#e08a00")
    drawn = "\n".join(lines(Series([0.5], [0.5], MARKS["pizza"]), ascii=True))
    assert drawn.isascii() and "P" in drawn


def test_a_frame_without_room_is_empty() -> None:
    assert scatter([], UNIT, UNIT, [], title="", columns=10, rows=12).plain == ""
