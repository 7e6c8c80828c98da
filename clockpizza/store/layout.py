"""Where everything lies: a sweep's folder and its runs' folders. docs/run-folder.md says what each file holds.

    <runs>/<sweep>/     sweep.toml   control/   locks/   logs/
      runs/<run id>/    config.toml  events/    snapshots/<epoch>.npz    checkpoint.pt   weights.pt   weights/<epoch>.pt
                        result.json

Nothing below a sweep's folder may be a symbolic link: what is one is neither read, written through, nor followed when a
folder is removed. (The folder of runs itself may be one.)
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from clockpizza.errors import BadInput, ClockpizzaError, visible
from clockpizza.store.atomic import reason
from clockpizza.store.names import check_name, is_name

SCHEMA = 1
SPEC = "sweep.toml"
LARGEST_TEXT = 64 << 20  # bytes of a TOML or JSON file that anyone reads
EPOCH_DIGITS = 8


@dataclass(frozen=True)
class RunFolder:
    """The files of one run. Paths only; `make` is what touches the disk."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def config_file(self) -> Path:
        return self.path / "config.toml"

    @property
    def events(self) -> Path:
        return self.path / "events"

    @property
    def snapshots(self) -> Path:
        return self.path / "snapshots"

    @property
    def checkpoint_file(self) -> Path:
        """Parameters and optimiser state of the last checkpoint, removed when the run is finished."""
        return self.path / "checkpoint.pt"

    @property
    def weights_file(self) -> Path:
        """The final weights."""
        return self.path / "weights.pt"

    @property
    def result_file(self) -> Path:
        return self.path / "result.json"

    def snapshot_file(self, epoch: int) -> Path:
        return self.snapshots / f"{epoch:0{EPOCH_DIGITS}}.npz"

    def weights_at(self, epoch: int) -> Path:
        """Weights kept of an epoch on the way."""
        return self.path / "weights" / f"{epoch:0{EPOCH_DIGITS}}.pt"

    def make(self) -> None:
        """Make the folder and those in it. Raises ClockpizzaError where that cannot be."""
        for folder in (self.path, self.events, self.snapshots):
            make_folder(folder)
            refuse_links(folder.parent, folder)

    def snapshot_epochs(self) -> list[int]:
        """The epochs of which there is a snapshot, in order."""
        return _epochs(self.snapshots, ".npz")

    def kept_epochs(self) -> list[int]:
        """The epochs on the way of which weights are kept, in order."""
        return _epochs(self.path / "weights", ".pt")


@dataclass(frozen=True)
class SweepFolder:
    """The files of one sweep. Paths only."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def spec_file(self) -> Path:
        return self.path / SPEC

    @property
    def control(self) -> Path:
        return self.path / "control"

    @property
    def locks(self) -> Path:
        return self.path / "locks"

    @property
    def logs(self) -> Path:
        """Text logs of the workers."""
        return self.path / "logs"

    @property
    def runs(self) -> Path:
        return self.path / "runs"

    def run(self, id: str) -> RunFolder:
        """The folder of a run, there or not. Raises BadInput where `id` is no name, or a symbolic link."""
        folder = self.runs / check_name(id, "run id")
        refuse_links(self.path, folder)
        return RunFolder(folder)

    def make(self) -> None:
        """Make the folder and those in it. Raises ClockpizzaError where that cannot be."""
        for folder in (self.path, self.control, self.locks, self.logs, self.runs):
            make_folder(folder)
            refuse_links(folder.parent, folder)


def sweep_folder(runs: Path, name: str) -> SweepFolder:
    """The folder of a sweep, there or not; `name` may be in one group, as `examples/paper`.

    Raises:
        BadInput: a part of `name` is no name, or the folder is a symbolic link.
    """
    parts = name.split("/")
    if len(parts) > 2:
        raise BadInput(f"{visible(name)!r} is no sweep's name: one / at most")
    folder = runs.joinpath(*(check_name(part, "sweep name") for part in parts))
    refuse_links(runs, folder)
    return SweepFolder(folder)


def find_sweeps(runs: Path) -> Iterator[tuple[str, SweepFolder]]:
    """Name and folder of each sweep in `runs`, by name; those one folder deeper as `examples/paper`.

    Folders with names that are none, links and folders without a sweep.toml are left out; a missing `runs` has none.
    """
    for name in folder_names(runs):
        if is_sweep(runs / name):
            yield name, SweepFolder(runs / name)
            continue
        for inner in folder_names(runs / name):
            if is_sweep(runs / name / inner):
                yield f"{name}/{inner}", SweepFolder(runs / name / inner)


def is_sweep(folder: Path) -> bool:
    """Whether there is a sweep in `folder`."""
    try:
        return stat.S_ISREG(os.lstat(folder / SPEC).st_mode)
    except OSError:
        return False


def folder_names(folder: Path) -> list[str]:
    """The names of the folders in `folder`, in order; none where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(e.name for e in entries if is_name(e.name) and e.is_dir(follow_symlinks=False))
    except OSError:
        return []


def listing(folder: Path | str) -> list[str]:
    """The names in `folder`. Raises OSError, also where it is a symbolic link."""
    if not stat.S_ISDIR(os.lstat(folder).st_mode):
        raise NotADirectoryError(errno.ENOTDIR, "a symbolic link, or no folder", str(folder))
    return os.listdir(folder)


def refuse_links(root: Path, path: Path) -> None:
    """Raise BadInput where a folder between `root` (excluded) and `path` (included) is a symbolic link."""
    at = root
    for part in path.relative_to(root).parts:
        at = at / part
        if at.is_symlink():
            raise BadInput(visible(f"{at}: a symbolic link, and those are not followed below a folder of runs"))


def read_text(path: Path, largest: int = LARGEST_TEXT) -> str:
    """A regular file's text.

    Raises:
        BadInput: a link, a device or the like, larger than `largest` bytes, not UTF-8, or not to be read.
    """
    try:
        # Without O_NONBLOCK a planted FIFO would hang whoever opens it.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_size > largest:
                raise BadInput(visible(f"{path}: not a file, or larger than {largest >> 20} MiB"))
            return file.read(largest).decode()
    except OSError as error:
        raise BadInput(visible(f"{path}: cannot be read: {reason(error)}")) from error
    except UnicodeDecodeError as error:
        raise BadInput(visible(f"{path}: not UTF-8 text")) from error


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are missing. Raises ClockpizzaError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ClockpizzaError(visible(f"{folder}: cannot be made: {reason(error)}")) from error


def _epochs(folder: Path, suffix: str) -> list[int]:
    found = []
    with suppress(OSError):
        for name in listing(folder):
            stem, dot, rest = name.partition(".")
            if dot + rest == suffix and stem.isdecimal() and stem.isascii() and len(stem) <= 12:
                found.append(int(stem))
    return sorted(found)
