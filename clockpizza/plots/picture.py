"""The p x p picture: one number a pixel, two square pixels a cell, in half blocks or in ASCII.

Sixteen colours are enough to see a pattern, and they keep runs of equal cells long: over SSH a picture costs what its
colour changes cost.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rich.style import Style
from rich.text import Span, Text

# Viridis at sixteen even steps: ordered in lightness, and so for every kind of colour vision. In a terminal with 256
# colours Rich takes the nearest of those, which merges a few neighbours and swaps none.
VIRIDIS = (
    *("#440154", "#481a6c", "#472f7d", "#414487", "#39568c", "#31688e", "#2a788e", "#23888e"),
    *("#1f988b", "#22a884", "#35b779", "#54c568", "#7ad151", "#a5db36", "#d2e21b", "#fde725"),
)
RAMP = " .:-=+*#%@"
MISSING = -1  # the level of a pixel without a value
PAIRS = len(VIRIDIS) + 1  # levels a pixel can have, MISSING included


def picture(
    values: ArrayLike,
    *,
    columns: int,
    rows: int,
    color: bool = True,
    missing: NDArray[np.bool_] | None = None,
) -> Text:
    """Draw a matrix, its first row at the top, from the lowest value (dark) to the highest (light).

    Every pixel is as many values high as wide. A matrix that fits is repeated by the largest whole number that fits;
    one that does not is averaged over square blocks. Neither is ever by a fraction, as blocks of unequal size would
    draw stripes of their own across a periodic picture.

    Args:
        values: (n, m). What is not finite is missing.
        columns: most cells across, one pixel each.
        rows: most cells down, two pixels each.
        color: False draws in ASCII, one character for the mean of a cell's two pixels. Set it where colours are off:
            a half block without its colours says nothing.
        missing: (n, m), True where a value is not to be drawn. A block is drawn if any of its values is.

    Returns:
        At most `rows` lines of at most `columns` cells.
    """
    values = np.asarray(values, dtype=float)  # (n, m)
    shown = np.isfinite(values)
    if missing is not None:
        shown &= ~np.asarray(missing)
    n, m = values.shape
    if not values.size or columns < 1 or rows < 1:
        return Text()
    low, high = (values[shown].min(), values[shown].max()) if shown.any() else (0.0, 0.0)

    shrink = max(-(-m // columns), -(-n // (2 * rows)))
    pixels = _block_means(values, shown, shrink, shrink)  # nan where missing
    repeat = max(1, min(columns // m, 2 * rows // n))
    pixels = pixels.repeat(repeat, axis=0).repeat(repeat, axis=1)
    if color:
        return _half_blocks(_levels(pixels, low, high, len(VIRIDIS)))
    cells = _block_means(pixels, np.isfinite(pixels), 2, 1)
    characters = np.array([*RAMP, " "])[_levels(cells, low, high, len(RAMP))]  # MISSING picks the last
    return _text(characters, [])


def legend(low: float, high: float, *, color: bool, columns: int | None = None) -> Text:
    """The ramp of `picture` on one line, between the values of its two ends; coarser where `columns` are few."""
    left, right = f"{low:.3g} ", f" {high:.3g}"
    if color:
        room = len(VIRIDIS) if columns is None else max(2, min(len(VIRIDIS), columns - len(left + right)))
        levels = [VIRIDIS[round(i * (len(VIRIDIS) - 1) / (room - 1))] for i in range(room)]
        ramp = Text.assemble(*(("█", level) for level in levels))
    else:
        ramp = Text(f"|{RAMP}|")  # the first is blank
    return Text.assemble(left, ramp, right, no_wrap=True)


def _block_means(values: NDArray[np.float64], shown: NDArray[np.bool_], height: int, width: int) -> NDArray[np.float64]:
    """Means of what is shown in blocks of height x width, smaller at the far edges; nan for a block without any."""
    starts = np.arange(0, values.shape[0], height), np.arange(0, values.shape[1], width)

    def sums(x: NDArray[Any]) -> NDArray[Any]:
        return np.add.reduceat(np.add.reduceat(x, starts[0], axis=0), starts[1], axis=1)

    counts = sums(shown.astype(int))
    return np.where(counts, sums(np.where(shown, values, 0.0)) / np.maximum(counts, 1), np.nan)


def _levels(values: NDArray[np.float64], low: float, high: float, count: int) -> NDArray[np.int64]:
    """Which of `count` equal parts of low .. high each value lies in, the middle one if they are equal; MISSING."""
    part = (values - low) / (high - low) if high > low else np.where(np.isnan(values), np.nan, 0.5)
    return np.where(np.isnan(part), MISSING, np.clip(np.nan_to_num(part) * count, 0, count - 1)).astype(int)


def _half_blocks(levels: NDArray[np.int64]) -> Text:
    """Two rows of levels on one line, runs of equal cells in one span; (height, width)."""
    if len(levels) % 2:
        levels = np.vstack([levels, np.full((1, levels.shape[1]), MISSING)])
    upper, lower = levels[::2], levels[1::2]
    blocks = np.where(upper == lower, "█", np.where(upper == MISSING, "▄", "▀"))  # one colour is cheaper than two
    blocks[(upper == MISSING) & (lower == MISSING)] = " "
    pairs = (upper - MISSING) * PAIRS + lower - MISSING  # 0 is two missing pixels, and here also the line end
    pairs = np.pad(pairs, ((0, 0), (0, 1))).ravel()
    starts = np.flatnonzero(np.diff(pairs, prepend=-1))
    ends = np.append(starts[1:], pairs.size)
    spans = [
        Span(start, end, _style(int(pairs[start]))) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    return _text(blocks, [span for span in spans if span.style])


@cache
def _style(pair: int) -> Style:
    upper, lower = (part + MISSING for part in divmod(pair, PAIRS))
    if MISSING in (upper, lower):
        return Style(color=VIRIDIS[max(upper, lower)]) if upper != lower else Style()
    return Style(color=VIRIDIS[upper], bgcolor=None if upper == lower else VIRIDIS[lower])


def _text(characters: NDArray[np.str_], spans: list[Span]) -> Text:
    """Lines of characters as they are: not wrapped, not centred line by line; (rows, columns)."""
    lines = "\n".join("".join(line) for line in characters)
    return Text(lines, justify="left", no_wrap=True, overflow="crop", spans=spans)
