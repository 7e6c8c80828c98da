"""Blocks of lines put together: what a panel draws is one Text, made of several pictures and their captions."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text


def beside(blocks: Sequence[Text], width: int, gap: int = 1) -> Text:
    """Blocks next to each other, each on `width` cells (longer lines are cut), as many lines as the longest has."""
    parts = [list(block.split("\n", allow_blank=True)) for block in blocks]
    lines = []
    for y in range(max((len(part) for part in parts), default=0)):
        line = Text(no_wrap=True, overflow="crop")
        for number, part in enumerate(parts):
            cell = part[y] if y < len(part) else Text()
            cell.truncate(width)
            line.append_text(cell)
            if number < len(parts) - 1:
                line.append(" " * (width - cell.cell_len + gap))
        lines.append(line)
    return above(lines)


def above(blocks: Sequence[Text]) -> Text:
    """Blocks on top of each other."""
    return Text("\n", no_wrap=True, overflow="crop").join(blocks)


def centred(block: Text, width: int) -> Text:
    """A block moved to the middle of `width` cells, as a whole."""
    lines = list(block.split("\n", allow_blank=True))
    left = max(0, (width - max((line.cell_len for line in lines), default=0)) // 2)
    return above([Text(" " * left).append_text(line) for line in lines]) if left else block
