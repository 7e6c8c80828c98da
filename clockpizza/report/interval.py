"""A share with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z = 1.959964  # of a normal distribution, 95 % lie within so many standard deviations


@dataclass(frozen=True)
class Share:
    """`count` of `total`, with Wilson's 95 % interval. All three numbers are None where there is nothing to count.

    Source: Wilson 1927, JASA 22, 209. Unlike the plain normal interval it holds for few runs, and for none or all.
    """

    count: int
    total: int
    value: float | None
    low: float | None
    high: float | None


def share(count: int, total: int) -> Share:
    """How many of how many."""
    if not total:
        return Share(count, total, None, None, None)
    value = count / total
    middle = (value + Z**2 / (2 * total)) / (1 + Z**2 / total)
    half = Z / (1 + Z**2 / total) * math.sqrt(value * (1 - value) / total + Z**2 / (4 * total**2))
    return Share(count, total, value, middle - half if count else 0.0, middle + half if count < total else 1.0)
