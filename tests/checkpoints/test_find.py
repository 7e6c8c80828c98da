"""Which files a list of files and folders stands for."""

from __future__ import annotations

from pathlib import Path

import pytest

from clockpizza.checkpoints import find


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("run_10/b.pt", "run_2/b.pt", "run_2/a.pth", "c.PT", "notes.txt", ".hidden.pt", ".git/d.pt"):
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "folder"


def names(folder: Path, paths: list[Path]) -> list[str]:
    return [str(path.relative_to(folder)) for path in paths]


def test_a_folder_stands_for_the_checkpoints_below_it_in_natural_order(folder: Path) -> None:
    files, errors = find([folder])
    assert names(folder, files) == ["c.PT", "run_2/a.pth", "run_2/b.pt", "run_10/b.pt"]
    assert errors == []


def test_files_are_taken_as_they_are_named_and_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    files, errors = find(["notes.txt", "run_2/b.pt", "./run_2/../run_2/b.pt", folder / "notes.txt", "run_2"])
    assert files == [Path("notes.txt"), Path("run_2/b.pt"), Path("run_2/a.pth")]
    assert errors == []


def test_links_to_folders_are_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.pt").touch()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "loop").symlink_to(folder)
    assert names(folder, find([folder])[0]) == ["c.PT", "run_2/a.pth", "run_2/b.pt", "run_10/b.pt"]
    assert find([folder / "link"])[0] == [folder / "link" / "x.pt"]


def test_what_is_missing_is_told_and_does_not_stop_the_rest(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    files, errors = find([tmp_path / "gone\n.pt", folder / "c.PT", tmp_path / "empty"])
    assert files == [folder / "c.PT"]
    assert [str(error) for error in errors] == [
        f"{tmp_path}/gone\\n.pt: no such file or folder",
        f"{tmp_path}/empty: no checkpoint (.pt or .pth) in this folder",
    ]
    assert all(error.exit_code == 2 for error in errors)
