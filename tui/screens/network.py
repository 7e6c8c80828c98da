"""The room of a network: verdict, circles, logits, spectrum, attention and neurons, at any moment of its training."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

import numpy as np
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Grid
from textual.timer import Timer

from clockpizza.errors import BadInput, ClockpizzaError, visible
from clockpizza.store import Row, State, read_result
from clockpizza.store.row import numbers
from tui import keys
from tui.facts import CircleFacts, Facts, of_document
from tui.messages import LibraryChanged
from tui.moment import Moment
from tui.network_pages import Page, pages_for
from tui.portrait import read_portrait
from tui.screens.base import LabScreen
from tui.snapshots import Snapshots
from tui.widgets.circle import CirclePanel
from tui.widgets.circle_table import CircleTable
from tui.widgets.page_bar import PageBar
from tui.widgets.panel import Panel
from tui.widgets.picture import Item, PicturePanel
from tui.widgets.spectrum import SpectrumPanel
from tui.widgets.timeline import Timeline
from tui.widgets.verdict import VerdictPanel

LOGIT_SIDES = "a+b ↓ a-b →"
LAZY = ("attention", "neurons")  # panels whose pictures are measured when they are first seen
SEEN = 0.01  # share of the embedding's variance from which on a frequency is listed
LOWEST = 14  # lines, below which verdict and time give way to the panels


class NetworkScreen(LabScreen):
    """A network: a run's, at any of its snapshots, or that of a checkpoint's file."""

    ROOM = "network"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("network")]

    def __init__(self, source: Row | Path) -> None:
        super().__init__()
        self.source = source
        self._run = source.name if isinstance(source, Row) else ""
        self._snapshots = Snapshots(source.folder) if isinstance(source, Row) else None
        self._epochs: list[int] = []
        self._at = 0
        self._following = True
        self._player: Timer | None = None
        self._moment: Moment | None = None
        self._facts = Facts()  # of the network as it ended
        self._result_seen = False
        self._portrait: Moment | None = None
        self._portrait_words = ""  # why there is none (yet)
        self._portrait_asked = False
        self._undefined: dict[str, str] = {}  # of what the portrait lacks, the reasons
        self._error = ""  # why there is nothing to see of this moment
        self._frequency = 0
        self._page = 0

    def compose_room(self) -> ComposeResult:
        yield VerdictPanel(id="verdict")
        yield PageBar(id="pages")
        with Grid(id="panels"):
            yield CirclePanel("circle", id="circle")
            yield PicturePanel("correct logit", id="logits", alone=True)
            yield PicturePanel("attention to a", id="attention")
            yield CircleTable("circles", id="table")
            yield SpectrumPanel("Fourier spectrum", id="spectrum")
            yield PicturePanel("neurons", id="neurons")
        yield Timeline(id="time")

    def on_mount(self) -> None:
        """The circle has the focus first."""
        self._arrange()
        self.query_one(CirclePanel).focus()
        if isinstance(self.source, Path):
            self._want_portrait()
            self._show()

    def on_resize(self) -> None:
        """As many panels as there is room for."""
        self._arrange()

    @property
    def row(self) -> Row | None:
        """The run, as it is now."""
        if not isinstance(self.source, Row):
            return None
        return self.app.library.row(self._run) or self.source

    @property
    def _subject(self) -> str:
        """The run's full name, or the file's."""
        return visible(self._run or Path(str(self.source)).name)

    @on(LibraryChanged)
    def _gather(self) -> None:
        """Take in what the run has written since."""
        row = self.row
        if row is None or self._snapshots is None:
            return
        self.app.here = row
        self._epochs = self._snapshots.epochs()
        if self._following:
            self._at = len(self._epochs) - 1
        self._at = max(0, min(self._at, len(self._epochs) - 1))
        if row.state is State.FINISHED and not self._result_seen:
            self._result_seen = True
            self._read_result(row)
        self._load()
        self._show()

    # What is read off the screen's thread

    @work(thread=True, group="result")
    def _read_result(self, row: Row) -> None:
        try:
            facts, error = of_document(read_result(row.folder) or {}), ""
        except BadInput as bad:
            facts, error = Facts(), visible(str(bad))
        self.app.call_from_thread(self._take_facts, facts, error)

    def _take_facts(self, facts: Facts, error: str) -> None:
        self._facts, self._error = facts, error or self._error
        self._show()

    def _load(self) -> None:
        """Have the snapshot of the moment, and then those after it, read."""
        if self._snapshots is not None and self._epochs:
            wanted = self._epochs[self._at]
            if self._snapshots.get(wanted) is None:
                self._read_snapshots([wanted, *self._epochs[self._at + 1 : self._at + 9]])

    @work(thread=True, exclusive=True, group="snapshots")
    def _read_snapshots(self, epochs: list[int]) -> None:
        assert self._snapshots is not None
        for number, epoch in enumerate(epochs):
            self._snapshots.load(epoch)
            if number == 0:
                self.app.call_from_thread(self._show)

    def _want_portrait(self) -> None:
        """Have a portrait made of the network's weights, once; panels tell meanwhile how far it is."""
        if self._portrait_asked:
            return
        path = self._checkpoint()
        if path is None:
            self._portrait_words = (
                "This is measured from weights, and a run saves them when it ends, or on the way with "
                "--keep-checkpoints."
            )
            return
        self._portrait_asked = True
        self._make_portrait(path)

    def _checkpoint(self) -> Path | None:
        """The weights that attention and neurons are measured from: the final ones, or the last that were kept."""
        row = self.row
        if row is None:
            return self.source if isinstance(self.source, Path) else None
        if row.folder.weights_file.exists():
            return row.folder.weights_file
        kept = row.folder.kept_epochs()
        return row.folder.weights_at(kept[-1]) if kept else None

    @work(group="portrait")
    async def _make_portrait(self, path: Path) -> None:
        try:
            file = await self.app.portraits.make(path, self._progress)
            facts, moment, self._undefined = await asyncio.to_thread(read_portrait, file)
        except ClockpizzaError as error:
            self._portrait_words = visible(str(error))
            if self.row is None:
                self._error = self._portrait_words
        else:
            self._portrait, self._portrait_words = moment, ""
            if self.row is None:
                self._facts = facts
        self._show()

    def _progress(self, words: str, share: float) -> None:
        self._portrait_words = f"A helper process measures the network: {words}" + (f", {share:.0%}" if share else "")
        self._show()

    # What is shown

    def _show(self) -> None:
        """Everything, at the moment that is looked at."""
        if not self.is_attached:
            return
        row = self.row
        if self._snapshots is not None and self._epochs:
            found = self._snapshots.get(self._epochs[self._at])
            if isinstance(found, Moment):
                self._moment, self._error = found, ""
            elif found is not None:
                self._moment, self._error = None, found
        elif row is None:
            self._moment = self._portrait
        circles = self._circles()
        known = [circle.frequency for circle in circles]
        if self._frequency not in known:
            self._frequency = known[0] if known else 0
        self._show_verdict(row)
        self._show_circle(circles)
        self._show_table(row, circles)
        self._show_pictures()
        self._show_time(row)
        self.set_title(self._subject)

    @property
    def _last(self) -> bool:
        """Whether the moment is the network as it ended."""
        return self.row is None or (bool(self._facts.name) and self._at == len(self._epochs) - 1)

    def _why_nothing(self) -> str:
        """Why there is nothing to see yet."""
        row = self.row
        if self._error or row is None:
            return self._error or self._portrait_words
        return "Nothing was measured yet." if not self._epochs else "Reading ..."

    def _circles(self) -> list[CircleFacts]:
        """The circles that were judged, and after them other frequencies that the moment's embedding has."""
        found = list(self._facts.circles)
        moment = self._moment
        if moment is not None and self.row is not None:
            judged = {circle.frequency for circle in found}
            for k in moment.circles:
                share = None if moment.embedding_power is None else float(moment.embedding_power[k - 1])
                if k not in judged and (share is None or share >= SEEN or not found):
                    found.append(_unjudged(k, share))
        return found

    def _powers(self) -> dict[int, tuple[float | None, float | None]]:
        """Shares of embedding and logits at this moment, by frequency."""
        moment = self._moment
        if moment is None or self._last:
            return {}
        shares: dict[int, tuple[float | None, float | None]] = {}
        for k in range(1, moment.p // 2 + 1):
            parts = (moment.embedding_power, moment.logit_power)
            at, logits = (None if power is None else float(power[k - 1]) for power in parts)
            shares[k] = at, logits
        return shares

    def _show_verdict(self, row: Row | None) -> None:
        facts, measures, moment, words = self._facts, dict(self._facts.measures), "", ""
        if row is not None:
            if not facts.name:
                words = f"{row.state.value}: no verdict yet" if row.state is not State.FAILED else "failed"
                words += f" ({visible(row.reason)})" if row.reason else ""
            if not self._last and self._epochs:
                epoch = self._epochs[self._at]
                words = words or f"at its end, epoch {row.epoch:,}"
                moment, measures = f"epoch {epoch:,}", self._measures_at(row, epoch)
        elif not facts.name:
            words = self._why_nothing()
        if facts.name == "refused":
            words = words or "its measures and circles mean nothing"
        self.query_one(VerdictPanel).show(facts, words, moment, measures)

    def _measures_at(self, row: Row, epoch: int) -> dict[str, float]:
        """What a snapshot's event tells, and the accuracy nearest to it."""
        history = self.app.library.history(row)
        told = history.snapshots().get(epoch, {}).get("measures")
        measures = numbers(told) if isinstance(told, dict) else {}
        accuracy = self._accuracies(row, [epoch])[0]
        return ({} if accuracy is None else {"test_accuracy": accuracy}) | measures

    def _accuracies(self, row: Row, epochs: list[int]) -> list[float | None]:
        """The held-out accuracy at each of some epochs, as last told before it."""
        metrics = self.app.library.history(row).metrics()
        at = np.searchsorted(metrics["epoch"], epochs, side="right") - 1
        known = metrics["test_accuracy"]
        return [float(known[n]) if n >= 0 and np.isfinite(known[n]) else None for n in at]

    def _show_circle(self, circles: list[CircleFacts]) -> None:
        k, moment = self._frequency, self._moment
        panel = self.query_one(CirclePanel)
        if moment is None or not k:
            panel.show(0, None, "circle", "", self._why_nothing() if moment is None else "It has no circles.")
            return
        number = [circle.frequency for circle in circles].index(k)
        circle = circles[number]
        variance, logits = self._powers().get(k, (circle.variance, circle.logits))
        judged = circle.pizza_part is not None and self._last  # only a main circle is
        heading = [circle.role] if circle.role and not judged else []
        heading += [
            f"{name} {share:.1%}" for name, share in (("var", variance), ("logits", logits)) if share is not None
        ]
        if circle.pizza_part is not None and judged:
            heading.append(f"{circle.pizza_part:.0%} pizza")
        delta = f", delta {circle.delta}" if circle.delta else ""
        title = f"circle k {k}{delta}, {number + 1} of {len(circles)}"
        points = moment.circles.get(k)
        panel.show(
            k,
            points,
            title,
            "  ".join(heading),
            "This snapshot keeps the planes of six other frequencies, stronger then.",
        )

    def _show_table(self, row: Row | None, circles: list[CircleFacts]) -> None:
        words = self._why_nothing() if self._moment is None else "No frequency holds 1 % of the embedding's variance."
        powers = self._powers()
        title = (
            "circles"
            if self._last or not self._epochs
            else f"circles; var and logits at epoch {self._epochs[self._at]:,}"
        )
        table, spectrum = self.query_one(CircleTable), self.query_one(SpectrumPanel)
        if table.border_title != title:
            table.border_title = title
        foot = f"accuracy by components: {self._facts.accuracies}" if self._facts.accuracies else ""
        if row is not None and self._epochs and not self._last:
            foot = _accuracies_then(self._measures_at(row, self._epochs[self._at]))
        table.show(circles, powers=powers, frequency=self._frequency, words=words, foot=foot)
        moment = self._moment
        spectrum.show(
            None if moment is None else moment.embedding_power,
            None if moment is None else moment.logit_power,
            roles={circle.frequency: circle.role for circle in circles},
            frequency=self._frequency,
            words=self._why_nothing(),
        )

    def _show_pictures(self) -> None:
        moment, portrait = self._moment, self._portrait
        items = []
        if moment is not None and moment.correct_logit is not None:
            alone = portrait.alone if portrait is not None and self._last else {}
            items.append(Item("all circles" if alone else "", moment.correct_logit, LOGIT_SIDES))
            items += [Item(f"circle {k} alone", values, LOGIT_SIDES) for k, values in alone.items()]
        self.query_one("#logits", PicturePanel).show(items, self._why_nothing())
        seen = any(self.query_one(f"#{name}").display for name in LAZY)
        if portrait is None and seen:
            self._want_portrait()
        attention, neurons = [], []
        if portrait is not None and portrait.attention is not None:
            for head, values in enumerate(portrait.attention):
                pair = self._facts.heads[head] if head < len(self._facts.heads) else ""
                attention.append(Item(f"head {head}  {pair}".rstrip(), values))
        if portrait is not None and portrait.neuron_pictures is not None and portrait.neurons is not None:
            for neuron, values in zip(portrait.neurons, portrait.neuron_pictures, strict=False):
                title, detail = _neuron(int(neuron), portrait)
                neurons.append(Item(title, values, detail=detail))
        nothing = self._portrait_words or self._why_nothing()
        reasons = {name: nothing if portrait is None else self._undefined.get(name, "None was kept.") for name in LAZY}
        self.query_one("#attention", PicturePanel).show(attention, reasons["attention"])
        self.query_one("#neurons", PicturePanel).show(neurons, reasons["neurons"])

    def _show_time(self, row: Row | None) -> None:
        time = self.query_one(Timeline)
        time.display = bool(row is not None and self._epochs) and self.size.height >= LOWEST
        if row is not None and self._epochs:
            time.show(
                self._epochs,
                self._accuracies(row, self._epochs),
                self._at,
                total=row.epochs,
                playing=self._player is not None,
                following=self._following and row.live,
            )

    # Pages

    def _arrange(self) -> None:
        """Show the panels of the page that is seen, in a grid that fits."""
        pages = self._pages
        self._page = min(self._page, len(pages) - 1)
        page = pages[self._page]
        grid = self.query_one("#panels", Grid)
        grid.styles.grid_size_columns, grid.styles.grid_rows = page.columns, page.rows
        for panel in grid.query(Panel):
            panel.display = panel.id in page.panels
        self.query_one(VerdictPanel).display = self.size.height >= LOWEST
        self.query_one(PageBar).show([each.name for each in pages], self._page, self._subject)
        if isinstance(self.focused, Panel) and not self.focused.display:
            self.query_one(f"#{page.panels[0]}").focus()
        self.call_after_refresh(self._show)

    @property
    def _pages(self) -> tuple[Page, ...]:
        return pages_for(*self.size)

    def action_page(self, step: int) -> None:
        """Other panels."""
        if self.maximized is not None:
            self.minimize()
        self._page = (self._page + step) % len(self._pages)
        self._arrange()

    @on(PageBar.Chosen)
    def _page_chosen(self, event: PageBar.Chosen) -> None:
        self._page = event.page
        self._arrange()

    # Circles and time

    def action_circle(self, step: int) -> None:
        """Another circle."""
        known = [circle.frequency for circle in self._circles()]
        if known:
            self._frequency = known[(known.index(self._frequency) + step) % len(known)]
            self._show()

    def action_time(self, step: int) -> None:
        """Another snapshot."""
        self._pause()
        self._seek(self._at + step)

    @on(Timeline.Sought)
    def _sought(self, event: Timeline.Sought) -> None:
        self._pause()
        self._seek(event.at)

    def action_play(self) -> None:
        """Play from here, or from the start where we are at the end; or pause."""
        if self._player is not None or len(self._epochs) < 2:
            self._pause()
        else:
            if self._at == len(self._epochs) - 1:
                self._seek(0)
            self._player = self.set_interval(1 / self.app.options.fps, self._play)
        self._show()

    def _play(self) -> None:
        self._seek(self._at + 1)
        if self._at == len(self._epochs) - 1:
            self._pause()
            self._show()

    def _pause(self) -> None:
        if self._player is not None:
            self._player.stop()
            self._player = None

    def _seek(self, at: int) -> None:
        self._at = max(0, min(at, len(self._epochs) - 1))
        self._following = self._at == len(self._epochs) - 1
        self._load()
        self._show()


def _unjudged(k: int, variance: float | None) -> CircleFacts:
    """A frequency of which no more than its share of the embedding is known."""
    return CircleFacts(k, variance=variance)


def _accuracies_then(measures: dict[str, float]) -> str:
    """What a snapshot tells of the accuracy with some circles alone."""
    parts = (("main_circles", "main circles alone"), ("companions", "companions alone"), ("both", "both"))
    known = [f"{what} {measures[f'accuracy_{name}']:.1%}" for name, what in parts if f"accuracy_{name}" in measures]
    return f"accuracy then: {', '.join(known)}" if known else ""


def _neuron(neuron: int, portrait: Moment) -> tuple[str, str]:
    """`#214 k 13 R2 .97`, and its phases."""
    fits = portrait.neuron_fits
    if fits is None or not 0 <= neuron < len(fits):
        return f"#{neuron}", ""
    frequency, u, v, amplitude, r2 = fits[neuron]
    return f"#{neuron} k {frequency:.0f} R2 {r2:.2f}", f"{amplitude:.2f} at u {u:+.2f} v {v:+.2f}"
