"""The room of runs: a list of sweeps and runs, and beside it the curves and the facts of the one under the cursor."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input

from clockpizza.cli.results import OLDER, counts, older_briefly
from clockpizza.errors import BadInput, ClockpizzaError, visible
from clockpizza.store import ENDED, LIVE, Query, Row, State, SweepIndex, ask_stop, parse, remove_run, remove_sweep
from tui import keys
from tui.messages import LibraryChanged
from tui.run_lines import ORDERS, RunLines
from tui.screens.base import LabScreen
from tui.screens.confirm import ConfirmScreen
from tui.widgets.curves import WINDOWS, Curves, Series, View
from tui.widgets.details import Details
from tui.widgets.line_list import LineList

MOST_PINNED = 6

GREETING = """\
No runs in {folder} yet.

4       opens a form to start a training or a sweep; ctrl+n there fills in a quick one, which ends in a clock \
after a minute or two
ctrl+p  finds any command by a part of its name
?       shows all keys

On the command line the same is:  clockpizza train --preset quick
and a clock, a pizza and more to look at come with:  clockpizza examples"""


class RunsScreen(LabScreen):
    """All runs; the room that one comes from and returns to."""

    ROOM = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("runs")]

    def __init__(self) -> None:
        super().__init__()
        self._lines, self._view = RunLines(), View()
        self._pinned: list[str] = []  # names of runs, in the order of their colours
        self._starting: set[str] = set()
        self._wanted = ""  # a sweep, or a run, that shall have the cursor once it is there

    def compose_room(self) -> ComposeResult:
        with Vertical(id="left"):
            yield Input(id="filter", placeholder="rate>=.5 width:128 verdict:pizza -state:crashed", compact=True)
            yield LineList("runs", self._line, self._header, id="list")
        with Vertical(id="right"):
            yield Curves("loss", self._view, id="loss")
            yield Curves("accuracy", self._view, id="accuracy")
            yield Details(id="details")

    def on_mount(self) -> None:
        """The list has the focus first."""
        self.query_one("#filter").display = False
        self.query_one(LineList).focus()

    @on(LibraryChanged)
    def _gather(self) -> None:
        """Take in what has changed, and show it."""
        library = self.app.library
        sweeps = library.sweeps()
        self._starting = self.app.jobs.starting(sweeps)
        self._lines.gather(sweeps)
        found = self.query_one(LineList)
        rows, name = library.rows(), self._wanted
        known = (f"sweep {name}", f"run {name}")
        wanted = next(
            (key for key in self._lines.keys if name and (key in known or key.startswith(f"{known[1]}/"))), ""
        )
        if wanted:
            self._wanted = ""
        if not library.loaded and not rows:
            found.EMPTY = f"Looking into {visible(str(library.folder))} ..."
        elif rows:
            found.EMPTY = "No run fits the filter."
        else:
            found.EMPTY = GREETING.format(folder=visible(str(library.folder)))
        shown = len(self._lines.rows)
        title = f"runs by {self._lines.order}" if self._lines.order != "sweep" else "runs"
        title += f", {shown:,} of {len(rows):,} fit" if self._lines.query.terms else ""
        older = older_briefly(self._lines.rows)
        found.title = title + (f", {OLDER} {older} of the rule" if older else "")
        found.show(self._lines.keys, wanted)
        at_work = counts([row for row in rows if row.state not in ENDED])
        words = f"{len(rows):,} run{'s' * (len(rows) != 1)}" + (f": {at_work}" if at_work else "")
        self.set_title(f"{words}, in {library.folder}" if self.size.width >= 100 else words)
        self._show_item()

    def select(self, name: str) -> None:
        """Put the cursor on a run, by its full name, or on a sweep, as soon as it is there."""
        self._wanted = name

    @property
    def item(self) -> Row | SweepIndex | None:
        """What is under the cursor."""
        return self._lines.item(self.query_one(LineList).key)

    def _line(self, number: int, width: int) -> Text:
        return self._lines.line(number, width, self.app.palette, self._colours(), self._starting)

    def _header(self, width: int) -> Text:
        return self._lines.header(width, self.app.palette)

    def _colours(self) -> dict[str, str]:
        """The colours of pinned runs; the one under the cursor has the first, unless it is pinned."""
        return {name: self.app.palette.series(number) for number, name in enumerate(self._pinned, 1)}

    def _rows_drawn(self) -> list[Row]:
        """The runs whose curves are drawn, the uppermost last: the one under the cursor, or some of the sweep there."""
        item, library = self.item, self.app.library
        rows = [row for name in self._pinned if (row := library.row(name)) is not None]
        if isinstance(item, SweepIndex):
            live = sorted(item.rows.values(), key=lambda row: (not row.live, not row.metrics))
            rows += [row for row in live[:MOST_PINNED] if row not in rows]
        elif item is not None:
            rows = [*(row for row in rows if row is not item), item]
        return rows

    def _show_item(self) -> None:
        """The curves and the facts of what is under the cursor."""
        item, colours = self.item, self._colours()
        series = []
        free = (colour for number in range(20) if (colour := self.app.palette.series(number)) not in colours.values())
        for row in self._rows_drawn():
            colour = colours.get(row.name) or next(free)
            series.append(Series(row.name, colour, self.app.library.history(row).metrics()))
        for panel in self.query(Curves):
            if panel.display:
                panel.show(series)
        rate = 0.0
        if isinstance(item, Row):
            self.app.here = item
            sweep = self.app.library.sweep(item.sweep)
            rates = [s.beat.rate for holder, s in sweep.owners if item.id in holder.runs] if sweep else []
            rate = rates[0] if rates and item.live else 0.0
        elif item is not None and item.rows:
            self.app.here = next(iter(item.rows.values()))
        self.query_one(Details).show(item, rate)

    @on(LineList.Moved)
    def _moved(self) -> None:
        self._show_item()

    @on(LineList.Chosen)
    def _chosen(self) -> None:
        item = self.item
        if isinstance(item, Row):
            self.app.open_run(item)
        elif item is not None and not item.error:
            self.app.open_sweep(item.name)

    # The filter and the order

    def action_filter(self) -> None:
        """Type a filter."""
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        field = event.input
        try:
            self._lines.query = parse(event.value)
        except BadInput as error:
            field.add_class("-bad")
            found = self.query_one(LineList)
            found.title = str(error)
            found.redraw()
            return
        field.remove_class("-bad")
        self._gather()

    @on(Input.Submitted, "#filter")
    def _filter_submitted(self, event: Input.Submitted) -> None:
        event.input.display = bool(event.value)
        self.query_one(LineList).focus()

    def action_back(self) -> None:
        """Out of a full-screen panel, else out of the filter."""
        field = self.query_one("#filter", Input)
        if self.maximized is None and field.display:
            field.value, field.display = "", False
            self._lines.query = Query()
            self.query_one(LineList).focus()
            self._gather()
        else:
            super().action_back()

    def action_sort(self, steps: int) -> None:
        """Sort by another column."""
        names = list(ORDERS)
        self._lines.order = names[(names.index(self._lines.order) + steps) % len(names)]
        self._lines.reverse = False
        self._gather()

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._lines.reverse = not self._lines.reverse
        self._gather()

    # Pins and curves

    def action_pin(self) -> None:
        """Pin a run, or fold a sweep."""
        item = self.item
        if isinstance(item, SweepIndex):
            self._lines.folded ^= {item.name}
        elif item is not None and item.name in self._pinned:
            self._pinned.remove(item.name)
        elif item is not None and len(self._pinned) == MOST_PINNED:
            self.notify(f"{MOST_PINNED} runs at most can be pinned; P unpins all.", severity="warning")
        elif item is not None:
            self._pinned.append(item.name)
        self._gather()

    def action_unpin(self) -> None:
        """Unpin all."""
        self._pinned.clear()
        self._gather()

    def action_metric(self) -> None:
        """Where there is room for one panel of curves, show the other one."""
        self.query_one("#right").toggle_class("-accuracy")
        self.call_after_refresh(self._show_item)

    def action_log(self, axis: str) -> None:
        """A logarithmic axis, or a linear one again."""
        if axis == "x":
            self._view.log_x = not self._view.log_x
            self._view.window = None
        else:
            self._view.log_y = not self._view.log_y
        self._show_item()

    def action_smooth(self) -> None:
        """Smooth over more points, or not at all again."""
        self._view.smoothing = (self._view.smoothing + 1) % len(WINDOWS)
        self._show_item()

    def action_cursor(self, steps: int) -> None:
        """Move the cursor along the uppermost run's epochs."""
        rows = self._rows_drawn()
        if rows:
            self._view.move(steps, self.app.library.history(rows[-1]).metrics()["epoch"])
            self._show_item()

    def action_magnify(self, factor: float) -> None:
        """Show fewer epochs, or more."""
        self._view.magnify(factor, self._last_epoch())
        self._show_item()

    def action_pan(self, direction: int) -> None:
        """Show earlier or later epochs."""
        self._view.pan(direction, self._last_epoch())
        self._show_item()

    def action_reset(self) -> None:
        """All epochs, without a cursor."""
        self._view.window = self._view.cursor = None
        self._show_item()

    def _last_epoch(self) -> float:
        return max(self.app.library.history(row).metrics()["epoch"].max(initial=2.0) for row in self._rows_drawn())

    # Workers

    def action_resume(self) -> None:
        """Go on with a sweep."""
        sweep = self._sweep()
        if sweep is None:
            return
        item = self.item
        failed = isinstance(item, Row) and item.state is State.FAILED
        left = [row for row in sweep.rows.values() if row.state not in (*ENDED, *LIVE)]
        if not left and not failed:
            words = "is being trained" if any(row.live for row in sweep.rows.values()) else "has ended"
            self.notify(visible(f"{sweep.name} {words}: there is nothing to resume."), severity="warning")
            return
        self._try(partial(self._resume, sweep, failed))

    def _resume(self, sweep: SweepIndex, failed: bool) -> None:
        (pid,) = self.app.jobs.resume(sweep, failed=failed)
        self.notify(visible(f"Process {pid} loads torch, then goes on with {sweep.name}."))
        self._gather()

    def action_stop(self) -> None:
        """Ask a run's worker to stop, or all of a sweep's."""
        item, sweep = self.item, self._sweep()
        if item is None or sweep is None:
            return
        rows = [item] if isinstance(item, Row) else list(item.rows.values())
        live = [row for row in rows if row.live]
        if not live:
            self.notify(visible(f"Nobody trains {item.name}."), severity="warning")
            return
        owner = live[0].owner
        many = len(owner.runs) if owner and isinstance(item, Row) else len(live)
        words = f"{many:,} runs are trained together and stop together. " if many > 1 else ""
        words += "What has been trained is saved first; r goes on from there."
        ids = [item.id] if isinstance(item, Row) else []
        self._ask(f"Stop {item.name}?", words, partial(ask_stop, sweep.folder, ids))

    def action_delete(self) -> None:
        """Remove a run, or a sweep."""
        item, sweep = self.item, self._sweep()
        if item is None or sweep is None:
            return
        watch = self.app.library.watch
        if isinstance(item, Row) and len(sweep.rows) > 1:
            words = f"{item.folder.path}, with all that belongs to it. Its sweep still lists it; r trains it anew."
            self._ask(f"Remove {item.name}?", words, partial(remove_run, sweep.folder, item.id, watch))
        else:
            words = f"{sweep.folder.path}, with {len(sweep.rows):,} run{'s' * (len(sweep.rows) > 1)}, for good."
            self._ask(f"Remove {sweep.name}?", words, partial(remove_sweep, sweep.folder, watch))

    def _sweep(self) -> SweepIndex | None:
        item = self.item
        return self.app.library.sweep(item.sweep) if isinstance(item, Row) else item

    def _ask(self, title: str, words: str, action: Callable[[], None]) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self._try(action)

        self.app.push_screen(ConfirmScreen(visible(title), words), answered)

    def _try(self, action: Callable[[], None]) -> None:
        try:
            action()
        except ClockpizzaError as error:
            self.notify(str(error), severity="error")
        self.app.library.look_now()
