"""`clockpizza inspect`: all there is to see of one network."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clockpizza.cli.options import RUNS, ActivationOption, ModulusOption, QuietOption, RateOption, RunsOption
from clockpizza.cli.subject import network_of
from clockpizza.errors import BadInput, visible

if TYPE_CHECKING:
    from clockpizza.evidence.component_gradients import Triple


def inspect(
    name: Annotated[
        str,
        typer.Argument(metavar="CKPT", help="A checkpoint, a run's folder, or a run as `clockpizza runs` calls it."),
    ],
    only: Annotated[
        str | None, typer.Option("--only", help="These views alone: fve,gradients ... (a wrong name lists them).")
    ] = None,
    at: Annotated[
        list[str] | None, typer.Option("--at", metavar="A,B,C", help="Where to take gradients; can be repeated.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Everything but the pictures, as one JSON object.")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page with all pictures into this file.")] = None,
    device: Annotated[str, typer.Option("--device", help="Where to compute: cpu, cuda, cuda:1 ...")] = "cpu",
    attention_rate: RateOption = None,
    activation: ActivationOption = None,
    p: ModulusOption = None,
    ascii: Annotated[bool, typer.Option("--ascii", help="Draw in ASCII.")] = False,
    runs: RunsOption = RUNS,
    quiet: QuietOption = False,
) -> None:
    """Show what each circle of a network does: the paper's figures and tables, and the follow-ups', for this one.

    docs/inspect.md says where each figure and table is. An unsolved network is shown too; numbers that mean
    nothing there are marked with !.
    """
    if html is not None and html.suffix.lower() not in (".html", ".htm"):
        raise BadInput(visible(f"{html}: expected a file named *.html"))
    triples = [_triple(each) for each in at or ()]
    wanted = [each for each in (only or "").split(",") if each]
    path, run = network_of(runs, name)

    from rich.console import Console

    from clockpizza import checkpoints, timeline
    from clockpizza.inspection import page, text, views
    from clockpizza.memory import keep_freed_memory
    from clockpizza.portrait.make import portrait

    views.check(wanted)
    keep_freed_memory()
    overrides = checkpoints.Overrides(p=p, attention_rate=attention_rate, activation=activation)
    checkpoint = checkpoints.read(path, overrides)
    err = Console(stderr=True)
    if quiet or not err.is_terminal:
        found = portrait(checkpoint, triples=triples, device=device)
    else:
        with err.status("measuring") as status:
            found = portrait(
                checkpoint, triples=triples, device=device, tick=lambda what: status.update(f"measuring: {what}")
            )
    for warning in found.document["warnings"]:
        typer.echo(visible(f"clockpizza: {path}: {warning}"), err=True)
    if html is not None:
        from clockpizza.store.atomic import write_text

        history = timeline.read(run) if run is not None and run.snapshot_epochs() else None
        write_text(html, page.page(found, views.views(found, wanted), history))
        typer.echo(visible(f"wrote {html}"), err=True)
    if json:
        typer.echo(json_module.dumps(found.document, allow_nan=False))
    elif html is None:
        console = Console(highlight=False)
        ascii = ascii or not console.encoding.lower().startswith("utf")
        for part in text.text(
            views.views(found, wanted),
            columns=console.width,
            pictures=console.is_terminal,
            color=console.color_system is not None,
            ascii=ascii,
        ):
            console.print(part, soft_wrap=True)


def _triple(words: str) -> Triple:
    parts = words.split(",")
    if len(parts) != 3 or not all(part.strip().isdecimal() for part in parts):
        raise BadInput(visible(f"--at {words}: expected three tokens a,b,c such as 5,6,11"))
    a, b, c = map(int, parts)
    return a, b, c
