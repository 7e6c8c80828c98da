"""All runs are listed with their states, from the ends of files, and kept up to date as these grow."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from clockpizza.store import (
    EventWriter,
    Index,
    RunFolder,
    State,
    SweepFolder,
    Watch,
    ask_stop,
    begin_run,
    claim,
    clear_result,
    create_sweep,
    parse,
    remove_run,
    write_result,
)
from clockpizza.sweep_spec import SweepSpec, expand

Spawn = Callable[..., "subprocess.Popen[str]"]


def states(index: Index) -> list[str]:
    assert not index.refresh()
    return [row.state.value for row in index.rows()]


@pytest.fixture
def index(sweep: SweepFolder) -> Index:
    return Index(sweep.path.parent)


def test_runs_nobody_has_begun_are_queued(index: Index, spec: SweepSpec) -> None:
    assert states(index) == ["queued"] * 3
    row = index.rows()[0]
    assert (row.sweep, row.id, row.name) == ("small", "r0.00-w8-l1-s0", "small/r0.00-w8-l1-s0")
    assert row.config == spec.runs[row.id]
    assert (row.epoch, row.epochs, row.verdict, row.metrics) == (0, 100, "", {})


def test_a_run_is_followed_from_its_start_to_its_verdict(index: Index, sweep: SweepFolder, run: RunFolder) -> None:
    with claim(sweep, "stack-0000", [run.id], watch=Watch(), details={"device": "cpu"}) as lock:
        assert states(index) == ["running", "queued", "queued"]
        writer = EventWriter(run)
        writer.append("started", epoch=0)
        writer.append("metrics", epoch=10, train_loss=2.5, test_accuracy=0.25)
        writer.append("snapshot", epoch=10, measures={"gradient_symmetricity": 0.5}, verdict="clock", certainty="mixed")
        index.refresh()
        row = index.rows()[0]
        assert (row.epoch, row.attempt, row.live) == (10, 1, True)
        assert row.metrics == {"train_loss": 2.5, "test_accuracy": 0.25}
        assert (row.verdict, row.certainty, row.measures) == ("clock", "mixed", {"gradient_symmetricity": 0.5})
        assert row.owner is not None and row.owner.details == {"device": "cpu"}

        lock.note(epoch=15)
        lock.beat()
        index.refresh()
        assert row.epoch == 15  # the heartbeat knows more than the log

        ask_stop(sweep)
        assert states(index) == ["stopping", "queued", "queued"]
        writer.append("stopped", epoch=20)
    assert states(index) == ["stopped", "queued", "queued"]

    writer = EventWriter(run)
    writer.append("started", epoch=20)
    write_result(
        run,
        "finished",
        attempt=writer.attempt,
        epoch=100,
        metrics={"test_accuracy": 1.0},
        measures={"gradient_symmetricity": 0.99},
        verdict={"name": "pizza", "certainty": "clear", "refused": None},
    )
    assert states(index) == ["finished", "queued", "queued"]
    assert (row.epoch, row.attempt, row.verdict, row.certainty) == (100, 2, "pizza", "clear")
    assert (row.metrics, row.measures) == ({"test_accuracy": 1.0}, {"gradient_symmetricity": 0.99})
    assert index.sweeps["small"].counts() == {State.FINISHED: 1, State.QUEUED: 2}
    assert parse("verdict:pizza state:finished").select(index.rows()) == [row]
    assert (row.kind, row.edition) == ("", 1)  # it names no edition: the first did not


def test_a_verdict_that_is_judged_anew_brings_its_kind_and_edition(index: Index, run: RunFolder) -> None:
    index.refresh()
    row = index.rows()[0]
    assert row.edition is None
    for edition in (1, 2, "banana", True, -3):
        verdict = {"name": "non-circular", "kind": "number line", "edition": edition}
        write_result(run, "finished", attempt=1, epoch=100, verdict=verdict)
        index.refresh()
        assert (row.kind, row.edition) == ("number line", 2 if edition == 2 else 1)
    assert (row.to_dict()["kind"], row.to_dict()["edition"]) == ("number line", 1)
    clear_result(run)
    index.refresh()
    assert (row.kind, row.edition) == ("", None)
    write_result(run, "failed", attempt=1, epoch=41, reason="loss is not a number")
    index.refresh()
    assert row.edition is None


def test_a_worker_killed_while_watched_is_crashed_at_the_next_look(
    index: Index, sweep: SweepFolder, run: RunFolder, spawn: Spawn
) -> None:
    worker = spawn(
        """
import sys
from pathlib import Path
from clockpizza.store import EventWriter, SweepFolder, Watch, claim
sweep = SweepFolder(Path(sys.argv[1]))
lock = claim(sweep, "stack-0000", [sys.argv[2]], watch=Watch())
lock.keep_beating()
writer = EventWriter(sweep.run(sys.argv[2]))
writer.append("metrics", epoch=7)
print("ready", flush=True)
input()
""",
        sweep.path,
        run.id,
    )
    assert worker.stdout and worker.stdout.readline() == "ready\n"
    assert states(index) == ["running", "queued", "queued"]
    worker.kill()
    os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
    assert states(index) == ["crashed", "queued", "queued"]
    assert index.rows()[0].reason == "its owner was a process which is dead"
    assert index.rows()[0].epoch == 7


def test_a_failed_run_says_why_and_can_be_begun_anew(index: Index, run: RunFolder) -> None:
    EventWriter(run).append("metrics", epoch=40, train_loss=None)
    write_result(run, "failed", attempt=1, epoch=41, reason="loss is not a number at epoch 41")
    assert states(index) == ["failed", "queued", "queued"]
    row = index.rows()[0]
    assert (row.reason, row.epoch) == ("loss is not a number at epoch 41", 41)
    clear_result(run)
    assert states(index) == ["crashed", "queued", "queued"]
    assert row.epoch == 40


def test_a_run_that_was_given_up_says_why_at_its_last_epoch(index: Index, run: RunFolder) -> None:
    EventWriter(run).append("metrics", epoch=40, train_loss=0.5)
    EventWriter(run).append("failed", reason="checkpoint.pt: damaged")
    assert states(index) == ["failed", "queued", "queued"]
    row = index.rows()[0]
    assert (row.reason, row.epoch, row.attempt) == ("checkpoint.pt: damaged", 40, 2)
    EventWriter(run).append("started", epoch=0)
    assert states(index) == ["crashed", "queued", "queued"]
    assert row.reason == "its owner left without a word"


def test_the_highest_attempt_is_believed(index: Index, run: RunFolder) -> None:
    first = EventWriter(run)
    first.append("metrics", epoch=90, train_loss=0.1)
    index.refresh()
    assert index.rows()[0].metrics == {"train_loss": 0.1}
    second = EventWriter(run)
    second.append("started", epoch=50)
    index.refresh()
    first.append("metrics", epoch=95, train_loss=0.1)  # a writer that should be dead
    index.refresh()
    for row in (index.rows()[0], fresh(index).rows()[0]):
        assert (row.epoch, row.attempt) == (50, 2)
        assert row.metrics == {}  # of an epoch that, as the second has it, is still to come


def test_what_was_known_at_the_epoch_an_attempt_goes_on_from_stays_known(index: Index, run: RunFolder) -> None:
    EventWriter(run).append("metrics", epoch=50, train_loss=0.2)
    EventWriter(run).append("started", epoch=50)
    index.refresh()
    assert (index.rows()[0].attempt, index.rows()[0].metrics) == (2, {"train_loss": 0.2})


def fresh(index: Index) -> Index:
    other = Index(*index.folders)
    other.refresh()
    return other


def test_only_the_end_of_a_long_log_is_read(index: Index, run: RunFolder) -> None:
    writer = EventWriter(run)
    for epoch in range(100):
        writer.append("metrics", epoch=epoch, text="x" * 10_000)
    index.refresh()
    assert index.rows()[0].epoch == 99
    writer.append("metrics", epoch=100)
    index.refresh()
    assert index.rows()[0].epoch == 100


def test_damage_is_shown_and_does_not_spread(index: Index, sweep: SweepFolder, run: RunFolder) -> None:
    run.result_file.write_text("{")
    (run.events / "0001-host-1.jsonl").write_bytes(b"\xff\n" * 1000)
    (sweep.locks / "stack-0000.000001.lock").write_text("[")
    (sweep.path.parent / "broken").mkdir()
    (sweep.path.parent / "broken" / "sweep.toml").write_text("widht = 3")
    assert states(index) == ["failed", "queued", "queued"]
    assert "result.json: not JSON" in index.rows()[0].reason
    assert "did you mean 'width'" in index.sweeps["broken"].error
    assert index.sweeps["broken"].rows == {}


def test_sweeps_and_runs_may_come_and_go_between_looks(
    index: Index, sweep: SweepFolder, run: RunFolder, spec: SweepSpec
) -> None:
    write_result(run, "finished", attempt=1, epoch=100)
    assert states(index) == ["finished", "queued", "queued"]
    remove_run(sweep, run.id, Watch())
    assert states(index) == ["queued"] * 3
    assert index.rows()[0].epoch == 0
    create_sweep(sweep.path.parent, "another", expand({"p": 7}))
    index.refresh()
    assert list(index.sweeps) == ["another", "small"]
    shutil.rmtree(sweep.path)
    index.refresh()
    assert list(index.sweeps) == ["another"]
    shutil.rmtree(sweep.path.parent)
    assert not index.refresh()
    assert index.rows() == []


def test_examples_lie_beside_ones_own_runs(index: Index, tmp_path: Path, spec: SweepSpec) -> None:
    create_sweep(tmp_path / "shipped", "examples/paper", spec)
    create_sweep(tmp_path / "shipped", "small", expand({"p": 7}))
    both = Index(*index.folders, tmp_path / "shipped")
    both.refresh()
    assert list(both.sweeps) == ["examples/paper", "small"]
    assert len(both.sweeps["small"].rows) == 3  # the first folder's


def test_a_thousand_runs_are_listed_also_in_small_pieces(tmp_path: Path) -> None:
    spec = expand({"attention_rate": "random 1000", "draw_seed": 1, "p": 7, "width": 8})
    sweep = create_sweep(tmp_path, "big", spec)
    for number, (id, config) in enumerate(spec.runs.items()):
        run = begin_run(sweep, id, config) if number % 100 == 0 else sweep.run(id)
        if number % 100 == 0:
            EventWriter(run).append("metrics", epoch=number)
    ticks = iter(range(10**9))
    index = Index(tmp_path, clock=lambda: float(next(ticks)))  # each look at the clock takes a second
    looks = 1
    while index.refresh(budget_seconds=50):
        looks += 1
    assert looks > 10
    assert index.sweeps["big"].counts() == {State.CRASHED: 10, State.QUEUED: 990}
    assert [row.epoch for row in index.rows()[::100]] == list(range(0, 1000, 100))
    assert list(index.sweeps["big"].rows) == list(spec.runs)


def test_a_row_as_plain_values_can_be_written_as_json(index: Index, run: RunFolder) -> None:
    import json

    index.refresh()
    values = json.loads(json.dumps(index.rows()[0].to_dict()))
    assert (values["sweep"], values["state"], values["config"]["attention_rate"]) == ("small", "queued", 0.0)
