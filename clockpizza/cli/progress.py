"""What following a sweep shows: a live table on a terminal, plain lines elsewhere. All of it comes from the store."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from clockpizza.cli.results import OLDER, counts, older_note, verdict_of
from clockpizza.errors import visible

if TYPE_CHECKING:
    from clockpizza.store import Holder, Row, Standing, SweepIndex

LINE_SECONDS = 10.0  # between plain lines on one stack
COLUMNS = ("train_loss", "test_loss", "train_accuracy", "test_accuracy")


class Silent:
    """Shows nothing."""

    def show(self, index: SweepIndex) -> None:
        """Take in the sweep as it stands; called after every look."""

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal alone for a while, for a question."""
        yield


class Lines(Silent):
    """A line on each stack every ten seconds, and one whenever something begins or ends."""

    def __init__(self, console: Console):
        self.console = console
        self._said: dict[str, float] = {}  # by stack and generation; "" for what has ended
        self._states: dict[str, str] = {}
        self._began = False

    def show(self, index: SweepIndex) -> None:
        rows = list(index.rows.values())
        if not self._began:
            self._began = True
            self._say(f"{index.folder.path}: {title(index)}")
            self._states = {row.id: row.state for row in rows}
        for holder, standing in index.owners:
            if not standing.gone:
                self._stack(index, holder, standing)
        ended = [row for row in rows if _ended(row) and self._states.get(row.id) != row.state]
        if ended and time.monotonic() - self._said.get("", -LINE_SECONDS) >= LINE_SECONDS:
            self._said[""] = time.monotonic()
            self._say(f"epoch {max(row.epoch for row in ended):,} of {ended[0].epochs:,}: {_metrics(ended)}")
        for row in rows:
            if self._states.get(row.id) != row.state and row.state not in ("running", "queued"):
                words = f"{row.id}: {row.state.value if not _ended(row) else verdict_of(row)}"
                self._say(words + (f": {row.refused or row.reason}" if row.refused or row.reason else ""))
            self._states[row.id] = row.state

    def _stack(self, index: SweepIndex, holder: Holder, standing: Standing) -> None:
        key, beat = f"{holder.name}.{holder.generation}", standing.beat
        if beat.doing == "starting":
            return
        rows = [index.rows[id] for id in holder.runs if id in index.rows and not _ended(index.rows[id])]
        if not rows:
            return
        if key not in self._said:
            many = f"{len(rows)} runs" if len(rows) > 1 else rows[0].id
            self._say(f"{holder.name}: training {many} from epoch {beat.epoch:,}, {holder}")
        elif time.monotonic() - self._said[key] < LINE_SECONDS:
            return
        else:
            pace = _pace(rows[0].epochs - beat.epoch, beat.rate)
            doing = beat.doing if beat.doing != "training" else pace
            self._say(f"{holder.name}: epoch {beat.epoch:,} of {rows[0].epochs:,}: {_metrics(rows)}; {doing}")
        self._said[key] = time.monotonic()

    def _say(self, words: str) -> None:
        self.console.print(Text(visible(words)), soft_wrap=True)


class Screen(Silent):
    """A bar over all runs, a line for each stack at work, and a table of as many runs as there is room for."""

    def __init__(self, console: Console, live: Live):
        self.console, self.live = console, live
        self.note = ""  # what the person was told last, as that it stops

    def show(self, index: SweepIndex) -> None:
        self.live.update(self.draw(index), refresh=True)

    @contextmanager
    def paused(self) -> Iterator[None]:
        self.live.stop()
        try:
            yield
        finally:
            self.live.start()

    def draw(self, index: SweepIndex) -> Group:
        """The display as it stands."""
        rows = list(index.rows.values())
        at_work = [owned for owned in index.owners if not owned[1].gone]
        stacks = at_work[: max(1, self.console.height // 4)]
        parts = [_line(f"{index.folder.path}: {title(index)}", "bold"), self._bar(rows, at_work)]
        if len(rows) > 1:
            parts.append(_line(counts(rows)))
        parts += [_line(_stack_words(holder, standing)) for holder, standing in stacks]
        if not at_work:
            parts.append(_line("no worker at work" if any(not _ended(row) for row in rows) else "done", "dim"))
        if self.note:
            parts.append(_line(self.note, "yellow"))
        note = older_note(rows, index.folder.path.parents[index.name.count("/")])
        room = max(1, self.console.height - len(parts) - 3 - bool(note))
        shown = sorted(rows, key=lambda row: (not row.live, -row.changed))[:room]
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        for name in ("run", "train loss", "test loss", "train acc", "test acc", "verdict"):
            table.add_column(name, justify="left" if name in ("run", "verdict") else "right", no_wrap=True)
        order = {id: i for i, id in enumerate(index.rows)}
        for row in sorted(shown, key=lambda row: order[row.id]):
            table.add_row(visible(row.id), *_cells(row), verdict_of(row) or (row.state if not row.live else ""))
        more = len(rows) - len(shown)
        below = [*([f"and {more:,} more"] if more else []), *([f"{OLDER} {note}"] if note else [])]
        return Group(*parts, table, *(_line(words, "dim") for words in below))

    def _bar(self, rows: Sequence[Row], at_work: Sequence[tuple[Holder, Standing]]) -> Text:
        total = sum(row.epochs for row in rows) or 1
        done = sum(row.epochs if _ended(row) else row.epoch for row in rows)
        rate = sum(standing.beat.rate * len(holder.runs) for holder, standing in at_work)
        cells = max(10, min(40, self.console.width - 50))
        full = int(done / total * cells)
        if len(rows) == 1:
            words = f" epoch {done:,} of {total:,}  {_pace(total - done, rate)}"
        else:
            words = f" {done / total:.1%}" + (f"  {span((total - done) / rate)} left" if rate and done < total else "")
        return Text.assemble(("━" * full, "cyan"), ("─" * (cells - full), "dim"), words, no_wrap=True, overflow="crop")


@contextmanager
def progress(*, quiet: bool = False, stdout: bool = False) -> Iterator[Silent]:
    """A display for as long as the `with` block lasts: on stderr, or as lines on stdout."""
    console = Console(stderr=not stdout, highlight=False)
    if quiet:
        yield Silent()
    elif stdout or not console.is_terminal:
        yield Lines(console)
    else:
        with Live(console=console, auto_refresh=False) as live:
            yield Screen(console, live)


def title(index: SweepIndex) -> str:
    """A sweep in a few words."""
    runs = index.spec.runs if index.spec else {}
    if not runs:
        return index.error or "no runs"
    first = next(iter(runs.values()))
    return first.describe() if len(runs) == 1 else f"{len(runs):,} runs such as {first.describe()}"


def span(seconds: float) -> str:
    """About how long: 40 s, 5 min, 3.2 h, 2.5 days."""
    for unit, size, form in (("days", 86_400, ".1f"), ("h", 3600, ".1f"), ("min", 60, ".0f")):
        if seconds >= 2 * size:
            return f"{seconds / size:{form}} {unit}"
    return f"{seconds:.0f} s"


def _ended(row: Row) -> bool:
    return row.state in ("finished", "failed")


def _line(words: str, style: str = "") -> Text:
    return Text(visible(words), style, no_wrap=True, overflow="ellipsis")


def _stack_words(holder: Holder, standing: Standing) -> str:
    beat = standing.beat
    words = f"{holder.name}  {len(holder.runs)} run{'s' * (len(holder.runs) > 1)}  epoch {beat.epoch:,}"
    pace = f"  {beat.rate:.1f} epochs/s" if beat.rate else ""
    return f"{words}{pace}  {beat.doing}" + (f"  ({standing.how})" if standing.silent else "")


def _cells(row: Row) -> list[str]:
    forms = (".3g", ".3g", ".4f", ".4f")
    return [
        f"{row.metrics[name]:{form}}" if name in row.metrics else "" for name, form in zip(COLUMNS, forms, strict=True)
    ]


def _metrics(rows: Sequence[Row]) -> str:
    spreads = [_spread(rows, name, ".3g" if name.endswith("loss") else ".4f") for name in COLUMNS]
    return "loss {}, held out {}; accuracy {}, held out {}".format(*spreads)


def _spread(rows: Sequence[Row], name: str, form: str) -> str:
    """One value, or least to most of several."""
    values = [row.metrics[name] for row in rows if name in row.metrics]
    if not values:
        return "-"
    low, high = f"{min(values):{form}}", f"{max(values):{form}}"
    return low if low == high else f"{low} to {high}"


def _pace(left: int, rate: float) -> str:
    if not rate:
        return ""
    return f"{rate:.1f} epochs/s" + (f", {span(left / rate)} left" if left else "")
