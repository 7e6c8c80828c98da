"""Pictures over two operands: the correct logits, attention by head, neurons. As many at once as there is room for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from rich.text import Text
from textual.binding import BindingType

from clockpizza.plots.picture import legend, picture
from tui import keys
from tui.blocks import above, beside, centred
from tui.themes import ANSI
from tui.widgets.panel import Panel

if TYPE_CHECKING:
    from tui.moment import Array

SMALLEST = 3  # a picture beside others is drawn at a third of its pixels at least
CAPTION = 20  # cells that a caption wants
LEGEND = 34  # cells that the ramp and its numbers want


@dataclass(frozen=True)
class Item:
    """A picture, (n, m), with a title, what its two sides are, and what else to say of it when it is chosen."""

    title: str
    values: Array
    sides: str = "a ↓ b →"
    detail: str = ""


def _same(one: Item, other: Item) -> bool:
    """Whether they look alike; arrays that are kept are one and the same."""
    return one.values is other.values and (one.title, one.sides, one.detail) == (other.title, other.sides, other.detail)


class PicturePanel(Panel):
    """Pictures with a cursor on one of them. Each has its own scale; the last line is the scale of the one chosen.

    Args:
        alone: show the chosen one alone, as large as there is room for.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("pictures")]

    def __init__(self, title: str, *, id: str, alone: bool = False) -> None:
        super().__init__(title, id=id)
        self._alone = alone
        self.items: list[Item] = []
        self.chosen = 0
        self.words = ""  # shown while there is no picture: why not

    def show(self, items: Sequence[Item], words: str = "") -> None:
        """Show pictures, or where there are none the reason."""
        if words == self.words and len(items) == len(self.items) and all(map(_same, items, self.items)):
            return
        self.items, self.words = list(items), words
        self.chosen = min(self.chosen, max(0, len(items) - 1))
        self.redraw()

    def draw(self, width: int, height: int) -> Text:
        palette = self.app.palette
        if not self.items:
            return above(list(Text(self.words, palette.dim).wrap(self.app.console, max(8, width))))
        tiles = tiling(1 if self._alone else len(self.items), self.items[0], width, height - 1)
        many = tiles.across * tiles.down
        first = self.chosen // many * many
        drawn = [
            self._tile(item, tiles, chosen=many > 1 and number == self.chosen)
            for number, item in enumerate(self.items[first : first + many], first)
        ]
        lines = [beside(drawn[at : at + tiles.across], tiles.width) for at in range(0, len(drawn), tiles.across)]
        return above([centred(above(lines), width), self._scale(width)])

    def _tile(self, item: Item, tiles: Tiling, *, chosen: bool) -> Text:
        drawn = picture(item.values, columns=tiles.columns, rows=tiles.rows, color=self.coloured)
        if not item.title:
            return drawn
        title = Text(item.title, "reverse" if chosen else "bold", no_wrap=True)
        title.truncate(tiles.width, overflow="ellipsis")
        return above([title, drawn])

    @property
    def coloured(self) -> bool:
        """Whether pictures are in half blocks: those say nothing in ASCII, and little in 16 colours."""
        return not self.app.palette.ascii and self.app.palette.theme != ANSI and not self.app.no_color

    def copy_text(self) -> str:
        """The numbers of the chosen picture, a line a row."""
        if not self.items:
            return ""
        item = self.items[self.chosen]
        name = ": ".join(filter(None, (str(self.border_title), item.title)))
        head = f"# {name} ({self._sides(item)})"
        return "\n".join([head, *("\t".join(f"{value:.4g}" for value in row) for row in item.values)])

    def action_choose(self, step: int) -> None:
        """Move the cursor to another picture, round from the last to the first."""
        if self.items:
            self.chosen = (self.chosen + step) % len(self.items)
            self.redraw()

    def _scale(self, width: int) -> Text:
        item = self.items[self.chosen]
        finite = item.values[np.isfinite(item.values)]
        words = self._sides(item)
        if len(self.items) > 1:
            words += f"  {self.chosen + 1} of {len(self.items)}"
        scale = legend(float(finite.min()), float(finite.max()), color=self.coloured) if finite.size else Text()
        if item.detail:
            words = f"{item.detail}  {words}"
        line = Text(no_wrap=True, overflow="crop")
        if scale.cell_len and width >= scale.cell_len + len(words) + 2:
            line = scale.append("  ")
        elif finite.size and width >= LEGEND - 8:
            line = Text(f"{finite.min():.3g} to {finite.max():.3g}  ")
        return line.append(words, self.app.palette.dim)

    def _sides(self, item: Item) -> str:
        return item.sides.replace("↓", "down,").replace("→", "across") if self.app.palette.ascii else item.sides


class Tiling(NamedTuple):
    """How pictures stand: how many in a row and in a column, the cells of a tile, and those of its picture."""

    across: int
    down: int
    width: int
    columns: int
    rows: int


def tiling(count: int, item: Item, width: int, height: int) -> Tiling:
    """How to show `count` pictures like `item`: all of them, as large as they fit, but for their captions.

    Where they do not fit at a third of their pixels, as many as fit so; at least one, on all the room.
    """
    (n, m), title = item.values.shape, bool(item.title)
    alone = Tiling(1, 1, width, width, max(1, height - title))
    best = alone
    for times in (*range(max(1, width // m), 1, -1), 1, 1 / 2, 1 / SMALLEST) if count > 1 else ():
        columns, rows = math.ceil(m * times), math.ceil(n * times / 2)
        wide = max(columns, CAPTION if title else 0)
        across, down = (width + 1) // (wide + 1), height // (rows + title)
        if across * down >= 1:
            best = Tiling(across, min(down, -(-count // across)), wide, columns, rows)
        if across * down >= count:
            break
    return best if best.across * best.down > 1 else alone
