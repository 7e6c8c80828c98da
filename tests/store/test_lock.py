"""A lock has one owner: with three processes racing, killed owners, reboots, reused ids and hosts that fell silent."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from clockpizza.errors import ClockpizzaError
from clockpizza.store import Held, LockLost, SweepFolder, Watch, claim, heartbeat, holders
from clockpizza.store.process import Owner

Spawn = Callable[..., "subprocess.Popen[str]"]
NAME = "stack-0000"


def files(sweep: SweepFolder) -> list[str]:
    return sorted(path.name for path in sweep.locks.iterdir())


def rewrite_owner(sweep: SweepFolder, **change: object) -> None:
    """Change what the lock says about its owner, as if another had made it."""
    path = holders(sweep)[NAME].path
    values = json.loads(path.read_text())
    values["owner"].update(change)
    path.write_text(json.dumps(values))


def test_a_lock_says_who_owns_what(sweep: SweepFolder) -> None:
    with claim(sweep, NAME, ["a", "b"], watch=Watch(), details={"device": "cpu"}) as lock:
        lock.note(epoch=30, rate=12.5, doing="training")
        lock.beat()
        holder = holders(sweep)[NAME]
        assert holder == lock.holder
        assert (holder.owner, holder.runs, holder.details) == (Owner.me(), ("a", "b"), {"device": "cpu"})
        beat = Watch().look(holder.path, holder.owner).beat
        assert (beat.epoch, beat.rate, beat.doing) == (30, 12.5, "training")
    assert holders(sweep) == {}


def test_a_lock_that_is_held_is_refused_and_its_owner_named(sweep: SweepFolder) -> None:
    with claim(sweep, NAME, [], watch=Watch()):
        with pytest.raises(Held, match=f"stack-0000 is held by process {os.getpid()} on .*, alive") as held:
            claim(sweep, NAME, [], watch=Watch())
        assert held.value.exit_code == 4
        with claim(sweep, "stack-0001", [], watch=Watch()):
            assert set(holders(sweep)) == {NAME, "stack-0001"}
    claim(sweep, NAME, [], watch=Watch()).release()


def test_generations_pass_without_leaving_files_behind(sweep: SweepFolder) -> None:
    for _ in range(5):
        claim(sweep, NAME, [], watch=Watch()).release()
    assert files(sweep) == [f"{NAME}.000005.free", f"{NAME}.000005.lock"]


OWNER = """
import sys, time
from pathlib import Path
from clockpizza.store import SweepFolder, Watch, claim
lock = claim(SweepFolder(Path(sys.argv[1])), sys.argv[2], ["a"], watch=Watch())
lock.keep_beating(0.02)
print("held", flush=True)
for line in sys.stdin:
    lock.check()
    print("mine", flush=True)
"""


def test_the_lock_of_a_killed_owner_is_taken_over(sweep: SweepFolder, spawn: Spawn) -> None:
    owner = spawn(OWNER, sweep.path, NAME)
    assert owner.stdout and owner.stdout.readline() == "held\n"
    with pytest.raises(Held, match=f"process {owner.pid}"):
        claim(sweep, NAME, [], watch=Watch())
    owner.kill()
    os.waitid(os.P_PID, owner.pid, os.WEXITED | os.WNOWAIT)  # not reaped: a zombie holds nothing
    with claim(sweep, NAME, [], watch=Watch()) as lock:
        assert lock.holder.generation == 2


def test_a_heartbeat_thread_beats_while_the_owner_works(sweep: SweepFolder, spawn: Spawn) -> None:
    owner = spawn(OWNER, sweep.path, NAME)
    assert owner.stdout and owner.stdout.readline() == "held\n"
    path = holders(sweep)[NAME].beat_file
    counts: set[int] = set()
    while len(counts) < 4:
        counts.add(heartbeat.read(path)[1].count)
        time.sleep(0.005)


def test_a_full_disk_does_not_make_a_living_owner_look_dead(tiny_disk: Path) -> None:
    sweep = SweepFolder(tiny_disk)
    sweep.make()
    lock = claim(sweep, NAME, [], watch=Watch())
    with suppress(OSError), (tiny_disk / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1000))
    with pytest.raises(ClockpizzaError, match="the disk is full"):
        claim(sweep, "stack-0001", [], watch=Watch())
    lock.note(epoch=77)
    lock.beat()
    assert heartbeat.read(lock.holder.beat_file)[1].epoch == 77
    lock.check()
    (tiny_disk / "filler").unlink()
    lock.release()
    claim(sweep, NAME, [], watch=Watch()).release()


@pytest.mark.skipif(not Owner.me().machine, reason="needs /etc/machine-id")
def test_the_lock_of_an_owner_before_a_reboot_is_taken_over(sweep: SweepFolder) -> None:
    claim(sweep, NAME, [], watch=Watch())
    rewrite_owner(sweep, boot="00000000-0000-0000-0000-000000000000")
    claim(sweep, NAME, [], watch=Watch())


def test_the_lock_of_an_owner_whose_id_was_reused_is_taken_over(sweep: SweepFolder) -> None:
    claim(sweep, NAME, [], watch=Watch())
    rewrite_owner(sweep, started=Owner.me().started - 100)
    claim(sweep, NAME, [], watch=Watch())


def test_the_lock_of_another_host_is_taken_over_only_when_it_was_silent_for_its_lease(sweep: SweepFolder) -> None:
    now = [0.0]
    watch = Watch(clock=lambda: now[0], lease=100)
    lock = claim(sweep, NAME, [], watch=watch)
    rewrite_owner(sweep, host="elsewhere", boot="another", machine="another")
    for _ in range(10):
        with pytest.raises(Held, match="on elsewhere"):
            claim(sweep, NAME, [], watch=watch)
        heartbeat.write(lock.holder.beat_file, heartbeat.now(int(now[0]), 0, 0.0, ""))
        now[0] += 99
    with pytest.raises(Held):
        claim(sweep, NAME, [], watch=watch)
    now[0] += 101
    with claim(sweep, NAME, [], watch=watch) as mine:
        assert mine.holder.generation == 2
        with pytest.raises(LockLost):
            lock.beat()


def test_a_lock_can_be_taken_from_a_living_owner_on_demand_and_that_one_notices(
    sweep: SweepFolder, spawn: Spawn
) -> None:
    owner = spawn(OWNER, sweep.path, NAME)
    assert owner.stdout and owner.stdin
    assert owner.stdout.readline() == "held\n"
    owner.stdin.write("?\n")
    owner.stdin.flush()
    assert owner.stdout.readline() == "mine\n"
    with claim(sweep, NAME, [], watch=Watch(), steal=True):
        owner.stdin.write("?\n")
        owner.stdin.flush()
        assert owner.stdout.readline() == ""  # it ended with LockLost
        owner.wait()
        assert holders(sweep)[NAME].owner == Owner.me()


def test_an_owner_notices_when_the_folder_was_deleted_and_made_anew(sweep: SweepFolder) -> None:
    lock = claim(sweep, NAME, [], watch=Watch())
    shutil.rmtree(sweep.path)
    with pytest.raises(LockLost):
        lock.check()
    lock.release()
    sweep.make()

    lock = claim(sweep, NAME, [], watch=Watch())
    other = lock.holder.path.read_bytes()
    shutil.rmtree(sweep.locks)
    sweep.make()
    lock.holder.path.write_bytes(other)
    with pytest.raises(LockLost):
        lock.check()
    lock.release()
    assert list(holders(sweep)) == [NAME]


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"runs": 3, "details": {}}', b"[" * 1000])
def test_a_damaged_lock_is_held_by_nobody_known_until_it_was_silent_for_its_lease(
    sweep: SweepFolder, content: bytes
) -> None:
    now = [0.0]
    watch = Watch(clock=lambda: now[0], lease=100)
    (sweep.locks / f"{NAME}.000001.lock").write_bytes(content)
    with pytest.raises(Held, match="held by an unknown process"):
        claim(sweep, NAME, [], watch=watch)
    now[0] = 101
    claim(sweep, NAME, [], watch=watch)


def test_without_hard_links_the_lock_is_a_file_made_exclusively(
    sweep: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    with claim(sweep, NAME, ["a"], watch=Watch()), pytest.raises(Held):
        claim(sweep, NAME, [], watch=Watch())
    with claim(sweep, NAME, [], watch=Watch()) as lock:
        assert lock.holder.generation == 2


def test_a_link_that_nfs_made_but_denied_is_counted_as_made(
    sweep: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def denied(source: Path, target: Path) -> None:
        link(source, target)
        raise FileExistsError(errno.EEXIST, "File exists")

    monkeypatch.setattr(os, "link", denied)
    with claim(sweep, NAME, [], watch=Watch()) as lock:
        assert lock.holder.generation == 1


def test_one_who_was_too_slow_withdraws(sweep: SweepFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between his look at the folder and his link, others take and release the lock several times."""
    claim(sweep, NAME, [], watch=Watch()).release()
    link, overtaken = os.link, [False]

    def slow(source: Path, target: Path) -> None:
        if not overtaken[0]:
            overtaken[0] = True
            for _ in range(2):
                claim(sweep, NAME, [], watch=Watch()).release()
            claim(sweep, NAME, ["theirs"], watch=Watch())
        link(source, target)

    monkeypatch.setattr(os, "link", slow)
    with pytest.raises(Held):
        claim(sweep, NAME, ["mine"], watch=Watch())
    assert holders(sweep)[NAME].runs == ("theirs",)
    assert holders(sweep)[NAME].generation == 4


def test_one_who_was_too_slow_finds_his_lock_removed_and_looks_again(
    sweep: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(sweep, NAME, [], watch=Watch()).release()
    link, overtaken = os.link, [False]

    def slow(source: Path, target: Path) -> None:
        if overtaken[0]:
            link(source, target)
            return
        overtaken[0] = True
        for _ in range(2):
            claim(sweep, NAME, [], watch=Watch()).release()
        link(source, target)  # below the highest by now, and so
        claim(sweep, NAME, [], watch=Watch()).release()  # removed by the next owner

    monkeypatch.setattr(os, "link", slow)
    with claim(sweep, NAME, [], watch=Watch()) as lock:
        assert lock.holder.generation == 5


def test_a_folder_that_cannot_be_read_is_not_taken_for_an_empty_one(
    sweep: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = claim(sweep, NAME, [], watch=Watch())

    def out_of_handles(_: object) -> list[str]:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", out_of_handles)
        with pytest.raises(ClockpizzaError, match="cannot be locked: Too many open files"):
            claim(sweep, NAME, [], watch=Watch())
        lock.check()  # nothing to conclude from
        assert holders(sweep) == {}
    assert list(holders(sweep)) == [NAME]


# Each claims whenever told to, and says what came of it; a winner keeps the lock until told to let go.
RACER = """
import sys
from pathlib import Path
from clockpizza.store import Held, SweepFolder, Watch, claim
sweep, lock = SweepFolder(Path(sys.argv[1])), None
print("ready", flush=True)
for word in sys.stdin:
    if word == "claim\\n":
        try:
            lock = claim(sweep, sys.argv[2], [], watch=Watch())
            print("won", flush=True)
        except Held:
            print("held", flush=True)
    else:
        if lock:
            lock.release()
        lock = None
        print("ok", flush=True)
"""


def tell(processes: Sequence[subprocess.Popen[str]], word: str) -> list[str]:
    """Say a word to all at once, and gather their answers."""
    for each in processes:
        assert each.stdin
        each.stdin.write(f"{word}\n")
        each.stdin.flush()
    return [each.stdout.readline().strip() for each in processes if each.stdout]


@pytest.mark.parametrize("before", ["free", "dead", "reused", "nothing"])
def test_of_three_who_want_a_lock_at_once_one_gets_it(sweep: SweepFolder, spawn: Spawn, before: str) -> None:
    racers = [spawn(RACER, sweep.path, NAME) for _ in range(3)]
    assert [each.stdout.readline() for each in racers if each.stdout] == ["ready\n"] * 3
    for _ in range(60):
        assert sorted(tell(racers, "claim")) == ["held", "held", "won"]
        assert holders(sweep)[NAME].owner.pid in [racer.pid for racer in racers]
        if before == "free":
            tell(racers, "release")
        elif before == "dead":
            rewrite_owner(sweep, pid=2**22 + 1)
        elif before == "reused":
            rewrite_owner(sweep, started=1)
        else:
            shutil.rmtree(sweep.locks)
            sweep.make()
    assert len(files(sweep)) <= 3


# Works behind the lock for ever: a second one in the room is an alarm. Says how often it was in.
WORKER = """
import os, sys, time
from pathlib import Path
from clockpizza.store import Held, SweepFolder, Watch, claim
from clockpizza.store.process import start_time
sweep, room, done = SweepFolder(Path(sys.argv[1])), Path(sys.argv[3]), Path(sys.argv[4])
me = str(os.getpid())
while True:
    try:
        lock = claim(sweep, sys.argv[2], [], watch=Watch())
    except Held:
        time.sleep(0.001)
        continue
    (room / me).touch()
    # Of those who live: one that was killed in the room does not count.
    others = [name for name in os.listdir(room) if name != me and start_time(int(name))]
    if others:
        print("two in the room", others, flush=True)
    lock.check()
    with done.open("a") as file:
        file.write("x")
    (room / me).unlink(missing_ok=True)
    lock.release()
"""


@pytest.mark.slow
def test_workers_killed_again_and_again_are_never_two_behind_one_lock(
    sweep: SweepFolder, spawn: Spawn, tmp_path: Path
) -> None:
    room, done = tmp_path / "room", tmp_path / "done"
    room.mkdir()
    done.touch()
    workers = [spawn(WORKER, sweep.path, NAME, room, done) for _ in range(3)]
    rest = random.Random(0)
    for _ in range(25):
        before = done.stat().st_size
        while done.stat().st_size < before + 10:
            time.sleep(0.005)
        time.sleep(rest.random() / 100)
        assert [worker.poll() for worker in workers] == [None] * 3  # none has ended of itself
        victim = rest.randrange(3)
        workers[victim].kill()
        workers[victim].wait()
        assert workers[victim].stdout.read() == ""  # type: ignore[union-attr]
        (room / str(workers[victim].pid)).unlink(missing_ok=True)
        workers[victim] = spawn(WORKER, sweep.path, NAME, room, done)
    for worker in workers:
        worker.kill()
        assert worker.stdout and worker.stdout.read() == ""


def test_an_owner_that_forks_does_not_pass_its_lock_on(sweep: SweepFolder) -> None:
    with claim(sweep, NAME, [], watch=Watch()) as lock:
        child = os.fork()
        if not child:
            os._exit(int(Owner.me() == lock.holder.owner))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert replace(lock.holder.owner, started=0).life().value == "alive"
