"""`clockpizza report`: a sweep in numbers and in the paper's phase diagrams."""

from __future__ import annotations

import csv as csv_module
import json as json_module
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clockpizza.cli.options import RUNS, RunsOption
from clockpizza.errors import BadInput, visible

if TYPE_CHECKING:
    from clockpizza.report import Report


def report(
    name: Annotated[str, typer.Argument(metavar="SWEEP", help="The sweep, as `clockpizza runs` calls it.")],
    json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="A table with one row a run.")] = False,
    svg: Annotated[Path | None, typer.Option("--svg", help="Draw the diagrams into this file.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the report, diagrams and all, as a page.")] = None,
    ascii: Annotated[bool, typer.Option("--ascii", help="Draw in ASCII.")] = False,
    runs: RunsOption = RUNS,
) -> None:
    """Say what a sweep found: phase diagrams, verdicts and shares by rate and shape, and the rate of half clocks.

    Works while the sweep is still trained: runs that have not ended stand in the diagrams by their last snapshots.
    """
    if json and csv:
        raise BadInput("--json and --csv exclude each other")
    for path, suffix in ((svg, ".svg"), (html, ".html")):
        if path is not None and path.suffix != suffix:  # else a slip of the fingers would overwrite a sweep.toml
            raise BadInput(visible(f"{path}: expected a file named *{suffix}"))
    from clockpizza import report as reports
    from clockpizza.cli.options import index_of
    from clockpizza.cli.results import counts
    from clockpizza.store.atomic import write_text

    rows = list(index_of(runs, name).rows.values())
    found = reports.gather(name, rows)
    for path, draw in ((svg, reports.svg), (html, reports.html)):
        if path is not None:
            write_text(path, draw(found))
            typer.echo(visible(f"wrote {path}"), err=True)
    if json:
        typer.echo(json_module.dumps(found.to_dict(), allow_nan=False))
    elif csv:
        _csv(found)
    elif svg is None and html is None:
        older = {each.run for each in found.points if each.apart}  # they are counted in a line of their own
        _print(found, counts(row for row in rows if row.id not in older), ascii)


def _csv(found: Report) -> None:
    rows = [each.to_dict() for each in found.points]
    writer = csv_module.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _print(found: Report, counts: str, ascii: bool) -> None:
    from rich.console import Console

    from clockpizza.report import text

    console = Console(highlight=False)
    ascii = ascii or not console.encoding.lower().startswith("utf")
    drawn = text(found, counts, columns=console.width, ascii=ascii)
    console.print(drawn, soft_wrap=True)
