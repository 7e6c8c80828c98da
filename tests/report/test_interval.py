"""Shares carry Wilson's 95 % interval."""

from __future__ import annotations

import pytest

from clockpizza.report.interval import Share, share


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(5, 10, 0.2366, 0.7634), (0, 10, 0, 0.2775), (10, 10, 0.7225, 1), (1, 1, 0.2065, 1), (81, 263, 0.2553, 0.3662)],
)
def test_intervals_are_wilsons(count: int, total: int, low: float, high: float) -> None:
    found = share(count, total)
    assert (found.value, found.low, found.high) == pytest.approx((count / total, low, high), abs=5e-5)


def test_of_nothing_there_is_no_share() -> None:
    assert share(0, 0) == Share(0, 0, None, None, None)
