"""`clockpizza resume`: goes on with what a sweep has left."""

from __future__ import annotations

from typing import Annotated

import typer

from clockpizza.cli.options import (
    RUNS,
    DetachOption,
    DevicesOption,
    ForegroundOption,
    JsonOption,
    KeepOption,
    QuietOption,
    RunsOption,
    check_how,
    index_of,
)


def resume(
    name: Annotated[str, typer.Argument(help="The sweep, as `clockpizza runs` calls it.")],
    failed: Annotated[bool, typer.Option("--failed", help="Train anew what failed, too.")] = False,
    devices: DevicesOption = "auto",
    keep_checkpoints: KeepOption = False,
    detach: DetachOption = False,
    foreground: ForegroundOption = False,
    runs: RunsOption = RUNS,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Train what a sweep has left, from the last checkpoints, and follow it.

    A stop that was asked for is withdrawn. Runs that others are training are left to them.
    """
    check_how(detach=detach, foreground=foreground)
    from clockpizza.cli import follow
    from clockpizza.store import State, clear_result

    index = index_of(runs, name)
    job = follow.Job(runs, name, index.folder, follow.devices_of(devices), keep_checkpoints, quiet or json)
    for row in index.rows.values():
        if failed and row.state is State.FAILED:
            clear_result(row.folder)
    follow.train(job, detach=detach, foreground=foreground, json=json)
