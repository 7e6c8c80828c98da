"""The phase diagram: a glyph a run, measures against the attention rate or against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.text import Text

from clockpizza.plots.curves import Axis
from clockpizza.report.crossing import Crossing
from tui.blocks import above
from tui.spots import CUTS, RATE, SHORT, Spot
from tui.widgets.spots_panel import Place, SpotsPanel

Cells = dict[Place, tuple[str, str]]  # a mark and its style

# Glyphs that are no verdicts: a diagram's frame tells them.
OPEN = {"running": "solved, no verdict yet", "": "in training", "refused": "refused"}
RULER = 6  # cells of the numbers beside the vertical axis


class ScatterPanel(SpotsPanel):
    """Dotted lines are the paper's cuts; the rate where half turn clock is a line, its interval a bar on the ruler."""

    def __init__(self, *, id: str) -> None:
        super().__init__("", id=id)
        self.x_name, self.y_name = RATE, ""
        self.crossing: Crossing | None = None
        self.trail: Sequence[tuple[float, float]] = ()

    def show(
        self,
        spots: Sequence[Spot],
        *,
        x_name: str,
        y_name: str,
        chosen: str,
        crossing: Crossing | None,
        trail: Sequence[tuple[float, float]] = (),
    ) -> None:
        """Show runs. `trail`: where the chosen one was before."""
        self.spots, self.chosen, self.crossing, self.trail = spots, chosen, crossing, trail
        self.x_name, self.y_name = x_name, y_name
        title = f"{y_name} against {x_name}"
        if self.border_title != title:
            self.border_title = title
        names = {each.name for each in spots}
        said = [f"{self.app.palette.glyph(name)} {what}" for name, what in OPEN.items() if name in names]
        if self.border_subtitle != (subtitle := "  ".join(said)):
            self.border_subtitle = subtitle
        self.redraw()

    def draw(self, width: int, height: int) -> Text:
        columns, rows = width - RULER, height - 2
        found = {
            n: (x, y)
            for n, each in enumerate(self.spots)
            if (x := each.value(self.x_name)) is not None and (y := each.value(self.y_name)) is not None
        }
        self.places = {}
        if columns < 4 or rows < 2:
            return Text()
        values = [*found.values(), *self.trail]
        frame = Frame(_axis([x for x, _ in values]), _axis([y for _, y in values]), columns, rows)
        cells = self._guides(frame)
        dim = self.app.palette.dim
        cells |= dict.fromkeys(frame.places(self.trail), ("." if self.app.palette.ascii else "∘", dim))
        self.places = dict(zip(found, frame.places(list(found.values())), strict=True))
        together: dict[Place, list[int]] = {}
        for number, place in self.places.items():
            together.setdefault(place, []).append(number)
        for place, numbers in together.items():
            each = self.spots[self.over(numbers)]
            style = self.app.palette.colour(each.name) + (" reverse bold" if each.run == self.chosen else "")
            cells[place] = (self.app.palette.glyph(each.name), style)
        lines = self._lines_of(frame, cells)
        if not found:
            lines[rows // 2] = Text(" " * RULER + "No run has been measured yet.", dim)
        return above([*lines, *self._ruler(frame)])

    def copy_text(self) -> str:
        """A line a run: its name, what it is, and both numbers."""
        lines = [f"# run\tverdict\t{self.x_name}\t{self.y_name}"]
        for each in self.spots:
            x, y = each.value(self.x_name), each.value(self.y_name)
            if x is not None and y is not None:
                lines.append(f"{each.run}\t{each.name or 'in training'}\t{x:.6g}\t{y:.6g}")
        return "\n".join(lines)

    def _guides(self, frame: Frame) -> Cells:
        """The paper's cuts, dotted, and the rate where half are clocks."""
        palette, cells = self.app.palette, Cells()
        for _, row in frame.places([(0.0, value) for value in CUTS.get(self.y_name, ())]):
            for column in range(RULER, RULER + frame.columns, 3):
                cells[column, row] = ("-" if palette.ascii else "╌", palette.dim)
        if self.x_name == RATE and self.crossing and self.crossing.value is not None:
            column = frame.places([(self.crossing.value, 0.0)])[0][0]
            for row in range(frame.rows):
                cells[column, row] = ("|" if palette.ascii else "┊", palette.colour("clock"))
        return cells

    def _lines_of(self, frame: Frame, cells: Cells) -> list[Text]:
        """The vertical axis with its numbers, and what lies in the cells."""
        palette = self.app.palette
        ticks = frame.y.ticks(frame.rows // 3 + 1)
        numbers = {row: f"{t:.2g}" for (_, row), t in zip(frame.places([(0.0, t) for t in ticks]), ticks, strict=True)}
        lines = []
        for row in range(frame.rows):
            edge = "|" if palette.ascii else "┤" if row in numbers else "│"
            line = Text(no_wrap=True, overflow="crop")
            line.append(f"{numbers.get(row, ''):>{RULER - 1}}{edge}", palette.dim)
            filled = sorted(column for column, at in cells if at == row)
            for column in filled:
                mark, style = cells[column, row]
                line.append(" " * (column - line.cell_len)).append(mark, style)
            lines.append(line)
        return lines

    def _ruler(self, frame: Frame) -> list[Text]:
        """The horizontal axis, with the interval of the crossing on it, and its numbers."""
        palette, columns = self.app.palette, frame.columns
        ticks = frame.x.ticks(columns // 9 + 1)
        line, numbers = ["-" if palette.ascii else "─"] * columns, [" "] * (columns + RULER)
        for (column, _), tick in zip(frame.places([(t, 0.0) for t in ticks]), ticks, strict=True):
            line[column - RULER] = "+" if palette.ascii else "┴"
            word = f"{tick:.2g}"
            start = min(RULER + columns - len(word), column - len(word) // 2)
            numbers[start : start + len(word)] = word
        corner = " " * (RULER - 1) + ("+" if palette.ascii else "└")
        ruler = Text(corner + "".join(line), palette.dim, no_wrap=True)
        found = self.crossing
        if self.x_name == RATE and found and found.value is not None:
            low = frame.x.low if found.low is None else found.low
            high = frame.x.high if found.high is None else found.high
            (first, _), (last, _) = frame.places([(low, 0.0), (high, 0.0)])
            ruler.stylize(f"{palette.colour('clock')} bold", first, last + 1)
        word = SHORT.get(self.x_name, "rate")
        if "".join(numbers[: len(word) + 1]).isspace():
            numbers[: len(word)] = word
        return [ruler, Text("".join(numbers), palette.dim, no_wrap=True, overflow="crop")]


@dataclass(frozen=True)
class Frame:
    """Two axes on so many cells, right of the numbers beside the vertical one."""

    x: Axis
    y: Axis
    columns: int
    rows: int

    def places(self, points: Sequence[tuple[float, float]]) -> list[Place]:
        """The cells of points."""
        if not points:
            return []
        x, y = np.array(points, dtype=float).T
        across = RULER + np.rint(self.x.place(x) * (self.columns - 1)).astype(int)
        down = self.rows - 1 - np.rint(self.y.place(y) * (self.rows - 1)).astype(int)
        return list(zip(across.tolist(), down.tolist(), strict=True))


def _axis(values: Sequence[float]) -> Axis:
    """From 0 to 1, further where values go further."""
    return Axis(min(0.0, *values) if values else 0.0, max(1.0, *values) if values else 1.0)
