"""The list of runs as lines: which there are, in which order, and how each is written for a width."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence, Set
from typing import NamedTuple

from rich.text import Text

from clockpizza.cli.progress import span
from clockpizza.cli.results import OLDER, counts, is_older
from clockpizza.errors import visible
from clockpizza.store import ENDED, Query, Row, SweepIndex
from clockpizza.store.query import value_of
from tui.themes import Palette

# Orders by their names, each with the field that it goes by; the first is by sweep, with a line above each.
ORDERS = {
    "sweep": "",
    "newest": "changed",
    "accuracy": "test_accuracy",
    "loss": "test_loss",
    "rate": "attention_rate",
    "width": "width",
    "epoch": "epoch",
    "state": "state",
    "verdict": "verdict",
}
DOWNWARDS = ("newest", "accuracy", "epoch")  # the largest first
LEAST_NAME = 18  # cells
VERDICT = 20  # cells, which `non-circular mixed` fills


class Column(NamedTuple):
    """A column of the list. rank: columns of high rank are left out first where there is no room."""

    name: str
    width: int
    rank: int
    cell: Callable[[Row, Palette], Text]
    right: bool = False


def _state(row: Row, palette: Palette) -> Text:
    state = palette.mark(row.state.value)
    if row.epoch and row.state not in ENDED:
        state.append(f" {row.epoch / row.epochs:.0%}", palette.dim)
    return state


def _epoch(row: Row, palette: Palette) -> Text:
    return Text(f"{row.epoch:,}")


def _accuracy(row: Row, palette: Palette) -> Text:
    accuracy = row.metrics.get("test_accuracy")
    return Text("" if accuracy is None else f"{accuracy:.1%}")


def _loss(row: Row, palette: Palette) -> Text:
    loss = row.metrics.get("test_loss")
    return Text("" if loss is None else f"{loss:.2g}")


def _verdict(row: Row, palette: Palette) -> Text:
    if not row.refused and not row.verdict:
        return Text()
    verdict = palette.mark("refused" if row.refused else visible(row.verdict))
    verdict.append(f" {visible(row.certainty)}" if row.certainty else "", palette.dim)
    if is_older(row):
        verdict.truncate(VERDICT - len(OLDER), overflow="ellipsis")
        verdict.append(OLDER, palette.dim)
    return verdict


def _ago(row: Row, palette: Palette) -> Text:
    """When its last event came, in whole minutes at least, so that lines seldom change."""
    seconds = max(0.0, time.time() - row.changed)
    return Text(("now" if seconds < 60 else span(seconds)) if row.changed else "", palette.dim)


COLUMNS = (
    Column("state", 14, 0, _state),
    Column("epoch", 9, 2, _epoch, True),
    Column("test loss", 9, 4, _loss, True),
    Column("accuracy", 8, 1, _accuracy, True),
    Column("verdict", VERDICT, 0, _verdict),
    Column("changed", 8, 3, _ago),
)


class RunLines:
    """The items of the list, by keys: `sweep NAME` for the line of a sweep, `run SWEEP/ID` for a run.

    order: a key of ORDERS. reverse: the order turned round. folded: sweeps whose runs are not shown.
    """

    def __init__(self) -> None:
        self.order, self.reverse, self.query = "sweep", False, Query()
        self.folded: set[str] = set()
        self.keys: list[str] = []
        self._items: list[Row | SweepIndex] = []
        self._headed: set[str] = set()  # sweeps that have a line of their own

    def gather(self, sweeps: Sequence[SweepIndex]) -> None:
        """Take the sweeps as they stand."""
        items: list[Row | SweepIndex] = []
        by_sweep = {sweep.name: self.query.select(list(sweep.rows.values())) for sweep in sweeps}
        if self.order == "sweep":
            for sweep in reversed(sweeps) if self.reverse else sweeps:
                rows = by_sweep[sweep.name]
                if sweep.error or len(sweep.rows) > 1:
                    if rows or (sweep.error and not self.query.terms):
                        items.append(sweep)
                    if sweep.name in self.folded:
                        continue
                items += rows
        else:
            items += self._sorted([row for rows in by_sweep.values() for row in rows])
        self._items = items
        self._headed = {item.name for item in items if isinstance(item, SweepIndex)}
        self.keys = [f"run {item.name}" if isinstance(item, Row) else f"sweep {item.name}" for item in items]

    def _sorted(self, rows: list[Row]) -> list[Row]:
        """By the order's field, those without a value last either way."""
        field = ORDERS[self.order]
        of = {row.name: row.changed or None if field == "changed" else value_of(row, field) for row in rows}
        known = [row for row in rows if of[row.name] not in (None, "")]
        known.sort(key=lambda row: of[row.name], reverse=(self.order in DOWNWARDS) != self.reverse)  # type: ignore
        return known + [row for row in rows if of[row.name] in (None, "")]

    @property
    def rows(self) -> list[Row]:
        """The runs that have a line."""
        return [item for item in self._items if isinstance(item, Row)]

    def item(self, key: str) -> Row | SweepIndex | None:
        """The run or the sweep of a key."""
        return self._items[self.keys.index(key)] if key in self.keys else None

    def header(self, width: int, palette: Palette) -> Text:
        """The names of the columns, an arrow beside the one that orders."""
        columns, rest = _fitting(width)
        arrow = ("^" if palette.ascii else "↑") if self.reverse else ("v" if palette.ascii else "↓")
        line = Text(style=palette.dim, no_wrap=True)
        line.append(_pad(Text(f"  run{f' {arrow} by {self.order}' if self.order != 'sweep' else ''}"), rest))
        for column in columns:
            line.append(" ").append(_pad(Text(column.name), column.width, column.right))
        return line

    def line(self, number: int, width: int, palette: Palette, pinned: Mapping[str, str], starting: Set[str]) -> Text:
        """An item's line. pinned: colours of pinned runs, by name. starting: sweeps whose worker is still loading."""
        item = self._items[number]
        if isinstance(item, SweepIndex):
            return self._sweep_line(item, width, palette)
        columns, rest = _fitting(width)
        name = Text("◆ " if not palette.ascii else "* ", pinned[item.name]) if item.name in pinned else Text("  ")
        name.append(visible(_name(item, item.sweep in self._headed, rest - 2)))
        line = Text(no_wrap=True).append(_pad(name, rest))
        for column in columns:
            cell = column.cell(item, palette)
            if column.name == "state" and item.sweep in starting and not item.live and item.state not in ENDED:
                cell = Text("  starting", palette.colour("running"))
            line.append(" ").append(_pad(cell, column.width, column.right))
        return line

    def _sweep_line(self, sweep: SweepIndex, width: int, palette: Palette) -> Text:
        folded = sweep.name in self.folded
        glyph = (">" if folded else "v") if palette.ascii else ("▸" if folded else "▾")
        line = Text(f"{glyph} ", palette.dim, no_wrap=True).append(visible(sweep.name), "bold")
        if sweep.error:
            return line.append(f"  {visible(sweep.error)}", palette.colour("failed"))
        return line.append(f"  {counts(sweep.rows.values())}", palette.dim)


def _name(row: Row, grouped: bool, rest: int) -> str:
    """A run's name below its sweep's line, or with its sweep's name, as much as there is room for."""
    if grouped:
        return f"  {row.id}"
    if len(row.name) <= rest:
        return row.name
    return row.sweep if len(row.sweep) <= rest else row.sweep[: rest - 1] + "…"


def _fitting(width: int) -> tuple[list[Column], int]:
    """The columns there is room for, and the cells left for the name."""
    columns = list(COLUMNS)
    while columns and width - sum(column.width + 1 for column in columns) < LEAST_NAME:
        columns.remove(max(columns, key=lambda column: (column.rank, column.width)))
    return columns, max(1, width - sum(column.width + 1 for column in columns))


def _pad(text: Text, width: int, right: bool = False) -> Text:
    text.truncate(width, overflow="ellipsis")
    if right:
        text.pad_left(width - text.cell_len)
    text.pad_right(width - text.cell_len)
    return text
