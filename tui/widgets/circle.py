"""One circle of the embedding: the tokens on its plane, and a cursor that walks round it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from rich.text import Text
from textual.binding import BindingType

from clockpizza.plots.circle import circle
from tui import keys
from tui.blocks import above
from tui.moment import walk, winding
from tui.widgets.panel import Panel

if TYPE_CHECKING:
    from tui.moment import Array


class CirclePanel(Panel):
    """The tokens of frequency k on their plane. The cursor walks from neighbour to neighbour: 0, s, 2s, 3s ...

    cursor: how many steps from token 0.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("circle")]

    def __init__(self, title: str, *, id: str) -> None:
        super().__init__(title, id=id)
        self.points: Array | None = None
        self.frequency = 0
        self.cursor = 0
        self.words = ""
        self._heading = ""

    def show(self, frequency: int, points: Array | None, title: str, heading: str, words: str = "") -> None:
        """Show a circle; `heading` are a few words about it, `words` the reason where there are no points."""
        if points is self.points and (frequency, heading, words) == (self.frequency, self._heading, self.words):
            return
        self.frequency, self.points, self._heading, self.words = frequency, points, heading, words
        if self.border_title != title:
            self.border_title = title
        if points is not None:
            self.cursor %= len(points)
        self.redraw()

    @property
    def token(self) -> int:
        """The token under the cursor."""
        return walk(len(self.points), self.frequency)[self.cursor] if self.points is not None else 0

    def draw(self, width: int, height: int) -> Text:
        palette = self.app.palette
        heading = Text(self._heading, no_wrap=True, overflow="ellipsis")
        if self.points is None:
            return above([heading, *Text(self.words, palette.dim).wrap(self.app.console, max(8, width))])
        rows = height - 2
        drawn = circle(self.points, columns=width, rows=rows, braille=not palette.ascii, marked=self.token)
        return above([heading, drawn, self._status()])

    def copy_text(self) -> str:
        """The tokens' places: token, x, y."""
        if self.points is None:
            return ""
        lines = [f"{t}\t{x:.4f}\t{y:.4f}" for t, (x, y) in enumerate(self.points)]
        return "\n".join([f"# {self.border_title}: token, x, y", *lines])

    def action_walk(self, steps: int) -> None:
        """Take the cursor further round the circle."""
        if self.points is not None:
            self.cursor = (self.cursor + steps) % len(self.points)
            self.redraw()

    def _status(self) -> Text:
        assert self.points is not None
        p, t = len(self.points), self.token
        x, y = self.points[t]
        neighbour = walk(p, self.frequency)[1]
        angle, radius = round(np.degrees(np.arctan2(y, x))) % 360, np.hypot(x, y)
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"token {t}", "bold reverse")
        line.append(f" = {self.cursor} x {neighbour}" if self.cursor else "")
        ideal = round(360 * winding(p, self.frequency) * t / p) % 360
        sign = "" if self.app.palette.ascii else "°"
        return line.append(f"  {angle}{sign} (ideal {ideal}{sign})  radius {radius:.2f}", self.app.palette.dim)
