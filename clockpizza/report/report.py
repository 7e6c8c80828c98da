"""A sweep in numbers, from the rows of its index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from clockpizza import __version__
from clockpizza.report.bins import Bin, bins, going_over
from clockpizza.report.group import Group, groups, whole
from clockpizza.report.point import Point, point
from clockpizza.store import Row, State

SCHEMA = 1


@dataclass(frozen=True)
class Report:
    """A sweep in numbers.

    like: one of its runs in words. states: how many runs are in each; only states that occur.
    reasons: why runs failed, or did not go on, and how many for each.
    over: the quantities in which runs differ, attention rate first. bins: of each, the runs by its values.
    whole: all runs together. groups: by shape.
    """

    sweep: str
    like: str
    states: dict[str, int]
    reasons: dict[str, int]
    points: list[Point]
    over: list[str]
    bins: dict[str, list[Bin]]
    whole: Group
    groups: list[Group]

    @property
    def finished(self) -> list[Point]:
        return [each for each in self.points if each.final]

    @property
    def begun(self) -> list[Point]:
        """Runs that have not ended, but have been trained."""
        return [each for each in self.points if not each.final and each.state != State.FAILED and each.epoch > 0]

    @property
    def shown(self) -> list[Point]:
        """Runs that the diagrams show: those that solve the task and were measured."""
        return [each for each in self.points if each.solved and each.symmetricity is not None]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for `--json`; docs/report.md has the schema."""
        return {
            "schema": SCHEMA,
            "clockpizza": __version__,
            "sweep": self.sweep,
            "states": self.states,
            "reasons": self.reasons,
            "epochs": {"finished": _ends(self.finished), "unfinished": _ends(self.begun)},
            "over": self.over,
            "whole": asdict(self.whole),
            "bins": {name: [asdict(each) for each in found] for name, found in self.bins.items()},
            "groups": [asdict(each) for each in self.groups],
            "runs": [each.to_dict() for each in self.points],
        }


def gather(sweep: str, rows: Sequence[Row]) -> Report:
    """A sweep as it stands: what has ended by its results, what has not by its last snapshots."""
    points = [point(row) for row in rows]
    over = going_over(points)
    return Report(
        sweep=sweep,
        like=rows[0].config.describe() if rows else "",
        states=dict(Counter(each.state for each in points)),
        reasons=dict(Counter(row.reason for row in rows if row.reason)),
        points=points,
        over=over,
        bins={name: bins(points, name) for name in over},
        whole=whole(points),
        groups=groups(points),
    )


def _ends(points: Sequence[Point]) -> list[int] | None:
    """The least and the most epochs; None of none."""
    return [min(each.epoch for each in points), max(each.epoch for each in points)] if points else None
