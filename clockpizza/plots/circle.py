"""The circle picture: the p token embeddings on one plane, as dots with their tokens beside them.

The dots are our own braille, not plotext's. plotext 6 has braille markers and text signals, but it writes labels over
each other and over dots, does not lock the aspect, keeps room for a ruler, and draws on one figure that the whole
process shares. Finding free cells for the labels is most of the work here, and would remain ours either way.

Lengths are in dots: a cell is two dots wide and four high, and a dot is about square. Rows count downwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rich.text import Text

CELL = np.array([2, 4])  # dots in a cell: across, down
BRAILLE = 0x2800
BRAILLE_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # [row, column] in the cell

# A closed round of twelve hues (OKLCH, chroma 0.13), darkest at blue and lightest at yellow: eyes that mix up red and
# green still tell the two halves apart. All of them are readable on black and on white.
ROUND = (
    *("#7578cf", "#9e6ec0", "#c36da8", "#df7789", "#ec8a67", "#e5a14a"),
    *("#c8b648", "#95c165", "#50c08b", "#00b4ad", "#00a0c5", "#418ad1"),
)

ASCII_MARKS = " '.:"  # no dot, in the upper half of the cell, in the lower half, in both

LABEL_GAP = 2.0  # between a token's dot and its label
LABEL_REACH = 4.5  # how far a label may be pushed from its ideal place


def circle(
    points: ArrayLike,
    *,
    columns: int,
    rows: int,
    labels: Sequence[str] | None = None,
    braille: bool = True,
    marked: int | None = None,
) -> Text:
    """Draw p tokens on a plane, as large as the frame allows, with one scale for x and y so that a circle looks round.

    A dot's colour is its token's place on the walk 0, s, 2s, ... that takes the plane's strongest frequency once round.
    On a circle the colours run smoothly; where there is no circle they are scattered.

    When not all labels fit, every n-th token of that walk is named, starting with token 0. Labels stand outside their
    dots and never cover a dot or each other. The plane's origin is a dim "+" if its cell is free.

    Args:
        points: (p, 2), p at least 2, finite; row t is token t, column 0 points right and column 1 up.
        columns: width of the frame in cells.
        rows: height of the frame in cells.
        labels: p names of one-cell characters; the token numbers if not given.
        braille: False draws in ASCII, with a quarter of the dots.
        marked: a token whose dot and label are drawn reversed; it is labelled wherever there is a free place.

    Returns:
        `rows` lines of `columns` cells; empty if the frame is.
    """
    if columns < 1 or rows < 1:
        return Text()
    points = np.asarray(points, dtype=float)  # (p, 2)
    p = len(points)
    names = [str(t) for t in range(p)] if labels is None else labels
    place = walk(points)  # (p,)

    widest = max(len(name) for name in names)
    roomy = columns >= 4 * (widest + 1) and rows >= 4  # else labels would leave too little for the dots
    margin = np.array([2 * widest + LABEL_GAP, CELL[1]]) if roomy else np.zeros(2)
    frame: NDArray[np.int64] = CELL * [columns, rows]
    room = frame - 2 * margin
    size = 2 if braille and np.pi * room.min() / p >= 4 else 1  # a token is two by two dots where a circle has space
    low, high = points.min(axis=0), points.max(axis=0)
    unit = ((high - low) / (room - size)).max() or 1.0  # of the data, per dot; any will do if all points are one

    def to_dots(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return frame / 2 + (xy - (low + high) / 2) / unit * [1, -1]

    corners = np.floor(to_dots(points) - size / 2 + 0.5).astype(int)  # (p, 2), each token's top left dot
    dots = corners[:, None] + list(np.ndindex(size, size))  # (p, size^2, 2)
    colours = [ROUND[k * len(ROUND) // p] for k in place]
    grid = _braille(dots, columns, rows) if braille else _ascii(dots, columns, rows)  # (rows, columns) of characters
    styles = {(row, column): (1, colours[t]) for t in range(p) for column, row in dots[t] // CELL}
    if marked is not None:
        colours[marked] += " reverse"
        styles.update({(row, column): (1, colours[marked]) for column, row in dots[marked] // CELL})

    if roomy:
        middles = corners + size / 2
        order = np.argsort(place, kind="stable")
        for t, (row, column) in _label_cells(middles, frame / 2, size, names, order, grid != " ", marked).items():
            grid[row, column : column + len(names[t])] = list(names[t])
            styles[row, column] = (len(names[t]), colours[t])
    origin = to_dots(np.zeros(2))
    if (origin >= 0).all() and (origin < frame).all():
        column, row = (origin // CELL).astype(int)
        if grid[row, column] == " ":
            grid[row, column] = "+"
            styles[row, column] = (1, "dim")

    text = Text("\n".join("".join(line) for line in grid), justify="left", no_wrap=True, overflow="crop")
    for (row, column), (length, style) in sorted(styles.items()):
        start = row * (columns + 1) + column
        text.stylize(style, start, start + length)
    return text


def walk(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Each token's place on the walk round the circle: k t mod p for the strongest frequency k; (p,)."""
    p = len(points)
    spectrum = np.abs(np.fft.fft(points @ [1, 1j]))  # an ellipse has both k and -k; the stronger is the way it turns
    k = 1 + int(np.argmax(spectrum[1:]))
    return k * np.arange(p) % p


def _braille(dots: NDArray[np.int64], columns: int, rows: int) -> NDArray[np.str_]:
    """One braille character a cell, a space where it has no dot; (..., 2) to (rows, columns)."""
    bits = np.zeros((rows, columns), dtype=int)
    x, y = dots[..., 0], dots[..., 1]
    np.bitwise_or.at(bits, (y // 4, x // 2), BRAILLE_BITS[y % 4, x % 2])
    return np.where(bits, BRAILLE + bits, ord(" ")).astype(np.uint32).view("U1")


def _ascii(dots: NDArray[np.int64], columns: int, rows: int) -> NDArray[np.str_]:
    """One ASCII character a cell, by which of its halves have a dot; (..., 2) to (rows, columns)."""
    halves = np.zeros((rows, columns), dtype=int)
    x, y = dots[..., 0], dots[..., 1]
    np.bitwise_or.at(halves, (y // 4, x // 2), 1 + y % 4 // 2)
    return np.array(list(ASCII_MARKS))[halves]


def _label_cells(
    tokens: NDArray[np.float64],
    centre: NDArray[np.float64],
    size: int,
    names: Sequence[str],
    order: NDArray[np.int64],
    taken: NDArray[np.bool_],
    marked: int | None = None,
) -> dict[int, tuple[int, int]]:
    """First cell (row, column) of the label of every n-th token of `order`, for the least n where all of them fit.

    Args:
        tokens: (p, 2), the middles of the tokens' marks.
        centre: (2,), labels stand on the side of their tokens that faces away from here.
        size: width and height of a mark.
        names: p labels.
        order: (p,), the tokens along the walk.
        taken: (rows, columns), True where a cell already has a dot.
        marked: a token that is labelled beside these, where a place near it is free.
    """
    ideals = [_ideal_middle(token, centre, size, len(name)) for token, name in zip(tokens, names, strict=True)]
    for step in range(1, len(order) + 1):
        free = ~taken
        found: dict[int, tuple[int, int]] = {}
        for t in order[: len(order) - step + 1 : step]:  # the walk is closed: a shorter last step would crowd token 0
            cell = _nearest_free(free, ideals[t], len(names[t]))
            if cell is None:
                break
            found[int(t)] = cell
            row, column = cell
            free[row, max(column - 1, 0) : column + len(names[t]) + 1] = False  # 1 beside 2 must not read 12
        else:
            break
    else:
        found, free = {}, ~taken
    if marked is not None and marked not in found:
        cell = _nearest_free(free, ideals[marked], len(names[marked]))
        if cell is not None:
            found[marked] = cell
    return found


def _ideal_middle(
    token: NDArray[np.float64], centre: NDArray[np.float64], size: int, length: int
) -> NDArray[np.float64]:
    """Where a label's middle should be: outwards until the label is LABEL_GAP clear of its token; (2,)."""
    ray = token - centre
    away = np.hypot(*ray)
    ray = ray / away if away else np.array([1.0, 0.0])
    half = np.array([length, CELL[1] / 2]) + size / 2  # of the label and of the mark together
    return token + ray * (np.min(half / np.maximum(np.abs(ray), 1e-9)) + LABEL_GAP)


def _nearest_free(free: NDArray[np.bool_], ideal: NDArray[np.float64], length: int) -> tuple[int, int] | None:
    """The free run of `length` cells (row, column) whose middle is nearest to `ideal`, or None if out of reach."""
    rows, columns = free.shape
    column_0, row_0 = np.floor(ideal / CELL - [length / 2, 0.5]).astype(int)
    best, best_distance = None, LABEL_REACH
    for row, column in product(range(row_0 - 1, row_0 + 3), range(column_0 - 2, column_0 + 4)):
        distance = float(np.hypot(*(CELL * [column + length / 2, row + 0.5] - ideal)))
        inside = 0 <= row < rows and 0 <= column <= columns - length
        if distance < best_distance and inside and free[row, column : column + length].all():
            best, best_distance = (row, column), distance
    return best
