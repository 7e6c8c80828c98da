"""Points on two axes, a glyph and a colour a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from clockpizza.plots.curves import Axis, number
from clockpizza.plots.marks import Mark

FRAME = str.maketrans("┌┐└┘┤├┬┴┼─│", "+++++++++-|")


@dataclass(frozen=True)
class Series:
    """Points that look alike. x, y: of the same length, finite."""

    x: Sequence[float]
    y: Sequence[float]
    mark: Mark


def scatter(
    series: Sequence[Series],
    x: Axis,
    y: Axis,
    x_ticks: Sequence[float],
    *,
    title: str,
    columns: int,
    rows: int,
    ascii: bool = False,
) -> Text:
    """Draw series on one pair of axes, later ones over earlier ones; a cell shows one point at most.

    Args:
        x_ticks: the values that are named along x.
        title: at the top left.
        columns, rows: the frame in cells, title and rulers included.

    Returns:
        `rows` lines of `columns` cells; empty if the frame leaves no room.
    """
    if columns < 16 or rows < 6:
        return Text()
    import plotext  # a third of a second

    figure = plotext.figure  # the only one there is
    figure.clear.all()
    figure.theme("colorless")
    figure.plot_size(columns, rows - 1)
    for name, axis, ticks in (("x", x, x_ticks), ("y", y, y.ticks(rows // 4))):
        ruler = figure.ruler(name)
        ruler.lim(axis.scale(axis.low), axis.scale(axis.high))
        ruler.ticks([axis.scale(tick) for tick in ticks], [number(tick) for tick in ticks])
    for each in series:
        if len(each.x):
            colour = tuple(bytes.fromhex(each.mark.terminal[1:]))
            marker = plotext.marker(each.mark.ascii if ascii else each.mark.glyph).fill(colour)
            figure.draw(figure.signal([*map(x.scale, each.x)], [*map(y.scale, each.y)], marker=marker))
    drawn = figure.build().string()
    text = Text.from_ansi(drawn.translate(FRAME) if ascii else drawn)
    text.rstrip()
    return Text("\n", no_wrap=True, overflow="crop").join([Text(title, "bold"), *text.split("\n")])
