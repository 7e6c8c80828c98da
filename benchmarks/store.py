"""`python -m benchmarks.store`: how fast runs are listed, events appended, logs read and locks taken here."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from clockpizza.store import (
    EventWriter,
    History,
    Index,
    RunEvents,
    RunFolder,
    SweepFolder,
    Watch,
    begin_run,
    claim,
    create_sweep,
    parse,
    write_result,
)
from clockpizza.store.heartbeat import now, write
from clockpizza.sweep_spec import expand

LISTING = """
import sys, time
start = time.perf_counter()
from pathlib import Path
from clockpizza.store import Index
imported = time.perf_counter()
index = Index(Path(sys.argv[1]))
index.refresh()
assert len(index.rows()) == int(sys.argv[2])
print(imported - start, time.perf_counter() - imported)
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.store", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--folder", type=Path, help="where to work: another disk, NFS; a temporary folder by default")
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        root, count = Path(folder), options.runs
        results = {
            **_listing(root / "half", count, "runs, half finished, half with a log of 200 events", half_finished),
            **_listing(root / "live", count, "runs, all unfinished, each with a log of 200 events", _unfinished),
            **_single_sweeps(root / "single", count),
            **_events(root / "events"),
            **_locks(root / "locks"),
        }
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for name, value in results.items():
        print(f"{name:78s} {value:10.3f}")


def make_sweep(root: Path, count: int, fill: Callable[[RunFolder, int], None]) -> None:
    """A sweep of that many runs, each filled by its folder and number."""
    spec = expand({"attention_rate": f"random {count}", "draw_seed": 0})
    sweep = create_sweep(root, "big", spec)
    for number, (id, config) in enumerate(spec.runs.items()):
        fill(begin_run(sweep, id, config), number)


def _listing(root: Path, count: int, what: str, fill: Callable[[RunFolder, int], None]) -> dict[str, float]:
    make_sweep(root, count, fill)
    index, query = Index(root), parse("rate>=.5 width:128 -state:crashed seed:3")
    index.refresh()
    return {
        f"s to list {count} {what}, in a fresh process": _fresh(root, count)[1],
        f"s to look again ({root.name})": _time(index.refresh),
        f"s for the longest piece of a first look in pieces of .02 s ({root.name})": _longest_piece(root),
        f"s to filter them ({root.name})": _time(lambda: query.select(index.rows())),
    }


def half_finished(run: RunFolder, number: int) -> None:
    if number % 2:
        _unfinished(run, number)
        return
    measures = {f"measure_{index}": index / 7 for index in range(30)}
    circles = [{"frequency": index, "weight": 0.1, "pizza_share": 0.5} for index in range(10)]
    verdict = {"name": "pizza", "certainty": "clear", "circles": circles, "reasons": "x" * 300}
    write_result(run, "finished", attempt=1, epoch=20_000, measures=measures, verdict=verdict)


def _unfinished(run: RunFolder, number: int) -> None:
    writer = EventWriter(run)
    writer.append("started", epoch=0)
    line = writer.path.read_bytes()
    metrics = {"train_loss": 1.23456789e-3, "test_loss": 2.3456789e-1, "train_accuracy": 0.998, "test_accuracy": 0.912}
    writer.append("metrics", epoch=100, **metrics, epochs_per_second=123.4)
    writer.path.write_bytes(line + writer.path.read_bytes()[len(line) :] * 200)


def _single_sweeps(root: Path, count: int) -> dict[str, float]:
    for seed in range(count):
        spec = expand({"seed": seed})
        sweep = create_sweep(root, f"single-{seed}", spec)
        for id, config in spec.runs.items():
            write_result(begin_run(sweep, id, config), "finished", attempt=1, epoch=20_000)
    index = Index(root)
    index.refresh()
    return {
        f"s to list {count} sweeps of one run each, in a fresh process": _fresh(root, count)[1],
        "s to look again at these": _time(lambda: index.refresh()),
        "s to import clockpizza.store": _fresh(root, count)[0],
    }


def _events(root: Path) -> dict[str, float]:
    run = RunFolder(root)
    run.make()
    writer = EventWriter(run)
    metrics = {"train_loss": 1.23456789e-3, "test_loss": 2.3456789e-1, "train_accuracy": 0.998, "test_accuracy": 0.912}
    count = 20_000
    start = time.perf_counter()
    for epoch in range(count):
        writer.append("metrics", epoch=epoch, **metrics, epochs_per_second=123.4)
    appended = time.perf_counter() - start
    size = writer.path.stat().st_size
    reader, history, longest, more = RunEvents(run), History(), 0.0, True
    start = time.perf_counter()
    while more:
        at = time.perf_counter()
        batch = reader.read(0.01)
        longest = max(longest, time.perf_counter() - at)
        history.add(batch)
        more = batch.more
    return {
        "microseconds to append an event": appended / count * 1e6,
        "bytes of an event of metrics": size / count,
        "MB a second, reading a log into a history": size / 1e6 / (time.perf_counter() - start),
        "s for the longest read with a budget of .01 s": longest,
        "microseconds to look for news where there are none": _time(reader.read, 1000) * 1e6,
    }


def _locks(root: Path) -> dict[str, float]:
    sweep, watch = SweepFolder(root), Watch()
    sweep.make()
    lock = claim(sweep, "stack-0000", [], watch=watch)
    beat = lock.holder.beat_file
    return {
        "ms to take and release a lock": _time(lambda: claim(sweep, "stack-0001", [], watch=watch).release(), 50) * 1e3,
        "microseconds for a heartbeat, with its check": _time(lock.beat, 1000) * 1e6,
        "microseconds for a heartbeat's write alone": _time(lambda: write(beat, now(1, 1, 1.0, "")), 1000) * 1e6,
    }


def _fresh(root: Path, count: int) -> tuple[float, float]:
    """Seconds to import and to list, each the median of three processes."""
    command = [sys.executable, "-c", LISTING, str(root), str(count)]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(3)]
    return statistics.median(float(run[0]) for run in runs), statistics.median(float(run[1]) for run in runs)


def _longest_piece(root: Path) -> float:
    index, longest, more = Index(root), 0.0, True
    while more:
        start = time.perf_counter()
        more = index.refresh(0.02)
        longest = max(longest, time.perf_counter() - start)
    return longest


def _time(work: Callable[[], Any], times: int = 5) -> float:
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times


if __name__ == "__main__":
    main()
