"""`clockpizza sweep`, and `runs`, `watch`, `stop`, `resume`, `rm` on what it leaves, with workers that really run."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import clockpizza
from clockpizza.cli import main
from clockpizza.store import ask_stop, find_sweeps, holders, open_sweep, read_result, read_spec, stop_requests
from clockpizza.store.process import Life

ROOT = Path(clockpizza.__file__).parents[1]
SMALL = ["--p", "7", "--width", "8", "--heads", "2", "--devices", "cpu"]
FOREVER = ["sweep", *SMALL, "--epochs", "10000000", "--seeds", "2", "--name", "long"]
SHORT = ["sweep", *SMALL, "--epochs", "20", "--foreground"]

Out = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder; workers that are left in it are killed."""
    monkeypatch.chdir(tmp_path)
    for name in ("CLOCKPIZZA_RUNS", "CLOCKPIZZA_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield tmp_path
    for pid in workers():
        os.kill(pid, signal.SIGKILL)


def workers() -> list[int]:
    """The live workers, other than this process, that hold a lock here."""
    owners = [holder.owner for _, sweep in find_sweeps(Path("runs")) for holder in holders(sweep).values()]
    return [owner.pid for owner in owners if owner.life() is Life.ALIVE and owner.pid != os.getpid()]


def training() -> bool:
    """Whether a worker has written down an epoch of the sweep `long`."""
    return any(b'"metrics"' in log.read_bytes() for log in Path("runs/long/runs").glob("*/events/*"))


def once(condition: Callable[[], bool], act: Callable[[], object]) -> None:
    """Do `act` from a thread as soon as `condition` holds."""

    def wait() -> None:
        while not condition():
            time.sleep(0.05)
        act()

    threading.Thread(target=wait, daemon=True).start()


def test_a_detached_sweep_is_listed_guarded_shared_and_stopped(capsys: Out) -> None:
    assert main([*FOREVER, "--detach"]) == 0
    assert "clockpizza watch long" in capsys.readouterr().err
    (worker,) = workers()
    assert main(["runs", "state:running", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["id"] for row in rows] == ["r1.00-w8-l1-s0", "r1.00-w8-l1-s1"]
    assert {row["owner"]["pid"] for row in rows} == {worker}
    assert main(["rm", "long", "--yes"]) == 4
    assert f"process {worker} on" in capsys.readouterr().err
    assert main(FOREVER) == 4
    assert f"what is left is being trained: stack-0000 by process {worker} on" in capsys.readouterr().err
    assert main(["stop", "--wait"]) == 0
    assert f"process {worker} on" in capsys.readouterr().out
    assert workers() == []
    assert main(["runs", "state:stopped"]) == 0
    assert capsys.readouterr().out.count("\tstopped\t") == 2
    assert main(["watch", "long"]) == 0
    assert "clockpizza resume long" in capsys.readouterr().err
    assert main(["rm", "long", "--yes"]) == 0
    assert not Path("runs/long").exists()


def test_without_a_terminal_ctrl_c_saves_and_stops(capsys: Out) -> None:
    once(training, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert main(FOREVER) == 130
    assert "stopped and saved; `clockpizza resume long` goes on" in capsys.readouterr().err
    assert len(list(Path("runs/long/runs").glob("*/checkpoint.pt"))) == 2
    assert workers() == []


def test_a_worker_that_is_killed_is_missed(capsys: Out) -> None:
    once(training, lambda: os.kill(workers()[0], signal.SIGKILL))
    assert main(FOREVER) == 1
    err = capsys.readouterr().err
    assert "the worker was killed by SIGKILL; `clockpizza resume long` goes on" in err
    assert main(["runs", "state:crashed"]) == 0
    assert capsys.readouterr().out.count("\tcrashed\t") == 2


def test_a_sweep_that_is_removed_while_it_is_followed_is_missed(capsys: Out) -> None:
    def remove() -> None:
        while Path("runs/long").exists():  # files come while others go
            shutil.rmtree("runs/long", ignore_errors=True)

    once(training, remove)
    assert main(FOREVER) == 2
    assert "runs/long/sweep.toml: cannot be read: No such file or directory" in capsys.readouterr().err
    assert not Path("runs/long").exists()


def test_a_run_that_could_not_be_trained_to_its_end_is_told_of(capsys: Out) -> None:
    command = [*SHORT, "--seeds", "2", "--name", "torn"]
    main([*command, "--quiet"])
    run = open_sweep(Path("runs"), "torn").run("r1.00-w8-l1-s0")
    run.result_file.unlink()
    run.checkpoint_file.write_text("garbage")
    capsys.readouterr()
    assert main(command) == 1
    out, err = capsys.readouterr()
    assert "r1.00-w8-l1-s0: failed: " in out and "remove it to train the run from its start" in out
    assert "1 of 2 runs given up" in err
    assert main([*(word for word in command if word != "--foreground"), "--json"]) == 1  # by a worker
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["status"] == "failed" and "remove it" in first["reason"] and second["status"] == "finished"
    assert main(["watch", "torn"]) == 1


def test_a_worker_outlives_the_terminal_it_was_started_on() -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # these tests may themselves run under nohup
        os.execve(
            sys.executable,
            [sys.executable, "-m", "clockpizza", *FOREVER],
            {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        )
    os.set_blocking(terminal, False)
    while not training():
        _drain(terminal)
        time.sleep(0.05)
    (worker,) = workers()
    os.close(terminal)  # upon which the kernel hangs up on all that run on it
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == signal.SIGHUP
    before = [log.stat().st_size for log in Path("runs/long/runs").glob("*/events/*")]
    while [log.stat().st_size for log in Path("runs/long/runs").glob("*/events/*")] == before:
        time.sleep(0.05)
    assert workers() == [worker]


def _drain(terminal: int) -> None:
    with suppress(BlockingIOError):
        while os.read(terminal, 1 << 16):
            pass


def test_every_combination_is_trained_and_the_same_command_does_nothing_twice(capsys: Out) -> None:
    command = [*SHORT, "--attention-rate", "0:1:2", "--layers", "1,2", "--name", "grid"]
    assert main(command) == 3  # 20 epochs are few
    out, err = capsys.readouterr()
    assert out.count("refused") == 4 and "runs/grid: 4 runs such as" in err
    stamp = {path: path.stat().st_mtime_ns for path in Path("runs/grid").rglob("result.json")}
    assert main([*command, "--json"]) == 3
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["run"] for line in lines[:2]] == ["r0.00-w8-l1-s0", "r0.00-w8-l2-s0"]
    assert {path: path.stat().st_mtime_ns for path in Path("runs/grid").rglob("result.json")} == stamp
    assert main(["resume", "grid", "--devices", "cpu", "--quiet"]) == 3
    assert {path: path.stat().st_mtime_ns for path in Path("runs/grid").rglob("result.json")} == stamp
    assert main(["watch", "grid"]) == 3
    assert "4 finished (4 refused)" in capsys.readouterr().out


def test_a_stopped_sweep_is_resumed_and_failures_are_retried_when_asked(capsys: Out) -> None:
    command = [*SHORT, "--lr", "0.001,1e30", "--name", "two"]
    assert main(command) == 1
    sweep = open_sweep(Path("runs"), "two")
    results = {id: read_result(sweep.run(id)) for id in read_spec(sweep).runs}
    assert sorted(result["status"] for result in results.values() if result) == ["failed", "finished"]
    ask_stop(sweep)
    capsys.readouterr()
    assert main(["resume", "two", "--devices", "cpu", "--foreground", "--quiet"]) == 1
    assert stop_requests(sweep) == frozenset()
    (failed,) = [id for id, result in results.items() if result and result["status"] == "failed"]
    assert main(["resume", "two", "--failed", "--devices", "cpu", "--foreground", "--quiet"]) == 1
    assert len(list(sweep.run(failed).events.iterdir())) == 2


def test_random_rates_are_drawn_once() -> None:
    command = [*SHORT, "--random", "3", "--name", "drawn", "--quiet"]
    assert main(command) == 3
    first = read_spec(open_sweep(Path("runs"), "drawn"))
    assert len(first.runs) == 3 and "draw_seed" in first.asked
    assert main(command) == 3
    assert read_spec(open_sweep(Path("runs"), "drawn")) == first


def test_a_file_says_what_to_train_and_options_win(capsys: Out) -> None:
    Path("mine.toml").write_text(
        'attention_rate = "0:1:3"\nseeds = 4\nepochs = 20\n[network]\np = 7\nwidth = 8\nheads = 2\n'
    )
    assert main(["sweep", "mine.toml", "--seed", "5", "--dry-run", "--devices", "cpu"]) == 0
    out = capsys.readouterr().out
    assert "mine: 3 runs in 1 stack of 3 at most, on cpu" in out and "r0.50-w8-l1-s5" in out
    assert not Path("runs").exists()


def test_a_dry_run_says_what_a_sweep_takes(capsys: Out) -> None:
    assert main(["sweep", "--seeds", "64", "--width", "32,128", "--dry-run", "--devices", "cpu"]) == 0
    out = capsys.readouterr().out
    assert "128 runs in 2 stacks of 64 at most" in out and "and 108 more" in out
    assert "disk: " in out and "MB at most while it trains" in out and "time: about" in out


def test_linear_models_are_swept_too(capsys: Out) -> None:
    options = ["--model", "linear:alpha,linear:beta", "--p", "7", "--width", "8", "--epochs", "5"]
    assert main(["sweep", *options, "--devices", "cpu", "--foreground", "--name", "linear"]) == 3
    assert list(read_spec(open_sweep(Path("runs"), "linear")).runs) == ["alpha-h8-s0", "beta-h8-s0"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["sweep"], "what shall the runs differ in"),
        (["sweep", "--random", "3", "--attention-rate", "1"], "leave --attention-rate out"),
        (["sweep", "--width", "8:9:3"], "does not fall on whole numbers"),
        (["sweep", "gone.toml"], "gone.toml: cannot be read"),
        (["sweep", "--seeds", "2", "--devices", "tpu"], "device 'tpu' cannot be used here"),
        (["sweep", "--seeds", "2", "--detach", "--foreground"], "exclude each other"),
        (["runs", "rate>"], "a value is missing"),
        (["runs", "--jsno"], "no option --jsno; did you mean '--json'?"),
        (["watch", "gone"], "no sweep 'gone'"),
        (["stop"], "nobody trains anything in runs"),
        (["stop", "gone"], "no sweep 'gone'"),
        (["resume", "gone"], "no sweep 'gone'"),
        (["rm", "gone", "--yes"], "no sweep 'gone'"),
    ],
)
def test_what_cannot_be_is_one_line(args: list[str], words: str, capsys: Out) -> None:
    assert main(args) == 2
    out, err = capsys.readouterr()
    assert words in err and out == "" and err.count("\n") == 1
    assert not Path("runs").exists()


def test_single_runs_are_named_as_sweep_and_run(capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    main([*SHORT, "--seeds", "2", "--name", "x", "--quiet"])
    capsys.readouterr()
    assert main(["runs", "-seed:1", "verdict:none"]) == 0
    assert capsys.readouterr().out.startswith("x/r1.00-w8-l1-s0\tfinished\t20\t20\t")
    assert main(["stop", "x/r1.00-w8-l1-s0"]) == 0
    assert capsys.readouterr().out == "x/r1.00-w8-l1-s0 has ended already\n"
    assert main(["rm", "x/r1.00-w8-l1-s7", "--yes"]) == 2
    assert "no run 'r1.00-w8-l1-s7' in x; did you mean" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["rm", "x"]) == 2
    assert main(["rm", "x/r1.00-w8-l1-s0", "--yes"]) == 0
    assert main(["runs"]) == 0
    assert "x/r1.00-w8-l1-s0\tqueued" in capsys.readouterr().out


def test_a_damaged_sweep_is_named_and_the_others_are_listed(capsys: Out) -> None:
    main([*SHORT, "--seeds", "1", "--name", "good", "--quiet"])
    Path("runs/bad").mkdir()
    Path("runs/bad/sweep.toml").write_text("widht = 3")
    capsys.readouterr()
    assert main(["runs"]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("good/") and "did you mean 'width'?" in err
