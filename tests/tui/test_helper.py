"""Portraits are made by child processes, once for each file as it is."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from clockpizza.errors import BadInput, ClockpizzaError
from tui.helper import MOST_KEPT, Portraits


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "net.pt"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for python: a script that is called as `python -P -m clockpizza.portrait CKPT --out FILE`."""
    path = tmp_path / "python"
    monkeypatch.setattr(sys, "executable", str(path))
    return path


def script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_a_file_that_has_changed_has_another_portrait(checkpoint: Path, tmp_path: Path) -> None:
    portraits = Portraits(tmp_path / "kept")
    first = portraits.file(checkpoint)
    assert portraits.file(Path(os.path.relpath(checkpoint))) == first
    os.utime(checkpoint, (1, 1))
    assert portraits.file(checkpoint) != first
    with pytest.raises(BadInput, match=r"gone\.pt: cannot be read: No such file"):
        portraits.file(tmp_path / "gone.pt")


@pytest.mark.parametrize("name", ["EDITION", "SCHEMA", "__version__"])
def test_another_edition_of_the_rule_has_another_portrait(
    name: str, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portraits = Portraits(tmp_path / "kept")
    first = portraits.file(checkpoint)
    monkeypatch.setattr(f"tui.helper.{name}", 99)
    assert portraits.file(checkpoint) != first


def test_progress_is_told_and_a_portrait_is_made_once(checkpoint: Path, child: Path, tmp_path: Path) -> None:
    script(child, f'echo "measuring circle 3 0.40"; echo $4 >> {tmp_path}/calls; touch "$6"')
    portraits, heard = Portraits(tmp_path / "kept"), []

    async def twice() -> list[Path]:
        return await asyncio.gather(
            *(portraits.make(checkpoint, lambda words, share: heard.append((words, share))) for _ in range(2))
        )

    first, second = asyncio.run(twice())
    assert first == second and first.exists()
    assert ("measuring circle 3", 0.4) in heard
    assert (tmp_path / "calls").read_text().splitlines() == [str(checkpoint)]


def test_what_the_child_complains_of_is_passed_on(checkpoint: Path, child: Path, tmp_path: Path) -> None:
    portraits = Portraits(tmp_path / "kept")
    script(child, 'echo "net.pt: \x1b[31mno checkpoint" >&2; exit 2')
    with pytest.raises(BadInput, match=r"^net\.pt: \\x1b\[31mno checkpoint$"):
        asyncio.run(portraits.make(checkpoint, lambda words, share: None))
    script(child, "kill -9 $$")
    with pytest.raises(ClockpizzaError, match="ended with code -9"):
        asyncio.run(portraits.make(checkpoint, lambda words, share: None))


def test_a_child_dies_with_the_question(checkpoint: Path, child: Path, tmp_path: Path) -> None:
    script(child, f"echo $$ > {tmp_path}/pid; exec sleep 600")
    portraits = Portraits(tmp_path / "kept")

    async def ask() -> int:
        task = asyncio.create_task(portraits.make(checkpoint, lambda words, share: None))
        while not ((pid := tmp_path / "pid").exists() and pid.read_text().strip()):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return int(pid.read_text())

    with pytest.raises(ProcessLookupError):
        os.kill(asyncio.run(ask()), 0)


def test_old_portraits_make_room(checkpoint: Path, child: Path, tmp_path: Path) -> None:
    script(child, 'touch "$6"')
    portraits = Portraits(tmp_path / "kept")
    portraits.folder.mkdir()
    for number in range(MOST_KEPT + 3):
        old = portraits.folder / f"{number}.npz"
        old.touch()
        os.utime(old, (number, number))
    made = asyncio.run(portraits.make(checkpoint, lambda words, share: None))
    left = {path.name for path in portraits.folder.iterdir()}
    assert len(left) == MOST_KEPT and made.name in left and "3.npz" not in left and "4.npz" in left
