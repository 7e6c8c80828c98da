"""Events are appended by one process and followed by others, through every mishap a log can have."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from clockpizza.errors import ClockpizzaError
from clockpizza.store import EventWriter, RunEvents, RunFolder
from clockpizza.store.event import LONGEST_LINE, Event, decode

Spawn = Callable[..., "subprocess.Popen[str]"]


def epochs(events: list[Event]) -> list[float | None]:
    return [event.epoch for event in events]


def line(seq: int, **data: object) -> bytes:
    return json.dumps({"schema": 1, "seq": seq, "attempt": 1, "time": 1.0, "kind": "metrics", **data}).encode() + b"\n"


def read_all(reader: RunEvents, budget_seconds: float | None = None) -> list[Event]:
    events: list[Event] = []
    more = True
    while more:
        batch = reader.read(budget_seconds)
        events = [] if batch.restarted else events
        events += batch.events
        more = batch.more
    return events


@pytest.fixture
def log(run: RunFolder) -> Path:
    """An empty log to write raw bytes into."""
    path = run.events / "0001-host-1.jsonl"
    path.touch()
    return path


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def test_what_is_appended_is_read_once(run: RunFolder) -> None:
    writer, reader = EventWriter(run), RunEvents(run)
    assert writer.append("started", epoch=0, device="cpu")
    assert writer.append("metrics", epoch=10, train_loss=0.5)
    (started, metrics) = reader.read().events
    assert (started.kind, started.attempt, started.seq, started.data) == (
        "started",
        1,
        0,
        {"epoch": 0, "device": "cpu"},
    )
    assert (metrics.kind, metrics.seq, metrics.data["train_loss"]) == ("metrics", 1, 0.5)
    assert reader.read().events == []
    writer.append("metrics", epoch=20)
    assert epochs(reader.read().events) == [20]


def test_attempts_are_numbered_and_each_process_has_its_own_file(run: RunFolder) -> None:
    writers = [EventWriter(run), EventWriter(run), EventWriter(run, attempt=7)]
    assert [writer.attempt for writer in writers] == [1, 2, 7]
    assert len({writer.path for writer in writers}) == 3
    for writer in writers:
        writer.append("note", text="x")
    assert [event.attempt for event in RunEvents(run).read().events] == [1, 2, 7]


def test_a_loss_that_is_no_number_is_written_as_null(run: RunFolder) -> None:
    writer = EventWriter(run)
    writer.append("metrics", epoch=1, train_loss=float("nan"))
    assert b'"train_loss":null' in writer.path.read_bytes()


def test_what_can_be_no_event_is_the_callers_mistake(run: RunFolder) -> None:
    writer = EventWriter(run)
    with pytest.raises(ValueError, match="'seq'"):
        writer.append("metrics", seq=3)
    with pytest.raises(TypeError):
        writer.append("metrics", what=object())
    with pytest.raises(ValueError, match="snapshots"):
        writer.append("metrics", what="x" * LONGEST_LINE)
    assert writer.append("metrics", epoch=1)
    assert epochs(RunEvents(run).read().events) == [1]


def test_a_torn_last_line_waits_for_its_end(run: RunFolder, log: Path) -> None:
    reader = RunEvents(run)
    append(log, line(0, epoch=1) + line(1, epoch=2)[:20])
    assert epochs(reader.read().events) == [1]
    assert not reader.read().more
    append(log, line(1, epoch=2)[20:])
    assert epochs(reader.read().events) == [2]
    assert reader.skipped == 0


@pytest.mark.parametrize(
    "garbage",
    [
        b"\n",
        b"not json\n",
        b"\x00\xff\xfe\n",
        b"{}\n",
        b"[1, 2]\n",
        b"null\n",
        b'{"schema": 2, "seq": 0, "time": 0, "kind": "metrics"}\n',
        b'{"schema": 1, "seq": "0", "time": 0, "kind": "metrics"}\n',
        b'{"schema": 1, "seq": 0, "time": null, "kind": "metrics"}\n',
        b'{"schema": 1, "seq": 0, "time": 0, "kind": 3}\n',
        b"[" * 100_000 + b"\n",
        b"9" * 10_000 + b"\n",
        b'{"schema": 1, "seq": 0, "kind": "x", "time": 1' + b"0" * 400 + b"}\n",
    ],
)
def test_garbage_is_counted_and_passed_over(run: RunFolder, log: Path, garbage: bytes) -> None:
    append(log, line(0, epoch=1) + garbage + line(1, epoch=2))
    reader = RunEvents(run)
    assert epochs(read_all(reader)) == [1, 2]
    assert reader.skipped == (garbage != b"\n")


@pytest.mark.parametrize("length", [100_000, LONGEST_LINE - 1, LONGEST_LINE, 3 * LONGEST_LINE + 5])
def test_a_line_of_megabytes_is_passed_over(run: RunFolder, log: Path, length: int) -> None:
    reader = RunEvents(run)
    append(log, line(0, epoch=1) + b"x" * length)
    assert epochs(read_all(reader)) == [1]
    append(log, b"\n" + line(1, epoch=2))
    assert epochs(read_all(reader)) == [2]
    assert reader.skipped == 1


def test_a_long_line_of_ours_is_read(run: RunFolder) -> None:
    writer = EventWriter(run)
    writer.append("note", epoch=1, text="x" * (LONGEST_LINE - 200))
    writer.append("note", epoch=2, text="x" * 300_000)
    assert epochs(read_all(RunEvents(run))) == [1, 2]


def test_random_bytes_are_no_events_and_no_error(run: RunFolder, log: Path) -> None:
    append(log, os.urandom(1_000_000) + b"\n" + line(0, epoch=1))
    assert epochs(read_all(RunEvents(run))) == [1]


def test_files_with_other_names_are_no_logs(run: RunFolder) -> None:
    for name in (
        "x",
        "1-host-1.jsonl",
        "0001-host.jsonl",
        "0001--1.jsonl",
        "0001-\x1b[2J-1.jsonl",
        "0001-host-1.jsonl~",
    ):
        (run.events / name).write_bytes(line(0, epoch=1))
    (run.events / "0002-link-1.jsonl").symlink_to(run.events / "x")
    os.mkfifo(run.events / "0003-fifo-1.jsonl")
    (run.events / "0004-folder-1.jsonl").mkdir()
    reader = RunEvents(run)
    assert read_all(reader) == []
    assert reader.ignored == 6


def test_a_log_cut_short_is_read_anew(run: RunFolder, log: Path) -> None:
    reader = RunEvents(run)
    append(log, line(0, epoch=1) + line(1, epoch=2))
    read_all(reader)
    log.write_bytes(line(0, epoch=7))
    assert reader.read().restarted
    assert epochs(read_all(reader)) == [7]


@pytest.mark.parametrize("how", ["another file", "the same inode"])
def test_a_log_replaced_by_a_longer_one_is_read_anew(run: RunFolder, log: Path, how: str) -> None:
    reader = RunEvents(run)
    append(log, line(0, epoch=1))
    append(run.events / "0002-host-1.jsonl", line(0, epoch=5))
    read_all(reader)
    content = b'{"schema": 1,' + line(0, epoch=7)[13:] + line(1, epoch=8)
    if how == "another file":
        (run.path / "new").write_bytes(content)
        (run.path / "new").replace(log)
    else:
        with log.open("r+b") as file:
            file.write(b' {"schema":1,' + content[13:])
    batch = reader.read()
    assert batch.restarted
    assert epochs(read_all(reader)) == [7, 8, 5]


def test_a_log_that_is_removed_takes_its_events_along(run: RunFolder, log: Path) -> None:
    reader = RunEvents(run)
    append(log, line(0, epoch=1))
    append(run.events / "0002-host-1.jsonl", line(0, epoch=5))
    read_all(reader)
    log.unlink()
    batch = reader.read()
    assert batch.restarted
    assert epochs(batch.events) == [5]


def test_a_folder_deleted_while_followed_is_said_to_be_gone_and_may_come_back(run: RunFolder) -> None:
    writer, reader = EventWriter(run), RunEvents(run)
    writer.append("metrics", epoch=1)
    read_all(reader)
    shutil.rmtree(run.path)
    batch = reader.read()
    assert (batch.gone, batch.restarted, batch.events) == (True, True, [])
    assert reader.read().gone
    assert not writer.append("metrics", epoch=2)
    assert "No such file" in (writer.trouble or "")
    run.make()
    EventWriter(run).append("metrics", epoch=3)
    assert epochs(read_all(reader)) == [3]


def test_a_log_that_cannot_be_made_is_an_error(run: RunFolder) -> None:
    shutil.rmtree(run.path)
    with pytest.raises(ClockpizzaError, match="cannot be made"):
        EventWriter(run)


def test_reading_stops_when_the_time_is_spent_and_goes_on_where_it_stopped(run: RunFolder, log: Path) -> None:
    count = 20_000
    append(log, b"".join(line(seq, epoch=seq) for seq in range(count)))
    append(run.events / "0002-host-1.jsonl", line(0, epoch=-1))
    ticks = iter(range(10_000))
    reader = RunEvents(run, clock=lambda: float(next(ticks)))  # each look at the clock takes a second
    first = reader.read(budget_seconds=0.5)
    assert first.more
    assert 0 < len(first.events) < 3000
    assert epochs(first.events + read_all(reader, 0.5)) == [*range(count), -1]


@pytest.mark.slow
def test_a_log_of_200_megabytes_is_read_in_bounded_pieces(run: RunFolder, log: Path) -> None:
    block = b"".join(line(seq, epoch=seq, text="x" * 1000) for seq in range(1000))
    with log.open("ab") as file:
        for _ in range(200_000_000 // len(block) + 1):
            file.write(block)
    reader, count, most, batch = RunEvents(run), 0, 0, None
    while batch is None or batch.more:
        batch = reader.read(budget_seconds=0.01)
        count += len(batch.events)
        most = max(most, len(batch.events))
    assert count == 1000 * (log.stat().st_size // len(block))
    assert most < 10_000
    assert len(RunEvents(run).read().events) < 10_000  # nor does a look without a budget take all at once


WRITER = """
import sys
from pathlib import Path
from clockpizza.store import EventWriter, RunFolder
writer = EventWriter(RunFolder(Path(sys.argv[1])))
print("ready", flush=True)
sys.stdin.readline()
for epoch in range(int(sys.argv[2])):
    writer.append("metrics", epoch=epoch, who=sys.argv[3], text=sys.argv[3] * (epoch % 300))
"""


def test_the_lines_of_two_processes_never_mix(run: RunFolder, spawn: Spawn) -> None:
    writers = [spawn(WRITER, run.path, 2000, who) for who in "ab"]
    for writer in writers:
        assert writer.stdout and writer.stdout.readline() == "ready\n"
    reader = RunEvents(run)
    events: list[Event] = []
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    while any(writer.poll() is None for writer in writers):
        events += reader.read(0.01).events
    events += read_all(reader)
    assert reader.skipped == reader.missing == 0
    for who in "ab":
        assert epochs([event for event in events if event.data["who"] == who]) == list(range(2000))
        assert len({event.attempt for event in events if event.data["who"] == who}) == 1
    assert all(set(event.data["text"]) <= {event.data["who"]} for event in events)


def test_a_writer_killed_at_any_moment_leaves_a_log_that_can_be_read(run: RunFolder, spawn: Spawn) -> None:
    for attempt in range(1, 6):
        writer = spawn(WRITER, run.path, 10**9, "a")
        assert writer.stdout and writer.stdout.readline() == "ready\n"
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
        reader = RunEvents(run)
        events: list[Event] = []
        while sum(event.attempt == attempt for event in events) < 10 * attempt:
            events += reader.read().events
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        events += read_all(reader)
        told = epochs([event for event in events if event.attempt == attempt])
        assert told == list(range(len(told)))
        assert reader.skipped == reader.missing == 0


DISK_FULL = """
import resource, sys
from pathlib import Path
from clockpizza.store import EventWriter, RunFolder
told = []
writer = EventWriter(RunFolder(Path(sys.argv[1])), on_trouble=told.append)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
writer.append("metrics", epoch=0)
resource.setrlimit(resource.RLIMIT_FSIZE, (writer.path.stat().st_size + 30, hard))  # the next line is torn
print([writer.append("metrics", epoch=epoch) for epoch in (1, 2, 3)], writer.lost, len(told), told[0])
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
print(writer.append("metrics", epoch=4), writer.append("metrics", epoch=5), writer.trouble, len(told))
"""


def test_a_full_disk_loses_events_but_neither_the_writer_nor_the_log(run: RunFolder) -> None:
    done = subprocess.run([sys.executable, "-c", DISK_FULL, run.path], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first.startswith("[False, False, False] 3 1 ")
    assert first.endswith("than this process may write (ulimit -f)")
    assert second == "True True None 1"
    reader = RunEvents(run)
    assert epochs(read_all(reader)) == [0, 4, 5]
    assert (reader.skipped, reader.missing) == (1, 3)  # the torn line; three numbers that are not there


def test_a_clock_that_jumps_does_no_harm(run: RunFolder, log: Path) -> None:
    append(log, line(0, epoch=1).replace(b"1.0", b"99999999999") + line(1, epoch=2).replace(b"1.0", b"-5"))
    assert epochs(read_all(RunEvents(run))) == [1, 2]


def test_an_event_comes_back_from_its_line() -> None:
    event = Event("snapshot", 3, 7, 12.5, {"epoch": 5, "measures": {"a": 0.5}})
    assert decode(event.encode(), 3) == event
