"""`python -m clockpizza.worker SWEEP_FOLDER`: a worker as a process; `launch` starts it.

It ignores hang-ups. SIGTERM, or SIGINT, lets it checkpoint and leave; a second one leaves at once. What it says is in
the sweep's `logs/<host>-<pid>.log`.

Exit codes: 0 all runs are finished, 1 a run failed, or could not be trained to its end, 2 bad input, 4 live others hold
what is left, 130 stopped.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from clockpizza.errors import BadInput, ClockpizzaError, visible
from clockpizza.store import RunFolder, SweepFolder, Watch, read_result, read_spec
from clockpizza.worker.log import Log, redirect, say

STOPPED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Train what is left of a sweep, and say how that ended by an exit code."""
    stop = _stop_by_signal()
    parser = argparse.ArgumentParser(prog="python -m clockpizza.worker", description="Train what is left of a sweep.")
    parser.add_argument("sweep", type=Path, help="the sweep's folder")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 ...")
    parser.add_argument("--keep-checkpoints", action="store_true", help="keep the weights at every snapshot")
    given = parser.parse_args(argv)
    sweep = SweepFolder(given.sweep)
    try:
        read_spec(sweep)
        log = redirect(sweep)
    except ClockpizzaError as error:
        print(visible(f"clockpizza.worker: {error}"), file=sys.stderr)
        return error.exit_code
    say(f"process {os.getpid()} on {given.sweep}, device {given.device}")
    try:
        code, why = _work(sweep, given.device, given.keep_checkpoints, stop, log)
    except ClockpizzaError as error:
        code, why = error.exit_code, str(error)
    say(f"leaves with exit code {code}" + (f": {why}" if why else ""))
    return code


def _work(sweep: SweepFolder, device: str, keep_checkpoints: bool, stop: threading.Event, log: Path) -> tuple[int, str]:
    """The exit code, and the reason where there is an error to be named."""
    from clockpizza.training.device import choose  # torch takes seconds to load, and a signal may come meanwhile
    from clockpizza.worker.stack import Options
    from clockpizza.worker.work import work

    options, watch = Options(choose(device), keep_checkpoints=keep_checkpoints), Watch()
    details = {"device": str(options.device), "log": log.name}
    outcome = work(sweep, Log(), options, watch=watch, stop=stop.is_set, details=details)
    for holder in outcome.held:
        say(f"{holder.name} is held by {holder}")
    if outcome.stopped:
        return STOPPED, ""
    if outcome.failed:
        return 1, next(iter(outcome.failed.values()))
    if outcome.held:
        return 4, ""
    return int(any(_failed(sweep.run(id)) for id in read_spec(sweep).runs)), ""


def _failed(run: RunFolder) -> bool:
    try:
        result = read_result(run)
    except BadInput as error:
        say(str(error))
        return True
    return result is None or result["status"] == "failed"


def _stop_by_signal() -> threading.Event:
    """An event that SIGTERM and SIGINT set; the second of them ends the process on the spot."""
    stop = threading.Event()

    def ask(number: int, frame: object) -> None:
        if stop.is_set():
            os._exit(STOPPED)
        stop.set()

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    return stop


if __name__ == "__main__":
    raise SystemExit(main())
