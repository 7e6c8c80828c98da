"""How verdicts look: a shape, its twin in ASCII, and a colour, so that neither colour nor shape is needed alone.

The colours are Okabe and Ito's, told apart by all kinds of colour vision.
"""

from __future__ import annotations

from typing import NamedTuple


class Mark(NamedTuple):
    """A glyph one cell wide, its ASCII twin, a colour for terminals of either background, and one for paper."""

    glyph: str
    ascii: str
    terminal: str
    paper: str


MARKS = {
    "clock": Mark("●", "C", "#3a9bdc", "#0072b2"),
    "pizza": Mark("▲", "P", "#e08a00", "#e69f00"),
    "non-circular": Mark("■", "N", "#c0689a", "#cc79a7"),
    "refused": Mark("×", "x", "#d0603a", "#d55e00"),
    "unfinished": Mark("·", ".", "#8a919c", "#666666"),
}
