"""`python -m benchmarks.screen`: what the screen costs: first paint, frames with 1,000 runs, idle, bytes, memory.

First paint, idle time, bytes and memory are the command's own, started on a terminal; frames are timed in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import pty
import select
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.store import half_finished, make_sweep
from clockpizza.store import EventWriter, RunFolder, Watch, begin_run, claim, create_sweep
from clockpizza.sweep_spec import expand

ROOT = Path(__file__).parents[1]
TICKS = os.sysconf("SC_CLK_TCK")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.screen", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20.0, help="for idle time, and for bytes")
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        many, few = Path(folder) / "many", Path(folder) / "few"
        make_sweep(many, options.runs, half_finished)
        for name in ("clock", "pizza", "tied"):
            shutil.copytree(ROOT / "runs" / "examples" / name, few / name)
        results = {
            **_frames(many, options.runs),
            **_terminal(few, "three examples", options.seconds),
            **_terminal(many, f"{options.runs:,} runs", options.seconds),
            **_following(few, options.seconds),
        }
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for name, value in results.items():
        print(f"{name:86s} {value:10.3f}")


def _frames(runs: Path, count: int) -> dict[str, float]:
    """Milliseconds of the thread that draws which a key or news take, from the first message to the last."""
    from tui.app import ClockpizzaApp
    from tui.messages import LibraryChanged

    async def go() -> dict[str, float]:
        app = ClockpizzaApp(runs)
        found: dict[str, float] = {}
        async with app.run_test(size=(120, 40)) as pilot:
            while not app.library.loaded:
                await pilot.pause(0.05)
            app.library.close()  # its thread would be measured too
            await pilot.pause(0.5)
            steps = {"a step of the cursor": "j", "a page": "pagedown", "another order": "o", "the last line": "G"}
            for name, key in steps.items():
                found |= _worst(name, count, [await _spent(pilot.press(key)) for _ in range(20)])

            async def news() -> None:
                app.screen.post_message(LibraryChanged())
                await pilot.pause()

            found |= _worst("news", count, [await _spent(news()) for _ in range(20)])
        return found

    return asyncio.run(go())


def _worst(name: str, count: int, times: list[float]) -> dict[str, float]:
    what = f"ms of processor time for {name}, {count:,} runs"
    return {f"{what}, median of {len(times)}": statistics.median(times), f"{what}, worst": max(times)}


async def _spent(work: object) -> float:
    began = time.thread_time()
    await work  # type: ignore[misc]
    return (time.thread_time() - began) * 1e3


class _Terminal:
    """The command on a terminal of 120 by 40."""

    def __init__(self, runs: Path) -> None:
        self.master, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "clockpizza", "tui", "--runs", str(runs)],
            stdin=side,
            stdout=side,
            stderr=side,
            start_new_session=True,
            cwd=ROOT,
            env=environment,
        )
        os.close(side)

    def read(self, seconds: float, until: bytes = b"") -> tuple[int, float]:
        """Bytes that came in that time or until some words did, and seconds since the start."""
        data, deadline = b"", time.perf_counter() + seconds
        while time.perf_counter() < deadline and not (until and until in data):
            if select.select([self.master], [], [], 0.02)[0]:
                data += os.read(self.master, 1 << 16)
        return len(data), time.perf_counter() - self.began

    def processor(self) -> float:
        """Seconds of processor time so far."""
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / TICKS

    def memory(self) -> float:
        """MB resident."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def _terminal(runs: Path, what: str, seconds: float) -> dict[str, float]:
    terminal = _Terminal(runs)
    try:
        _, painted = terminal.read(30, b"machine")
        spent = terminal.processor()
        terminal.read(6)
        before = terminal.processor()
        count, _ = terminal.read(seconds)
        return {
            f"s until the first paint, {what}": painted,
            f"s of processor time until the first paint, {what}": spent,
            f"% of a processor, idle, {what}": (terminal.processor() - before) / seconds * 100,
            f"kB a second, idle, {what}": count / seconds / 1e3,
            f"MB of memory, {what}": terminal.memory(),
        }
    finally:
        terminal.close()


def _following(runs: Path, seconds: float) -> dict[str, float]:
    """While one run is followed whose worker says something ten times a second."""
    spec = expand({"p": 7, "width": 8})
    sweep = create_sweep(runs, "followed", spec)
    ((id, config),) = spec.runs.items()
    end = threading.Event()
    with claim(sweep, "stack-0000", [id], watch=Watch(), details={"device": "cpu"}) as lock:
        lock.keep_beating()
        run = begin_run(sweep, id, config)
        thread = threading.Thread(target=_write, args=(run, lock, end))
        thread.start()
        terminal = _Terminal(runs)
        try:
            terminal.read(5)
            os.write(terminal.master, b"G")  # the last of the list is the one
            terminal.read(5)
            before = terminal.processor()
            count, _ = terminal.read(seconds)
            return {
                "kB a second, following one run": count / seconds / 1e3,
                "% of a processor, following one run": (terminal.processor() - before) / seconds * 100,
            }
        finally:
            terminal.close()
            end.set()
            thread.join()


def _write(run: RunFolder, lock: object, end: threading.Event) -> None:
    writer, epoch = EventWriter(run), 0
    writer.append("started", epoch=0)
    while not end.wait(0.1):
        losses = {"train_loss": 4.0 / (1 + epoch / 50), "test_loss": 4.2 / (1 + epoch / 90)}
        accuracies = {"train_accuracy": epoch / (epoch + 50), "test_accuracy": epoch / (epoch + 90)}
        writer.append("metrics", epoch=epoch, **losses, **accuracies, epochs_per_second=10.0)
        lock.note(epoch, 10.0, "training")  # type: ignore[attr-defined]
        epoch += 1


if __name__ == "__main__":
    main()
