"""Verdicts in a grid: attention rates across, widths, depths or seeds down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from tui.blocks import above
from tui.spots import Spot
from tui.widgets.spots_panel import Place, SpotsPanel, rank

LABEL = 8  # cells of the numbers beside the lines
WIDEST = 7  # cells of a cell


class GridPanel(SpotsPanel):
    """A cell has the runs of one rate and one line, or of ranges of them where there are too many to show.

    It is a bar of glyphs: as much of it as of its runs have that verdict.
    """

    def __init__(self, *, id: str) -> None:
        super().__init__("", id=id)
        self.rows_are = "seed"

    def show(self, spots: Sequence[Spot], *, rows_are: str, chosen: str) -> None:
        """Show runs; `rows_are`: width, layers or seed."""
        self.spots, self.rows_are, self.chosen = spots, rows_are, chosen
        title = f"attention rate by {rows_are}"
        if self.border_title != title:
            self.border_title = title
        self.redraw()

    def draw(self, width: int, height: int) -> Text:
        self.places = {}
        rated = [(n, each) for n, each in enumerate(self.spots) if each.rate is not None]
        room, down = width - LABEL, height - 1
        if not rated or room < 2 or down < 1:
            return Text("These networks have no attention.", self.app.palette.dim) if not rated else Text()
        columns = columns_of([each.rate for _, each in rated if each.rate is not None], room // 2)
        wide = max(2, min(WIDEST, room // (1 + max(columns.values()))))
        lines = gathered(sorted({self._row_of(each) for _, each in rated}), down)
        if self.rows_are != "seed":
            lines.reverse()  # sizes grow upwards
        line_of = {value: at for at, values in enumerate(lines) for value in values}
        cells: dict[Place, list[int]] = {}
        for number, each in rated:
            assert each.rate is not None
            cells.setdefault((columns[each.rate], line_of[self._row_of(each)]), []).append(number)
        drawn = [self._header(columns, wide, width)]
        for row, values in enumerate(lines):
            label = f"{values[0]}" if len(values) == 1 else f"{values[0]}-{values[-1]}"
            line = Text(f"{label[: LABEL - 1]:>{LABEL - 1}} ", self.app.palette.dim, no_wrap=True, overflow="crop")
            line = Text(no_wrap=True).append_text(line)
            for column in range(1 + max(columns.values())):
                numbers = cells.get((column, row), [])
                for number in numbers:
                    self.places[number] = (LABEL + column * wide, 1 + row)
                line.append_text(self._cell(numbers, wide))
            drawn.append(line)
        return above(drawn)

    def copy_text(self) -> str:
        """A line a run: rate, line, verdict."""
        lines = [f"# run\tattention rate\t{self.rows_are}\tverdict"]
        lines += [f"{e.run}\t{e.rate}\t{self._row_of(e)}\t{e.name or 'in training'}" for e in self.spots]
        return "\n".join(lines)

    def _row_of(self, each: Spot) -> int:
        found: int = getattr(each, self.rows_are)
        return found

    def _cell(self, numbers: Sequence[int], wide: int) -> Text:
        """A glyph for a run, a bar of glyphs for several."""
        palette = self.app.palette
        cell = Text(no_wrap=True)
        counts = Counter(self.spots[n].name for n in numbers)
        names = sorted(counts, key=rank, reverse=True)
        for name, marks in zip(
            names, parts([counts[name] for name in names], min(wide - 1, len(numbers))), strict=True
        ):
            cell.append(palette.glyph(name) * marks, palette.colour(name))
        if any(self.spots[n].run == self.chosen for n in numbers):
            cell.stylize("reverse bold")
        cell.append(" " * (wide - cell.cell_len))
        return cell

    def _header(self, columns: dict[float, int], wide: int, width: int) -> Text:
        """Rates above their columns, as many as there is room for."""
        cells = [" "] * width
        lowest: dict[int, float] = {}
        for rate, column in columns.items():
            lowest[column] = min(rate, lowest.get(column, rate))
        free = 0
        for column, rate in sorted(lowest.items()):
            word = f"{rate:.2f}".lstrip("0") if rate < 1 else f"{rate:g}"
            start = LABEL + column * wide
            if start >= free and start + len(word) <= width:
                cells[start : start + len(word)] = word
                free = start + len(word) + 1
        return Text("".join(cells), self.app.palette.dim, no_wrap=True)


def columns_of(rates: Sequence[float], most: int) -> dict[float, int]:
    """The column of each rate: one each, or equal parts of 0 to 1 where they are more than `most`."""
    distinct = sorted(set(rates))
    if len(distinct) <= most:
        return {rate: column for column, rate in enumerate(distinct)}
    parts = 10 if most < 20 else 20
    return {rate: max(0, min(parts - 1, int(rate * parts + 1e-9))) for rate in distinct}


def gathered(values: Sequence[int], most: int) -> list[list[int]]:
    """Values in order, neighbours together where they are more than `most`."""
    size = -(-len(values) // most)
    return [list(values[at : at + size]) for at in range(0, len(values), size)]


def parts(counts: Sequence[int], cells: int) -> list[int]:
    """How many of `cells` each count gets: in proportion, the largest remainders rounded up."""
    exact = [cells * count / max(1, sum(counts)) for count in counts]
    whole = [int(each) for each in exact]
    for at in sorted(range(len(counts)), key=lambda n: whole[n] - exact[n])[: cells - sum(whole)]:
        whole[at] += 1
    return whole
