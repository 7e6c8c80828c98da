"""A process is told from any other that has, had or will have its id."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clockpizza.store import process
from clockpizza.store.process import Life, Owner

Spawn = Callable[..., "subprocess.Popen[str]"]

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="start times are read from /proc")


def owner_of(child: subprocess.Popen[str]) -> Owner:
    return replace(Owner.me(), pid=child.pid, started=process.start_time(child.pid) or 0)


def test_this_process_lives_and_survives_being_written_down() -> None:
    me = Owner.me()
    assert me.life() is Life.ALIVE
    assert Owner.from_dict(me.to_dict()) == me
    assert me.pid == os.getpid()
    assert me.started > 0


def test_a_process_that_was_killed_is_dead_even_before_its_parent_looks(spawn: Spawn) -> None:
    child = spawn("input()")
    owner = owner_of(child)
    assert owner.life() is Life.ALIVE
    child.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, but still a zombie
    assert owner.life() is Life.DEAD
    child.wait()
    assert owner.life() is Life.DEAD


def test_a_process_that_has_the_id_of_another_is_not_that_one() -> None:
    assert replace(Owner.me(), started=Owner.me().started - 1).life() is Life.DEAD


def test_after_a_reboot_everyone_is_dead() -> None:
    before = replace(Owner.me(), boot="another")
    expected = Life.DEAD if Owner.me().machine else Life.ELSEWHERE
    assert before.life() is expected


@pytest.mark.parametrize(
    "change",
    [
        {"boot": "another", "host": "elsewhere"},
        {"boot": "another", "machine": "another"},  # two hosts of one name
        {"boot": "another", "machine": ""},
        {"namespace": "pid:[1]"},  # another container on this host
        {"pid": 0},
    ],
)
def test_of_other_hosts_and_containers_nothing_can_be_said(change: dict[str, object]) -> None:
    assert replace(Owner.me(), **change).life() is Life.ELSEWHERE  # type: ignore[arg-type]


def test_where_the_kernel_does_not_say_nothing_is_concluded(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_handles(*_: object, **__: object) -> str:
        raise OSError(errno.EMFILE, "Too many open files")

    me = Owner.me()
    monkeypatch.setattr(Path, "read_text", out_of_handles)
    assert me.life() is Life.ELSEWHERE


def test_a_damaged_record_leaves_unknown_what_it_does_not_say() -> None:
    assert Owner.from_dict({"pid": "7", "host": ["x"], "started": True, "other": 1}) == Owner()
    assert Owner().life() is Life.ELSEWHERE
    assert replace(Owner.me(), pid=10**30).life() is Life.DEAD
