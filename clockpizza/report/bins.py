"""Runs gathered by what a sweep goes over: attention rate, width or depth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from clockpizza.report.point import Point
from clockpizza.report.shares import Mean, mean_shares
from clockpizza.report.tally import Tally, tally

QUANTITIES = {"attention_rate": "attention rate", "width": "width", "layers": "layers"}
MOST_VALUES = 21  # more values than this are gathered in ranges, as are values that hardly any two runs share
MOST_SIZES = 8  # the same for widths and depths, which come as they are chosen and not drawn


@dataclass(frozen=True)
class Bin:
    """Runs with a value from `low` to `high`: the upper end excluded where they differ, but for a rate of 1.

    shares: what clocks, pizzas and neither write, as the mean over the runs that `tally` has the verdicts of.
    """

    low: float
    high: float
    tally: Tally
    shares: dict[str, Mean]

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2


def value_of(point: Point, quantity: str) -> float | None:
    """A run's rate, width or depth; None where it has none."""
    value: float | None = getattr(point, quantity)
    return value


def going_over(points: Sequence[Point]) -> list[str]:
    """The quantities in which runs differ."""
    return [name for name in QUANTITIES if len({value_of(each, name) for each in points} - {None}) > 1]


def bins(points: Sequence[Point], quantity: str) -> list[Bin]:
    """Runs by value: one bin a value, or a range of values where there are many."""
    ends = ranges([value for each in points if (value := value_of(each, quantity)) is not None], quantity)
    found: dict[tuple[float, float], list[Point]] = {}
    for each in points:
        value = value_of(each, quantity)
        if value is not None:
            found.setdefault(ends[value], []).append(each)
    return [Bin(*key, tally(found[key]), mean_shares(found[key])) for key in sorted(found)]


def ranges(values: Sequence[float], quantity: str) -> dict[float, tuple[float, float]]:
    """The range that each value belongs to: itself, a tenth of the rates, or half an octave of the widths."""
    distinct = set(values)
    if quantity == "attention_rate":
        alone = len(distinct) <= MOST_VALUES and 2 * len(distinct) <= len(values)
        return {value: (value, value) if alone else _tenth(value) for value in distinct}
    return {value: (value, value) if len(distinct) <= MOST_SIZES else _half_octave(value) for value in distinct}


def _tenth(rate: float) -> tuple[float, float]:
    tenth = min(9, math.floor(rate * 10 + 1e-9))
    return tenth / 10, (tenth + 1) / 10


def _half_octave(value: float) -> tuple[float, float]:
    octave = 2.0 ** math.floor(math.log2(value))
    return (octave, 1.5 * octave) if value < 1.5 * octave else (1.5 * octave, 2 * octave)
