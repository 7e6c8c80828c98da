"""The p x p picture and its legend, read back from their characters and colours."""

from __future__ import annotations

import numpy as np
import pytest
from rich.color import Color, ColorSystem
from rich.console import Console
from rich.style import Style
from rich.text import Text

from clockpizza.plots.picture import RAMP, VIRIDIS, legend, picture


def pixels_of(text: Text) -> list[list[int | None]]:
    """The level of every pixel, two rows a line, None where nothing is drawn."""
    lines = text.plain.split("\n")
    styles = [Style()] * len(text.plain)
    for span in text.spans:
        assert isinstance(span.style, Style)
        styles[span.start : span.end] = [span.style] * (span.end - span.start)
    rows: list[list[int | None]] = []
    offset = 0
    for line in lines:
        upper: list[int | None] = []
        lower: list[int | None] = []
        for character in line:
            fore, back = level(styles[offset].color), level(styles[offset].bgcolor)
            top, bottom = {" ": (None, None), "█": (fore, fore), "▀": (fore, back), "▄": (back, fore)}[character]
            upper.append(top)
            lower.append(bottom)
            offset += 1
        offset += 1  # the line end
        rows += [upper, lower]
    return rows


def level(color: Color | None) -> int | None:
    return None if color is None else VIRIDIS.index(color.name)


def lightness(color: Color) -> float:
    rgb = (np.array(color.get_truecolor()) / 255) ** 2.2
    return float(rgb @ [0.2126, 0.7152, 0.0722])


def test_one_value_a_pixel_first_row_at_the_top() -> None:
    values = np.array([[0, 15], [5, 10]])
    assert pixels_of(picture(values, columns=2, rows=1)) == [[0, 15], [5, 10]]


def test_levels_are_equal_parts_of_the_range() -> None:
    values = np.linspace(-2, 3, 161)[None]  # ten values a level, and the highest
    row = pixels_of(picture(values, columns=161, rows=1))[0]
    assert row == [min(i // 10, 15) for i in range(161)]


def test_an_odd_last_row_leaves_its_lower_half_blank() -> None:
    values = np.array([[0.0], [1.0], [1.0]])
    text = picture(values, columns=1, rows=2)
    assert text.plain == "▀\n▀"
    assert pixels_of(text) == [[0], [15], [15], [None]]


def test_a_modular_addition_table_comes_out_whole() -> None:
    a, b = np.ogrid[:59, :59]
    values = np.cos(2 * np.pi * 17 * (a + b) / 59)
    drawn = np.array(pixels_of(picture(values, columns=59, rows=30))[:59])
    part = (values - values.min()) / np.ptp(values)
    np.testing.assert_array_equal(drawn, np.minimum((part * 16).astype(int), 15))


def test_too_large_is_averaged_over_square_blocks() -> None:
    values = np.array([[0, 4, 8, 8], [4, 8, 8, 8], [16, 16, 0, 0], [16, 16, 0, 16]])
    assert pixels_of(picture(values, columns=2, rows=1)) == [[4, 8], [15, 4]]


def test_blocks_at_the_edge_average_what_there_is() -> None:
    values = np.array([[0, 0, 16], [0, 0, 8], [8, 16, 4]])
    assert pixels_of(picture(values, columns=2, rows=1)) == [[0, 12], [12, 4]]


@pytest.mark.parametrize("n, m, columns, rows", [(4, 8, 4, 9), (8, 4, 9, 2), (59, 59, 58, 30), (59, 59, 59, 29)])
def test_either_side_too_large_shrinks_both(n: int, m: int, columns: int, rows: int) -> None:
    lines = picture(np.ones((n, m)), columns=columns, rows=rows).plain.split("\n")
    assert len(lines[0]) == -(-m // 2)
    assert len(lines) == -(-n // 4)


def test_room_to_spare_repeats_by_whole_numbers_only() -> None:
    values = np.array([[0, 1], [1, 0]])
    assert pixels_of(picture(values, columns=7, rows=3)) == [
        *[[0, 0, 0, 15, 15, 15]] * 3,
        *[[15, 15, 15, 0, 0, 0]] * 3,
    ]
    assert len(picture(np.ones((59, 59)), columns=117, rows=59).plain.split("\n")[0]) == 59


def test_missing_pixels_are_blank_and_do_not_set_the_range() -> None:
    values = np.array([[0, 99, 1, -99], [0, 1, np.nan, np.inf]])
    missing = np.zeros((2, 4), dtype=bool)
    missing[0, [1, 3]] = True
    text = picture(values, columns=4, rows=1, missing=missing)
    assert pixels_of(text) == [[0, None, 15, None], [0, 15, None, None]]
    assert text.plain == "█▄▀ "


def test_missing_values_do_not_count_in_a_block() -> None:
    values = np.array([[np.nan, 8, 0, 16], [8, 99, 0, 16], [np.nan] * 4, [np.nan] * 4])
    drawn = picture(values, columns=2, rows=1, missing=values == 99)
    assert pixels_of(drawn) == [[8, 8], [None, None]]


def test_the_callers_arrays_are_left_alone() -> None:
    values, missing = np.array([[0.0, np.nan]]), np.array([[True, False]])
    picture(values, columns=2, rows=1, missing=missing)
    assert np.isnan(values[0, 1]) and values[0, 0] == 0
    assert missing.tolist() == [[True, False]]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("color", [True, False])
def test_nothing_to_show(color: bool) -> None:
    assert not picture(np.ones((3, 3)), columns=0, rows=3, color=color)
    assert not picture(np.ones((0, 3)), columns=3, rows=3, color=color)
    assert picture(np.full((2, 2), np.nan), columns=2, rows=1, color=color).plain == "  "


def test_equal_values_are_one_colour_in_the_middle() -> None:
    assert pixels_of(picture(np.full((2, 3), 7.0), columns=3, rows=1)) == [[8, 8, 8], [8, 8, 8]]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("color", [True, False])
@pytest.mark.parametrize("columns", [1, 2, 7, 30, 59, 60, 200])
@pytest.mark.parametrize("rows", [1, 2, 7, 15, 30, 100])
def test_it_stays_in_its_frame(columns: int, rows: int, color: bool) -> None:
    rng = np.random.default_rng(0)
    for n, m in [(1, 1), (59, 59), (113, 7), (3, 250)]:
        lines = picture(rng.random((n, m)), columns=columns, rows=rows, color=color).plain.split("\n")
        assert len(lines) <= rows
        assert len({len(line) for line in lines}) == 1
        assert len(lines[0]) <= columns


def test_runs_of_one_style_are_one_span() -> None:
    values = np.repeat([[0.0, 1.0]], 10, axis=1).repeat(4, axis=0)  # two runs of ten a row
    text = picture(values, columns=20, rows=2)
    assert [(span.start, span.end) for span in text.spans] == [(0, 10), (10, 20), (21, 31), (31, 41)]


def test_without_colour_a_character_is_the_mean_of_two_pixels() -> None:
    values = np.array([[0, 8, 0, 10], [0, 8, 10, 10]])
    text = picture(values, columns=4, rows=1, color=False)
    assert text.plain == " %+@"
    assert not text.spans


def test_without_colour_missing_is_blank_and_half_missing_is_the_other_half() -> None:
    values = np.array([[10, np.nan, np.nan], [0, 10, np.nan]])
    assert picture(values, columns=3, rows=1, color=False).plain == "+@ "


def test_colours_are_ordered_in_lightness_and_stay_so_in_256_colours() -> None:
    colours = [Color.parse(name) for name in VIRIDIS]
    assert np.all(np.diff([lightness(colour) for colour in colours]) > 0)
    nearest = [colour.downgrade(ColorSystem.EIGHT_BIT) for colour in colours]
    assert np.all(np.diff([lightness(colour) for colour in nearest]) >= 0)
    assert len({colour.number for colour in nearest}) >= 10


def test_legend_shows_the_ramp_between_its_values() -> None:
    coloured = legend(-1.25, 30, color=True)
    assert coloured.plain == "-1.25 " + "█" * 16 + " 30"
    assert [str(span.style) for span in coloured.spans] == list(VIRIDIS)
    narrow = legend(-1.25, 30, color=True, columns=15)
    assert narrow.plain == "-1.25 " + "█" * 6 + " 30"
    assert [str(span.style) for span in narrow.spans] == [VIRIDIS[i] for i in (0, 3, 6, 9, 12, 15)]
    plain = legend(0.000123456, 1, color=False)
    assert plain.plain == f"0.000123 |{RAMP}| 1"
    assert not plain.spans


@pytest.mark.parametrize("width", [15, 20, 50])
def test_a_panel_of_another_width_neither_wraps_nor_moves_lines(width: int) -> None:
    values = np.random.default_rng(0).random((8, 20))
    values[:2, 12:] = np.nan  # a line that ends in blanks must not be centred by itself
    text = picture(values, columns=20, rows=4)
    console = Console()
    lines = console.render_lines(text, console.options.update(width=width, justify="center"))
    shown = ["".join(segment.text for segment in line).rstrip() for line in lines]
    assert shown == [line[:width].rstrip() for line in text.plain.split("\n")]
