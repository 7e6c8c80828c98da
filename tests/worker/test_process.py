"""The worker as a process of its own: its session, its log, its signals and its exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clockpizza.store import SweepFolder, Watch, claim, holders, read_result
from clockpizza.worker.log import log_file
from tests.worker.small import FOREVER, sweep_in

Start = Callable[..., "subprocess.Popen[bytes]"]


def until_training(sweep: SweepFolder, worker: subprocess.Popen[bytes]) -> None:
    """Wait until the worker has written down an epoch."""
    while not any(b'"metrics"' in log.read_bytes() for log in sweep.runs.glob("*/events/*")):
        assert worker.poll() is None, log_file(sweep, worker.pid).read_text()
        time.sleep(0.02)


def test_a_hang_up_does_not_end_it_and_sigterm_saves_first(tmp_path: Path, start: Start) -> None:
    sweep = sweep_in(tmp_path, epochs=FOREVER)
    worker = start(sweep)
    until_training(sweep, worker)
    worker.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(0.3)
    worker.terminate()
    assert worker.wait() == 130
    assert all(sweep.run(f"r0.50-w8-l1-s{seed}").checkpoint_file.exists() for seed in (0, 1))
    assert holders(sweep) == {}


def test_a_second_sigterm_does_not_wait(tmp_path: Path, start: Start) -> None:
    sweep = sweep_in(tmp_path, epochs=FOREVER)
    worker = start(sweep)
    until_training(sweep, worker)
    worker.send_signal(signal.SIGSTOP)  # so that both are there when it looks
    worker.send_signal(signal.SIGTERM)
    worker.send_signal(signal.SIGINT)
    worker.send_signal(signal.SIGCONT)
    assert worker.wait() == 130
    assert not sweep.run("r0.50-w8-l1-s0").checkpoint_file.exists()


def test_it_takes_what_is_free_and_names_who_holds_the_rest(tmp_path: Path, start: Start) -> None:
    sweep = sweep_in(tmp_path, epochs=20, stack_size=1)
    with claim(sweep, "stack-0000", ["r0.50-w8-l1-s0"], watch=Watch()):
        worker = start(sweep)
        assert os.getsid(worker.pid) == worker.pid
        assert worker.wait() == 4
    assert read_result(sweep.run("r0.50-w8-l1-s0")) is None
    assert read_result(sweep.run("r0.50-w8-l1-s1")) is not None
    log = log_file(sweep, worker.pid).read_text()
    assert "training 1 run from epoch 0" in log and "r0.50-w8-l1-s1 finished" in log
    assert f"stack-0000 is held by process {os.getpid()}" in log


@pytest.mark.parametrize("count", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_several_on_one_folder_train_every_run_once(count: int, tmp_path: Path, start: Start) -> None:
    sweep = sweep_in(tmp_path, epochs=20, count=6, stack_size=1)
    workers = [start(sweep) for _ in range(count)]
    assert {worker.wait() for worker in workers} <= {0, 4}
    for seed in range(6):
        run = sweep.run(f"r0.50-w8-l1-s{seed}")
        assert read_result(run) is not None
        assert len(list(run.events.iterdir())) == 1


def test_a_device_that_is_not_there_is_bad_input(tmp_path: Path, start: Start) -> None:
    sweep = sweep_in(tmp_path)
    worker = start(sweep, device="tpu")
    assert worker.wait() == 2
    assert "device 'tpu' cannot be used here" in log_file(sweep, worker.pid).read_text()
