"""A report on a terminal, or in a pipe."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from rich.text import Text

from clockpizza.errors import visible
from clockpizza.plots.marks import MARKS
from clockpizza.plots.scatter import Series, scatter
from clockpizza.report import words
from clockpizza.report.bins import QUANTITIES, Bin
from clockpizza.report.diagram import ORDER, UNFINISHED, Diagram, diagrams
from clockpizza.report.interval import Share
from clockpizza.report.point import VERDICTS
from clockpizza.report.report import Report
from clockpizza.report.shares import Mean

ROWS = 16  # of a diagram
WIDEST = 100  # columns of a diagram
BESIDE = 120  # columns from which on two diagrams stand side by side
LONGEST = 20  # cells of a bar of verdicts
REASONS = 3  # that are listed


def text(report: Report, counts: str, *, columns: int, ascii: bool = False) -> Text:
    """The whole report.

    Args:
        counts: how many runs are in which state, in words.
        columns: the width of the screen in cells.
        ascii: draw in ASCII.
    """
    blocks = [_head(report, counts, columns)]
    found = diagrams(report)
    if found:
        blocks += _drawn(found, columns, ascii)
        blocks.append(_legend(report, ascii))
    if said := words.sentences(report):
        blocks.append(Text("\n".join(_wrapped(each, columns) for each in said)))
    if report.finished:
        for name, each in report.bins.items():
            blocks.append(_share_block(each, QUANTITIES[name], columns, ascii))
            if report.has_shares:
                blocks.append(_mean_block(each, QUANTITIES[name], columns, ascii))
        blocks.append(_table(words.shape_table(report), "By shape"))
        if turning := words.turning_table(report):
            blocks.append(_table(turning, "Attention rates at which half turn, with 95 % intervals"))
    return Text("\n\n", no_wrap=True, overflow="ignore").join(blocks)


def _head(report: Report, counts: str, columns: int) -> Text:
    many = f"{len(report.points):,} runs such as " if len(report.points) > 1 else ""
    head = Text.assemble((visible(report.sweep), "bold"))
    said = [words.epochs(report), words.short_of_paper(report), words.left_out(report), *words.editions(report)]
    for line in (visible(many + report.like), counts, *said):
        if line:
            head.append(f"\n{_wrapped(line, columns)}")
    for reason, count in list(report.reasons.items())[:REASONS]:
        head.append(f"\n{count:,} of them: {visible(reason)}", "dim")
    if (more := len(report.reasons) - REASONS) > 0:
        head.append(f"\nand {more:,} more reasons", "dim")
    return head


def _wrapped(sentence: str, columns: int) -> str:
    return textwrap.fill(sentence, min(WIDEST, columns))


def _drawn(found: Sequence[Diagram], columns: int, ascii: bool) -> list[Text]:
    """Diagrams, two in a row where there is room."""
    beside = columns >= BESIDE
    width = min(WIDEST, (columns - 2) // 2 if beside else columns)
    pictures = [_picture(each, width, ascii) for each in found]
    if not beside:
        return pictures
    return [_side_by_side(pictures[i : i + 2], width) for i in range(0, len(pictures), 2)]


def _picture(diagram: Diagram, columns: int, ascii: bool) -> Text:
    series = [
        Series([dot.x for dot in dots], [dot.y for dot in dots], MARKS[name]) for name, dots in diagram.dots.items()
    ]
    axes = (diagram.x, diagram.y, diagram.x_ticks)
    return scatter(series, *axes, title=diagram.title, columns=columns, rows=ROWS, ascii=ascii)


def _side_by_side(pictures: Sequence[Text], width: int) -> Text:
    if len(pictures) == 1:
        return pictures[0]
    lines = []
    for left, right in zip(*(picture.split("\n") for picture in pictures), strict=True):
        left.pad_right(width + 2 - left.cell_len)
        lines.append(left + right)
    return Text("\n").join(lines)


def _legend(report: Report, ascii: bool) -> Text:
    counts = {name: sum((each.verdict or UNFINISHED) == name for each in report.shown) for name in ORDER}
    keys = {
        name: Text.assemble(
            (MARKS[name].ascii if ascii else MARKS[name].glyph, MARKS[name].terminal), f" {count:,} {name}"
        )
        for name, count in counts.items()
        if count
    }
    verdicts = [keys[name] for name in VERDICTS if name in keys]
    rest = [keys[UNFINISHED].append(", by their last snapshots")] if UNFINISHED in keys else []
    rest.append(Text("a cell shows one run", "dim"))
    return Text("\n").join(Text("   ").join(line) for line in (verdicts, rest) if line)


def _share_block(found: Sequence[Bin], name: str, columns: int, ascii: bool) -> Text:
    table = _table(words.share_table(found, name), f"Verdicts by {name}, with 95 % intervals")
    return _with_bars(table, [parts(each.tally.verdicts) for each in found], columns, ascii)


def _mean_block(found: Sequence[Bin], name: str, columns: int, ascii: bool) -> Text:
    title = f"Mean shares of what the logits vary, by {name}, with 95 % intervals"
    table = _table(words.mean_table(found, name), title)
    drawn = _with_bars(table, [parts(each.shares) for each in found], columns, ascii)
    return drawn.append(f"\n{_wrapped(f'Intervals: {words.bootstrapped(found)}.', columns)}", "dim")


def _with_bars(table: Text, bars: Sequence[dict[str, float]], columns: int, ascii: bool) -> Text:
    """A table, and a bar beside each of its rows."""
    lines = table.split("\n")
    length = max(line.cell_len for line in lines[1:])
    cells = min(LONGEST, columns - length - 2)
    for line, each in zip(lines[2:], bars, strict=True):
        line.pad_right(length + 2 - line.cell_len)
        line.append_text(_bar(each, cells, ascii))
    return Text("\n").join(lines)


def parts(shares: Mapping[str, Share | Mean]) -> dict[str, float]:
    """What parts of a bar verdicts have, in their order."""
    return {name: share.value for name in VERDICTS if (share := shares.get(name)) and share.value is not None}


def _bar(shares: dict[str, float], cells: int, ascii: bool) -> Text:
    """Verdicts as parts of a bar, in as many of its cells as come nearest to each."""
    bar = Text()
    for name, length in lengths(shares, cells).items():
        mark = MARKS[name]
        bar.append((mark.ascii if ascii else mark.glyph) * length, mark.terminal)
    return bar


def lengths(shares: dict[str, float], cells: int) -> dict[str, int]:
    """How many cells of a bar each part has: those between its ends, to the nearest cell."""
    found, upto, end = {}, 0.0, 0
    for name, share in shares.items():
        upto += share
        start, end = end, round(max(0, cells) * upto)
        found[name] = end - start
    return found


def _table(rows: Sequence[Sequence[str]], title: str) -> Text:
    """Columns aligned to the right."""
    kept = [i for i in range(len(rows[0])) if any(row[i] for row in rows[1:])]
    widths = {i: max(len(row[i]) for row in rows) for i in kept}
    lines = [Text("  ".join(visible(row[i]).rjust(widths[i]) for i in kept)) for row in rows]
    lines[0].stylize("dim")
    return Text("\n").join([Text(title, "bold"), *lines])
