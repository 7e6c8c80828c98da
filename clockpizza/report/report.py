"""A sweep in numbers, from the rows of its index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from clockpizza import __version__
from clockpizza.report.bins import Bin, bins, going_over
from clockpizza.report.bootstrap import DRAWS
from clockpizza.report.group import Group, groups, whole
from clockpizza.report.point import REFUSED, VERDICTS, Point, point
from clockpizza.run_config import RunConfig
from clockpizza.store import Row, State

SCHEMA = 1
PAPER_EPOCHS = RunConfig.epochs  # the defaults are the paper's


@dataclass(frozen=True)
class Judged:
    """The finished runs that one edition of the rule has judged: how many, with which verdicts, how many refused."""

    edition: int
    runs: int
    verdicts: dict[str, int]
    refused: int


@dataclass(frozen=True)
class Report:
    """A sweep in numbers.

    like: one of its runs in words. states: how many runs are in each; only states that occur.
    reasons: why runs failed, or did not go on, and how many for each.
    over: the quantities in which runs differ, attention rate first. bins: of each, the runs by its values.
    whole: all runs together. groups: by shape.
    editions: who judged the finished runs, the newest edition of the rule first. The runs of that one are counted and
        make the curves; those of older ones stand apart (`Point.apart`).
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
    editions: list[Judged]

    @property
    def edition(self) -> int | None:
        """The edition whose runs are counted; None while none has finished."""
        return self.editions[0].edition if self.editions else None

    @property
    def has_shares(self) -> bool:
        """Whether there are shares of the logits' variance."""
        return self.whole.shares["clock"].runs > 0

    @property
    def short(self) -> list[Point]:
        """Finished runs that had fewer epochs than the paper's."""
        return [each for each in self.finished if each.epoch < PAPER_EPOCHS]

    @property
    def finished(self) -> list[Point]:
        return [each for each in self.points if each.final]

    @property
    def begun(self) -> list[Point]:
        """Runs that have not ended, but have been trained."""
        return [each for each in self.points if not each.final and each.state != State.FAILED and each.epoch > 0]

    @property
    def shown(self) -> list[Point]:
        """Runs that the diagrams show: those that solve the task, were measured, and do not stand apart."""
        return [each for each in self.points if each.solved and not each.apart and each.symmetricity is not None]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for `--json`; docs/report.md has the schema."""
        return {
            "schema": SCHEMA,
            "clockpizza": __version__,
            "sweep": self.sweep,
            "states": self.states,
            "reasons": self.reasons,
            "epochs": {
                "finished": _ends(self.finished),
                "unfinished": _ends(self.begun),
                "paper": PAPER_EPOCHS,
                "short": len(self.short),
            },
            "over": self.over,
            "whole": asdict(self.whole),
            "bins": {name: [asdict(each) for each in found] for name, found in self.bins.items()},
            "groups": [asdict(each) for each in self.groups],
            "runs": [each.to_dict() for each in self.points],
            "edition": self.edition,
            "editions": [asdict(each) for each in self.editions],
            "draws": DRAWS,
        }


def gather(sweep: str, rows: Sequence[Row]) -> Report:
    """A sweep as it stands: what has ended by its results, what has not by its last snapshots."""
    points, editions = _by_edition([point(row) for row in rows])
    over = going_over(points)
    by_shape = groups(points)
    together = replace(by_shape[0], shape={}) if len(by_shape) == 1 else whole(points)  # the draws are not made twice
    return Report(
        sweep=sweep,
        like=rows[0].config.describe() if rows else "",
        states=dict(Counter(each.state for each in points)),
        reasons=dict(Counter(row.reason for row in rows if row.reason)),
        points=points,
        over=over,
        bins={name: bins(points, name) for name in over},
        whole=together,
        groups=by_shape,
        editions=editions,
    )


def _by_edition(points: Sequence[Point]) -> tuple[list[Point], list[Judged]]:
    """Runs, those of an older edition than the newest among them set apart, and who judged how many."""
    editions = sorted({each.edition for each in points if each.edition is not None}, reverse=True)
    judged = []
    for edition in editions:
        verdicts = Counter(each.verdict for each in points if each.edition == edition)
        named = {name: verdicts[name] for name in VERDICTS}
        judged.append(Judged(edition, verdicts.total(), named, verdicts[REFUSED]))
    older = editions[1:]
    return [replace(each, apart=True) if each.edition in older else each for each in points], judged


def _ends(points: Sequence[Point]) -> list[int] | None:
    """The least and the most epochs; None of none."""
    return [min(each.epoch for each in points), max(each.epoch for each in points)] if points else None
