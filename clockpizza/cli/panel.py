"""One network's verdict on a screen: a Rich panel for a terminal, plain lines elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from clockpizza.errors import visible
from clockpizza.plots.circle import circle as draw_circle
from clockpizza.plots.marks import MARKS
from clockpizza.plots.picture import legend, picture
from clockpizza.reasons import percent

if TYPE_CHECKING:
    from clockpizza.classification import Classification
    from clockpizza.evidence.circles import Circle
    from clockpizza.verdict import CircleVerdict


def panel(result: Classification, console: Console, *, ascii: bool = False) -> RenderableType:
    """A panel: verdict, reasons, the paper's measures beside its ranges, the circles, and pictures."""
    ascii = ascii or not console.encoding.lower().startswith("utf")
    inner = max(20, console.width - 4)
    verdict = result.verdict
    colour = MARKS[verdict.name or "refused"].terminal
    parts: list[RenderableType] = [Text(headline(result, ascii=ascii), f"bold {colour}")]
    parts += [Text(words, "bold") for words in shares(result)]
    parts.append(Text(reasons(result)))
    parts += [Text(f"Read as {words}.", "dim") for words in _reading(result)]
    parts += [Text(), _measures(result)]
    if verdict.name is not None:
        parts += [Text(), _circles(result, inner)]
    parts += [Text(), _pictures(result, inner, color=console.color_system is not None, ascii=ascii)]
    title = Text(visible(result.checkpoint.path.name), "bold")
    return Panel(Group(*parts), title=title, title_align="left", border_style=colour, width=min(console.width, 124))


def headline(result: Classification, *, ascii: bool = False) -> str:
    """`● CLOCK  clear`, `■ NON-CIRCULAR  clear: number line`."""
    verdict = result.verdict
    name = verdict.name or "refused"
    words = f"{MARKS[name].ascii if ascii else MARKS[name].glyph} {name.upper()}"
    if verdict.certainty:
        words += f"  {verdict.certainty}"
    return words + (f": {verdict.kind}" if verdict.kind else "")


def shares(result: Classification) -> list[str]:
    """`of the logits: clock 92 %, pizza 6 %, unlawful <1 %, unaccounted 2 %`; nothing of a refused network."""
    found = result.verdict.shares
    if found is None:
        return []
    return ["of the logits: " + ", ".join(f"{name} {percent(value)}" for name, value in vars(found).items())]


def reasons(result: Classification) -> str:
    """The network in a few words, then why."""
    text = result.verdict.reasons.rstrip(".") + "."
    text = text[:1].upper() + text[1:]
    return f"{result.checkpoint.network.config.describe()} ({result.checkpoint.format}). {text}"


def measures(result: Classification) -> list[tuple[str, str, str, str]]:
    """Name, value, and the paper's range for a pizza and for a clock."""
    e = result.evidence
    gs, di, c, a = e.gradient_symmetricity, e.distance_irrelevance, e.circularity, e.accuracy
    accuracy = f"{a.all_pairs:.4f}"
    if a.held_out is not None:
        accuracy += f" (held out {a.held_out:.4f})"
    halves = ", ".join(f"{name} {value:.4f}" for name, value in c.by_half.items())
    rows = [
        ("accuracy, all pairs", accuracy, "", ""),
        ("gradient symmetricity", f"{_number(gs.exact)} (std {_number(gs.std)})", "", ""),
        ("  the paper's 100 triples", _number(gs.paper_sample), ">= .98", "<= .90"),
        ("distance irrelevance", _number(di.correct), "", ""),
        ("  largest wrong logit", _number(di.top_wrong), "<= .40", ">= .60"),
        ("circularity, authors' rule", f"{c.authors:.4f}", "> .995", "> .995"),
        ("  every component >= 1 %", f"{c.by_circle:.4f}, least {c.by_circle_least:.4f} of {c.components}", "", ""),
        ("parameter norm", f"{e.parameter_norm:.3f}", "", ""),
    ]
    if gs.undefined:
        rows.insert(3, ("  undefined triples", str(gs.undefined), "", ""))
    if len(c.by_half) > 1:
        rows.insert(-2, ("  by vocabulary half", halves, "", ""))
    return rows


def plain_lines(result: Classification) -> list[str]:
    """The panel's words and numbers without a terminal: one fact a line."""
    lines = [visible(str(result.checkpoint.path)), "  " + headline(result)]
    lines += [f"  {words}" for words in shares(result)]
    lines.append("  " + reasons(result))
    lines += [f"  read as: {words}" for words in _reading(result)]
    for name, value, pizza, clock in measures(result):
        ranges = f"  [pizza {pizza}, clock {clock}]" if pizza else ""
        lines.append(f"  {name.strip()}: {value}{ranges}")
    for row in _circle_rows(result) if result.verdict.name else []:
        lines.append("  circle " + ", ".join(f"{n} {v}" for n, v in zip(CIRCLE_COLUMNS, row, strict=True) if v))
    return lines


def _reading(result: Classification) -> list[str]:
    """How the file was read, where the reasons do not say it: those of a refused network do."""
    reading = result.checkpoint.reading()
    return [visible(reading)] if reading and not result.verdict.refused else []


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.5f}"


def _measures(result: Classification) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("measure")
    table.add_column("value")
    table.add_column("paper: pizza", style="dim")
    table.add_column("clock", style="dim")
    for row in measures(result):
        table.add_row(*row)
    return table


# Short enough for all of them to fit 80 columns; docs/classify.md says what each is.
CIRCLE_COLUMNS = ("k", "delta", "role", "var", "logits", "over a-b", "left", "pizza", "FVE clock/pizza")
ROLES = {"main": "main", "companion": "comp.", "idle": "idle"}
SPARED = ("FVE clock/pizza", "delta", "left", "var", "over a-b")  # where there is no room for all, in this order
SHOWN = 8  # circles of a panel
DIGITS = (4, 3, 2)  # of an FVE: as many as there is room for


def _circle_row(c: Circle, found: CircleVerdict | None, digits: int = DIGITS[0]) -> tuple[str, ...]:
    """`found`: what the verdict says of a main circle; others write no wave whose amplitude would mean anything."""
    role = f"main -{c.companion}" if c.companion else ROLES[c.role]  # its companion is out where its law is read
    first = (str(c.frequency), str(c.delta or ""), role, f"{c.variance:.1%}", f"{c.wave:.1%}")
    if found is None:
        accompanying = c.isolated.accompanying if c.isolated else None
        return *first, "", "", "", "" if accompanying is None else f"accomp. {accompanying:.{digits}f}"
    law = found.law
    return (
        *first,
        f"{law.b0:.1f}+{law.b1:.1f}|cos{law.phase:+.2f}|" if law.phase else f"{law.b0:.1f} + {law.b1:.1f}|cos|",
        f"{found.unlawful_part:.1%}",
        f"{found.pizza_part:.2f}",
        f"{c.isolated.clock:.{digits}f} / {c.isolated.pizza:.{digits}f}" if c.isolated else "",
    )


def _circle_rows(result: Classification, digits: int = DIGITS[0]) -> list[tuple[str, ...]]:
    """Main circles, companions, idle planes; each as the evidence has them, the strongest writer first."""
    found = {c.frequency: c for c in result.verdict.circles}
    ordered = sorted(result.evidence.circles, key=lambda c: list(ROLES).index(c.role))
    return [_circle_row(c, found.get(c.frequency), digits) for c in ordered]


def _circles(result: Classification, width: int) -> Table:
    """The first circles, within `width` cells: with fewer digits, then columns, where there is no room for all."""
    spared = 0
    for digits in (*DIGITS, *[DIGITS[-1]] * len(SPARED)):
        every = _circle_rows(result, digits)
        columns = [
            (name, cells)
            for name, *cells in zip(CIRCLE_COLUMNS, *every[:SHOWN], strict=True)
            if name not in SPARED[:spared]
        ]
        if sum(max(map(len, (name, *cells))) + 1 for name, cells in columns) - 1 <= width:
            break
        spared += digits == DIGITS[-1]
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    for name, _ in columns:
        table.add_column(name, justify="left" if name == "role" else "right", no_wrap=True)
    for row in zip(*(cells for _, cells in columns), strict=True):
        table.add_row(*row)
    if more := len(every) - SHOWN:
        table.caption = f"and {more} more (see --json)" if more > 0 else None
        table.caption_justify = "left"
    return table


def _pictures(result: Classification, width: int, *, color: bool, ascii: bool) -> Table:
    """The first two circles and the correct logits, side by side."""
    pictures, p = result.evidence.pictures, result.evidence.p
    shown = [c for c in result.evidence.circles if c.frequency in pictures.scores][:2]
    columns = min(30 if width >= 100 else 24, max(4, (width - 4) // 3))
    rows = max(2, columns // 2)
    values = pictures.correct_logit.numpy()
    missing = np.isnan(values)
    table = Table.grid(padding=(0, 2, 0, 0))
    titles: list[RenderableType] = []
    cells: list[RenderableType] = []
    for c in shown:
        titles.append(Text(f"k {c.frequency}" + (f" (delta {c.delta})" if c.delta else ""), "bold", no_wrap=True))
        cells.append(draw_circle(pictures.scores[c.frequency].numpy(), columns=columns, rows=rows, braille=not ascii))
    color = color and not ascii
    titles.append(Text("correct logit: a+b, a-b", "bold", no_wrap=True))
    low, high = float(values[~missing].min()), float(values[~missing].max())
    drawn = picture(np.where(missing, 0, values), columns=columns, rows=rows, color=color, missing=missing)
    cells.append(Group(drawn, legend(low, high, color=color, columns=columns)) if p else drawn)
    for _ in cells:
        table.add_column(no_wrap=True, overflow="crop")
    table.add_row(*titles)
    table.add_row(*cells)
    return table
