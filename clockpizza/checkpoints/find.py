"""Which checkpoints a command line means: files, and folders of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from clockpizza.errors import BadInput, visible

SUFFIXES = (".pt", ".pth")


def find(paths: Iterable[str | os.PathLike[str]]) -> tuple[list[Path], list[BadInput]]:
    """The files that `paths` name, each once, and what is wrong with the rest.

    A file is taken whatever its name. A folder stands for every `.pt` and `.pth` below it, in natural order
    (2 before 10), without hidden files and without following links to other folders.

    Returns:
        files in the order given, and one error for each path that is missing or holds no checkpoint.
    """
    files: dict[Path, Path] = {}  # by where they are, so that a file named twice is taken once
    errors = []
    for path in map(Path, paths):
        if path.is_dir():
            below, problems = _below(path)
            errors += problems
            if not below and not problems:
                errors.append(_error(path, f"no checkpoint ({' or '.join(SUFFIXES)}) in this folder"))
        elif os.path.lexists(path):
            below = [path]
        else:
            below = []
            errors.append(_error(path, "no such file or folder"))
        for file in below:
            files.setdefault(file.parent.resolve() / file.name, file)
    return list(files.values()), errors


def _below(folder: Path) -> tuple[list[Path], list[BadInput]]:
    found, errors = [], []

    def note(error: OSError) -> None:
        errors.append(_error(Path(error.filename), f"cannot be read: {error.strerror}"))

    for parent, folders, names in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(parent, name) for name in names if not name.startswith(".") and _is_checkpoint(name)]
    return sorted(found, key=_natural), errors


def _is_checkpoint(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _natural(path: Path) -> tuple[list[list[int | str]], Path]:
    """A sort key: part by part, numbers by their value."""
    parts = [[int(run) if run.isdecimal() else run for run in re.split(r"(\d+)", part)] for part in path.parts]
    return parts, path


def _error(path: Path, why: str) -> BadInput:
    return BadInput(visible(f"{path}: {why}"))
