"""`clockpizza runs`: what runs there are, and how they are doing."""

from __future__ import annotations

import json as json_module
import time
from typing import TYPE_CHECKING, Annotated

import typer

from clockpizza.cli.options import RUNS, RunsOption, look
from clockpizza.errors import BadInput, visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from clockpizza.store import Row


def runs(
    query: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[QUERY]...", help="Terms that must all hold: rate>=.5 verdict:pizza state:running -layers:1 name"
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="A JSON object a line, one a run.")] = False,
    runs: RunsOption = RUNS,
) -> None:
    """List runs: name, state, epoch, epochs, test loss, test accuracy, verdict, certainty; apart by tabs in a pipe.

    A term is a field, one of : = != < <= > >= and a value, or a part of a name; a list such as width:32,64 means any of
    them, and - before a term turns it round. Quote < and > for the shell.
    """
    from clockpizza.config import nearest
    from clockpizza.store import Index, parse

    words = " ".join(query or ()).split()
    for word in words:
        if word.startswith("--"):
            hint = nearest(word, ["--json", "--runs", "--help"])
            raise BadInput(f"no option {visible(word)}{hint} (see clockpizza runs --help)")
    wanted = parse(" ".join(words))
    index = Index(runs)
    look(index)
    rows = wanted.select(index.rows())
    _print(rows, runs, json=json)
    bad = [sweep.error for sweep in index.sweeps.values() if sweep.error]
    for error in bad:
        typer.echo(f"clockpizza: {visible(error)}", err=True)
    if not index.sweeps:
        typer.echo(
            visible(f"no runs in {runs}; `clockpizza train` makes one, `clockpizza examples` brings some"), err=True
        )
    elif not rows and words:
        typer.echo(f"none of {len(index.rows()):,} runs fits", err=True)
    if bad:
        raise typer.Exit(2)


def _print(rows: Sequence[Row], runs: Path, *, json: bool) -> None:
    from rich.console import Console

    from clockpizza.cli.results import OLDER, is_older, older_note

    console, note = Console(highlight=False), older_note(rows, runs)
    if json:
        lines = [json_module.dumps(row.to_dict(), allow_nan=False) for row in rows]
    elif console.is_terminal:
        _table(console, rows)
        if note:
            console.print(f"{OLDER} {note}", style="dim", markup=False, soft_wrap=True)
        return
    else:
        lines = ["\t".join(map(visible, _cells(row))) for row in rows]
    if lines:
        typer.echo("\n".join(lines))
    if note and not json:
        typer.echo(f"{sum(map(is_older, rows)):,} of {len(rows):,} {note}", err=True)


def _cells(row: Row) -> list[str]:
    metrics = [f"{row.metrics[name]:.6g}" if name in row.metrics else "" for name in ("test_loss", "test_accuracy")]
    verdict = "refused" if row.refused else row.verdict
    return [row.name, row.state.value, str(row.epoch), str(row.epochs), *metrics, verdict, row.certainty]


def _table(console: Console, rows: Sequence[Row]) -> None:
    """A block a sweep, its name once, so that 80 columns suffice. Aligned by hand: Rich's tables take a second."""
    from rich.text import Text

    from clockpizza.cli.results import counts

    by_sweep: dict[str, list[Row]] = {}
    for row in rows:
        by_sweep.setdefault(row.sweep, []).append(row)
    for name, each in by_sweep.items():
        block = Text.assemble((name, "bold"), f"  {counts(each)}")
        cells = [_columns(row) for row in each]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for row, line in zip(each, cells, strict=True):
            padded = [
                cell.rjust(width) if i in (2, 3) else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            block.append(f"\n  {padded[0]}  ")
            block.append(padded[1], STYLES.get(row.state.value, ""))
            block.append("  " + "  ".join(padded[2:]).rstrip())
        for reason in list(dict.fromkeys(row.reason for row in each if row.reason))[:3]:
            block.append("\n  " + visible(reason), "dim")
        console.print(block, no_wrap=True, overflow="ellipsis")  # the block's own would be lost on the way


def _columns(row: Row) -> list[str]:
    from clockpizza.cli.results import verdict_of

    ended = row.state.value in ("finished", "failed")
    epoch = f"{row.epoch:,}" + ("" if ended else f" {row.epoch / row.epochs:4.0%}")
    accuracy = row.metrics.get("test_accuracy")
    shown = verdict_of(row) if row.verdict or row.refused else ""
    return [row.id, row.state.value, epoch, "" if accuracy is None else f"{accuracy:.1%}", shown, _ago(row.changed)]


STYLES = {"running": "green", "stalled": "yellow", "stopping": "yellow", "failed": "red", "crashed": "red"}


def _ago(changed: float) -> str:
    from clockpizza.cli.progress import span

    return f"{span(max(0.0, time.time() - changed))} ago" if changed else ""
