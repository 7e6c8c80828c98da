"""Views on a terminal, or in a pipe: tables and words everywhere, pictures where they are wanted."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from rich.text import Text

from clockpizza.errors import visible
from clockpizza.inspection.blocks import (
    Bars,
    Block,
    Curves,
    Dots,
    Picture,
    Plane,
    Table,
    View,
    Words,
    doubtful,
    is_number,
)
from clockpizza.plots.circle import ROUND
from clockpizza.plots.circle import circle as draw_circle
from clockpizza.plots.curves import Line, curves, span
from clockpizza.plots.marks import Mark
from clockpizza.plots.picture import picture as draw_picture
from clockpizza.plots.scatter import Series, scatter

WIDEST = 124
PLANE = 24  # columns of a circle
MOST = 4  # pictures a view
GAP = 2  # columns between pictures
LEVELS, ASCII_LEVELS = " ▁▂▃▄▅▆▇█", " .:-=+*#%"
GLYPHS = "●▲■◆▼+"
ASCII_GLYPHS = "ox*+%#"
COLOURS = ROUND[::2]


def text(
    views: Iterable[View], *, columns: int, pictures: bool, color: bool = True, ascii: bool = False
) -> Iterator[Text]:
    """Each view as lines of at most `columns` cells.

    Args:
        pictures: draw what is no table.
        color: False draws pictures in ASCII: a half block without its colours says nothing.
        ascii: draw without braille, half blocks and other glyphs.
    """
    width = min(WIDEST, columns)
    for view in views:
        parts = [Text(view.title, "bold"), *_wrapped(f"{view.says} [{view.source}]", width, "dim")]
        if view.warning:
            parts += _wrapped(f"! {view.warning}", width, "bold red")
        parts.append(Text())
        drawn: list[Block] = []
        for block in view.blocks:
            if isinstance(block, Words):
                parts += _wrapped(block.text, width)
            elif isinstance(block, Table):
                parts += _table(block, width, mark=bool(view.warning))
            else:
                drawn.append(block)
        if pictures:
            parts += _drawn(drawn, width, color=color and not ascii, ascii=ascii)
        elif drawn:
            parts.append(Text(f"({len(drawn)} picture{'s' * (len(drawn) > 1)}: on a terminal, or with --html)"))
        yield Text("\n", no_wrap=True, overflow="crop").join([*parts, Text()])


def _wrapped(words: str, width: int, style: str = "") -> list[Text]:
    return [Text(line, style) for line in textwrap.wrap(visible(words), width)]


def _table(table: Table, width: int, *, mark: bool) -> list[Text]:
    """Aligned columns, numbers to the right; a ! after each value of a doubtful table. Long last cells are wrapped."""
    rows = [[visible(cell) for cell in row] for row in table.rows]
    if mark:
        rows[1:] = [doubtful(row) for row in rows[1:]]
    right = [i > 0 and all(row[i] in ("", "-") or is_number(row[i]) for row in rows[1:]) for i in range(len(rows[0]))]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    room = width - sum(widths[:-1]) - 2 * (len(widths) - 1)
    lines = _wrapped(f"{table.caption}:", width, "italic") if table.caption else []
    for at, row in enumerate(rows):
        cells = [
            cell.rjust(n) if to_right else cell.ljust(n) for cell, n, to_right in zip(row, widths, right, strict=True)
        ]
        first, *more = textwrap.wrap(row[-1], max(16, room)) if len(row[-1]) > room else [cells[-1]]
        indent = " " * (width - max(16, room))
        line = "  ".join([*cells[:-1], first]).rstrip()
        lines += [Text(each, "dim" if at == 0 else "") for each in (line, *(indent + each for each in more))]
    return lines


def _drawn(blocks: Sequence[Block], width: int, *, color: bool, ascii: bool) -> list[Text]:
    """Planes and pictures beside each other, as many as fit; charts below one another."""
    parts: list[Text] = []
    planes = [_plane(block, ascii) for block in blocks if isinstance(block, Plane)]
    pictures = [block for block in blocks if isinstance(block, Picture)]
    small = [_picture(block, width, color) for block in pictures[:MOST]]
    for row in [*_packed(planes, width), *_packed(small, width)]:
        parts += [Text(), *_beside(row)]
    if len(pictures) > MOST:
        parts.append(Text(f"{len(pictures) - MOST} more pictures with --html", "dim"))
    for block in blocks:
        if isinstance(block, Bars):
            parts += _bars(block, ascii)
        elif isinstance(block, Curves):
            parts += [Text(), *_curves(block, width, ascii)]
        elif isinstance(block, Dots):
            parts += [Text(), *_dots(block, width, ascii)]
    return parts


def _plane(block: Plane, ascii: bool) -> list[Text]:
    drawn = draw_circle(block.points, columns=PLANE, rows=PLANE // 2, braille=not ascii)
    return [Text(visible(block.title)[:PLANE], "bold"), *drawn.split("\n")]


def _picture(block: Picture, width: int, color: bool) -> list[Text]:
    """Its title, its pixels unless they are too many for a line, and its axes."""
    drawn = draw_picture(block.values, columns=width, rows=width // 2, color=color).split("\n")
    if drawn and drawn[0].cell_len == 2 * block.values.shape[1]:  # one cell a value is enough
        drawn = draw_picture(block.values, columns=block.values.shape[1], rows=width // 2, color=color).split("\n")
    return [Text(visible(f"{block.title}: {block.rows} down, {block.columns} across"), "bold"), *drawn]


def _packed(tiles: Sequence[list[Text]], width: int) -> Iterator[list[list[Text]]]:
    """Tiles in rows of at most `width` cells."""
    row: list[list[Text]] = []
    used = 0
    for tile in tiles:
        wide = max(line.cell_len for line in tile) + GAP
        if row and used + wide > width + GAP:
            yield row
            row, used = [], 0
        row.append(tile)
        used += wide
    if row:
        yield row


def _beside(tiles: Sequence[list[Text]]) -> list[Text]:
    lines = []
    for at in range(max(map(len, tiles))):
        line = Text(no_wrap=True)
        for tile in tiles:
            part = tile[at] if at < len(tile) else Text()
            line.append_text(part)
            line.append(" " * (max(each.cell_len for each in tile) + GAP - part.cell_len))
        line.rstrip()
        lines.append(line)
    return lines


def _bars(block: Bars, ascii: bool) -> list[Text]:
    """One row of bars, a cell a frequency."""
    total = np.sqrt((block.values**2).sum(0)) if len(block.values) > 1 else block.values[0]
    levels = ASCII_LEVELS if ascii else LEVELS
    top = float(total.max()) or 1.0
    cells = "".join(levels[round(float(x) / top * (len(levels) - 1))] for x in total)
    return [Text(visible(block.title), "bold"), Text(f"k {block.first} {cells} {block.first + len(total) - 1}")]


def _curves(block: Curves, width: int, ascii: bool) -> list[Text]:
    lines = [
        Line(x, y, COLOURS[i % len(COLOURS)], name in block.dotted, ASCII_GLYPHS[i % len(ASCII_GLYPHS)])
        for i, (name, (x, y)) in enumerate(block.lines.items())
    ]
    x, y = (span([getattr(line, axis) for line in lines], log=axis in block.log) for axis in ("x", "y"))
    if "y" not in block.log and y.low > 0:  # from 0: how much an amplitude varies is seen beside its size
        y = type(y)(0.0, y.high)
    drawn = curves(lines, x, y, columns=width, rows=10, braille=not ascii)
    over = f"{block.y} over {block.x}" if block.y else f"over {block.x}"
    names = [
        (f"{line.mark if ascii else '┅┅' if line.dotted else '━━'} {visible(name)}", line.colour)
        for line, name in zip(lines, block.lines, strict=True)
    ]
    title = f"{visible(block.title)}: {over}" if block.title != block.y else f"{visible(block.title)} over {block.x}"
    return [*_legend([(title, "bold"), *names], width), *drawn.split("\n")]


def _dots(block: Dots, width: int, ascii: bool) -> list[Text]:
    known = {name: points for name, points in block.series.items() if len(points)}
    if not known:
        return []
    points = np.concatenate(list(known.values()))
    x = y = span([points.ravel()], log=False)
    if block.ends is not None:
        x = y = type(x)(*block.ends)
    series = [
        Series(each[:, 0].tolist(), each[:, 1].tolist(), Mark(GLYPHS[i % 6], ASCII_GLYPHS[i % 6], COLOURS[i % 6], ""))
        for i, each in enumerate(known.values())
    ]
    title = f"{block.title}: {block.y} over {block.x}"
    drawn = scatter(series, x, y, x.ticks(6), title=visible(title), columns=min(width, 64), rows=18, ascii=ascii)
    glyphs = ASCII_GLYPHS if ascii else GLYPHS
    names = [(f"{glyphs[i % 6]} {visible(name)}", COLOURS[i % 6]) for i, name in enumerate(known)]
    return [*drawn.split("\n"), *_legend(names, width)]


def _legend(names: Sequence[tuple[str, str]], width: int) -> list[Text]:
    """Names in their colours, as many a line as fit."""
    lines = [Text()]
    for words, style in names:
        if lines[-1].cell_len and lines[-1].cell_len + 3 + len(words) > width:
            lines.append(Text())
        lines[-1].append("   " if lines[-1].cell_len else "")
        lines[-1].append(words, style)
    return lines
