"""What goes wrong around a worker, done for real: it costs what it must and nothing else."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from clockpizza.checkpoints import Checkpoint
from clockpizza.classification import Classification, classify
from clockpizza.store import (
    Index,
    RunEvents,
    RunFolder,
    SweepFolder,
    Watch,
    claim,
    holders,
    read_result,
)
from clockpizza.store.process import Owner
from clockpizza.training.device import fit
from clockpizza.training.engine import Engine
from clockpizza.worker import saved
from clockpizza.worker import stack as stack_module
from clockpizza.worker import work as work_module
from clockpizza.worker.log import log_file
from tests.worker.small import CPU, FOREVER, Nobody, assert_same_weights, do, read_ids, runs, sweep_in

Worker = subprocess.Popen[bytes]
Start = Callable[[SweepFolder], Worker]

ZERO, ONE = "r0.50-w8-l1-s0", "r0.50-w8-l1-s1"


def kinds(run: RunFolder) -> list[str]:
    return [event.kind for event in RunEvents(run).read().events]


def states(sweep: SweepFolder) -> dict[str, tuple[str, str]]:
    """State and reason of each run."""
    index = Index(sweep.path.parent)
    index.refresh()
    return {row.id: (row.state.value, row.reason) for row in index.rows()}


def content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def until(condition: Callable[[], bool], worker: Worker, sweep: SweepFolder) -> None:
    while not condition():
        assert worker.poll() is None, log_file(sweep, worker.pid).read_text()
        time.sleep(0.02)


def epochs_in(run: RunFolder, attempt: int) -> list[float]:
    events = RunEvents(run).read().events
    return [e.epoch for e in events if e.attempt == attempt and e.kind == "metrics" and e.epoch is not None]


class Filler(Nobody):
    """Lets a disk become full at epoch 30."""

    def __init__(self, ballast: Path) -> None:
        super().__init__()
        self.ballast = ballast
        self.before: dict[Path, bytes] = {}

    def metrics(self, epoch: int, runs: list[str], metrics: object, epochs_per_second: float) -> None:
        super().metrics(epoch, runs, metrics, epochs_per_second)
        if epoch == 30:
            self.before = content(self.ballast.parent / "s")
            with self.ballast.open("wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(1000))
                except OSError:
                    pass


def test_a_disk_that_becomes_full_costs_what_could_not_be_written_and_nothing_before(
    tmp_path: Path, tiny_disk: Path
) -> None:
    unbroken, sweep = sweep_in(tmp_path), sweep_in(tiny_disk)
    do(unbroken)
    watcher = Filler(tiny_disk / "ballast")
    outcome = do(sweep, replace(CPU, checkpoint_seconds=0), watcher)
    assert watcher.epochs[-1] == 60  # it trained on
    assert any(said.endswith("checkpoint.pt: cannot be written: the disk is full") for said in watcher.said)
    assert "2 of 2 runs given up" in outcome.failed["stack-0000"] and "the disk is full" in outcome.failed["stack-0000"]
    after = content(sweep.path)
    for path, was in watcher.before.items():
        if path.suffix != ".beat":
            assert after[path].startswith(was)  # logs have grown, all else is as it was
    (tiny_disk / "ballast").unlink()
    again = Nobody()
    assert do(sweep, watcher=again) == work_module.Outcome()
    assert again.said[0] == "begins 2 at 29"
    assert_same_weights(unbroken, sweep)
    assert all(read_result(sweep.run(id)) is not None for id in (ZERO, ONE))


@pytest.mark.slow
def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(tmp_path: Path, start: Start) -> None:
    sweep = sweep_in(tmp_path, epochs=FOREVER, count=1)
    run, saves = sweep.run(ZERO), []
    for attempt in (1, 2, 3):
        worker = start(sweep)
        until(lambda n=attempt: len(epochs_in(run, n)) > 5, worker, sweep)  # type: ignore[misc]
        if attempt == 2:
            resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        worker.terminate()
        assert worker.wait() == 130
        saves.append(run.checkpoint_file.read_bytes())
        if attempt == 2:
            assert "than this process may write (ulimit -f)" in log_file(sweep, worker.pid).read_text()
    assert saves[0] == saves[1] != saves[2]
    assert epochs_in(run, 2)[0] > 0 and epochs_in(run, 3)[0] < epochs_in(run, 2)[-1]


def test_a_run_that_diverges_fails_with_its_epoch_and_its_mates_never_know(tmp_path: Path, start: Start) -> None:
    """A checkpoint holds finite numbers so large that the next loss is none."""
    unbroken, sweep = (sweep_in(tmp_path / name, count=3) for name in ("unbroken", "diverging"))
    configs = runs(count=3)
    engine = Engine(configs)
    fit(engine)
    for _ in range(20):
        engine.step()
    state = engine.state()
    state["parameters"][1] *= 1e30
    for i in range(3):
        run = sweep.run(f"r0.50-w8-l1-s{i}")
        run.make()
        saved.write(run.checkpoint_file, 20, state, i)
    do(unbroken)
    worker = start(sweep)
    assert worker.wait() == 1
    failed = read_result(sweep.run(ONE))
    assert failed is not None
    assert failed["status"] == "failed" and failed["epoch"] in (20, 21)
    assert failed["reason"] == f"the training loss is not a finite number at epoch {failed['epoch']}"
    assert kinds(sweep.run(ONE))[-1] == "failed"
    assert_same_weights(unbroken, sweep, ZERO, "r0.50-w8-l1-s2")


@pytest.mark.slow
def test_a_sweep_whose_workers_are_killed_at_random_moments_ends_with_the_same_runs(
    tmp_path: Path, start: Start
) -> None:
    unbroken, sweep = (sweep_in(tmp_path / name, count=6, stack_size=2, epochs=400) for name in ("unbroken", "killed"))
    do(unbroken)
    draw, killed = random.Random(0), 0
    while (worker := start(sweep)) and killed < 8:
        while killed and worker.poll() is None and not any(h.owner.pid == worker.pid for h in holders(sweep).values()):
            time.sleep(0.005)  # the first is killed while it starts
        try:
            worker.wait(draw.uniform(0, 1))
            break
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
            killed += 1
    assert worker.wait() == 0 and killed >= 3
    assert read_ids(sweep) == read_ids(unbroken) and len(read_ids(sweep)) == 6
    assert_same_weights(unbroken, sweep)
    for id in read_ids(sweep):
        assert kinds(sweep.run(id)).count("result") == 1
        ended, expected = read_result(sweep.run(id)), read_result(unbroken.run(id))
        assert ended and expected and ended["measures"] == expected["measures"]


@pytest.mark.parametrize("damage", [b"", b"garbage" * 1000, None], ids=["empty", "garbage", "torn"])
def test_a_damaged_checkpoint_stops_its_own_run_alone(damage: bytes | None, tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, count=3, stack_size=2)
    watcher = Nobody()
    do(sweep, watcher=watcher, stop=lambda: len(watcher.epochs) > 10)
    torn = sweep.run(ZERO).checkpoint_file
    torn.write_bytes(torn.read_bytes()[:-100] if damage is None else damage)
    assert list(do(sweep).failed) == ["stack-0000"]
    assert [state for state, _ in states(sweep).values()] == ["failed", "finished", "finished"]
    reason = states(sweep)[ZERO][1]
    assert reason.startswith(f"{torn}: ") and reason.endswith("remove it to train the run from its start")
    torn.unlink()
    assert do(sweep) == work_module.Outcome()
    assert states(sweep)[ZERO] == ("finished", "")


def test_a_folder_that_cannot_be_made_stops_its_own_run_alone(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, count=3, stack_size=2)
    (sweep.runs / ZERO).write_text("in the way")
    watcher = Nobody()
    outcome = do(sweep, watcher=watcher)
    assert outcome.failed["stack-0000"].startswith("stack-0000: 1 of 2 runs given up: ")
    assert [said for said in watcher.said if said.endswith("finished")] == [
        f"{ONE} finished",
        "r0.50-w8-l1-s2 finished",
    ]


def test_an_error_that_nobody_foresaw_ends_its_stack_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = sweep_in(tmp_path, count=4, stack_size=2)
    judged: list[Checkpoint] = []

    def judge(checkpoint: Checkpoint) -> Classification:
        judged.append(checkpoint)
        if len(judged) == 1:
            raise ArithmeticError("no such thing")
        return classify(checkpoint)

    monkeypatch.setattr(stack_module, "classify", judge)
    outcome = do(sweep)
    assert outcome.failed == {"stack-0000": "stack-0000: 1 of 2 runs given up: ArithmeticError: no such thing"}
    assert "Traceback" in capsys.readouterr().err
    assert [state for state, _ in states(sweep).values()] == ["failed", "finished", "finished", "finished"]
    assert states(sweep)[ZERO][1] == "ArithmeticError: no such thing"
    again = Nobody()
    assert do(sweep, watcher=again) == work_module.Outcome()
    assert again.said[0] == "begins 1 at 60"  # nothing is trained twice


def test_what_is_damaged_is_left_to_a_person_and_told_in_the_end(tmp_path: Path, start: Start) -> None:
    sweep = sweep_in(tmp_path, count=3)
    for id in (ZERO, ONE):
        sweep.run(id).make()
    sweep.run(ZERO).result_file.write_text("{")
    sweep.run(ONE).checkpoint_file.write_text("garbage")
    worker = start(sweep)
    assert worker.wait() == 1
    assert [state for state, _ in states(sweep).values()] == ["failed", "failed", "finished"]
    assert sweep.run(ZERO).result_file.read_text() == "{"
    assert "leaves with exit code 1: stack-0000: 1 of 3 runs given up: " in log_file(sweep, worker.pid).read_text()


def owned_by(sweep: SweepFolder, **change: object) -> Path:
    """The first stack, with its lock held as if by another; returns the file of its heartbeat."""
    claim(sweep, "stack-0000", [ZERO], watch=Watch())
    holder = holders(sweep)["stack-0000"]
    values = json.loads(holder.path.read_text())
    values["owner"].update(change)
    holder.path.write_text(json.dumps(values))
    return holder.beat_file


ELSEWHERE = {"host": "elsewhere", "boot": "another", "machine": "another"}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            {"boot": "00000000-0000-0000-0000-000000000000"},
            marks=pytest.mark.skipif(not Owner.me().machine, reason="needs /etc/machine-id"),
            id="the machine was rebooted",
        ),
        pytest.param({"started": 1}, id="its pid is another process's now"),
    ],
)
def test_what_the_dead_held_is_taken_over_at_once(change: dict[str, object], tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, stack_size=1)
    owned_by(sweep, **change)
    watcher = Nobody()
    assert do(sweep, watcher=watcher) == work_module.Outcome()
    assert [said for said in watcher.said if said.endswith("finished")] == [f"{ZERO} finished", f"{ONE} finished"]


def test_the_stack_of_an_owner_that_dies_meanwhile_is_taken_over(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, stack_size=1)
    code = (
        "import sys, pathlib, clockpizza.store as s; "
        "s.claim(s.SweepFolder(pathlib.Path(sys.argv[1])), 'stack-0000', [], watch=s.Watch()); "
        "print(flush=True); sys.stdin.readline()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code, sweep.path], **pipes) as owner:  # type: ignore[call-overload]
        owner.stdout.readline()

        class Killer(Nobody):
            def ended(self, *what: object) -> None:
                super().ended(*what)  # type: ignore[arg-type]
                owner.kill()
                owner.wait()

        watcher = Killer()
        assert do(sweep, watcher=watcher) == work_module.Outcome()
    assert [said for said in watcher.said if said.endswith("finished")] == [f"{ONE} finished", f"{ZERO} finished"]


def test_an_owner_elsewhere_is_watched_until_it_is_known_to_be_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_module, "LOOK_SECONDS", 0.01)
    sweep = sweep_in(tmp_path, stack_size=1)
    owned_by(sweep, **ELSEWHERE)
    ticks = iter(range(0, 100_000, 10))  # each look at the clock takes ten seconds
    watcher = Nobody()
    assert do(sweep, watcher=watcher, watch=Watch(clock=lambda: next(ticks))) == work_module.Outcome()
    doubt = f"stack-0000 is held by process {os.getpid()} on elsewhere, and whether that one lives remains to be seen"
    assert watcher.said.count(doubt) == 1
    assert watcher.said[-1] == f"{ZERO} finished"


@contextmanager
def beating(file: Path) -> Iterator[None]:
    """A heartbeat from elsewhere, by a clock that is two hours fast."""
    end = threading.Event()

    def beat() -> None:
        count = 0
        while not end.wait(0.02):
            count += 1
            file.write_text(json.dumps([count, count, 1.0, "training", 5.0, time.time() + 7200]))

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def test_what_an_owner_elsewhere_trains_is_left_to_it_once_it_was_seen_to_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_module, "LOOK_SECONDS", 0.1)
    sweep = sweep_in(tmp_path, stack_size=1)
    with beating(owned_by(sweep, **ELSEWHERE)):
        outcome = do(sweep)
    assert [(holder.name, holder.owner.host) for holder in outcome.held] == [("stack-0000", "elsewhere")]
    assert read_result(sweep.run(ZERO)) is None and read_result(sweep.run(ONE)) is not None


def test_a_worker_in_doubt_about_an_owner_can_be_stopped(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, stack_size=1, count=1)
    owned_by(sweep, **ELSEWHERE)
    watcher = Nobody()
    outcome = do(sweep, watcher=watcher, stop=lambda: len(watcher.said) > 0)
    assert outcome.stopped and "remains to be seen" in watcher.said[0]


def test_a_sweep_that_is_removed_is_not_made_again(tmp_path: Path, start: Start) -> None:
    sweep = sweep_in(tmp_path, epochs=FOREVER, stack_size=1)
    worker = start(sweep)
    until(lambda: sweep.run(ZERO).path.exists() and bool(epochs_in(sweep.run(ZERO), 1)), worker, sweep)
    while sweep.path.exists():  # files come while others go
        shutil.rmtree(sweep.path, ignore_errors=True)
    assert worker.wait() == 2
    assert not sweep.path.exists()


def test_a_snapshots_event_and_metrics_are_short(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path)
    do(sweep)
    (log,) = sweep.run(ZERO).events.iterdir()
    events = [json.loads(line, parse_float=str) for line in log.read_text().splitlines()]
    losses = [event["train_loss"] for event in events if event["kind"] == "metrics"]
    measures = [event["measures"]["parameter_norm"] for event in events if event["kind"] == "snapshot"]
    assert max(map(len, losses)) <= len("1.23456789e-05") and max(map(len, measures)) <= len("12.3456")
    result = read_result(sweep.run(ZERO))
    assert result is not None
    assert float(losses[-1]) == pytest.approx(result["metrics"]["train_loss"], rel=1e-8)
    assert torch.isfinite(torch.tensor(result["metrics"]["train_loss"]))
