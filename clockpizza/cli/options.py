"""Options that several commands share, and how they name a sweep."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clockpizza.errors import BadInput, visible

if TYPE_CHECKING:
    from clockpizza.store import Index, SweepFolder, SweepIndex

RUNS = Path("runs")

RunsOption = Annotated[
    Path, typer.Option("--runs", envvar="CLOCKPIZZA_RUNS", help="The folder where runs live.", show_default="./runs")
]
DevicesOption = Annotated[
    str,
    typer.Option("--devices", help="One worker each: auto (every CUDA card, else the CPU), or cpu, cuda:0,cuda:1 ..."),
]
KeepOption = Annotated[bool, typer.Option("--keep-checkpoints", help="Keep the weights at every snapshot.")]
DetachOption = Annotated[bool, typer.Option("--detach", help="Start the worker and return; it goes on by itself.")]
ForegroundOption = Annotated[
    bool, typer.Option("--foreground", help="Train in this process, which the training then ends with.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
JsonOption = Annotated[bool, typer.Option("--json", help="A JSON object a line, one a network.")]
# What the authors' files do not tell where their config is missing.
RateOption = Annotated[float | None, typer.Option("--attention-rate", help="For files that do not tell it (0 to 1).")]
ActivationOption = Annotated[
    str | None, typer.Option("--activation", help="For files that do not tell it: relu, gelu or tanh.")
]
ModulusOption = Annotated[int | None, typer.Option("--p", help="The modulus, for files that do not tell it.")]


def check_how(*, detach: bool, foreground: bool) -> None:
    """Raise BadInput where a command is to train in two ways at once."""
    if detach and foreground:
        raise BadInput("--detach and --foreground exclude each other")


def again(command: str, name: str, runs: Path) -> str:
    """A command line for a person to type next, about the sweep called `name`."""
    found_anyway = runs == Path(os.environ.get("CLOCKPIZZA_RUNS") or RUNS)
    return visible(f"clockpizza {command} {name}" + ("" if found_anyway else f" --runs {shlex.quote(str(runs))}"))


def index_of(runs: Path, name: str) -> SweepIndex:
    """A sweep by its name, looked at for the first time.

    Raises:
        BadInput: there is none of that name, or it cannot be read.
    """
    from clockpizza.store import SweepIndex, Watch, open_sweep

    index = SweepIndex(name, open_sweep(runs, name), Watch())
    look(index)
    if index.error:
        raise BadInput(index.error)
    return index


def look(index: SweepIndex | Index) -> None:
    """Bring all rows of an index up to date."""
    from clockpizza.store import SweepIndex

    if isinstance(index, SweepIndex):
        for _ in index.steps():
            pass
    else:
        index.refresh()


def sweep_or_run(runs: Path, name: str) -> tuple[str, SweepFolder, str]:
    """What `name` names: a sweep's name and folder, and a run's id, "" where it names the whole sweep.

    Raises:
        BadInput: there is no such sweep, or no such run in it.
    """
    from clockpizza.config import nearest
    from clockpizza.store import find_sweeps, open_sweep, read_spec, sweep_folder
    from clockpizza.store.layout import is_sweep

    head, _, run = name.strip("/").rpartition("/")
    whole = name.strip("/")
    if whole.count("/") > 1 or not is_sweep(sweep_folder(runs, whole).path):
        if not head or head.count("/") > 1 or not is_sweep(sweep_folder(runs, head).path):
            known = [each for each, _ in find_sweeps(runs)]
            raise BadInput(visible(f"no sweep {whole!r} in {runs}{nearest(head or whole, known)}"))
        folder = open_sweep(runs, head)
        ids = list(read_spec(folder).runs)
        if run not in ids:
            raise BadInput(visible(f"no run {run!r} in {head}{nearest(run, ids)}"))
        return head, folder, run
    return whole, open_sweep(runs, whole), ""
