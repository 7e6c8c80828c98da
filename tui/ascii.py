"""For terminals that know ASCII alone: whatever Textual draws is brought down to it on its way out.

What we draw ourselves has ASCII twins of its own (`themes.Palette`, the plots); this is for frames, scrollbars and the
like, and the last resort for names in files.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_PAIRS = {
    "─━╌╍┄┅┈┉═": "-",
    "│┃║╎╏▏▎▍▕▐▌▊▋": "|",
    "╭╮╰╯┌┐└┘├┤┬┴┼╔╗╚╝": "+",
    "▔▁▂": "-",
    "█▉▇▆▅▄▀▓": "#",
    "▒░": ":",
    "•·∙…‥": ".",
    "“”„": '"',
    "‘’": "'",
    "–—−": "-",
    "→▶▸": ">",
    "←◀◂": "<",
    "↑▲▴": "^",
    "↓▼▾": "v",
    "×✗✕": "x",
    "✓✔": "+",
    "±": "+",
    "\xa0": " ",
}
_TABLE = {ord(each): plain for many, plain in _PAIRS.items() for each in many}


def to_ascii(text: str) -> str:
    """`text` in ASCII, of the same width in cells where each of its characters is a cell wide."""
    if text.isascii():
        return text
    return text.translate(_TABLE).encode("ascii", "replace").decode()


class AsciiOnly(LineFilter):
    """Lets ASCII pass, and what stands for the rest."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else Segment(to_ascii(segment.text), segment.style, segment.control)
            for segment in segments
        ]
