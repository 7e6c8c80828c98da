"""A sweep on the disk: made, opened, begun run by run, removed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from clockpizza import run_config, sweep_spec
from clockpizza.config import nearest
from clockpizza.errors import BadInput, ClockpizzaError, visible
from clockpizza.run_config import RunConfig
from clockpizza.store.atomic import reason, write_text
from clockpizza.store.holder import Holder, holders
from clockpizza.store.layout import RunFolder, SweepFolder, find_sweeps, is_sweep, make_folder, read_text, sweep_folder
from clockpizza.store.liveness import Watch
from clockpizza.store.lock import Held

if TYPE_CHECKING:
    from clockpizza.sweep_spec import SweepSpec

TRASH = ".removed-"


def create_sweep(runs: Path, name: str, spec: SweepSpec) -> SweepFolder:
    """Make a sweep's folder and write its spec down. One that is there with the same runs is left as it is.

    Raises:
        BadInput: `name` is none, or there is a sweep of that name with other runs.
        ClockpizzaError: the folder or the spec cannot be written.
    """
    folder = sweep_folder(runs, name)
    if is_sweep(folder.path):
        if read_spec(folder).runs != spec.runs:
            raise BadInput(
                visible(f"{folder.path}: there is a sweep of that name, and it has other runs; choose another name")
            )
        return folder
    make_folder(runs)
    folder.make()
    write_text(folder.spec_file, spec.to_toml())
    return folder


def open_sweep(runs: Path, name: str) -> SweepFolder:
    """The folder of a sweep that is there.

    Raises:
        BadInput: there is none of that name; the nearest is named.
    """
    folder = sweep_folder(runs, name)
    if not is_sweep(folder.path):
        known = [each for each, _ in find_sweeps(runs)]
        raise BadInput(visible(f"no sweep {name!r} in {runs}{nearest(name, known)}"))
    return folder


def read_spec(sweep: SweepFolder) -> SweepSpec:
    """What a sweep is. Raises BadInput where its sweep.toml cannot be read, naming file, key and nearest name."""
    text = read_text(sweep.spec_file)
    try:
        return sweep_spec.from_toml(text)
    except BadInput as error:
        raise BadInput(visible(f"{sweep.spec_file}: {error}")) from error


def begin_run(sweep: SweepFolder, id: str, config: RunConfig) -> RunFolder:
    """Make the folder of a run and write its config down. For the owner of its stack's lock.

    Raises:
        BadInput: its folder holds another config. ClockpizzaError: it cannot be written.
    """
    run = sweep.run(id)
    run.make()
    if run.config_file.exists():
        if read_config(run) != config:
            raise BadInput(
                visible(f"{run.config_file}: says another run than {sweep.spec_file} does; remove one of them")
            )
    else:
        write_text(run.config_file, run_config.to_toml(config))
    return run


def read_config(run: RunFolder) -> RunConfig:
    """What a run is, from its own folder. Raises BadInput where that cannot be read."""
    text = read_text(run.config_file)
    try:
        return run_config.from_toml(text)
    except (BadInput, TypeError, RecursionError) as error:
        raise BadInput(visible(f"{run.config_file}: {error}")) from error


def remove_sweep(sweep: SweepFolder, watch: Watch, *, force: bool = False) -> None:
    """Remove a sweep with all its runs, with `force` even under a worker. Links are removed, not followed.

    Raises:
        Held: a worker that lives trains it. ClockpizzaError: it cannot be removed.
    """
    for holder in () if force else owners(sweep, watch):
        raise Held(holder, "which must be stopped first")
    _remove(sweep.path)


def remove_run(sweep: SweepFolder, id: str, watch: Watch) -> None:
    """Remove a run's folder; its sweep still lists it, and a resume trains it anew.

    Raises:
        Held: a worker that lives trains it. ClockpizzaError: it cannot be removed.
    """
    for holder in owners(sweep, watch):
        if id in holder.runs:
            raise Held(holder, "which must be stopped first")
    _remove(sweep.run(id).path)


def owners(sweep: SweepFolder, watch: Watch) -> Iterator[Holder]:
    """The owners of locks that live, or cannot be told to be dead."""
    for holder in holders(sweep).values():
        if not watch.look(holder.path, holder.owner).gone:
            yield holder


def _remove(folder: Path) -> None:
    import shutil  # which drags half the archive formats in

    # Renamed first: readers and a worker that wakes up see it whole or not at all.
    trash = folder.with_name(f"{TRASH}{os.urandom(4).hex()}")
    for old in folder.parent.glob(f"{TRASH}*"):  # of a removal that was cut off
        shutil.rmtree(old, ignore_errors=True)
    try:
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            folder.rename(trash)
            shutil.rmtree(trash)
    except OSError as error:
        raise ClockpizzaError(visible(f"{folder}: cannot be removed: {reason(error)}")) from error
