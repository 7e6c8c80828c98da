"""Curves over epochs: several lines on one pair of axes, linear or logarithmic, with a cursor that stands at an epoch.

In braille of our own, as the circles are: a line costs a quarter of a millisecond, so that a dozen may lie over each
other in a live display, and each keeps its colour. (A line of plotext's costs 11 ms, whatever its length.)

Lengths are in dots: a braille cell is two dots wide and four high; in ASCII a cell is one dot. Rows count downwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from clockpizza.plots.circle import BRAILLE, BRAILLE_BITS

Array = NDArray[np.float64]

RULER = 8  # cells that the numbers beside the y axis take, the axis included
GAP = 3  # dots of a dotted line from one to the next
EMPTY = -1  # the line that a cell without any belongs to


@dataclass(frozen=True)
class Line:
    """One line. x: rising; y: of the same length, not drawn where it is not finite. mark: its character in ASCII."""

    x: Array
    y: Array
    colour: str
    dotted: bool = False
    mark: str = "*"


@dataclass(frozen=True)
class Axis:
    """What part of an axis is shown, from `low` to `high`. On a logarithmic one both are above 0."""

    low: float
    high: float
    log: bool = False

    def place(self, values: Array) -> Array:
        """Where values lie: 0 at the low end, 1 at the high one; NaN for what a logarithm has no place for."""
        low, high = self.scale(self.low), self.scale(self.high)
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.where(values > 0, np.log10(values), np.nan) if self.log else values
        return (scaled - low) / ((high - low) or 1.0)

    def scale(self, value: float) -> float:
        """A value, or its logarithm."""
        return math.log10(max(value, 1e-300)) if self.log else value

    def value(self, place: float) -> float:
        """The value at a place between 0 and 1."""
        low, high = self.scale(self.low), self.scale(self.high)
        at = low + place * (high - low)
        return 10.0**at if self.log else at

    def ticks(self, most: int) -> list[float]:
        """Round values on it, `most` at most: 1, 2 and 5 times powers of ten; on a logarithmic one powers of ten."""
        if self.log:
            first, last = math.ceil(self.scale(self.low) - 1e-9), math.floor(self.scale(self.high) + 1e-9)
            if last - first >= 1:
                step = max(1, math.ceil((last - first + 1) / max(1, most)))
                return [10.0**e for e in range(first, last + 1, step)]
        span = self.high - self.low
        if not span > 0:
            return [self.low]
        rough = span / max(1, most)
        power = 10.0 ** math.floor(math.log10(rough))
        size = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * (1 - 1e-9))
        first = math.ceil(self.low / size - 1e-9)
        return [size * i for i in range(first, math.floor(self.high / size + 1e-9) + 1)]


def span(parts: Sequence[Array], *, log: bool, margin: float = 0.04) -> Axis:
    """The axis that shows all finite values of `parts` (those above 0, if logarithmic), with a margin at both ends."""
    whole = np.concatenate([np.empty(0), *parts])
    whole = whole[np.isfinite(whole) & ((whole > 0) | (not log))]
    if not whole.size:
        return Axis(1.0, 10.0, True) if log else Axis(0.0, 1.0)
    low, high = float(whole.min()), float(whole.max())
    if log:
        pad = max(0.02, margin * math.log10(high / low))
        return Axis(low / 10**pad, high * 10**pad, True)
    pad = margin * (high - low) if high > low else abs(high) * 0.1 or 0.5
    return Axis(low - pad, high + pad)


def smooth(y: Array, window: int) -> Array:
    """The running mean over `window` neighbours, fewer at the ends; what is not finite is left out of it."""
    if window <= 1 or not y.size:
        return y
    known = np.isfinite(y)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, y, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    at = np.arange(len(y))
    first, last = np.maximum(0, at - window // 2), np.minimum(len(y), at + window // 2 + 1)
    number = counts[last] - counts[first]
    return np.where(number > 0, (sums[last] - sums[first]) / np.maximum(number, 1), np.nan)


def curves(
    lines: Sequence[Line],
    x: Axis,
    y: Axis,
    *,
    columns: int,
    rows: int,
    cursor: float | None = None,
    braille: bool = True,
    dim: str = "dim",
) -> Text:
    """Draw lines, later ones over earlier ones, with rulers at the left and below.

    Args:
        columns, rows: the frame in cells, rulers included; one that leaves no room for a line is left empty.
        cursor: an x at which a vertical line stands.
        dim: the style of rulers and cursor.

    Returns:
        `rows` lines of `columns` cells.
    """
    width, height = columns - RULER, rows - 1
    if width < 4 or height < 2:
        return Text()
    size = (2, 4) if braille else (1, 1)
    grid = np.full((height, width), " ")
    owner = np.full((height, width), EMPTY)
    at = None if cursor is None else float(x.place(np.array([cursor]))[0])
    if at is not None and 0 <= at <= 1:
        grid[:, min(width - 1, int(at * width))] = "│" if braille else "|"
    bits = np.zeros((height, width), dtype=int)
    for number, line in enumerate(lines):
        dots = _dots(x.place(line.x), y.place(line.y), width * size[0], height * size[1], line.dotted)
        if not braille:
            grid[dots], owner[dots] = line.mark, number
            continue
        cells = dots.reshape(height, 4, width, 2).transpose(0, 2, 1, 3)  # (height, width, 4, 2)
        own = (cells * BRAILLE_BITS).sum(axis=(2, 3))
        bits |= own
        owner[own > 0] = number
    if braille:
        grid = np.where(bits > 0, (BRAILLE + bits).astype(np.uint32).view("U1"), grid)
    return _with_rulers(grid, owner, [line.colour for line in lines], x, y, dim)


def _dots(x: Array, y: Array, width: int, height: int, dotted: bool) -> NDArray[np.bool_]:
    """Which dots of a frame a line covers, by the places of its points; (height, width)."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known] * width - 0.5, (1 - y[known]) * (height - 1)
    frame = np.zeros((height, width), dtype=bool)
    if not x.size:
        return frame
    columns = np.arange(width)
    inside = (columns >= x[0] - 0.5) & (columns <= x[-1] + 0.5)
    low = np.where(inside, np.interp(columns, x, y), np.inf)
    high = np.where(inside, np.interp(columns, x, y), -np.inf)
    here = (x >= -0.5) & (x < width - 0.5)
    column = np.rint(x[here]).astype(int).clip(0, width - 1)
    np.minimum.at(low, column, y[here])
    np.maximum.at(high, column, y[here])
    # Steep parts are closed: a column reaches halfway to the one before it and to the one after.
    tops, bottoms = low.copy(), high.copy()
    for own, beside in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
        known = np.isfinite(tops[own]) & np.isfinite(tops[beside])
        rise, fall = known & (bottoms[beside] < tops[own]), known & (tops[beside] > bottoms[own])
        low[own][rise] = (bottoms[beside][rise] + tops[own][rise]) / 2
        high[own][fall] = (tops[beside][fall] + bottoms[own][fall]) / 2
    first = np.rint(np.nan_to_num(low, posinf=height + 1).clip(-1, height + 1))
    last = np.rint(np.nan_to_num(high, neginf=-2).clip(-2, height + 1))
    row = np.arange(height)[:, None]
    frame = (row >= first) & (row <= last)
    if dotted:
        frame &= (row + columns) % GAP == 0
    return frame


def _with_rulers(
    grid: NDArray[np.str_], owner: NDArray[np.int64], colours: Sequence[str], x: Axis, y: Axis, dim: str
) -> Text:
    height, width = grid.shape
    marks = {
        min(height - 1, max(0, round((1 - float(place)) * (height - 1)))): value
        for value in y.ticks(max(2, height // 3))
        if 0 <= (place := y.place(np.array([value]))[0]) <= 1
    }
    text = Text(no_wrap=True, overflow="crop")
    for row in range(height):
        name = f"{number(marks[row]):>{RULER - 1}} " if row in marks else " " * RULER
        text.append(name, dim)
        start = 0
        cells = owner[row]
        for end in [*np.flatnonzero(np.diff(cells)) + 1, width]:
            text.append("".join(grid[row, start:end]), dim if cells[start] == EMPTY else colours[cells[start]])
            start = end
        text.append("\n")
    ruler = [" "] * (RULER + width)
    free = 0
    for value in x.ticks(max(2, width // 10)):
        name = number(value)
        place = float(x.place(np.array([value]))[0])
        at = RULER + min(width - len(name), max(0, round(place * width - len(name) / 2)))
        if 0 <= place <= 1 and at >= free:
            ruler[at : at + len(name)] = name
            free = at + len(name) + 1
    return text.append("".join(ruler), dim)


def number(value: float) -> str:
    """A tick's value, short: 0.25, 1,000, 20k, 1e-07."""
    if value == 0 or abs(value) < 1e-12:
        return "0"
    if abs(value) >= 1e6 and value % 1e5 == 0:
        return f"{value / 1e6:g}M"
    if abs(value) >= 1e4 and value % 100 == 0:
        return f"{value / 1e3:g}k"
    if abs(value) >= 1e3:
        return f"{value:,.0f}"
    return f"{value:.3g}"
