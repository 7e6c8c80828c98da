"""What a command is about that looks at one network or one run: a file, a folder, or a run's name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clockpizza.errors import BadInput, visible

if TYPE_CHECKING:
    from clockpizza.store import RunFolder


def network_of(runs: Path, name: str) -> tuple[Path, RunFolder | None]:
    """The checkpoint that `name` names, and the run that it is of, if any.

    Raises:
        BadInput: there is nothing of that name, or the run has no weights yet.
    """
    path = Path(name)
    if path.is_file():
        run = _run(path.parent)
        return path, run if run is not None and run.weights_file.name == path.name else None
    run = run_of(runs, name)
    if run.weights_file.is_file():
        return run.weights_file, run
    if kept := run.kept_epochs():
        return run.weights_at(kept[-1]), run
    raise BadInput(
        visible(f"{run.path}: no weights yet; they are written when it ends, or on the way with --keep-checkpoints")
    )


def run_of(runs: Path, name: str) -> RunFolder:
    """The run that `name` names: its folder, a sweep's folder with one run in it, or as `clockpizza runs` calls it.

    Raises:
        BadInput: there is none of that name, or a sweep has several.
    """
    from clockpizza.cli.options import sweep_or_run
    from clockpizza.store import SweepFolder, read_spec
    from clockpizza.store.layout import is_sweep

    path = Path(name)
    if (run := _run(path)) is not None:
        return run
    if is_sweep(path):
        sweep, id, called = SweepFolder(path), "", str(path)
    elif path.exists():
        raise BadInput(visible(f"{path}: neither a checkpoint nor a run's folder"))
    elif path.suffix in (".pt", ".pth"):
        raise BadInput(visible(f"{path}: there is no such file"))
    else:
        called, sweep, id = sweep_or_run(runs, name)
    if not id:
        ids = list(read_spec(sweep).runs)
        if len(ids) != 1:
            raise BadInput(visible(f"{called} has {len(ids)} runs; name one, such as {called}/{ids[0]}"))
        id = ids[0]
    return sweep.run(id)


def _run(folder: Path) -> RunFolder | None:
    from clockpizza.store import RunFolder

    run = RunFolder(folder)
    return run if run.config_file.is_file() and run.events.is_dir() else None
