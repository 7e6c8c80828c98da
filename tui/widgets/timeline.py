"""The snapshots of a run from its first to its last, with the accuracy over them, and where we are."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import events
from textual.message import Message

from tui.blocks import above
from tui.widgets.panel import Panel
from tui.widgets.spectrum import ASCII_EIGHTHS, EIGHTHS


class Timeline(Panel):
    """Two lines: held-out accuracy at each snapshot, and a bar with a knob. No frame."""

    DEFAULT_CSS = """
    Timeline { border: none; height: 2; padding: 0 1; background: $surface; }
    Timeline:focus { border: none; background: $panel; }
    """

    class Sought(Message):
        """A click on the bar: to that snapshot."""

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

    def __init__(self, *, id: str) -> None:
        super().__init__("time", id=id)
        self.epochs: Sequence[int] = ()
        self.accuracies: Sequence[float | None] = ()
        self.at = 0
        self.playing = False
        self.following = False
        self.total = 0

    def show(
        self,
        epochs: Sequence[int],
        accuracies: Sequence[float | None],
        at: int,
        *,
        total: int,
        playing: bool,
        following: bool,
    ) -> None:
        """Show where we are: at which of the snapshots; `total` epochs there shall be."""
        self.epochs, self.accuracies, self.at, self.total = epochs, accuracies, at, total
        self.playing, self.following = playing, following
        self.redraw()

    def draw(self, width: int, height: int) -> Text:
        if not self.epochs:
            return Text()
        palette = self.app.palette
        words = self._words()
        cells = self._cells(width)
        marks = ASCII_EIGHTHS if palette.ascii else EIGHTHS
        curve, bar = Text(no_wrap=True), Text(no_wrap=True)
        here = self._cell(self.at, cells)
        for cell in range(cells):
            number = self._number(cell, cells)
            accuracy = self.accuracies[number] if number < len(self.accuracies) else None
            level = 0 if accuracy is None else max(1, round(min(1.0, max(0.0, accuracy)) * 8))
            style = palette.series(0) if cell <= here else palette.dim
            curve.append(marks[level], style)
            if cell == here:
                bar.append("O" if palette.ascii else "◆", f"bold {palette.series(0)}")
            else:
                bar.append("=" if palette.ascii else "━", palette.series(0) if cell < here else palette.dim)
        curve.append("  held-out accuracy", palette.dim)
        bar.append("  ").append_text(words)
        return above([curve, bar])

    def copy_text(self) -> str:
        """epoch and held-out accuracy of each snapshot."""
        pairs = zip(self.epochs, self.accuracies, strict=False)
        return "\n".join(f"{epoch}\t{'' if accuracy is None else f'{accuracy:.6f}'}" for epoch, accuracy in pairs)

    def on_click(self, event: events.Click) -> None:
        """Go to the snapshot under the mouse."""
        width = self.size.width
        cells = self._cells(width)
        x = event.get_content_offset_capture(self).x
        if self.epochs and 0 <= x < cells:
            self.post_message(self.Sought(self._number(x, cells)))

    def _words(self) -> Text:
        palette = self.app.palette
        line = Text().append(f"epoch {self.epochs[self.at]:,}", "bold")
        line.append(f" of {self.total:,}  {self.at + 1}/{len(self.epochs)}", palette.dim)
        if self.playing:
            line.append(" >>" if palette.ascii else " ▶", palette.series(0))
        elif self.following:
            line.append(" live", palette.colour("running"))
        return line

    def _cells(self, width: int) -> int:
        longest = len(f"epoch {self.total:,} of {self.total:,}  {len(self.epochs)}/{len(self.epochs)} live")
        return max(4, width - longest - 2)

    def _cell(self, number: int, cells: int) -> int:
        return number * (cells - 1) // max(1, len(self.epochs) - 1)

    def _number(self, cell: int, cells: int) -> int:
        return min(len(self.epochs) - 1, round(cell * (len(self.epochs) - 1) / max(1, cells - 1)))
