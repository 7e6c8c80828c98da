"""Runs counted: by verdict, and how many are circular."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clockpizza.report.interval import Share, share
from clockpizza.report.point import REFUSED, VERDICTS, Point


@dataclass(frozen=True)
class Tally:
    """How many of `runs` are what.

    refused: finished without solving the task. failed: could not go on, or left a result that cannot be read.
    unfinished: all others without a result. older: judged by an older edition of the rule than the newest in the sweep.
    verdicts: each verdict's share of the finished runs that have one.
    circular: the share of these that the paper's rule calls circular (circularity above .995); circular_by_circle: the
        same cut over every component with 1 % of the variance.
    """

    runs: int
    refused: int
    failed: int
    unfinished: int
    verdicts: dict[str, Share]
    circular: Share
    circular_by_circle: Share
    older: int = 0


def tally(points: Sequence[Point]) -> Tally:
    """Count runs."""
    judged = [each for each in points if each.judged]
    paper = [each.circular for each in judged if each.circular is not None]
    by_circle = [each.circular_by_circle for each in judged if each.circular_by_circle is not None]
    refused = sum(each.verdict == REFUSED and not each.apart for each in points)
    failed = sum(each.state == "failed" for each in points)
    return Tally(
        runs=len(points),
        refused=refused,
        failed=failed,
        unfinished=len(points) - sum(each.final for each in points) - failed,
        verdicts={name: share(sum(each.verdict == name for each in judged), len(judged)) for name in VERDICTS},
        circular=share(sum(paper), len(paper)),
        circular_by_circle=share(sum(by_circle), len(by_circle)),
        older=sum(each.apart for each in points),
    )
