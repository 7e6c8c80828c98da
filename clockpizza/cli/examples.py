"""`clockpizza examples`: the example networks, where the other commands and the screen find them."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import typer

from clockpizza.cli.options import RUNS, RunsOption
from clockpizza.errors import ClockpizzaError, visible

SOURCE = Path(__file__).resolve().parent.parent / "examples"
GROUP = "examples"


def examples(runs: RunsOption = RUNS) -> None:
    """Copy the example networks, a clock, a pizza, a sweep of 44 and a number line, into the folder of runs.

    What is there already stays as it is. Prints a name a line; `clockpizza runs`, `inspect`, `plot`, `report` and `tui`
    take them. The number line was built by hand: it is a file.
    """
    from clockpizza.store.layout import find_sweeps, is_sweep, make_folder, sweep_folder

    group = runs / GROUP
    for name, sweep in find_sweeps(SOURCE):
        called, target = f"{GROUP}/{name}", sweep_folder(runs, f"{GROUP}/{name}").path
        if is_sweep(target):
            typer.echo(visible(f"{target} is there already"), err=True)
        else:
            make_folder(runs)
            make_folder(group)
            _copy(sweep.path, target)
        typer.echo(called)
    for source in sorted(SOURCE.glob("*.pt")):
        target = group / source.name
        if os.path.lexists(target):
            typer.echo(visible(f"{target} is there already"), err=True)
        else:
            _copy(source, target)
        typer.echo(visible(str(target)))


def _copy(source: Path, target: Path) -> None:
    """All of it or nothing: under a name that no reader takes for a sweep's or a network's, then renamed."""
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".copy-") as folder:
            copy = Path(folder) / target.name
            if source.is_dir():
                shutil.copytree(source, copy, copy_function=shutil.copyfile)
            else:
                shutil.copyfile(source, copy)
            os.rename(copy, target)
    except OSError as error:
        raise ClockpizzaError(visible(f"{target} cannot be written: {error.strerror or error}")) from error
