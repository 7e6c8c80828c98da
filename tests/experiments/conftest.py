"""Sweeps as a worker would leave them, with snapshots made by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clockpizza.config import TransformerConfig
from clockpizza.run_config import RunConfig
from clockpizza.store import EventWriter, SweepFolder, begin_run, create_sweep, write_arrays, write_result
from clockpizza.sweep_spec import sweep_of

P = 13
Series = dict[int, tuple[float, list[float], list[float]]]  # epoch -> held-out accuracy, embedding, logits
MakeSweep = Callable[[str, dict[RunConfig, Series]], SweepFolder]


def config(rate: float = 0.0, seed: int = 0, masked: tuple[int, ...] = ()) -> RunConfig:
    """A run of 90 epochs at p 13."""
    return RunConfig(
        TransformerConfig(p=P, width=8, heads=2, attention_rate=rate), seed=seed, epochs=90, masked_frequencies=masked
    )


@pytest.fixture
def make_sweep(tmp_path: Path) -> MakeSweep:
    """Makes a finished sweep below `runs` of runs with these snapshots."""

    def make(name: str, runs: dict[RunConfig, Series]) -> SweepFolder:
        spec = sweep_of(list(runs))
        folder = create_sweep(tmp_path / "runs", name, spec)
        for id, each in spec.runs.items():
            run = begin_run(folder, id, each)
            log = EventWriter(run)
            for epoch, (accuracy, embedding, logits) in runs[each].items():
                arrays = {
                    "correct_logit": np.zeros((P, P), np.float16),
                    "embedding_power": np.array(embedding, np.float32),
                    "logit_power": np.array(logits, np.float32),
                    "circle_frequencies": np.array([1], np.int32),
                    "circle_scores": np.zeros((1, P, 2), np.float16),
                }
                write_arrays(run.snapshot_file(epoch), arrays)
                log.append("metrics", epoch=epoch, test_accuracy=accuracy)
                log.append("snapshot", epoch=epoch, file="x", measures={})
            write_result(run, "finished", attempt=1, epoch=90, verdict={"name": "pizza"}, measures={})
        return folder

    return make
