"""The circle picture, read back from its characters."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from clockpizza.plots.circle import ROUND, circle

P = 59
SIZES = [(24, 12), (40, 20), (60, 30)]
DOT_BITS = {
    0x01: (0, 0),
    0x02: (0, 1),
    0x04: (0, 2),
    0x08: (1, 0),
    0x10: (1, 1),
    0x20: (1, 2),
    0x40: (0, 3),
    0x80: (1, 3),
}


def ring(p: int = P, frequency: int = 17) -> NDArray[np.float64]:
    angle = 2 * np.pi * frequency * np.arange(p) / p
    return np.column_stack([np.cos(angle), np.sin(angle)])  # (p, 2)


def noisy_ring(seed: int = 0) -> NDArray[np.float64]:
    return ring() + 0.02 * np.random.default_rng(seed).normal(size=(P, 2))


def cloud(p: int = P, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(p, 2))


def dots_of(text: Text) -> NDArray[np.int64]:
    """Dot coordinates from the top left, of every braille dot; (n, 2)."""
    return np.array(
        [
            (2 * column + x, 4 * row + y)
            for row, line in enumerate(text.plain.split("\n"))
            for column, character in enumerate(line)
            if 0x2800 <= ord(character) < 0x2900
            for bit, (x, y) in DOT_BITS.items()
            if (ord(character) - 0x2800) & bit
        ]
    )


def labels_of(text: Text) -> list[tuple[int, int, str]]:
    """Row, first column and characters of every label."""
    lines = enumerate(text.plain.split("\n"))
    return [(row, found.start(), found.group()) for row, line in lines for found in re.finditer(r"\w+", line)]


def colour_at(text: Text, row: int, column: int) -> str:
    offset = row * (len(text.plain.split("\n")[0]) + 1) + column
    return next(str(span.style) for span in text.spans if span.start <= offset < span.end)


@pytest.mark.parametrize("columns, rows", [*SIZES, (24, 30), (90, 12), (7, 5), (2, 1)])
def test_a_ring_is_round_and_in_the_middle(columns: int, rows: int) -> None:
    dots = dots_of(circle(ring(), columns=columns, rows=rows))
    low, high = dots.min(axis=0), dots.max(axis=0)
    width, height = high - low
    assert abs(width - height) <= 1
    assert np.abs((low + high) / 2 - (np.array([2 * columns, 4 * rows]) - 1) / 2).max() <= 1


@pytest.mark.parametrize("columns, rows", SIZES)
def test_every_dot_of_a_ring_lies_on_it(columns: int, rows: int) -> None:
    dots = dots_of(circle(ring(), columns=columns, rows=rows))
    low, high = dots.min(axis=0), dots.max(axis=0)
    radius = np.hypot(*(dots - (low + high) / 2).T)
    assert (
        np.abs(radius - (high - low).mean() / 2).max() <= 2
    )  # a mark of two by two dots reaches half a diagonal further


def test_an_ellipse_keeps_its_shape() -> None:
    dots = dots_of(circle(ring() * [2, 1], columns=60, rows=30))
    width, height = dots.max(axis=0) - dots.min(axis=0)
    assert width - 1 == pytest.approx(2 * (height - 1), abs=2)  # between the marks' middles


def test_up_is_up_and_right_is_right() -> None:
    lines = circle(np.array([[0, 0], [1, 0], [0, 1]]), columns=24, rows=12).plain.split("\n")
    places = {line[column]: (row, column) for row, line in enumerate(lines) for column in range(24)}
    assert places["1"][1] > places["0"][1]
    assert places["2"][0] < places["0"][0]


def test_each_token_has_a_mark_of_its_own_where_there_is_room() -> None:
    points = ring(12, 5)
    assert len(dots_of(circle(points, columns=40, rows=20))) == 12 * 4  # two by two
    assert len(dots_of(circle(ring(), columns=40, rows=20))) == P


@pytest.mark.parametrize("columns, rows", SIZES)
@pytest.mark.parametrize("points", [ring(), noisy_ring(), noisy_ring(1) * [1, 0.4], cloud()])
def test_labels_hide_nothing(points: NDArray[np.float64], columns: int, rows: int) -> None:
    named = circle(points, columns=columns, rows=rows)
    # The same frame with labels as wide as a space, so that only the dots are left.
    bare = circle(points, columns=columns, rows=rows, labels=[" " * len(str(t)) for t in range(P)])
    assert {tuple(dot) for dot in dots_of(named)} == {tuple(dot) for dot in dots_of(bare)}


@pytest.mark.parametrize("columns, rows", SIZES)
@pytest.mark.parametrize("points", [ring(), noisy_ring(), noisy_ring(1) * [1, 0.4], cloud()])
def test_labels_are_whole_and_named_once(points: NDArray[np.float64], columns: int, rows: int) -> None:
    names = [label for _, _, label in labels_of(circle(points, columns=columns, rows=rows))]
    assert names  # two labels that touch would read as one that is no token
    assert len(names) == len(set(names))
    assert set(names) <= {str(t) for t in range(P)}
    assert "0" in names


@pytest.mark.parametrize("columns, rows", SIZES)
@pytest.mark.parametrize("points", [ring(), noisy_ring()])
def test_labels_stand_outside_at_their_tokens_angle(points: NDArray[np.float64], columns: int, rows: int) -> None:
    text = circle(points, columns=columns, rows=rows)
    dots = dots_of(text)
    centre = (dots.min(axis=0) + dots.max(axis=0) + 1) / 2
    radius = (dots.max(axis=0) - dots.min(axis=0)).mean() / 2
    for row, column, name in labels_of(text):
        x, y = [2 * column + len(name), 4 * row + 2] - centre  # the label's middle
        true_x, true_y = points[int(name)]
        angle = np.arctan2(-y, x) - np.arctan2(true_y, true_x)
        off_angle = abs((angle + np.pi) % (2 * np.pi) - np.pi)
        assert np.hypot(x, y) > radius
        assert off_angle * radius <= 6, name  # dots along the ring: a row and a half


@pytest.mark.parametrize("columns, rows", SIZES)
def test_labels_are_every_nth_of_the_walk_round(columns: int, rows: int) -> None:
    names = {int(name) for _, _, name in labels_of(circle(noisy_ring(), columns=columns, rows=rows))}
    places = sorted(17 * t % P for t in names)  # token t stands at place 17 t
    gaps = set(np.diff(places).tolist())
    assert len(gaps) == 1
    assert places[0] == 0
    assert P - places[-1] >= gaps.pop()  # nor is the last nearer to token 0


def test_more_room_names_more_tokens_and_enough_room_all() -> None:
    counts = [len(labels_of(circle(ring(), columns=columns, rows=rows))) for columns, rows in [*SIZES, (80, 40)]]
    assert counts == sorted(counts)
    assert counts[0] >= 8
    assert counts[-1] == P


def test_own_labels() -> None:
    text = circle(ring(5, 1), columns=40, rows=20, labels=["zero", "one", "two", "three", "four"])
    assert {name for _, _, name in labels_of(text)} == {"zero", "one", "two", "three", "four"}


def test_colours_run_round_a_ring_and_are_scattered_over_a_cloud() -> None:
    def steps(text: Text, points: NDArray[np.float64]) -> list[int]:
        """Distances on the round of colours between labelled tokens that are neighbours in angle."""
        hues = {int(name): ROUND.index(colour_at(text, row, column)) for row, column, name in labels_of(text)}
        walk = sorted(hues, key=lambda t: np.arctan2(*points[t]))
        return [min((hues[a] - hues[b]) % 12, (hues[b] - hues[a]) % 12) for a, b in pairwise(walk)]

    assert max(steps(circle(ring(), columns=60, rows=30), ring())) <= 1
    assert max(steps(circle(ring() * [1, 0.4], columns=60, rows=30), ring())) <= 2
    assert np.mean(steps(circle(cloud(), columns=60, rows=30), cloud())) > 2


def test_a_dot_and_its_label_have_one_colour() -> None:
    text = circle(ring(7, 1), columns=40, rows=20)
    dots = dots_of(text)
    for row, column, _ in labels_of(text):
        x, y = dots[np.argmin(np.hypot(*(dots - [2 * column + 1, 4 * row + 2]).T))]
        assert colour_at(text, y // 4, x // 2) == colour_at(text, row, column)


def test_the_origin_is_marked_only_inside_the_frame_and_never_over_a_dot() -> None:
    lines = circle(ring(), columns=41, rows=21).plain.split("\n")
    assert lines[10][20] == "+"
    assert "+" not in circle(ring() + 100, columns=40, rows=20).plain
    assert "+" not in circle(np.zeros((P, 2)), columns=1, rows=1).plain


@pytest.mark.parametrize("braille", [True, False])
@pytest.mark.parametrize("columns", [1, 2, 3, 11, 12, 13, 24, 40, 200])
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 12, 50])
def test_it_fills_its_frame_and_no_more(columns: int, rows: int, braille: bool) -> None:
    for points in (ring(), cloud(), ring(3, 1), ring(113, 5)):
        lines = circle(points, columns=columns, rows=rows, braille=braille).plain.split("\n")
        assert [len(line) for line in lines] == [columns] * rows
        assert any(line.strip() for line in lines)


def test_an_empty_frame_is_empty() -> None:
    assert not circle(ring(), columns=0, rows=5)
    assert not circle(ring(), columns=5, rows=0)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("braille", [True, False])
@pytest.mark.parametrize("columns, rows", [(1, 1), (12, 4), *SIZES])
@pytest.mark.parametrize(
    "points",
    [
        np.zeros((P, 2)),
        np.full((3, 2), 7.5),
        ring() * [1, 0],
        ring() * [0, 1],
        ring() * 1e-300,
        ring() * 1e150,
        np.zeros((2, 2)),
        ring(3, 1),
        np.vstack([np.zeros((P - 1, 2)), [[1e6, 1e-6]]]),
    ],
)
def test_degenerate_tokens_are_drawn_all_the_same(
    points: NDArray[np.float64], columns: int, rows: int, braille: bool
) -> None:
    text = circle(points, columns=columns, rows=rows, braille=braille)
    lines = text.plain.split("\n")
    assert [len(line) for line in lines] == [columns] * rows
    assert text.plain.strip()


def test_tokens_in_one_place_are_one_dot_in_the_middle() -> None:
    dots = dots_of(circle(np.full((P, 2), 3.0), columns=20, rows=10))
    assert len(dots) == 1
    assert np.abs(dots[0] - [19.5, 19.5]).max() <= 0.5


def test_without_braille_it_is_ascii_and_still_round() -> None:
    text = circle(ring(), columns=40, rows=20, braille=False)
    assert text.plain.isascii()
    lines = text.plain.split("\n")
    marks = np.array([(c, r) for r, line in enumerate(lines) for c, mark in enumerate(line) if mark in "'.:"])
    width, height = marks.max(axis=0) - marks.min(axis=0) + 1
    assert abs(width - 2 * height) <= 2


def test_no_color_prints_the_same_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = circle(noisy_ring(), columns=40, rows=20)
    console = Console(force_terminal=True, width=40)
    with console.capture() as capture:
        console.print(text)
    written = capture.get()
    assert not re.search(r"\x1b\[[\d;]*[34]8;", written)
    assert re.sub(r"\x1b\[[\d;]*m", "", written) == text.plain + "\n"


def test_a_marked_token_is_reversed_and_labelled_though_not_all_fit() -> None:
    points = np.stack([np.cos(2 * np.pi * np.arange(59) / 59), np.sin(2 * np.pi * np.arange(59) / 59)], axis=1)
    marked = circle(points, columns=40, rows=14, marked=7)
    assert {"8", "6"} <= set(marked.plain.split())  # every second one fits
    reversed_cells = [marked.plain[span.start : span.end] for span in marked.spans if "reverse" in str(span.style)]
    assert "7" in reversed_cells and len(reversed_cells) == 2  # its label, and its dot
