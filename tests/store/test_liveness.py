"""Whether an owner elsewhere lives is told by its heartbeat and the reader's own clock, whatever its clock says."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from clockpizza.store import Watch, heartbeat
from clockpizza.store.heartbeat import Beat
from clockpizza.store.liveness import LEASE, SILENT_ELSEWHERE, SILENT_HERE, STUCK
from clockpizza.store.process import Owner

ELSEWHERE = replace(Owner.me(), host="elsewhere", boot="another", machine="another")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock: Clock) -> Watch:
    return Watch(clock=clock)


def beat(lock: Path, count: int, *, epoch: int = 0, skew: float = 0.0, boottime: float | None = None) -> None:
    booted = heartbeat.boottime() if boottime is None else boottime
    assert heartbeat.write(lock.with_suffix(".beat"), Beat(count, epoch, 12.5, "training", booted, time.time() + skew))


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "stack-0000.000001.lock"


def test_a_heartbeat_is_written_in_place_and_read_back(lock: Path) -> None:
    path = lock.with_suffix(".beat")
    beat(lock, 1, epoch=7)
    inode = path.stat().st_ino
    beat(lock, 2, epoch=123_456)
    content, found = heartbeat.read(path)
    assert (found.count, found.epoch, found.rate, found.doing) == (2, 123_456, 12.5, "training")
    assert (path.stat().st_ino, path.stat().st_size) == (inode, len(content))


@pytest.mark.parametrize("content", [b"", b"x", b"[1]", b'[1,2,3,"x",5,"y"]', b"[" * 300, b'[1e999,1,1,"x",1,1]'])
def test_a_damaged_heartbeat_says_nothing(lock: Path, content: bytes) -> None:
    lock.with_suffix(".beat").write_bytes(content)
    assert heartbeat.read(lock.with_suffix(".beat"))[1] == Beat()


@pytest.mark.parametrize("skew", [0, -30 * 86_400, -3600, 3600, 10 * 365 * 86_400])
def test_an_owner_elsewhere_lives_while_its_heartbeat_changes(
    watch: Watch, clock: Clock, lock: Path, skew: float
) -> None:
    for count in range(10):
        beat(lock, count, epoch=count, skew=skew)
        standing = watch.look(lock, ELSEWHERE)
        assert not standing.dead
        assert standing.alive == (count > 0)  # a first look has nothing to compare
        if count:
            assert not (standing.gone or standing.silent)
        clock.now += SILENT_ELSEWHERE - 1
    assert standing.how == "elsewhere, alive"


@pytest.mark.parametrize("skew", [0, -30 * 86_400, 10 * 365 * 86_400])
def test_it_is_dead_once_it_was_silent_for_the_lease_under_watch(
    watch: Watch, clock: Clock, lock: Path, skew: float
) -> None:
    beat(lock, 1, skew=skew)
    watch.look(lock, ELSEWHERE)
    clock.now += LEASE - 1
    standing = watch.look(lock, ELSEWHERE)
    assert (standing.dead, standing.silent) == (False, True)
    clock.now += 2
    assert watch.look(lock, ELSEWHERE).dead
    beat(lock, 2, skew=skew)  # it was suspended, and wakes up
    assert not watch.look(lock, ELSEWHERE).dead


def test_that_it_beat_since_a_look_long_ago_does_not_say_that_it_lives(watch: Watch, clock: Clock, lock: Path) -> None:
    beat(lock, 1)
    watch.look(lock, ELSEWHERE)
    clock.now += 3600  # in which the watcher trained a stack of its own
    beat(lock, 900)
    assert not watch.look(lock, ELSEWHERE).alive
    clock.now += 1
    beat(lock, 901)
    assert watch.look(lock, ELSEWHERE).alive
    clock.now += LEASE
    assert watch.look(lock, ELSEWHERE).dead


def test_at_a_first_look_an_old_beat_is_suspect_but_no_proof(clock: Clock, lock: Path) -> None:
    for age, silent, gone in ((60, False, False), (3600, True, False), (3 * 86_400, False, True)):
        beat(lock, 1, skew=-age)
        standing = Watch(clock=clock).look(lock, ELSEWHERE)
        assert (standing.dead, standing.silent, standing.gone) == (False, silent, gone)
    assert standing.how == "elsewhere, whose last heartbeat was 3 days ago by its clock"


def test_an_owner_here_without_a_heartbeat_is_silent_not_dead(watch: Watch, clock: Clock, lock: Path) -> None:
    beat(lock, 1)
    assert not watch.look(lock, Owner.me()).silent
    beat(lock, 2, boottime=heartbeat.boottime() - SILENT_HERE - 1)
    standing = watch.look(lock, Owner.me())
    assert (standing.dead, standing.silent, standing.how) == (False, True, "alive, but without a heartbeat for 16 s")


def test_an_owner_that_beats_but_gets_nowhere_is_silent(watch: Watch, clock: Clock, lock: Path) -> None:
    for count in range(8):
        beat(lock, count, epoch=40)
        standing = watch.look(lock, Owner.me())
        clock.now += STUCK / 6
    assert standing.silent
    assert standing.how.startswith("alive, but no further than epoch 40 for 6 min")
    beat(lock, 9, epoch=41)
    assert not watch.look(lock, Owner.me()).silent


def test_a_lock_without_any_heartbeat_is_judged_by_that(watch: Watch, clock: Clock, lock: Path) -> None:
    assert not watch.look(lock, Owner()).gone
    clock.now += LEASE
    assert watch.look(lock, Owner()).dead
