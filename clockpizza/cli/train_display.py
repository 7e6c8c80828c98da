"""What `clockpizza train` shows on stderr: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from clockpizza.errors import visible

if TYPE_CHECKING:
    from clockpizza.run_config import RunConfig
    from clockpizza.store import SweepFolder
    from clockpizza.sweep_spec import SweepSpec
    from clockpizza.training.engine import Metrics
    from clockpizza.worker.stack import Watcher

LINE_SECONDS = 10.0  # between plain lines
ROWS = 16  # runs shown at a time


@contextmanager
def display(spec: SweepSpec, sweep: SweepFolder, *, quiet: bool) -> Iterator[Watcher]:
    """Show a worker's progress for as long as the `with` block lasts."""
    console = Console(stderr=True, highlight=False)
    if quiet:
        yield Silent(console)
    elif not console.is_terminal:
        console.print(visible(f"{sweep.path}: {_title(spec)}"), soft_wrap=True)
        yield Lines(console)
    else:
        with Live(console=console, refresh_per_second=4) as live:
            shown = Screen(console, live, visible(f"{sweep.path}: {_title(spec)}"))
            yield shown
            live.update(shown.draw(), refresh=True)


def _title(spec: SweepSpec) -> str:
    first = next(iter(spec.runs.values()))
    return first.describe() if len(spec.runs) == 1 else f"{len(spec.runs)} runs such as {first.describe()}"


class Silent:
    """Says nothing but what went wrong."""

    def __init__(self, console: Console):
        self.console = console
        self.epochs = 0

    def begins(self, runs: dict[str, RunConfig], epoch: int) -> None:
        self.epochs = next(iter(runs.values())).epochs

    def metrics(self, epoch: int, runs: list[str], metrics: Metrics, epochs_per_second: float) -> None:
        pass

    def judging(self, run: str) -> None:
        pass

    def ended(self, run: str, status: str, result: dict[str, Any]) -> None:
        pass

    def trouble(self, what: str) -> None:
        self.console.print(Text(f"clockpizza: {visible(what)}"), soft_wrap=True)


class Lines(Silent):
    """A line every ten seconds, and one whenever something begins or ends."""

    def __init__(self, console: Console):
        super().__init__(console)
        self._said = 0.0

    def begins(self, runs: dict[str, RunConfig], epoch: int) -> None:
        super().begins(runs, epoch)
        self._say(
            f"training {len(runs)} runs from epoch {epoch:,}" if len(runs) > 1 else f"training from epoch {epoch:,}"
        )

    def metrics(self, epoch: int, runs: list[str], metrics: Metrics, epochs_per_second: float) -> None:
        if epoch < self.epochs and time.monotonic() - self._said < LINE_SECONDS:
            return
        self._said = time.monotonic()
        self._say(
            f"epoch {epoch:,} of {self.epochs:,}: loss {_spread(metrics.train_loss, '.3g')}, "
            f"held out {_spread(metrics.test_loss, '.3g')}; accuracy {_spread(metrics.train_accuracy, '.4f')}, "
            f"held out {_spread(metrics.test_accuracy, '.4f')}; {_pace(self.epochs - epoch, epochs_per_second)}"
        )

    def judging(self, run: str) -> None:
        self._say(f"judging {run}")

    def ended(self, run: str, status: str, result: dict[str, Any]) -> None:
        if status == "failed":
            self._say(f"{run} failed: {result['reason']}")

    def _say(self, words: str) -> None:
        self.console.print(Text(visible(words)), soft_wrap=True)


class Screen(Silent):
    """A bar and a table of the runs at work."""

    def __init__(self, console: Console, live: Live, title: str):
        super().__init__(console)
        self.live, self.title, self.doing = live, title, "starting"
        self.epoch, self.rate = 0, 0.0
        self.rows: dict[str, list[str]] = {}
        self._drawn = 0.0

    def begins(self, runs: dict[str, RunConfig], epoch: int) -> None:
        super().begins(runs, epoch)
        self.rows = {id: ["", "", "", "", ""] for id in runs}
        self.epoch, self.doing = epoch, "training"
        self._draw()

    def metrics(self, epoch: int, runs: list[str], metrics: Metrics, epochs_per_second: float) -> None:
        self.epoch, self.rate = epoch, epochs_per_second
        columns = [
            getattr(metrics, name).tolist() for name in ("train_loss", "test_loss", "train_accuracy", "test_accuracy")
        ]
        for i, id in enumerate(runs):
            losses, accuracies = [c[i] for c in columns[:2]], [c[i] for c in columns[2:]]
            self.rows[id][:4] = [*(f"{x:.3g}" for x in losses), *(f"{x:.4f}" for x in accuracies)]
        if time.monotonic() - self._drawn > 0.2:
            self._draw()

    def judging(self, run: str) -> None:
        self.doing = f"judging {run}"
        self._draw()

    def ended(self, run: str, status: str, result: dict[str, Any]) -> None:
        verdict = result.get("verdict") or {}
        word = "failed" if status == "failed" else verdict.get("name") or "refused"
        self.rows[run][4] = f"{word} ({verdict['certainty']})" if verdict.get("certainty") else word
        self.doing = "done"
        self._draw()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        self.live.update(self.draw())

    def draw(self) -> Group:
        """The display as it stands."""
        share = self.epoch / self.epochs if self.epochs else 0
        cells = max(10, min(40, self.console.width - 60))
        full = int(share * cells)
        bar = Text.assemble(("━" * full, "cyan"), ("─" * (cells - full), "dim"))
        pace = _pace(self.epochs - self.epoch, self.rate)
        head = Text.assemble(bar, f" epoch {self.epoch:,} of {self.epochs:,}  {pace}  {self.doing}")
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        for title in ("run", "train loss", "test loss", "train acc", "test acc", "verdict"):
            table.add_column(title, justify="left" if title in ("run", "verdict") else "right", no_wrap=True)
        for id, row in list(self.rows.items())[:ROWS]:
            table.add_row(id, *row)
        more = len(self.rows) - ROWS
        return Group(Text(self.title, "bold"), head, table, *([Text(f"and {more} more")] if more > 0 else []))


def _spread(values: Any, form: str) -> str:
    """One value, or least to most of several."""
    low, high = float(values.min()), float(values.max())
    return f"{low:{form}}" if f"{low:{form}}" == f"{high:{form}}" else f"{low:{form}} to {high:{form}}"


def _pace(left: int, rate: float) -> str:
    if not rate:
        return ""
    seconds = left / rate
    ahead = (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )
    return f"{rate:.1f} epochs/s" + (f", {ahead} left" if left else "")
