"""A stack from its folder to its verdicts, in one process and through deaths."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import clockpizza
from clockpizza.checkpoints import read
from clockpizza.store import RunEvents, ask_stop, create_sweep, read_arrays, read_result, withdraw_stop
from clockpizza.sweep_spec import sweep_of
from tests.worker.small import Nobody, assert_same_weights, do, read_ids, runs

ROOT = Path(clockpizza.__file__).parents[1]


def test_a_sweep_is_trained_to_results_snapshots_and_weights(tmp_path: Path) -> None:
    sweep = create_sweep(tmp_path, "s", sweep_of(runs()))
    watcher = Nobody()
    outcome = do(sweep, watcher=watcher)
    assert not outcome.stopped and not outcome.held
    ids = ["r0.50-w8-l1-s0", "r0.50-w8-l1-s1"]
    assert watcher.said[0] == "begins 2 at 0" and f"{ids[1]} finished" in watcher.said
    for id in ids:
        run = sweep.run(id)
        result = read_result(run)
        assert result is not None and result["status"] == "finished" and result["epoch"] == 60
        checkpoint = read(run.weights_file)
        assert checkpoint.record["run"]["seed"] == int(id[-1]) and checkpoint.record["epoch"] == 60
        assert checkpoint.training_pairs is not None and len(checkpoint.training_pairs) == 39
        assert result["metrics"]["train_loss"] == checkpoint.record["metrics"]["train_loss"]
        assert result["measures"]["accuracy"] == result["evidence"]["accuracy"]["all_pairs"]
        assert run.snapshot_epochs()[0] == 0 and run.snapshot_epochs()[-1] == 60
        arrays = read_arrays(run.snapshot_file(60))
        assert arrays["correct_logit"].shape == (7, 7)
        assert float(arrays["embedding_power"].sum()) == pytest.approx(1, abs=1e-5)
        kinds = [event.kind for event in RunEvents(run).read().events]
        assert kinds[0] == "started" and kinds[-1] == "result"
        assert not run.checkpoint_file.exists()


def test_what_has_ended_is_left_alone(tmp_path: Path) -> None:
    sweep = create_sweep(tmp_path, "s", sweep_of(runs()))
    do(sweep)
    watcher = Nobody()
    do(sweep, watcher=watcher)
    assert watcher.said == []


def test_a_stopped_stack_goes_on_and_ends_bit_for_bit_where_an_unbroken_one_does(tmp_path: Path) -> None:
    unbroken, broken = (create_sweep(tmp_path, name, sweep_of(runs())) for name in ("unbroken", "broken"))
    do(unbroken)
    watcher = Nobody()
    assert do(broken, watcher=watcher, stop=lambda: len(watcher.epochs) > 20).stopped
    again = Nobody()
    assert not do(broken, watcher=again).stopped
    assert again.said[0].startswith("begins 2 at 2")
    assert_same_weights(unbroken, broken)


def test_runs_saved_at_different_epochs_go_on_from_their_own(tmp_path: Path) -> None:
    unbroken, broken = (create_sweep(tmp_path, name, sweep_of(runs())) for name in ("unbroken", "broken"))
    do(unbroken)
    for epoch in (20, 40):
        watcher = Nobody()
        do(broken, watcher=watcher, stop=lambda w=watcher, e=epoch: bool(w.epochs) and w.epochs[-1] >= e)
        kept = broken.run(read_ids(broken)[0]).checkpoint_file
        if epoch == 20:
            first = kept.read_bytes()
    kept.write_bytes(first)
    watcher = Nobody()
    do(broken, watcher=watcher)
    assert [said for said in watcher.said if said.startswith("begins")] == ["begins 1 at 20", "begins 1 at 40"]
    assert_same_weights(unbroken, broken)


def test_a_run_that_was_saved_at_its_start_does_not_start_its_neighbour(tmp_path: Path) -> None:
    unbroken, broken = (create_sweep(tmp_path, name, sweep_of(runs())) for name in ("unbroken", "broken"))
    do(unbroken)
    do(broken, stop=lambda: True)
    do(broken, watcher=(watcher := Nobody()), stop=lambda: bool(watcher.epochs))
    ids = read_ids(broken)
    assert broken.run(ids[0]).checkpoint_file.exists()
    broken.run(ids[1]).checkpoint_file.unlink()
    do(broken)
    assert_same_weights(unbroken, broken, ids[1])


def test_a_stop_request_in_the_folder_is_heard_and_stands_until_withdrawn(tmp_path: Path) -> None:
    sweep = create_sweep(tmp_path, "s", sweep_of(runs()))
    ask_stop(sweep)
    assert do(sweep).stopped
    assert read_result(sweep.run("r0.50-w8-l1-s0")) is None
    withdraw_stop(sweep)
    assert not do(sweep).stopped


def test_a_run_whose_loss_is_no_number_fails_alone(tmp_path: Path) -> None:
    good, bad = runs()[0], runs(learning_rate=1e30)[1]
    sweep = create_sweep(tmp_path, "s", sweep_of([good, bad]))
    do(sweep)
    results = {id: read_result(sweep.run(id)) for id in read_ids(sweep)}
    statuses = sorted(result["status"] for result in results.values() if result)
    assert statuses == ["failed", "finished"]
    failed = next(result for result in results.values() if result and result["status"] == "failed")
    assert "not a finite number at epoch" in failed["reason"]


PROGRAM = """
import sys, torch
from pathlib import Path
from clockpizza.store import Watch, open_sweep
from clockpizza.worker.stack import Options
from clockpizza.worker.work import work
from tests.worker.small import Nobody
torch.set_num_threads(1)
options = Options(torch.device("cpu"), snapshots=6, checkpoint_seconds=0.05)
outcome = work(open_sweep(Path(sys.argv[1]), "s"), Nobody(), options, watch=Watch())
sys.exit(5 if outcome.held else 0)
"""


@pytest.mark.slow
def test_a_worker_that_is_killed_again_and_again_ends_where_an_unbroken_one_does(tmp_path: Path) -> None:
    sweep_ids = ["r0.50-w8-l1-s0", "r0.50-w8-l1-s1"]
    for folder in ("unbroken", "killed"):
        create_sweep(tmp_path / folder, "s", sweep_of(runs(epochs=300)))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}

    def start(folder: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path / folder)], env=environment)

    assert start("unbroken").wait() == 0
    sweep = create_sweep(tmp_path / "killed", "s", sweep_of(runs(epochs=300)))
    saves = [sweep.run(id).checkpoint_file for id in sweep_ids]
    wanted = iter((0, 1, 5))  # saves of either run to wait for before the first, second and third kill
    while True:
        worker = start("killed")
        seen: set[int] = set()
        count = next(wanted, None)
        while worker.poll() is None and count is not None:
            seen |= {path.stat().st_mtime_ns for path in saves if path.exists()}
            if len(seen) > count:
                worker.send_signal(signal.SIGKILL)
                break
            time.sleep(0.001)
        if worker.wait() == 0:
            break
    assert next(wanted, None) is None
    expected = create_sweep(tmp_path / "unbroken", "s", sweep_of(runs(epochs=300)))
    assert_same_weights(expected, sweep)
