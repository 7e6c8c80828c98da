"""Every file has its place, and no name or link leads out of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clockpizza.errors import BadInput
from clockpizza.store import RunEvents, RunFolder, SweepFolder, find_sweeps, sweep_folder
from clockpizza.store.layout import read_text


def test_sweeps_are_found_by_their_sweep_toml_also_one_folder_deeper(tmp_path: Path) -> None:
    for name in ("b", "a", "examples/paper", "a/inner", "one/two/three"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "sweep.toml").touch()
    (tmp_path / "no sweep").mkdir()
    (tmp_path / "sp ace").mkdir()
    (tmp_path / "sp ace" / "sweep.toml").touch()
    assert [name for name, _ in find_sweeps(tmp_path)] == ["a", "b", "examples/paper"]
    assert list(find_sweeps(tmp_path / "nowhere")) == []


@pytest.mark.parametrize("name", ["..", "../x", "a/../b", "/etc", "a/b/c", "", "a//b"])
def test_a_sweeps_name_cannot_leave_the_folder_of_runs(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput):
        sweep_folder(tmp_path, name)


@pytest.mark.parametrize("id", ["..", "../../x", "/etc", "", "a/b"])
def test_a_runs_id_cannot_leave_its_sweep(sweep: SweepFolder, id: str) -> None:
    with pytest.raises(BadInput):
        sweep.run(id)


def test_links_below_a_folder_of_runs_are_not_followed(sweep: SweepFolder, run: RunFolder, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "events").mkdir(parents=True)
    (outside / "sweep.toml").touch()
    (sweep.runs / "linked").symlink_to(outside)
    (tmp_path / "runs" / "linked").symlink_to(outside)
    with pytest.raises(BadInput, match="symbolic link"):
        sweep.run("linked")
    with pytest.raises(BadInput, match="symbolic link"):
        sweep_folder(tmp_path / "runs", "linked")
    assert [name for name, _ in find_sweeps(tmp_path / "runs")] == ["small"]

    run.events.rmdir()
    run.events.symlink_to(outside / "events")
    with pytest.raises(BadInput, match="symbolic link"):
        run.make()
    assert RunEvents(run).read().gone


def test_the_folder_of_runs_itself_may_be_a_link(sweep: SweepFolder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").symlink_to(tmp_path / "runs")
    assert [name for name, _ in find_sweeps(tmp_path / "elsewhere")] == ["small"]
    sweep_folder(tmp_path / "elsewhere", "small").run("r0.00-w8-l1-s0")


def test_only_plain_files_of_text_are_read(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "text")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "binary").write_bytes(b"\xff")
    assert read_text(tmp_path / "text") == "x"
    for name in ("link", "fifo", "binary", "missing", "."):
        with pytest.raises(BadInput):
            read_text(tmp_path / name)
    with pytest.raises(BadInput, match="larger than"):
        read_text(tmp_path / "text", largest=0)


def test_epochs_are_read_off_the_names_of_snapshots(run: RunFolder) -> None:
    for name in ("00000300.npz", "00000020.npz", "x.npz", "1.npz.tmp", "-1.npz", "１.npz"):
        (run.snapshots / name).touch()
    assert run.snapshot_epochs() == [20, 300]
    assert run.snapshot_file(20).exists()
    assert run.kept_epochs() == []
