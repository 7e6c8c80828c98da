"""The room of a sweep: its phase diagram filling in while it trains, its grid of verdicts, and its numbers."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from clockpizza.report import Report, gather
from clockpizza.store import Row
from tui import keys
from tui.messages import LibraryChanged
from tui.screens.base import LabScreen
from tui.spots import DIAGRAMS, MEASURES, RATE, Spot, grid_rows, spots
from tui.widgets.grid import GridPanel
from tui.widgets.scatter import ScatterPanel
from tui.widgets.shares import SharesPanel
from tui.widgets.spots_panel import SpotsPanel


class SweepScreen(LabScreen):
    """A sweep, by its name."""

    ROOM = "sweep"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("sweep")]

    def __init__(self, name: str) -> None:
        super().__init__()
        self.sweep_name = name
        self._chosen = ""
        self._diagram = self._grid_rows = 0
        self._report: Report | None = None
        self._reported: object = None  # what the report was made of

    def compose_room(self) -> ComposeResult:
        yield ScatterPanel(id="scatter")
        with Vertical(id="beside"):
            yield GridPanel(id="grid")
            yield SharesPanel(id="shares")

    def on_mount(self) -> None:
        """The diagram has the focus first."""
        self.query_one(ScatterPanel).focus()

    @property
    def rows(self) -> list[Row]:
        """The sweep's runs, in its order."""
        sweep = self.app.library.sweep(self.sweep_name)
        return list(sweep.rows.values()) if sweep else []

    @property
    def row(self) -> Row | None:
        """The run under the cursor."""
        rows = self.rows
        return next((row for row in rows if row.id == self._chosen), rows[0] if rows else None)

    @on(LibraryChanged)
    def _gather(self) -> None:
        """Take in what has changed, and show it."""
        rows = self.rows
        if not self._chosen:
            here = self.app.here
            first = here if here is not None and here.sweep == self.sweep_name else rows[0] if rows else None
            self._chosen = first.id if first else ""
        ended = tuple((row.id, row.state, row.verdict, row.edition) for row in rows)
        if ended != self._reported and rows:
            self._reported = ended
            self._make_report(rows)
        self._show()

    @work(thread=True, exclusive=True)
    def _make_report(self, rows: list[Row]) -> None:
        """Shares and boundary, off the screen's thread: fits over a thousand runs take a while."""
        report = gather(self.sweep_name, rows)
        self.app.call_from_thread(self._take_report, report)

    def _take_report(self, report: Report) -> None:
        self._report = report
        if self.is_attached:
            self._show()

    def _show(self) -> None:
        rows, row = self.rows, self.row
        if row is not None:
            self.app.here = row
        found = spots(rows)
        chosen = row.id if row else ""
        x, y = DIAGRAMS[self._diagram]
        crossing = self._report.whole.clock if self._report else None
        self.query_one(ScatterPanel).show(
            found, x_name=x, y_name=y, chosen=chosen, crossing=crossing, trail=self._trail(row, found, x, y)
        )
        lines = grid_rows(found)
        self.query_one(GridPanel).show(found, rows_are=lines[self._grid_rows % len(lines)], chosen=chosen)
        self.query_one(SharesPanel).show(self._report, rows, row)
        self.set_title(f"{self.sweep_name}, {len(rows):,} run{'s' * (len(rows) != 1)}")

    def _trail(self, row: Row | None, found: list[Spot], x: str, y: str) -> list[tuple[float, float]]:
        """Where the run under the cursor was at its snapshots."""
        spot = next((each for each in found if row is not None and each.run == row.id), None)
        if row is None or spot is None:
            return []
        places = []
        for snapshot in self.app.library.history(row).snapshots().values():
            measures = snapshot.get("measures")
            known = measures if isinstance(measures, dict) else {}
            at, up = (spot.rate if axis == RATE else known.get(MEASURES[axis]) for axis in (x, y))
            if isinstance(at, float | int) and isinstance(up, float | int):
                places.append((float(at), float(up)))
        return places

    @on(SpotsPanel.Moved)
    def _moved(self, event: SpotsPanel.Moved) -> None:
        self._chosen = event.run
        self._show()

    @on(SpotsPanel.Opened)
    def action_open(self) -> None:
        """Open the network of the run under the cursor."""
        if (row := self.row) is not None:
            self.app.open_run(row)

    def action_measure(self) -> None:
        """The next pair of what is drawn against what."""
        self._diagram = (self._diagram + 1) % len(DIAGRAMS)
        self._show()

    def action_grid(self) -> None:
        """Other lines in the grid."""
        self._grid_rows += 1
        self._show()
