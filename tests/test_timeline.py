"""A run through time, from its snapshots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clockpizza import timeline
from clockpizza.errors import BadInput
from clockpizza.store import EventWriter, RunFolder, write_arrays


def run(folder: Path, powers: dict[int, list[float]]) -> RunFolder:
    """A run at p 7 with snapshots whose embeddings have these shares at frequencies 1, 2, 3."""
    made = RunFolder(folder / "r")
    made.make()
    log = EventWriter(made)
    log.append("started", epoch=0)
    for epoch, power in powers.items():
        arrays = {
            "correct_logit": np.zeros((7, 7), np.float16),
            "embedding_power": np.array(power, np.float32),
            "logit_power": np.array(power, np.float32),
            "circle_frequencies": np.array([1, 2], np.int32),
            "circle_scores": np.zeros((2, 7, 2), np.float16),
        }
        write_arrays(made.snapshot_file(epoch), arrays)
        log.append("metrics", epoch=epoch, train_loss=1.0, test_loss=2.0, train_accuracy=0.5, test_accuracy=0.5)
        log.append("snapshot", epoch=epoch, file="x", measures={"circularity": epoch / 100, "excluded_loss": None})
    return made


def test_a_circle_is_born_where_it_outweighs_the_others_for_good(tmp_path: Path) -> None:
    shares = {
        0: [0.4, 0.25, 0.35],
        10: [0.3, 0.4, 0.3],
        20: [0.35, 0.3, 0.35],
        50: [0.3, 0.69, 0.005],
        90: [0.4, 0.595, 0.005],
    }
    found = timeline.read(run(tmp_path, shares))
    assert found.circles() == [2, 1]
    assert (found.born(2), found.born(1)) == (50, 50)  # at 20 frequency 3 outweighs 2 once more, and ties with 1
    assert (found.rank_at_start(2), found.rank_at_start(1)) == (3, 1)


def test_measures_are_columns_with_gaps(tmp_path: Path) -> None:
    found = timeline.read(run(tmp_path, {0: [0.4, 0.3, 0.3], 10: [0.4, 0.3, 0.3]}))
    assert found.measures["circularity"].tolist() == [0, 0.1]
    assert np.isnan(found.measures["excluded_loss"]).all()
    assert found.metrics["test_loss"].tolist() == [2, 2]
    assert found.born(1) is None  # every frequency is a circle in the end: none stands out


def test_damaged_snapshots_are_passed_over(tmp_path: Path) -> None:
    made = run(tmp_path, {0: [0.4, 0.3, 0.3], 10: [0.4, 0.3, 0.3]})
    made.snapshot_file(5).write_bytes(b"nonsense")
    write_arrays(made.snapshot_file(7), {"correct_logit": np.zeros((7, 7)), "embedding_power": np.zeros(2)})
    assert timeline.read(made).epochs.tolist() == [0, 10]


def test_a_run_without_snapshots_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no snapshots; `clockpizza train` and `sweep` take them"):
        timeline.read(run(tmp_path, {}))
