"""`clockpizza plot`: how a run came to be, from its snapshots and its log."""

from __future__ import annotations

import json as json_module
import math
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clockpizza.cli.options import RUNS, RunsOption
from clockpizza.cli.subject import run_of
from clockpizza.errors import BadInput, visible

if TYPE_CHECKING:
    from clockpizza.inspection.blocks import Block
    from clockpizza.timeline import Timeline


class What(StrEnum):
    """What can be drawn over epochs."""

    CIRCLES = "circles"
    FOURIER = "fourier"
    MEASURES = "measures"
    LOSS = "loss"


def plot(
    name: Annotated[str, typer.Argument(metavar="RUN", help="A run as `clockpizza runs` calls it, or its folder.")],
    what: Annotated[
        What,
        typer.Option(
            "--what",
            help="circles: each one's share of the embedding, and when it was born; fourier: power of every frequency; "
            "measures: the paper's, and accuracy by circles; loss: with restricted and excluded loss.",
        ),
    ] = What.CIRCLES,
    json: Annotated[bool, typer.Option("--json", help="The numbers as one JSON object.")] = False,
    ascii: Annotated[bool, typer.Option("--ascii", help="Draw in ASCII.")] = False,
    runs: RunsOption = RUNS,
) -> None:
    """Draw a run through training. Works while it is trained."""
    from clockpizza import timeline
    from clockpizza.inspection.blocks import View
    from clockpizza.inspection.text import text
    from clockpizza.inspection.through_time import curves

    run = run_of(runs, name)
    history = timeline.read(run)
    if json:
        typer.echo(json_module.dumps(_plain(history, what), allow_nan=False))
        return
    from rich.console import Console

    drawn = curves(history, what.value)
    if not drawn.lines:
        raise BadInput(visible(f"{run.path}: its snapshots hold no {what.value}; they were taken by an older version"))
    console = Console(highlight=False)
    ascii = ascii or not console.encoding.lower().startswith("utf")
    blocks, says = _blocks(history, what), SAYS[what]
    view = View(what.value, f"{run.id}: {what.value}", says, "docs/inspect.md", [*blocks, drawn])
    color = console.color_system is not None
    for part in text([view], columns=console.width, pictures=True, color=color, ascii=ascii):
        console.print(part, soft_wrap=True)


SAYS = {
    What.CIRCLES: "Each circle's share of the embedding's variance; it is born where it outweighs for good every "
    "frequency that is no circle in the end.",
    What.FOURIER: "Shares of the embedding's variance: a row a frequency, a column a snapshot, at about equal ratios "
    "of epochs; lines: shares of the logits' power.",
    What.MEASURES: "The paper's measures, and accuracy with the main circles or the companions of that moment alone.",
    What.LOSS: "Restricted to the main circles' waves, and with them taken out, beside the losses of training: "
    "restricted falls before the held-out loss does where circles form behind memorised pairs.",
}


def _blocks(history: Timeline, what: What) -> list[Block]:
    """What stands over the curves."""
    from clockpizza.inspection.blocks import Picture
    from clockpizza.inspection.through_time import births

    if what is What.CIRCLES:
        return [births(history)]
    if what is What.FOURIER:
        return [Picture("embedding", history.embedding_power.T, f"frequency 1 to {history.p // 2}", "snapshots")]
    return []


def _plain(history: Timeline, what: What) -> dict[str, Any]:
    """The numbers behind a plot; what is not finite is None."""

    def numbers(values: Any) -> list[float | None]:
        return [float(x) if math.isfinite(x) else None for x in values]

    from clockpizza.inspection.through_time import curves

    drawn = curves(history, what.value)
    lines = {name: {"epoch": numbers(x), "value": numbers(y)} for name, (x, y) in drawn.lines.items()}
    born = {str(k): history.born(k) for k in history.circles()}
    ranks = {str(k): history.rank_at_start(k) for k in history.circles()}
    return {"what": what.value, "lines": lines, "born": born, "rank_at_start": ranks}
