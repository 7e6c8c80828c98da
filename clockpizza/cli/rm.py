"""`clockpizza rm`: removes sweeps, or runs, with all that belongs to them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from clockpizza.cli.options import RUNS, RunsOption, again, sweep_or_run
from clockpizza.errors import BadInput, visible


def rm(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Sweeps, or runs as SWEEP/RUN.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    runs: RunsOption = RUNS,
) -> None:
    """Remove sweeps with all their runs, or single runs. What a live worker trains is refused: stop it first.

    A run that is removed is still listed by its sweep, and a resume trains it anew.
    """
    from clockpizza.store import Watch, owners, remove_run, remove_sweep
    from clockpizza.store.lock import Held

    if not yes and not sys.stdin.isatty():
        raise BadInput("rm asks before it removes, and there is no terminal to ask on; --yes removes without")
    watch = Watch()
    named = [sweep_or_run(runs, name) for name in names]
    for sweep, folder, run in named:
        for holder in owners(folder, watch):
            if not run or run in holder.runs:
                raise Held(holder, f"which trains it; `{again('stop', sweep, runs)}` first")
    for _, folder, run in named:
        path = folder.run(run).path if run else folder.path
        if not yes:
            files = [each for each in path.rglob("*") if not each.is_symlink() and each.is_file()]
            size = sum(each.stat().st_size for each in files) / 1e6
            what = visible(f"{path} ({len(files):,} files, {size:,.1f} MB)")
            if not typer.confirm(f"Remove {what}?", err=True):
                continue
        if run:
            remove_run(folder, run, watch)
        else:
            remove_sweep(folder, watch)
        typer.echo(visible(f"removed {path}"), err=True)
