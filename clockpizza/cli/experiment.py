"""`clockpizza experiment`: a question that takes many runs, from training them to its answer."""

from __future__ import annotations

import json as json_module
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from clockpizza.cli.options import (
    RUNS,
    DetachOption,
    DevicesOption,
    ForegroundOption,
    QuietOption,
    RunsOption,
    again,
    check_how,
)
from clockpizza.errors import BadInput, visible

if TYPE_CHECKING:
    from clockpizza.cli.follow import Job
    from clockpizza.experiments.pruning import Pruning
    from clockpizza.experiments.pruning_run import PruningRun
    from clockpizza.store import SweepFolder

PIPE = 124  # columns where there is no terminal


class Experiment(StrEnum):
    """Questions that have an experiment."""

    PRUNING = "pruning"


def experiment(
    which: Annotated[Experiment, typer.Argument(help="pruning: are main circles lottery tickets, companions pruned?")],
    name: Annotated[
        str | None, typer.Argument(help="The sweep to make, or one that is there.", show_default="pruning")
    ] = None,
    small: Annotated[
        bool | None,
        typer.Option("--small/--full", help="Under an hour on 2 cores, or for a GPU.", show_default="small on a CPU"),
    ] = None,
    attention_rate: Annotated[str | None, typer.Option("--attention-rate", help="As for sweep.")] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", help="The seeds 0 to N - 1.")] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", help="Full-batch steps.")] = None,
    p: Annotated[int | None, typer.Option("--p", help="The modulus.")] = None,
    width: Annotated[int | None, typer.Option("--width", help="d_model.")] = None,
    report_only: Annotated[bool, typer.Option("--report-only", help="Train nothing; say what is there.")] = False,
    devices: DevicesOption = "auto",
    detach: DetachOption = False,
    foreground: ForegroundOption = False,
    runs: RunsOption = RUNS,
    quiet: QuietOption = False,
    json: Annotated[bool, typer.Option("--json", help="All that was found as one JSON object.")] = False,
) -> None:
    """Train the runs that a question takes, and answer it.

    pruning trains a sweep, keeping weights, then NAME-masked: the same runs with some frequencies masked at the start.
    Everything is in run folders: the same command again goes on with what is missing. Any sweep with snapshots will do.
    """
    check_how(detach=detach, foreground=foreground)
    given = {"attention_rate": attention_rate, "seeds": seeds, "epochs": epochs, "p": p, "width": width}
    given = {key: value for key, value in given.items() if value is not None}
    if report_only and (given or small is not None or detach or foreground):
        raise BadInput("--report-only trains nothing; leave out what says how to train")
    from clockpizza.experiments import pruning
    from clockpizza.store import open_sweep, sweep_folder
    from clockpizza.store.layout import is_sweep

    name = (name or which.value).strip("/")
    masked, quiet = pruning.masked_name(name), quiet or json
    if report_only:
        folder = open_sweep(runs, name)
    else:
        from clockpizza.cli.follow import Job, devices_of
        from clockpizza.store import create_sweep

        job_devices = devices_of(devices)
        if not given and small is None and is_sweep(sweep_folder(runs, name).path):
            folder = open_sweep(runs, name)
        else:
            spec = pruning.asked(job_devices == ["cpu"] if small is None else small, given)
            folder = create_sweep(runs, name, spec)
        go_on = again("experiment pruning", name, runs)
        if not _train(Job(runs, name, folder, job_devices, True, quiet), go_on, detach=detach, foreground=foreground):
            return
        second = pruning.masked_spec(pruning.read(folder, weights=False))
        if second is not None:
            job = Job(runs, masked, create_sweep(runs, masked, second), job_devices, False, quiet)
            if not _train(job, go_on, detach=detach, foreground=foreground):
                return
    found = _read(folder, quiet)
    if not found:
        raise BadInput(visible(f"{folder.path}: no run has a snapshot yet"))
    there = is_sweep(sweep_folder(runs, masked).path)
    with_masks = pruning.read(open_sweep(runs, masked), weights=False) if there else []
    _print(pruning.pruning(name, found, with_masks), json)


def _train(job: Job, go_on: str, *, detach: bool, foreground: bool) -> bool:
    """Train what a sweep has left, and say whether all of it has ended.

    go_on: the command line that goes on later.

    Raises:
        typer.Exit: with the exit code of a training that was stopped, or cannot be carried out.
    """
    from clockpizza.cli import follow
    from clockpizza.cli.options import index_of
    from clockpizza.store import ENDED

    if all(row.state in ENDED for row in index_of(job.runs, job.name).rows.values()):
        return True
    if detach:
        follow.start(job)
        typer.echo(f"  {go_on}  # then, to go on", err=True)
        return False
    index, code = follow.carry_out(job, foreground=foreground)
    if any(row.state not in ENDED for row in index.rows.values()):
        raise typer.Exit(code or 1)
    return True


def _read(folder: SweepFolder, quiet: bool) -> list[PruningRun]:
    """The sweep's runs, which takes seconds each where weights were kept."""
    from rich.console import Console

    from clockpizza.experiments import pruning

    console = Console(stderr=True, quiet=quiet)
    with console.status("reading") as status:
        return pruning.read(folder, tick=lambda id: status.update(visible(f"reading {id}")))


def _print(found: Pruning, json: bool) -> None:
    if json:
        typer.echo(json_module.dumps(found.to_dict(), allow_nan=False))
        return
    from rich.console import Console

    from clockpizza.experiments.pruning_text import views
    from clockpizza.inspection.text import text

    console = Console(highlight=False)
    columns = console.width if console.is_terminal else PIPE
    for part in text(views(found), columns=columns, pictures=False):
        console.print(part, soft_wrap=True)
