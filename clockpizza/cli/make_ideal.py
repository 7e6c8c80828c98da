"""`clockpizza make-ideal`: a network of known algorithm, built by hand."""

from __future__ import annotations

import json as json_module
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from clockpizza.errors import BadInput


class Kind(StrEnum):
    clock = "clock"
    pizza = "pizza"
    blend = "blend"
    lissajous = "lissajous"
    memoriser = "memoriser"


def make_ideal(
    kind: Annotated[Kind, typer.Argument(help="Which algorithm the network follows.")],
    out: Annotated[Path | None, typer.Option("--out", help="File to write; ideal-KIND.pt if not given.")] = None,
    p: Annotated[int, typer.Option("--p", help="Modulus.")] = 59,
    width: Annotated[int, typer.Option("--width", help="d_model; made larger where a memoriser needs it.")] = 128,
    attention_rate: Annotated[float, typer.Option("--attention-rate", help="0 to 1; attention is uniform.")] = 0.0,
    frequencies: Annotated[
        str | None, typer.Option("--frequencies", help="Main circles, such as 17,3,15; three if not given.")
    ] = None,
    pizza_share: Annotated[
        float | None, typer.Option("--pizza-share", help="For a blend: how much of each circle is a pizza, 0 to 1.")
    ] = None,
    companions: Annotated[
        bool, typer.Option("--companions/--no-companions", help="Whether circles at 2k fill a pizza's blind spots.")
    ] = True,
    train_fraction: Annotated[
        float, typer.Option("--train-fraction", help="For a memoriser: share of the pairs it stores.")
    ] = 1.0,
    seed: Annotated[int, typer.Option("--seed", help="Of a memoriser's embedding and pairs.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: path, kind, network.")] = False,
) -> None:
    """Build a network by hand whose algorithm is known: the ground truth of the verdict."""
    from clockpizza import checkpoints
    from clockpizza.config import to_dict
    from clockpizza.networks.ideal import ideal

    made = ideal(
        kind.value,
        p=p,
        width=width,
        attention_rate=attention_rate,
        frequencies=_numbers(frequencies),
        pizza_share=pizza_share,
        companions=companions,
        train_fraction=train_fraction,
        seed=seed,
    )
    path = out or Path(f"ideal-{kind.value}.pt")
    checkpoints.write(
        path,
        made.network,
        training_pairs=made.training_pairs,
        record={"made_by": "make-ideal", "kind": kind.value, "pizza_share": pizza_share},
        overwrite=force,
    )
    if json:
        network = to_dict(made.network.config)
        typer.echo(json_module.dumps({"path": str(path), "kind": kind.value, "network": network}))
    else:
        typer.echo(f"ideal {kind.value} -> {path}: {made.network.config.describe()}")


def _numbers(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise BadInput(f"--frequencies is {text!r}; expected whole numbers such as 17,3,15") from None
