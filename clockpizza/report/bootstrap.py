"""How far a number over runs may lie elsewhere: runs are drawn anew, with replacement, and it is taken again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000
FEWEST = 3  # runs; fewer are so often drawn alike that an interval would be too narrow to mean anything
CELLS = 1 << 21  # numbers that are in memory at once
TAIL = 0.025  # of the draws that lie beyond either end of an interval
Array = NDArray[np.float64]


def redrawn(runs: int) -> Iterator[Array]:
    """How often each of `runs` is in each draw: blocks of (draws, runs), DRAWS in all, the same at every call."""
    random = np.random.default_rng(0)
    block = max(1, min(DRAWS, CELLS // max(1, runs)))
    for start in range(0, DRAWS, block):
        draws = min(block, DRAWS - start)
        chosen = random.integers(runs, size=(draws, runs)) + runs * np.arange(draws)[:, None]
        yield np.bincount(chosen.ravel(), minlength=draws * runs).reshape(draws, runs).astype(float)


def ends(values: Array) -> tuple[Array, Array]:
    """Where the middle 95 % of (draws, ...) begin and end, by draw, so that values may be infinite."""
    beyond = int(TAIL * len(values))
    values = np.sort(values, axis=0)
    return values[beyond], values[len(values) - 1 - beyond]
