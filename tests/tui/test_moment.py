"""What there is to draw, out of the arrays of a snapshot or a portrait."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clockpizza.errors import BadInput
from clockpizza.plots.planes import turned
from clockpizza.store import read_arrays
from tests.tui.conftest import EXAMPLES
from tui.moment import of_arrays, walk, winding

CLOCK = EXAMPLES / "clock" / "runs" / "r1.00-w128-l1-s5"


def circle(p: int, k: int, angle: float = 0.0, mirrored: bool = False) -> np.ndarray:
    at = angle + 2 * np.pi * k * np.arange(p) / p
    return np.stack([np.cos(at), -np.sin(at) if mirrored else np.sin(at)], axis=1)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_circle_is_turned_so_that_each_token_stands_at_its_angle(mirrored: bool) -> None:
    assert turned(circle(59, 13, 2.0, mirrored), winding(59, 13)) == pytest.approx(
        circle(59, winding(59, 13)), abs=1e-12
    )


def test_the_walk_goes_by_the_papers_delta() -> None:
    assert walk(59, 17)[:4] == [0, 7, 14, 21]  # model A's first circle: k 17, delta 7
    assert walk(59, 13)[:4] == [0, 9, 18, 27]
    assert walk(12, 3)[:4] == [0, 4, 8, 1]  # four tokens at each place


def test_a_snapshot_lies_as_the_one_before_it() -> None:
    before, after = (of_arrays(read_arrays(CLOCK / "snapshots" / f"{epoch:08}.npz"), epoch) for epoch in (5240, 6000))
    assert next(iter(after.circles)) == 18
    one, other = before.circles[18], after.circles[18]
    assert np.abs(one - other).max() < 0.05 * np.abs(other).max()


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("correct_logit", np.zeros((5, 4)), r"correct_logit is \(5, 4\)"),
        ("correct_logit", np.zeros((1, 1)), "p is 1"),
        ("correct_logit", np.array([["a"]]), "no array of numbers"),
        ("circle_scores", np.zeros((1, 5, 3)), "circle_scores is"),
        ("circle_scores", np.full((1, 5, 2), np.nan), "no points"),
        ("circle_frequencies", np.array([3]), "frequencies are none"),
        ("embedding_power", np.zeros(3), "embedding_power is"),
    ],
)
def test_arrays_of_another_shape_are_refused(name: str, array: np.ndarray, words: str) -> None:
    arrays = {
        "correct_logit": np.zeros((5, 5)),
        "circle_frequencies": np.array([2]),
        "circle_scores": np.ones((1, 5, 2)),
        "embedding_power": np.zeros(2),
    }
    with pytest.raises(BadInput, match=words):
        of_arrays({**arrays, name: array})


def test_a_damaged_snapshot_says_so_and_is_not_read_again(tmp_path: Path) -> None:
    from clockpizza.store import RunFolder
    from tui.snapshots import Snapshots

    run = RunFolder(tmp_path)
    run.snapshots.mkdir()
    run.snapshot_file(7).write_bytes(b"garbage")
    snapshots = Snapshots(run)
    assert snapshots.epochs() == [7] and snapshots.get(7) is None
    snapshots.load(7)
    assert "not a snapshot, or damaged" in str(snapshots.get(7))
