"""`clockpizza resume`: goes on with what a sweep has left."""

from __future__ import annotations

from typing import Annotated

import typer

from clockpizza.cli.options import (
    RUNS,
    DetachOption,
    DevicesOption,
    ForegroundOption,
    KeepOption,
    QuietOption,
    RunsOption,
    index_of,
)
from clockpizza.errors import BadInput


def resume(
    name: Annotated[str, typer.Argument(help="The sweep, as `clockpizza runs` calls it.")],
    failed: Annotated[bool, typer.Option("--failed", help="Train anew what failed, too.")] = False,
    devices: DevicesOption = "auto",
    keep_checkpoints: KeepOption = False,
    detach: DetachOption = False,
    foreground: ForegroundOption = False,
    runs: RunsOption = RUNS,
    quiet: QuietOption = False,
    json: Annotated[bool, typer.Option("--json", help="A JSON object a line, one a network.")] = False,
) -> None:
    """Train what a sweep has left, from the last checkpoints, and follow it.

    A stop that was asked for is withdrawn. Runs that others are training are left to them.
    """
    if detach and foreground:
        raise BadInput("--detach and --foreground exclude each other")
    from clockpizza.cli import follow
    from clockpizza.cli.results import print_results
    from clockpizza.store import State, clear_result

    index = index_of(runs, name)
    job = follow.Job(runs, name, index.folder, follow.devices_of(devices), keep_checkpoints, quiet or json)
    for row in index.rows.values():
        if failed and row.state is State.FAILED:
            clear_result(row.folder)
    if detach:
        follow.detach(job)
        return
    index, code = follow.in_this_process(job) if foreground else follow.carry_out(job)
    print_results(index, list(index.rows), json=json)
    if code:
        raise typer.Exit(code)
