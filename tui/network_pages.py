"""Which panels of a network are seen together, by the size of the terminal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """Panels that are seen together, in a grid."""

    name: str
    panels: tuple[str, ...]
    columns: int
    rows: str = "1fr"


# By the least width and height, the largest first.
PAGES = (
    (170, 50, (Page("all", ("circle", "logits", "attention", "table", "spectrum", "neurons"), 3, "34 1fr"),)),
    (
        *(100, 30),
        (
            Page("circles and logits", ("circle", "logits", "table", "spectrum"), 2, "3fr 2fr"),
            Page("attention and neurons", ("attention", "neurons"), 2),
        ),
    ),
    (
        *(0, 0),
        (
            Page("circle, logits", ("circle", "logits"), 2),
            Page("table, spectrum", ("table", "spectrum"), 1, "6fr 5fr"),
            Page("attention, neurons", ("attention", "neurons"), 2),
        ),
    ),
)


def pages_for(width: int, height: int) -> tuple[Page, ...]:
    """The pages of a screen of that many columns and lines."""
    return next(pages for wide, high, pages in PAGES if width >= wide and height >= high)
