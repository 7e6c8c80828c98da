"""The circles of an embedding, a line each: what they are, and what they compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType

from tui import keys
from tui.blocks import above
from tui.facts import CircleFacts
from tui.widgets.panel import Panel

# Title and width, of the law the least; `docs/screen.md` says what each is.
COLUMNS: tuple[tuple[str, int], ...] = (
    ("k", 3),
    ("delta", 5),
    ("role", 9),
    ("var", 6),
    ("logits", 6),
    ("over a-b", 13),
    ("left", 5),
    ("pizza", 5),
    ("FVE c", 6),
    ("FVE p", 6),
    ("alone", 6),
    ("2k", 3),
)


class CircleTable(Panel):
    """A line a circle, the chosen one reversed; those that write logits are in the colour of what they compute."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("circles")]

    def __init__(self, title: str, *, id: str) -> None:
        super().__init__(title, id=id)
        self.circles: Sequence[CircleFacts] = ()
        self.powers: Mapping[int, tuple[float | None, float | None]] = {}
        self.frequency = 0
        self.words = ""
        self.foot = ""

    def show(
        self,
        circles: Sequence[CircleFacts],
        *,
        powers: Mapping[int, tuple[float | None, float | None]],
        frequency: int,
        words: str = "",
        foot: str = "",
    ) -> None:
        """Show circles. `powers`: shares of embedding and logits now, by frequency, instead of the circles' own."""
        self.circles, self.powers, self.frequency = circles, powers, frequency
        self.words, self.foot = words, foot
        self.redraw()

    def draw(self, width: int, height: int) -> Text:
        palette = self.app.palette
        if not self.circles:
            return above(list(Text(self.words, palette.dim).wrap(self.app.console, max(8, width))))
        columns = self._columns(width)
        lines = [Text(_line([name for name, _ in columns], columns), palette.dim)]
        foot = self._foot(width)[: max(0, height - 1 - len(self.circles))]  # what lies below comes after the circles
        room = max(1, height - 1 - len(foot))
        at = next((n for n, c in enumerate(self.circles) if c.frequency == self.frequency), 0)
        first = max(0, min(at - room + 1, len(self.circles) - room)) if len(self.circles) > room else 0
        for c in self.circles[first : first + room]:
            line = Text(_line([self.cells(c)[name] for name, _ in columns], columns))
            if c.frequency == self.frequency:
                line.stylize(f"bold {palette.under_cursor}")
                line.pad_right(width - line.cell_len)
            if c.pizza_part is not None:
                line.stylize(palette.colour("pizza" if c.pizza_part > 0.5 else "clock"))
            elif c.role != "main":
                line.stylize(palette.dim)
            lines.append(line)
        return above(lines + foot)

    def _columns(self, width: int) -> list[tuple[str, int]]:
        return fitting(width, max(len(_law(c)) for c in self.circles))

    def _foot(self, width: int) -> list[Text]:
        notes = [self.foot]
        seen = any(name == "FVE p" for name, _ in self._columns(width))
        if seen and any(c.accompanying is not None for c in self.circles):
            notes.append("a: FVE by the formula of the circle that it accompanies")
        wrapped = [Text(note, self.app.palette.dim).wrap(self.app.console, max(8, width)) for note in notes if note]
        return [line for lines in wrapped for line in lines]

    def copy_text(self) -> str:
        """All columns of all circles, apart by tabs."""
        names = [name for name, _ in COLUMNS]
        lines = ["\t".join(self.cells(c)[name] for name in names) for c in self.circles]
        return "\n".join(["\t".join(names), *lines]) if self.circles else ""

    def cells(self, c: CircleFacts) -> dict[str, str]:
        """What stands in each column for a circle."""
        variance, logits = self.powers.get(c.frequency, (c.variance, c.logits))
        if c.accompanying is not None:  # judged by the formula of the circle that it accompanies
            clock, pizza = "", f"{c.accompanying:.3f}a"
        else:
            clock, pizza = _decimal(c.clock), _decimal(c.pizza)
        return {
            "k": str(c.frequency),
            "delta": str(c.delta or ""),
            "role": c.role,
            "var": _percent(variance),
            "logits": _percent(logits),
            "over a-b": _law(c),
            "left": _percent(c.left),
            "pizza": _decimal(c.pizza_part, 2) if c.role == "main" else "",
            "FVE c": clock,
            "FVE p": pizza,
            "alone": _percent(c.accuracy_alone),
            "2k": str(c.companion or ""),
        }


def _law(c: CircleFacts) -> str:
    """`9.1 + 2.7|cos|`, or `0.0+33.3|cos+0.24|` where it has a phase."""
    if c.b0 is None or c.b1 is None:
        return ""
    return f"{c.b0:.1f}+{c.b1:.1f}|cos{c.phase:+.2f}|" if c.phase else f"{c.b0:.1f} + {c.b1:.1f}|cos|"


# Which columns go first where there is no room for all: the verdict rests on laws, not on what a circle does alone.
_SPARED = ("2k", "alone", "delta", "FVE c", "FVE p", "left", "var", "over a-b", "role", "logits")


def fitting(width: int, law: int = 0) -> list[tuple[str, int]]:
    """The columns that there is room for; `law`: cells that the longest law takes."""
    columns = [(name, max(wide, law) if name == "over a-b" else wide) for name, wide in COLUMNS]
    for name in _SPARED:
        if sum(wide + 1 for _, wide in columns) - 1 <= width:
            break
        columns = [column for column in columns if column[0] != name]
    return columns


def _line(cells: Sequence[str], columns: Sequence[tuple[str, int]]) -> str:
    return " ".join(
        cell[:wide].ljust(wide) if name == "role" else cell[:wide].rjust(wide)
        for cell, (name, wide) in zip(cells, columns, strict=True)
    )


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _decimal(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{value:.{digits}f}"
