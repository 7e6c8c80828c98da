"""The Fourier spectrum over tokens: how much of the embedding, and of the logits, is at each frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.text import Text

from tui.blocks import above
from tui.widgets.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.moment import Array

LOWEST = 3  # lines of a chart: its title, bars, numbers
EIGHTHS = " ▁▂▃▄▅▆▇█"
ASCII_EIGHTHS = "  .:::|##"  # the same nine heights of a cell


class SpectrumPanel(Panel):
    """Two rows of bars, one a frequency: shares of the embedding's variance, and of the logits' power.

    The chosen circle's bars are reversed; circles that write logits and companions have colours of their own.
    """

    def __init__(self, title: str, *, id: str) -> None:
        super().__init__(title, id=id)
        self.embedding: Array | None = None
        self.logits: Array | None = None
        self.roles: Mapping[int, str] = {}
        self.frequency = 0
        self.words = ""

    def show(
        self,
        embedding: Array | None,
        logits: Array | None,
        *,
        roles: Mapping[int, str],
        frequency: int,
        words: str = "",
    ) -> None:
        """Show shares by frequency, from 1 on; `roles` of the circles, and which is chosen."""
        self.embedding, self.logits, self.roles, self.frequency = embedding, logits, roles, frequency
        self.words = words
        self.redraw()

    def draw(self, width: int, height: int) -> Text:
        parts = [(name, p) for name, p in (("embedding", self.embedding), ("logits", self.logits)) if p is not None]
        if not parts:
            return Text(self.words, self.app.palette.dim)
        parts = parts[: max(1, height // LOWEST)]
        rows = height // len(parts)
        return above([self._chart(name, power, width, rows) for name, power in parts])

    def copy_text(self) -> str:
        """frequency, share of the embedding, share of the logits."""
        if self.embedding is None:
            return ""
        lines = ["# frequency, embedding, logits"]
        for at, share in enumerate(self.embedding):
            logits = "" if self.logits is None else f"{self.logits[at]:.6f}"
            lines.append(f"{at + 1}\t{share:.6f}\t{logits}")
        return "\n".join(lines)

    def _chart(self, name: str, power: Array, width: int, rows: int) -> Text:
        """A title line, bars, and the frequencies below the highest of them."""
        palette = self.app.palette
        pitch = max(1, min(4, width // len(power)))  # cells a frequency
        bar = max(1, pitch - 1)
        shown = power[: max(1, width // pitch)]
        most = float(shown.max()) or 1.0
        strongest = 1 + int(np.argmax(power))
        other = 0 < self.frequency <= len(power) and self.frequency != strongest
        chosen = f", k {self.frequency} {power[self.frequency - 1]:.1%}" if other else ""
        title = Text(no_wrap=True, overflow="ellipsis")
        title.append(f"{name} ", "bold").append(f"most at k {strongest}, {power.max():.1%}{chosen}", palette.dim)
        tall = max(1, rows - 2)
        heights = np.rint(np.nan_to_num(shown) / most * tall * 8).astype(int)
        heights = np.where((shown > 0.005) & (heights == 0), 1, heights)  # what is there is seen
        marks = ASCII_EIGHTHS if palette.ascii else EIGHTHS
        lines = [title]
        for row in range(tall - 1, -1, -1):
            line = Text(no_wrap=True, overflow="crop")
            for at, high in enumerate(heights):
                mark = marks[int(np.clip(high - 8 * row, 0, 8))]
                line.append(mark * bar + " " * (pitch - bar), self._style(at + 1) if mark != " " else "")
            lines.append(line)
        if rows > 2:
            lines.append(self._ruler(shown, pitch))
        return above(lines)

    def _style(self, k: int) -> str:
        palette = self.app.palette
        colour = {"main": palette.series(0), "companion": palette.series(1)}.get(self.roles.get(k, ""), palette.dim)
        return f"{colour} bold" if k == self.frequency else colour

    def _ruler(self, power: Array, pitch: int) -> Text:
        """The numbers of the frequencies, the strongest first as far as there is room, the chosen one reversed."""
        palette = self.app.palette
        cells = [" "] * (len(power) * pitch + 3)
        spans: list[tuple[int, int, str]] = []
        order = [int(at) + 1 for at in np.argsort(-power, kind="stable") if power[at] >= 0.01]
        if self.frequency:
            order.insert(0, self.frequency)
        for k in order:
            word, start = str(k), (k - 1) * pitch
            if start + len(word) <= len(cells) and all(
                c == " " for c in cells[max(0, start - 1) : start + len(word) + 1]
            ):
                cells[start : start + len(word)] = word
                spans.append((start, start + len(word), "reverse" if k == self.frequency else palette.dim))
        ruler = Text("".join(cells).rstrip(), no_wrap=True, overflow="crop")
        for start, end, style in spans:
            ruler.stylize(style, start, end)
        return ruler
