"""The paper's phase diagrams: what is drawn against what, for terminals and for paper alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clockpizza.plots.curves import Axis
from clockpizza.report.bins import MOST_SIZES, QUANTITIES, value_of
from clockpizza.report.crossing import Crossing
from clockpizza.report.group import Group
from clockpizza.report.point import Point
from clockpizza.report.report import Report

UNFINISHED = "unfinished"
ORDER = (UNFINISHED, "non-circular", "pizza", "clock")  # later ones lie over earlier ones
SYMMETRICITY, IRRELEVANCE = "gradient symmetricity", "distance irrelevance"
MARGIN = 0.03
TICKS = 6
CLOSE = 0.07  # part of an axis that a tick's name takes


@dataclass(frozen=True)
class Dot:
    """A run in a diagram."""

    x: float
    y: float
    mixed: bool


@dataclass(frozen=True)
class Turn:
    """A rate at which half have turned clock. upright: the rates lie along x, and the whole diagram is split there."""

    crossing: Crossing
    upright: bool
    at: float = 0.0  # on the other axis


@dataclass(frozen=True)
class Diagram:
    """One pair of axes. dots: by verdict, "unfinished" for runs that have none yet, in the order of drawing."""

    x_name: str
    y_name: str
    x: Axis
    y: Axis
    x_ticks: list[float]
    dots: dict[str, list[Dot]]
    turns: list[Turn]

    @property
    def title(self) -> str:
        words = f"{self.y_name} against {self.x_name}"
        return words[:1].upper() + words[1:]


def diagrams(report: Report) -> list[Diagram]:
    """Both measures against rate and width, rate against width where both differ, and measure against measure."""
    shown = report.shown
    values: dict[str, Callable[[Point], float | None]] = {
        SYMMETRICITY: lambda each: each.symmetricity,
        IRRELEVANCE: lambda each: each.irrelevance,
        **{name: (lambda each, key=key: value_of(each, key)) for key, name in QUANTITIES.items()},  # type: ignore[misc]
    }
    over = [QUANTITIES[name] for name in report.over if name != "layers"]  # three values make no diagram
    pairs = [(x, y) for x in over for y in (SYMMETRICITY, IRRELEVANCE)]
    if {"attention rate", "width"} <= set(over):
        pairs.append(("width", "attention rate"))
    pairs.append((IRRELEVANCE, SYMMETRICITY))
    found = []
    for x, y in pairs:
        dots = {name: _dots(shown, name, values[x], values[y]) for name in ORDER}
        if any(dots.values()):
            ends = {
                name: axis_of(name, [value for each in shown if (value := values[name](each)) is not None])
                for name in (x, y)
            }
            ticks = ticks_of(x, ends[x], [dot.x for each in dots.values() for dot in each])
            found.append(Diagram(x, y, ends[x], ends[y], ticks, dots, _turns(report, x, y)))
    return found


def _dots(
    points: Sequence[Point], name: str, x: Callable[[Point], float | None], y: Callable[[Point], float | None]
) -> list[Dot]:
    of_name = [each for each in points if (each.verdict or UNFINISHED) == name]
    return [
        Dot(at, up, each.certainty == "mixed")
        for each in of_name
        if (at := x(each)) is not None and (up := y(each)) is not None
    ]


def axis_of(name: str, values: Sequence[float]) -> Axis:
    """An axis from 0 to 1 for rates and measures, further where they go further; else from the least to the most."""
    ends = (0.0, 1.0) if name in ("attention rate", SYMMETRICITY, IRRELEVANCE) else ()
    low, high = min([*values, *ends]), max([*values, *ends])
    pad = MARGIN * (high - low) or 0.5
    return Axis(low - pad, high + pad)


def ticks_of(name: str, axis: Axis, values: Sequence[float]) -> list[float]:
    """Round values; where there are but a few sizes, these, as far as there is room for their names."""
    if name not in ("width", "layers") or len(set(values)) > MOST_SIZES:
        return axis.ticks(TICKS)
    ticks: list[float] = []
    for value in sorted(set(values)):
        if not ticks or value - ticks[-1] >= CLOSE * (axis.high - axis.low):
            ticks.append(value)
    return ticks


def _turns(report: Report, x: str, y: str) -> list[Turn]:
    """The rates at which half turn clock: one for the whole sweep along a rate, one for each width over widths."""
    if x == "attention rate" and len(report.groups) == 1:
        return [Turn(found, True) for found in [report.whole.clock] if found and found.value is not None]
    if (x, y) == ("width", "attention rate"):
        return [
            Turn(group.clock, False, _width(group))
            for group in report.groups
            if group.clock and group.clock.value is not None
        ]
    return []


def _width(group: Group) -> float:
    width = group.shape["width"]
    return sum(width) / 2 if isinstance(width, list) else float(width)
