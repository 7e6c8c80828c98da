"""`clockpizza experiment pruning`, from nothing to its answer, and on sweeps that are there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from clockpizza.cli import main
from clockpizza.store import find_sweeps, open_sweep, read_spec
from tests.experiments.conftest import MakeSweep, config, make_sweep
from tests.experiments.test_pruning import GROWING

Out = pytest.CaptureFixture[str]
TINY = ["--p", "13", "--width", "8", "--epochs", "20", "--seeds", "2", "--attention-rate", "0", "--devices", "cpu"]

__all__ = ["make_sweep"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CLOCKPIZZA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path


def test_it_trains_a_sweep_that_keeps_weights_and_says_what_it_could_not_count(capsys: Out) -> None:
    assert main(["experiment", "pruning", "tiny", *TINY, "--foreground", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert "tiny: 2 runs" in out and "have not solved the task: 2 runs." in out and "Lottery" not in out
    run = open_sweep(Path("runs"), "tiny").run("r0.00-w8-l1-s1")
    assert run.kept_epochs() == run.snapshot_epochs()
    assert [name for name, _ in find_sweeps(Path("runs"))] == ["tiny"]  # nothing to mask


def test_what_is_solved_is_masked_and_trained_again(make_sweep: MakeSweep, capsys: Out) -> None:
    make_sweep("s", {config(): GROWING})
    assert main(["experiment", "pruning", "s", "--foreground", "--json", "--devices", "cpu"]) == 0
    out, _ = capsys.readouterr()
    found = json.loads(out)
    assert found["rates"][0]["shares"]["end"]["companions"]["mean"] == pytest.approx(0.4)
    masks = [each.masked_frequencies for each in read_spec(open_sweep(Path("runs"), "s-masked")).runs.values()]
    assert masks[0] == (2,) and len(masks) == 2
    assert [run["config"]["masked_frequencies"] for run in found["masked_runs"]] == [list(mask) for mask in masks]
    assert main(["experiment", "pruning", "s", "--foreground", "--devices", "cpu"]) == 0  # again, and nothing to train
    assert "5. With companions masked at the start" in capsys.readouterr().out


def test_a_report_trains_nothing(make_sweep: MakeSweep, capsys: Out) -> None:
    make_sweep("s", {config(): GROWING})
    assert main(["experiment", "pruning", "s", "--report-only"]) == 0
    assert "Not done yet" in capsys.readouterr().out
    assert main(["experiment", "pruning", "other", "--report-only"]) == 2
    assert "no sweep 'other'" in capsys.readouterr().err
    assert main(["experiment", "pruning", "s", "--report-only", "--seeds", "2"]) == 2
    assert "--report-only trains nothing" in capsys.readouterr().err


def test_a_sweep_of_that_name_with_other_runs_is_left_alone(make_sweep: MakeSweep, capsys: Out) -> None:
    make_sweep("s", {config(): GROWING})
    assert main(["experiment", "pruning", "s", "--seeds", "3", "--devices", "cpu"]) == 2
    assert "it has other runs; choose another name" in capsys.readouterr().err
