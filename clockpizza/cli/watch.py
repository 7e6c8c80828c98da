"""`clockpizza watch`: a sweep's progress as plain lines, from the store alone."""

from __future__ import annotations

from typing import Annotated

import typer

from clockpizza.cli.options import RUNS, RunsOption, again


def watch(
    name: Annotated[str, typer.Argument(help="The sweep, as `clockpizza runs` calls it.")],
    runs: RunsOption = RUNS,
) -> None:
    """Follow a sweep in plain lines until it has ended. Ctrl-C ends the watching, never the training."""
    from clockpizza.cli.follow import follow
    from clockpizza.cli.options import index_of
    from clockpizza.cli.progress import progress
    from clockpizza.cli.results import counts, exit_code
    from clockpizza.store import ENDED

    index = index_of(runs, name)
    with progress(stdout=True) as display:
        follow(index, display)
    rows = index.rows.values()
    typer.echo(counts(rows))
    if any(row.state not in ENDED for row in rows):
        typer.echo(f"clockpizza: nobody trains what is left; `{again('resume', name, runs)}` goes on", err=True)
    elif code := exit_code(rows):
        raise typer.Exit(code)
