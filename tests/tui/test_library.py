"""The library: what a thread gathers of a folder of runs, and when it says that something has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clockpizza.store import EventWriter, RunFolder, Watch, claim, create_sweep, open_sweep
from clockpizza.sweep_spec import expand
from tui.library import HISTORIES, Library


@pytest.fixture
def library() -> Iterator[Library]:
    found = Library(Path("runs"))
    found.start()
    yield found
    found.close()


def wait(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_runs_are_found_with_their_states(paper: Path, library: Library) -> None:
    wait(lambda: library.loaded)
    assert [row.state.value for row in library.rows()] == ["finished", "finished", "crashed", "queued"]
    row = library.row("paper/r0.50-w8-l1-s0")
    assert row is not None and row.epoch == 40
    assert library.row("paper/none") is None and library.row("none/none") is None and library.sweep("none") is None


def test_the_version_stands_still_while_nothing_changes(paper: Path, library: Library) -> None:
    wait(lambda: library.loaded)
    time.sleep(0.2)
    version = library.version
    library.look_now()
    time.sleep(0.5)
    assert library.version == version
    create_sweep(paper, "another", expand({"p": 7}))
    library.look_now()
    wait(lambda: library.version > version and len(library.rows()) == 5)


def test_a_history_is_followed_as_it_grows(paper: Path, library: Library) -> None:
    wait(lambda: library.loaded)
    row = library.row("paper/r0.50-w8-l1-s0")
    assert row is not None
    wait(lambda: len(library.history(row).metrics()["epoch"]) == 41)
    (log,) = row.folder.events.iterdir()
    line = log.read_text().splitlines()[-1].replace('"epoch":40', '"epoch":41').replace('"seq":41', '"seq":42')
    with log.open("a") as file:
        file.write(line + "\n")
    library.look_now()
    wait(lambda: library.history(row).metrics()["epoch"][-1] == 41)


def test_few_histories_are_kept(tmp_path: Path) -> None:
    create_sweep(tmp_path / "runs", "many", expand({"seeds": HISTORIES + 6, "p": 7}))
    library = Library(Path("runs"))
    library._index.refresh()
    for row in library.rows():
        library.history(row)
    assert len(library._followed) == HISTORIES


def test_a_run_that_begins_anew_forgets_what_was(paper: Path, library: Library) -> None:
    wait(lambda: library.loaded)
    row = library.row("paper/r0.50-w8-l1-s0")
    assert row is not None
    wait(lambda: len(library.history(row).metrics()["epoch"]) == 41)
    for log in row.folder.events.iterdir():
        log.unlink()
    with claim(open_sweep(paper, "paper"), "stack-0000", [row.id], watch=Watch()):
        writer = EventWriter(RunFolder(row.folder.path))
        writer.append("metrics", epoch=0, train_loss=9.0, test_loss=9.0, train_accuracy=0.0, test_accuracy=0.0)
        library.look_now()
        wait(lambda: list(library.history(row).metrics()["train_loss"]) == [9.0])
