"""`clockpizza stop`: asks workers, on whatever host, to save and leave."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from clockpizza.cli.options import RUNS, RunsOption, again, index_of, look, sweep_or_run
from clockpizza.errors import BadInput, visible

if TYPE_CHECKING:
    from pathlib import Path

    from clockpizza.store import SweepIndex


def stop(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Sweeps, or runs as SWEEP/RUN; the sweep that is being trained."),
    ] = None,
    runs: RunsOption = RUNS,
    wait: Annotated[bool, typer.Option("--wait", help="Return when the workers have left.")] = False,
) -> None:
    """Ask workers to save and leave. What has been trained stays, and `clockpizza resume` goes on from there.

    Runs of one stack are trained together, so stopping one of them stops its stack. The request is a file in the
    sweep's folder, which workers on any host find within a second or two, and it stands until a resume.
    """
    from clockpizza.store import ENDED, ask_stop

    asked: list[tuple[SweepIndex, list[str]]] = []
    named = [sweep_or_run(runs, name) for name in names] if names else [(_the_live_one(runs), None, "")]
    for sweep, _, run in named:  # all looked at before anything is asked
        asked.append((index_of(runs, sweep), [run] if run else []))
    for index, ids in asked:
        rows = [index.rows[id] for id in ids] or list(index.rows.values())
        what = visible(f"{index.name}/{ids[0]}" if ids else index.name)
        if all(row.state in ENDED for row in rows):
            typer.echo(f"{what} has ended already")
            continue
        ask_stop(index.folder, ids)
        owners = ", ".join(dict.fromkeys(str(row.owner) for row in rows if row.live and row.owner))
        typer.echo(f"{what}: asked {owners} to stop" if owners else f"{what}: nobody trains it now; the request stands")
        typer.echo(f"  {again('resume', index.name, runs)}", err=True)
    while wait and any(_live(index, ids) for index, ids in asked):
        time.sleep(0.3)
        for index, _ in asked:
            look(index)


def _live(index: SweepIndex, ids: list[str]) -> bool:
    return any(row.live for id, row in index.rows.items() if not ids or id in ids)


def _the_live_one(runs: Path) -> str:
    """The sweep that somebody trains. Raises BadInput where there is none, or more than one."""
    from clockpizza.store import Index

    index = Index(runs)
    look(index)
    live = list(dict.fromkeys(row.sweep for row in index.rows() if row.live))
    if len(live) == 1:
        return live[0]
    if live:
        raise BadInput(visible(f"{len(live)} sweeps are being trained; name those to stop: {' '.join(live)}"))
    raise BadInput(visible(f"nobody trains anything in {runs}"))
