"""A sweep in numbers: shares of verdicts, the rate at which half turn clock, and the run under the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from clockpizza.errors import visible
from clockpizza.report import Report, words
from clockpizza.report.crossing import Crossing
from clockpizza.report.point import VERDICTS
from clockpizza.report.tally import Tally
from clockpizza.store import Row, State
from tui.blocks import above
from tui.spots import DIAGRAMS, MEASURES, SHORT
from tui.widgets.panel import Panel

LOW = 12  # lines of a panel that has no room for a line a verdict
BAR = 20  # cells of a bar of shares


class SharesPanel(Panel):
    """What `clockpizza report` says of the sweep, as far as there is room."""

    EMPTY = "Nothing is known of this sweep yet."

    def __init__(self, *, id: str) -> None:
        super().__init__("shares", id=id)
        self.report: Report | None = None
        self.row: Row | None = None
        self.rows: list[Row] = []

    def show(self, report: Report | None, rows: list[Row], row: Row | None) -> None:
        """Show a sweep, and the run under the cursor."""
        self.report, self.rows, self.row = report, rows, row
        self.redraw()

    def draw(self, width: int, height: int) -> Text:
        if self.report is None:
            return Text()
        own = self._run(width)
        blocks = [*self._whole(width, height < LOW), *self._by_rate(width), *self._by_shape()]
        if len(blocks) + len(own) < height:
            own = [Text(("-" if self.app.palette.ascii else "─") * width, self.app.palette.dim), *own]
        return above([*blocks[: max(0, height - len(own))], *own])

    def copy_text(self) -> str:
        """All of it, without regard to what fits."""
        if self.report is None:
            return ""
        lines = [*self._whole(200, False), *self._by_rate(200), *self._by_shape(), *self._run(200)]
        return "\n".join(line.plain.rstrip() for line in lines)

    def _wrapped(self, sentence: str, width: int) -> list[Text]:
        return list(Text(sentence).wrap(self.app.console, max(8, width)))

    def _whole(self, width: int, low: bool) -> list[Text]:
        """States, shares of the verdicts (in one line where the panel is `low`), and the boundary."""
        assert self.report is not None
        palette, tally = self.app.palette, self.report.whole.tally
        ended = sum(row.state is State.FINISHED for row in self.rows)
        others = [f"{count:,} {state}" for state, count in self.report.states.items() if state != State.FINISHED]
        lines = self._wrapped(", ".join([f"{ended:,} of {len(self.rows):,} finished", *others]), width)
        marks = []
        for name in VERDICTS:
            share = tally.verdicts[name]
            if share.total and low:
                marks.append(palette.mark(name, f"{share.count:,}"))
            elif share.total:
                line = palette.mark(name, f"{name:<13}")
                lines.append(line.append(f"{share.count:>4,}  {words.percent(share)}", "default"))
        if tally.refused:
            marks.append(
                palette.mark("refused", f"{tally.refused:,}" if low else f"{'refused':<13}{tally.refused:>4,}")
            )
        if marks:
            lines.append(Text("   ").join(marks))
        found = self.report.whole.clock
        if found is not None:
            said = (
                f"half clocks at {words.rate(found)}" if low and found.value else f"Half are clocks: {_boundary(found)}"
            )
            boundary = self._wrapped(said, width)
            for line in boundary:
                line.stylize("bold")
            lines += boundary
        return lines

    def _by_rate(self, width: int) -> list[Text]:
        """A bar a range of rates."""
        assert self.report is not None
        found = self.report.bins.get("attention_rate", [])
        if not any(each.tally.verdicts["clock"].total for each in found):
            return []
        lines = [Text("rate    runs  verdicts", self.app.palette.dim)]
        for each in found:
            rate = f"{each.low:g}" if each.low == each.high else f"{each.low:g}-{each.high:g}"
            line = Text(f"{rate:<8}{each.tally.runs:>4,}  ", no_wrap=True, overflow="crop")
            lines.append(line.append_text(self._bar(each.tally, max(4, min(BAR, width - 14)))))
        return lines

    def _bar(self, tally: Tally, cells: int) -> Text:
        """Verdicts as parts of a bar, by glyph as well as by colour."""
        bar, upto, end = Text(), 0, 0
        for name in VERDICTS:
            share = tally.verdicts[name]
            if share.total:
                upto += share.count
                start, end = end, round(cells * upto / share.total)
                bar.append(self.app.palette.glyph(name) * (end - start), self.app.palette.colour(name))
        return bar

    def _by_shape(self) -> list[Text]:
        assert self.report is not None
        table = words.turning_table(self.report) if self.report.groups else []
        if len(table) < 3:
            return []
        kept = [at for at in range(len(table[0])) if len({row[at] for row in table[1:]}) > 1 or at >= len(table[0]) - 2]
        rows = [[row[at] for at in kept] for row in table]
        wide = [max(len(row[at]) for row in rows) for at in range(len(kept))]
        lines = [Text("  ".join(visible(c).rjust(w) for c, w in zip(row, wide, strict=True))) for row in rows]
        lines[0].stylize(self.app.palette.dim)
        return lines

    def _run(self, width: int) -> list[Text]:
        """The run under the cursor: its name, its verdict or state, its numbers."""
        row, palette = self.row, self.app.palette
        if row is None:
            return []
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{visible(row.id)}  ", "bold")
        name = row.verdict or ("refused" if row.refused else "")
        line.append_text(palette.mark(visible(name)) if name else palette.mark(row.state.value))
        line.append(f" {visible(row.certainty)}")
        numbers = [f"epoch {row.epoch:,}"]
        if "test_accuracy" in row.metrics:
            numbers.append(f"held out {row.metrics['test_accuracy']:.1%}")
        for axis in dict.fromkeys(y for _, y in DIAGRAMS):
            if (value := row.measures.get(MEASURES[axis])) is not None:
                numbers.append(f"{SHORT[axis]} {value:.3f}")
        return [line, *packed(numbers, width)[:2]]


def packed(words: Sequence[str], width: int) -> list[Text]:
    """Words on as few lines as hold them, none of them broken."""
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 2 + len(word) > width:
            lines.append("")
        lines[-1] += f"  {word}" if lines[-1] else word
    return [Text(line, no_wrap=True, overflow="ellipsis") for line in lines]


def _boundary(found: Crossing) -> str:
    if found.value is None:
        return words.NEVER[found.status]
    low = "below" if found.low is None else f"{found.low:.3f}"
    high = "above" if found.high is None else f"{found.high:.3f}"
    return f"at rate {found.value:.3f} ({low} to {high})"
