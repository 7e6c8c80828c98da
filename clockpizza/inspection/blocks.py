"""What a view is made of: tables, pictures and charts as plain values, for a terminal and a page to draw alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Words:
    """A sentence beside the numbers."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of cells, the first row the header; "" where there is nothing. caption: in a few words."""

    rows: Sequence[Sequence[str]]
    caption: str = ""


@dataclass(frozen=True)
class Plane:
    """Tokens on a circle's plane: (p, 2)."""

    title: str
    points: Array


@dataclass(frozen=True)
class Picture:
    """A matrix as a picture, its first row at the top; NaN is left out. rows, columns: what the axes are."""

    title: str
    values: Array
    rows: str
    columns: str


@dataclass(frozen=True)
class Bars:
    """Non-negative values at frequencies from `first` on; several series are stacked in one bar, (series, n)."""

    title: str
    values: Array
    first: int = 1


@dataclass(frozen=True)
class Curves:
    """Lines by name, each y over x. log: which of "x", "y" are logarithmic. dotted: which lines are."""

    title: str
    lines: dict[str, tuple[Array, Array]]
    x: str
    y: str
    log: str = ""
    dotted: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Dots:
    """Points in series by name, (n, 2) each. ends: of both axes; none: as the points need. diagonal: draw y = x."""

    title: str
    series: dict[str, Array]
    x: str
    y: str
    ends: tuple[float, float] | None = None
    diagonal: bool = False


Block: TypeAlias = Words | Table | Plane | Picture | Bars | Curves | Dots


@dataclass(frozen=True)
class View:
    """One thing to look at.

    name: for `--only`. says: one sentence, what it shows and how to read it. source: where it is from. warning: why its
    numbers mean nothing here, "" where they do.
    """

    name: str
    title: str
    says: str
    source: str
    blocks: Sequence[Block] = field(default_factory=list)
    warning: str = ""


def doubtful(cells: Sequence[str]) -> list[str]:
    """A row of a table whose numbers mean nothing: a ! after each of them, but for the first cell."""
    return [cell + "!" if i and is_number(cell) else cell for i, cell in enumerate(cells)]


def is_number(cell: str) -> bool:
    """Whether a cell holds a number."""
    return any(ch.isdigit() for ch in cell) and not cell.strip("-+0123456789.,e%!")
