"""A sweep in numbers: verdicts, mean shares, the rates at which half turn clock, and the run under the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from clockpizza.errors import visible
from clockpizza.report import Report, words
from clockpizza.report.bins import Bin
from clockpizza.report.text import lengths, parts
from clockpizza.store import Row, State
from tui.blocks import above
from tui.spots import DIAGRAMS, MEASURES, SHORT
from tui.widgets.panel import Panel

LEVELS, ASCII_LEVELS, UNKNOWN = "▁▂▃▄▅▆▇█", "0123456789", "?"  # of a column; in ASCII tens of percent
WRITERS = ("clock", "pizza")
BAR = 20  # cells of a bar of verdicts or of shares, at most
SHARES = "C %  P %"  # above the means of clock and pizza shares
RATE = 14  # cells of a range of rates and its runs


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
        own, rest = self._run(width), [*self._by_rate(width), *self._by_shape()]
        for whole in (self._whole(width, brief=False), self._whole(width, brief=True), self._in_little(width)):
            blocks = [*whole, *rest]
            if len(blocks) + len(own) <= height:
                break
        else:
            whole += self._columns(width)
            own = own[: max(1, height - len(whole))]
            blocks = [*whole, *rest]
        if len(blocks) + len(own) < height:
            own = [Text(("-" if self.app.palette.ascii else "─") * width, self.app.palette.dim), *own]
        return above([*blocks[: max(0, height - len(own))], *own])

    def copy_text(self) -> str:
        """All of it, without regard to what fits."""
        if self.report is None:
            return ""
        lines = [*self._whole(200, brief=False), *self._by_rate(200), *self._by_shape(), *self._run(200)]
        return "\n".join(line.plain.rstrip() for line in lines)

    def _wrapped(self, sentence: str, width: int) -> list[Text]:
        return list(Text(sentence).wrap(self.app.console, max(8, width)))

    def _states(self) -> str:
        assert self.report is not None
        ended = sum(row.state is State.FINISHED for row in self.rows)
        others = [f"{count:,} {state}" for state, count in self.report.states.items() if state != State.FINISHED]
        return ", ".join([f"{ended:,} of {len(self.rows):,} finished", *others])

    def _counts(self) -> list[Text]:
        """How many runs have which verdict, on a line."""
        assert self.report is not None
        tally, palette = self.report.whole.tally, self.app.palette
        counts = {name: share.count for name, share in tally.verdicts.items() if share.total}
        if tally.refused:
            counts["refused"] = tally.refused
        marks = [palette.mark(name, f"{count:,}") for name, count in counts.items()]
        return [Text("   ", no_wrap=True, overflow="ellipsis").join(marks)] if marks else []

    def _whole(self, width: int, *, brief: bool) -> list[Text]:
        """States, verdicts, and where half turn clock; verdicts on one line, and few words, if `brief`."""
        assert self.report is not None
        palette, tally = self.app.palette, self.report.whole.tally
        lines = self._wrapped(self._states(), width)
        if brief:
            lines += self._counts()
        else:
            for name, share in tally.verdicts.items():
                if share.total:
                    line = palette.mark(name, f"{name:<13}")
                    lines.append(line.append(f"{share.count:>4,}  {words.percent(share)}", "default"))
            if tally.refused:
                lines.append(palette.mark("refused", f"{'refused':<13}{tally.refused:>4,}"))
        for said in words.boundaries_briefly(self.report) if brief else words.boundaries(self.report):
            boundary = self._wrapped(said, width)
            for line in boundary:
                line.stylize("bold")
            lines += boundary
        if old := words.editions_briefly(self.report):
            lines += [Text(line.plain, palette.dim) for line in self._wrapped(old, width)]
        return lines

    def _in_little(self, width: int) -> list[Text]:
        """The same in as few lines as can be."""
        assert self.report is not None
        palette, whole = self.app.palette, self.report.whole
        clock, pizza = palette.glyph("clock"), palette.glyph("pizza")
        lines = [Text(self._states(), no_wrap=True, overflow="ellipsis"), *self._counts()]
        said = []
        if whole.clock and self.report.finished:
            among = f"{whole.clock.yes + whole.clock.no:,} {clock}{pizza}"
            said.append(f"half {clock} of {among}: {_short(words.rate_or_why(whole.clock, words.CLOCKS))}")
        if whole.clock_share and self.report.has_shares:
            passing = _short(words.rate_or_why(whole.clock_share, words.CLOCK_SHARE))
            said.append(f"{clock} share passes {pizza}: {passing}")
        lines += [Text(each, "bold", no_wrap=True, overflow="ellipsis") for each in said]
        if old := words.editions_briefly(self.report):
            lines.append(Text(old, palette.dim, no_wrap=True, overflow="ellipsis"))
        return lines

    def _columns(self, width: int) -> list[Text]:
        """Mean clock and pizza shares by rate, a column each: side by side, or on two lines."""
        assert self.report is not None
        if not self.report.has_shares:
            return []
        palette, found = self.app.palette, self.report.bins.get("attention_rate", [])
        levels = ASCII_LEVELS if palette.ascii else LEVELS
        lines = []
        for name in WRITERS:
            line = palette.mark(name, "")
            values = [each.shares[name].value for each in found]
            line.append("".join(UNKNOWN if value is None else levels[_level(value, len(levels))] for value in values))
            lines.append(line)
        both = Text("  ", no_wrap=True, overflow="crop").join(lines)
        return lines if both.cell_len > width else [both]

    def _by_rate(self, width: int) -> list[Text]:
        """By ranges of rates: a bar of verdicts and, where there are shares, a bar of these and two numbers."""
        assert self.report is not None
        found = self.report.bins.get("attention_rate", [])
        if not any(each.tally.verdicts["clock"].total for each in found):
            return []
        shares = self.report.has_shares
        numbers = [_numbers(each) for each in found] if shares else []
        room = width - RATE - (2 + max(map(len, [*numbers, SHARES])) if shares else 0)
        cells = max(4, min(BAR, (room - 2) // 2 if shares else room))
        header = f"{'rate    runs':<{RATE}}verdicts"
        if shares:
            header = f"{header:<{RATE + cells + 2}}{'shares'[:cells]:<{cells}}  {SHARES}"
        lines = [Text(header, self.app.palette.dim, no_wrap=True, overflow="crop")]
        for at, each in enumerate(found):
            rate = f"{each.low:g}" if each.low == each.high else f"{each.low:g}-{each.high:g}"
            line = Text(f"{rate:<8}{each.tally.runs:>4,}  ", no_wrap=True, overflow="crop")
            line.append_text(self._bar(parts(each.tally.verdicts), cells))
            if shares:
                line.pad_right(RATE + cells + 2 - line.cell_len)
                line.append_text(self._bar(parts(each.shares), cells))
                line.pad_right(RATE + 2 * (cells + 2) - line.cell_len)
                line.append(numbers[at])
            lines.append(line)
        return lines

    def _bar(self, shares: dict[str, float], cells: int) -> Text:
        """Parts of a bar, by glyph as well as by colour."""
        bar, palette = Text(), self.app.palette
        for name, length in lengths(shares, cells).items():
            bar.append(palette.glyph(name) * length, palette.colour(name))
        return bar

    def _by_shape(self) -> list[Text]:
        assert self.report is not None
        table = words.turning_table(self.report) if self.report.groups else []
        if len(table) < 3:
            return []
        shape = len(self.report.groups[0].shape)  # how many columns say what the runs are
        found = [{row[at] for row in table[1:]} for at in range(len(table[0]))]
        kept = [at for at, cells in enumerate(found) if len(cells) > 1 or (at >= shape and cells != {""})]
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
        if row.kind:
            line.append(f", {visible(row.kind)}")
        numbers = []
        if all(f"{each}_share" in row.measures for each in WRITERS):
            numbers.append(", ".join(f"{each} {row.measures[f'{each}_share']:.0%}" for each in WRITERS))
        numbers.append(f"epoch {row.epoch:,}")
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


def _short(rates: str) -> str:
    """Rates without the zeros before their points."""
    return rates.replace("0.", ".")


def _level(share: float, levels: int) -> int:
    return min(levels - 1, int(share * levels))


def _numbers(found: Bin) -> str:
    """What clocks and pizzas write, in percent."""
    clock, pizza = found.shares["clock"].value, found.shares["pizza"].value
    return "" if clock is None or pizza is None else f"{100 * clock:3.0f}  {100 * pizza:3.0f}"
