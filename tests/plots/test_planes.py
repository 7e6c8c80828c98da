"""Planes laid so that they can be compared."""

from __future__ import annotations

import numpy as np
import pytest

from clockpizza.plots.planes import turned


@pytest.mark.parametrize("angle", [0.0, 1.0, -2.5])
@pytest.mark.parametrize("mirrored", [1, -1])
def test_a_circle_is_laid_with_token_t_at_its_own_angle(angle: float, mirrored: int) -> None:
    t = 2 * np.pi * 4 * np.arange(13) / 13
    points = np.stack([np.cos(mirrored * t + angle), np.sin(mirrored * t + angle)], axis=1)
    assert turned(points, 4) == pytest.approx(np.stack([np.cos(t), np.sin(t)], axis=1))


def test_points_without_that_frequency_are_left_where_they_are() -> None:
    assert turned(np.ones((5, 2)), 1).shape == (5, 2)
