"""Runs of one shape: alike in all but seed and attention rate, so that their rates can be compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clockpizza.report.bins import MOST_SIZES, ranges
from clockpizza.report.crossing import Crossing, crossing
from clockpizza.report.point import Point
from clockpizza.report.share_crossing import share_crossing
from clockpizza.report.shares import Mean, mean_shares
from clockpizza.report.tally import Tally, tally

LEAST_SYMMETRIC = 0.9  # the paper's clocks lie below it, its pizzas above


@dataclass(frozen=True)
class Group:
    """Runs of one shape.

    shape: width and layers, and whatever else differs within the sweep; widths as a range where there are many.
    clock: the attention rate at which half of the runs that are clocks or pizzas are clocks; None where rates do not
        differ. The others say nothing on it and are left out.
    symmetricity: the rate at which gradient symmetricity is below .9 in half of the runs that the paper's rule calls
        circular: the nearest that can be had where there are measures and no verdicts, as in the paper's tables.
    shares: what clocks, pizzas and neither write, as the mean over runs.
    clock_share: the rate at which the mean clock share passes the mean pizza share.
    """

    shape: dict[str, Any]
    tally: Tally
    clock: Crossing | None
    symmetricity: Crossing | None
    shares: dict[str, Mean]
    clock_share: Crossing | None


def whole(points: Sequence[Point]) -> Group:
    """All runs together, whatever their shapes."""
    return _group({}, points)


def groups(points: Sequence[Point]) -> list[Group]:
    """Runs by shape, in order."""
    keys = list(dict.fromkeys(key for each in points for key in each.shape))
    varying = [key for key in keys if len({json.dumps(each.shape.get(key)) for each in points}) > 1]
    shown = ["width", "layers", *(key for key in varying if key not in ("width", "layers"))]
    widths = [each.width for each in points]
    wide = ranges(widths, "width") if len(set(widths)) > MOST_SIZES else {}
    found: dict[str, tuple[dict[str, Any], list[Point]]] = {}
    for each in points:
        shape = {key: each.shape.get(key) for key in shown}
        if wide:
            shape["width"] = list(wide[each.width])
        found.setdefault(json.dumps(shape), (shape, []))[1].append(each)
    return [_group(*each) for each in sorted(found.values(), key=lambda each: _order(each[0]))]


def _group(shape: dict[str, Any], points: Sequence[Point]) -> Group:
    rated = [(each, each.attention_rate) for each in points if each.attention_rate is not None]
    if len({rate for _, rate in rated}) < 2:
        return Group(shape, tally(points), None, None, mean_shares(points), None)
    judged = [(each, rate) for each, rate in rated if each.judged]
    turned = [(rate, each.verdict == "clock") for each, rate in judged if each.verdict in ("clock", "pizza")]
    fell = [
        (rate, symmetricity < LEAST_SYMMETRIC)
        for each, rate in judged
        if each.circular and (symmetricity := each.symmetricity) is not None
    ]
    wrote = [(rate, shares["clock"], shares["pizza"]) for each, rate in judged if (shares := each.shares)]
    return Group(shape, tally(points), crossing(turned), crossing(fell), mean_shares(points), share_crossing(wrote))


def _order(shape: dict[str, Any]) -> list[tuple[bool, Any]]:
    """Numbers by size, ranges by their lower ends, words by the alphabet, what is missing first."""
    values = [value[0] if isinstance(value, list) else value for value in shape.values()]
    return [(value is not None, str(value) if isinstance(value, str) else value or 0) for value in values]
