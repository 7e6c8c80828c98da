"""How verdicts and states look, in every room alike: a glyph, its ASCII twin, and a colour for each theme.

The colours are Okabe and Ito's, told apart by all kinds of colour vision, darkened for the light theme.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from rich.text import Text
from textual.theme import BUILTIN_THEMES, Theme

from clockpizza.plots import marks

DARK, LIGHT, ANSI = "dark", "light", "16-colours"
NAMES = (DARK, LIGHT, ANSI)


class Mark(NamedTuple):
    """A glyph one cell wide, its ASCII twin, and colours on dark, on light and among 16."""

    glyph: str
    ascii: str
    dark: str
    light: str
    ansi: str


BLUE, ORANGE, PURPLE = (
    ("#56b4e9", "#0068a5", "bright_blue"),
    ("#e69f00", "#9a5b00", "yellow"),
    ("#cc79a7", "#a0407a", "magenta"),
)
GREEN, RED, GREY = (
    ("#35b88f", "#00735a", "green"),
    ("#e8703a", "#b84300", "red"),
    ("#8a919c", "#6a707a", "bright_black"),
)
MARKS = {
    "clock": Mark(*marks.MARKS["clock"][:2], *BLUE),
    "pizza": Mark(*marks.MARKS["pizza"][:2], *ORANGE),
    "non-circular": Mark(*marks.MARKS["non-circular"][:2], *PURPLE),
    "refused": Mark(*marks.MARKS["refused"][:2], *RED),
    "": Mark("·", ".", *GREY),  # no verdict (yet)
    "queued": Mark("·", ".", *GREY),
    "running": Mark("▸", ">", *GREEN),
    "stalled": Mark("~", "~", *ORANGE),
    "stopping": Mark("▾", "v", *ORANGE),
    "stopped": Mark("‖", "=", *GREY),
    "finished": Mark("✓", "+", *GREY),
    "failed": Mark("✗", "X", *RED),
    "crashed": Mark("!", "!", *RED),
}
# Colours of lines that lie over each other, in the order in which they are taken.
SERIES = (BLUE, ORANGE, GREEN, PURPLE, RED, ("#f0e442", "#7a7000", "bright_yellow"), ("#a0c8f0", "#3050c0", "cyan"))

THEMES = (
    Theme(
        name=DARK,
        primary="#56b4e9",
        secondary="#8a919c",
        accent="#e69f00",
        warning="#e69f00",
        error="#e8703a",
        success="#35b88f",
        foreground="#d5d9e0",
        background="#14171c",
        surface="#1a1e24",
        panel="#232830",
    ),
    Theme(
        name=LIGHT,
        primary="#0068a5",
        secondary="#6a707a",
        accent="#9a5b00",
        warning="#9a5b00",
        error="#b84300",
        success="#00735a",
        foreground="#20242a",
        background="#fafafa",
        surface="#f2f3f5",
        panel="#e4e6ea",
        dark=False,
    ),
    replace(BUILTIN_THEMES["ansi-dark"], name=ANSI),
)


class Palette:
    """Glyphs and colours of one theme. All widgets take theirs from `self.app.palette`.

    Args:
        theme: one of NAMES; any other of Textual's themes counts as dark.
        ascii: draw with ASCII alone.
    """

    def __init__(self, theme: str = DARK, *, ascii: bool = False) -> None:
        self.theme, self.ascii = theme, ascii
        self._column = {LIGHT: 1, ANSI: 2}.get(theme, 0)

    def glyph(self, name: str) -> str:
        """The glyph of a verdict ("" for none) or of a state."""
        mark = MARKS.get(name, MARKS[""])
        return mark.ascii if self.ascii else mark.glyph

    def colour(self, name: str) -> str:
        """The colour of a verdict or of a state, as Rich names colours."""
        return MARKS.get(name, MARKS[""])[2 + self._column]

    def mark(self, name: str, words: str | None = None) -> Text:
        """Glyph and name, or `words` instead of the name, in their colour."""
        shown = name if words is None else words
        return Text(f"{self.glyph(name)} {shown}" if shown else self.glyph(name), self.colour(name))

    def series(self, number: int) -> str:
        """The colour of a line among others, by its number from 0."""
        return SERIES[number % len(SERIES)][self._column]

    @property
    def under_cursor(self) -> str:
        """The style of a list's line that is under the cursor."""
        return ("on #2a3544", "on #cfe2f3", "reverse")[self._column]

    @property
    def dim(self) -> str:
        """The colour of what matters less: rulers, units, hints."""
        return GREY[self._column]
