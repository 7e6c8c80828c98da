"""Losses or accuracies of several runs over the epochs, with a cursor that reads them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from clockpizza.errors import visible
from tui.widgets.panel import Panel

if TYPE_CHECKING:  # numpy takes a tenth of a second, and the first paint does not wait for it
    import numpy as np
    from numpy.typing import NDArray

    from clockpizza.plots.curves import Axis

WINDOWS = (1, 5, 15)  # points that are averaged
NARROWEST = 4.0  # epochs, of what is shown
CLOSEST = 1.02  # last over first, on a logarithmic axis


class Series(NamedTuple):
    """A run's curves. metrics: columns as `History.metrics` gives them."""

    name: str
    colour: str
    metrics: dict[str, NDArray[np.float64]]


@dataclass
class View:
    """How curves are looked at; one for all panels of a room.

    window: epochs shown, None for all. cursor: the epoch under it, None without one.
    """

    log_x: bool = False
    log_y: bool = True
    smoothing: int = 0  # index into WINDOWS
    window: tuple[float, float] | None = None
    cursor: float | None = None

    def move(self, steps: int, epochs: NDArray[np.float64]) -> None:
        """Move the cursor by as many of `epochs`, those that have been measured; a window that it leaves follows."""
        if not epochs.size:
            return
        if self.cursor is None:
            at = len(epochs) - 1
        else:
            at = min(max(int(abs(epochs - self.cursor).argmin()) + steps, 0), len(epochs) - 1)
        self.cursor = float(epochs[at])
        if self.window and not self.window[0] <= self.cursor <= self.window[1]:
            self.pan(1 if self.cursor > self.window[1] else -1, float(epochs[-1]))

    def magnify(self, factor: float, last: float) -> None:
        """Show `factor` times as many epochs, about the cursor; `last` is the last epoch there is."""
        axis = self.axis(last)
        middle = self.cursor if self.cursor is not None else axis.value(0.5)
        low, high, at = axis.scale(axis.low), axis.scale(axis.high), axis.scale(middle)
        self._show(at - (at - low) * factor, at + (high - at) * factor, axis, last)

    def pan(self, direction: int, last: float) -> None:
        """Show what lies to the left or right of what is shown, a third of it anew."""
        axis = self.axis(last)
        low, high = axis.scale(axis.low), axis.scale(axis.high)
        first, end = self._whole(last).scale(self._whole(last).low), self._whole(last).scale(last)
        step = direction * (high - low) / 3
        step = min(max(step, first - low), end - high) if high - low < end - first else 0.0
        self._show(low + step, high + step, axis, last)

    def axis(self, last: float) -> Axis:
        """The axis of the epochs."""
        from clockpizza.plots.curves import Axis

        if self.window is None:
            return self._whole(last)
        low, high = self.window
        return Axis(max(low, 1.0) if self.log_x else low, high, self.log_x)

    def _whole(self, last: float) -> Axis:
        from clockpizza.plots.curves import Axis

        return Axis(1.0 if self.log_x else 0.0, max(last, 2.0), self.log_x)

    def _show(self, low: float, high: float, axis: Axis, last: float) -> None:
        whole = self._whole(last)
        low, high = max(low, whole.scale(whole.low)), min(high, whole.scale(whole.high))
        if (low, high) == (whole.scale(whole.low), whole.scale(whole.high)):
            self.window = None
        elif high - low >= (math.log10(CLOSEST) if axis.log else NARROWEST):
            self.window = (10.0**low, 10.0**high) if axis.log else (low, high)


class Curves(Panel):
    """A panel of curves: `metric` is loss or accuracy; held-out pairs drawn through, training pairs dotted."""

    EMPTY = "Curves appear with the first epochs."

    def __init__(self, metric: str, view: View, *, id: str) -> None:
        super().__init__(metric, id=id)
        self.metric, self.view = metric, view
        self._series: Sequence[Series] = ()

    def show(self, series: Sequence[Series]) -> None:
        """Show the curves of these runs, the last of them uppermost."""
        self._series = series
        self.redraw()

    def draw(self, width: int, height: int) -> Text:
        series = [each for each in self._series if each.metrics["epoch"].size]
        if not series:
            return Text()
        from clockpizza.plots.curves import Axis, Line, curves, smooth, span

        view, log = self.view, self.view.log_y and self.metric == "loss"
        window = WINDOWS[view.smoothing]
        axis = view.axis(max(float(each.metrics["epoch"][-1]) for each in series))
        words = [each for each in (f"mean of {window}" * (window > 1), "log epochs" * axis.log, "log" * log) if each]
        lines, shown = [], []
        for each in series:
            epoch = each.metrics["epoch"]
            inside = (epoch >= axis.low) & (epoch <= axis.high)
            for part, dotted in (("train", True), ("test", False)):
                y = smooth(each.metrics[f"{part}_{self.metric}"], window)
                lines.append(Line(epoch, y, each.colour, dotted, "." if dotted else "*"))
                shown.append(y[inside])
        self.caption(
            f"{self.metric} ({', '.join(words)})" if words else self.metric,
            f"epoch {series[-1].metrics['epoch'][self._at(series[-1])]:,.0f}",
        )
        legend = self._legend(series, width)[: max(1, height // 3)]
        plot = curves(
            lines,
            axis,
            Axis(-0.02, 1.02) if self.metric == "accuracy" else span(shown, log=log),
            columns=width,
            rows=height - len(legend),
            cursor=view.cursor,
            braille=not self.app.palette.ascii,
            dim=self.app.palette.dim,
        )
        return Text("\n").join([*legend, plot])

    def copy_text(self) -> str:
        """The curves themselves, as a table apart by tabs: run, epoch, and values on training and held-out pairs."""
        lines = [f"run\tepoch\ttrain_{self.metric}\ttest_{self.metric}"]
        for each in self._series:
            columns = (each.metrics[name] for name in ("epoch", f"train_{self.metric}", f"test_{self.metric}"))
            lines += [f"{each.name}\t{e:.0f}\t{a:.9g}\t{b:.9g}" for e, a, b in zip(*columns, strict=True)]
        return "\n".join(lines)

    def _legend(self, series: Sequence[Series], width: int) -> list[Text]:
        """A line for each run, the uppermost first: its name, and its values under the cursor or at the end."""
        lines = []
        for each in reversed(series):
            at = self._at(each)
            train, test = (each.metrics[f"{part}_{self.metric}"][at] for part in ("train", "test"))
            form = ".4f" if self.metric == "accuracy" else ".3g"
            words = f"train {train:{form}}  test {test:{form}}"
            room = width - len(words) - 2
            name = visible(each.name)
            if len(name) > room:  # its end tells more
                name = ("~" if self.app.palette.ascii else "…") + name[len(name) - room + 1 :] if room > 8 else ""
            lines.append(Text.assemble((name, each.colour), "  " if name else "", words, no_wrap=True))
        return lines

    def _at(self, series: Series) -> int:
        """The point under the cursor, or the last one."""
        epoch = series.metrics["epoch"]
        return len(epoch) - 1 if self.view.cursor is None else int(abs(epoch - self.view.cursor).argmin())
