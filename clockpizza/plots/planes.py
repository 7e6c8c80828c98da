"""Planes of one frequency, laid so that they can be compared."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def turned(points: NDArray[np.floating[Any]], k: int) -> NDArray[np.float64]:
    """Points (p, 2) turned, and reflected where needed, so that token t's place at frequency k is 2 pi k t / p.

    A plane's axes are arbitrary. Turned so, the same circle of two snapshots lies the same way, and one sees it form.
    """
    p = len(points)
    wave = np.exp(-2j * np.pi * k * np.arange(p) / p)
    z = points @ np.array([1, 1j])
    forward, backward = (z * wave).sum(), (z * wave.conj()).sum()
    if abs(backward) > abs(forward):
        z, forward = z.conj(), backward.conjugate()
    if abs(forward) > 0:
        z = z * (forward.conjugate() / abs(forward))
    return np.stack([z.real, z.imag], axis=1)
