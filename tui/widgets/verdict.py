"""The verdict as a banner: what it is, how sure, why, and the measures of the moment that is looked at."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text

from clockpizza.cuts import EDITION
from clockpizza.reasons import percent
from tui.blocks import above
from tui.facts import Facts
from tui.widgets.panel import Panel

BAR, SHORTEST = 24, 4  # cells of the bar of shares
MEASURES = (
    ("accuracy", "accuracy"),
    ("test_accuracy", "held out"),
    ("gradient_symmetricity_100", "GS"),
    ("distance_irrelevance", "DI"),
    ("distance_irrelevance_top_wrong", "DI wrong"),
    ("circularity", "circularity"),
    ("parameter_norm", "norm"),
)


class VerdictPanel(Panel):
    """No frame: a bar in the verdict's colour at the left of its lines.

    Reasons begin with what matters most, and end with ... where there is no room for more; alone on the screen, and
    when it is copied, the panel has all of them.
    """

    DEFAULT_CSS = """
    VerdictPanel { border: none; padding: 0 1; height: 14%; min-height: 4; max-height: 7; background: $surface; }
    VerdictPanel:focus { border: none; background: $panel; }
    """

    def __init__(self, *, id: str) -> None:
        super().__init__("verdict", id=id)
        self.facts = Facts()
        self.words = ""
        self.moment = ""
        self.measures: Mapping[str, float] = {}

    def show(self, facts: Facts, words: str, moment: str, measures: Mapping[str, float]) -> None:
        """Show a verdict; `words` instead of one where there is none. `moment`: what the measures are of."""
        self.facts, self.words, self.moment, self.measures = facts, words, moment, measures
        self.redraw()

    def draw(self, width: int, height: int) -> Text:
        palette, facts = self.app.palette, self.facts
        colour = palette.colour(facts.name)
        inner = width - 2
        lines = [self._headline(inner), self._numbers(inner)]
        room = height - len(lines)
        reasons = list(Text(facts.reasons).wrap(self.app.console, max(8, inner))) if facts.name else []
        if len(reasons) > room > 0:
            reasons = [*reasons[: room - 1], _cut(reasons[room - 1], inner)]
        lines += reasons
        edge = "|" if palette.ascii else "▌"
        return above([Text.assemble((f"{edge} ", colour), line) for line in lines[:height]])

    def copy_text(self) -> str:
        """Verdict, reasons, and every share and measure on a line."""
        facts = self.facts
        name = f"{facts.name or 'no verdict'} {facts.certainty}".rstrip()
        lines = [f"{name}: {facts.kind}" if facts.kind else name, facts.reasons or self.words]
        lines += [f"{name}\t{value:.6g}" for name, value in facts.shares.items()]
        lines += [f"{name}\t{value:.6g}" for name, value in self.measures.items()]
        return "\n".join(line for line in lines if line)

    def _headline(self, width: int) -> Text:
        """`● CLOCK clear  clock 89 % ######### pizza 11 %`."""
        palette, facts = self.app.palette, self.facts
        line = Text(no_wrap=True, overflow="ellipsis")
        if not facts.name:
            return line.append(f"{palette.glyph('')} {self.words}", f"bold {palette.dim}")
        line.append(f"{palette.glyph(facts.name)} {facts.name.upper()}", f"bold {palette.colour(facts.name)}")
        line.append(f" {facts.certainty}", "bold")
        if facts.kind:
            line.append(f": {facts.kind}", "bold")
        if facts.shares:
            line.append_text(self._shares(width - line.cell_len - (len(self.words) + 2 if self.words else 0)))
        elif facts.edition < EDITION:
            line.append(f"  by edition {facts.edition} of the rule: clockpizza rejudge", palette.dim)
        if self.words:
            line.append(f"  {self.words}", palette.dim)
        elif facts.region and line.cell_len + 18 + len(facts.region) < width:
            line.append(f"  the paper's region: {facts.region}", palette.dim)
        return line

    def _shares(self, room: int) -> Text:
        """All four shares and a bar of them; where there is less room the last two are one, and the bar goes."""
        palette, shares = self.app.palette, self.facts.shares
        clock, pizza = (shares.get(name) or 0.0 for name in ("clock", "pizza"))
        rest = max(0.0, 1 - clock - pizza)
        laws = f"  clock {percent(clock)} ", f" pizza {percent(pizza)}"
        others = "".join(f", {name} {percent(shares[name])}" for name in ("unlawful", "unaccounted") if name in shares)
        if len("".join(laws) + others) - 1 > room:
            others = f", neither {percent(rest)}"
        cells = min(BAR, room - len("".join(laws) + others))
        bar = self._bar(clock, rest, cells) if cells >= SHORTEST else Text()
        clocks, pizzas = laws if bar else (laws[0].rstrip(), laws[1])
        line = Text.assemble((clocks, palette.colour("clock")), bar, (pizzas, palette.colour("pizza")))
        return line.append(others, palette.dim)

    def _bar(self, clock: float, rest: float, cells: int) -> Text:
        """The shares of the logits' variance, by length; `rest`: of neither."""
        palette = self.app.palette
        first = round(min(1.0, max(0.0, clock)) * cells)
        neither = min(cells - first, round(rest * cells))
        marks = ("C", ".", "P") if palette.ascii else ("█", "░", "▒")
        return Text.assemble(
            (marks[0] * first, palette.colour("clock")),
            (marks[1] * neither, palette.dim),
            (marks[2] * (cells - first - neither), palette.colour("pizza")),
        )

    def _numbers(self, width: int) -> Text:
        """The measures, as many as there is room for."""
        palette = self.app.palette
        line = Text(f"{self.moment}: " if self.moment else "", palette.dim, no_wrap=True, overflow="crop")
        for name, short in MEASURES:
            value = self.measures.get(name)
            if value is None:
                continue
            shown = f"{value:.1f}" if name == "parameter_norm" else f"{value:.4f}"
            if line.cell_len + len(short) + len(shown) + 3 > width:
                break
            line.append(f"{short} ", palette.dim).append(f"{shown}  ", "bold not dim")
        return line


def _cut(line: Text, width: int) -> Text:
    """A line that says there is more, its last word whole."""
    while line.cell_len > width - 2 and " " in line.plain:
        line = line[: line.plain.rindex(" ")]
    return line.append(" …")
