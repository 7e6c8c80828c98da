"""`clockpizza make-ideal`: a network of known algorithm, built by hand."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from clockpizza.errors import BadInput

T = TypeVar("T")
CIRCLES, OPERANDS, LINES, LOOKUP = "Circles", "Operands", "Number lines", "Lookup"  # headings of --help


class Kind(StrEnum):
    clock = "clock"
    pizza = "pizza"
    blend = "blend"
    lissajous = "lissajous"
    idle_circles = "idle-circles"
    number_line = "number-line"
    memoriser = "memoriser"
    lookup = "lookup"
    partial_lookup = "partial-lookup"
    wide = "wide"


def make_ideal(
    kind: Annotated[Kind, typer.Argument(help="Which algorithm the network follows.")],
    out: Annotated[Path | None, typer.Option("--out", help="File to write; ideal-KIND.pt if not given.")] = None,
    p: Annotated[int, typer.Option("--p", help="Modulus.")] = 59,
    width: Annotated[
        int, typer.Option("--width", help="d_model; made larger where a kind other than circles needs it.")
    ] = 128,
    attention_rate: Annotated[float, typer.Option("--attention-rate", help="0 to 1; attention is constant.")] = 0.0,
    noise: Annotated[
        float, typer.Option("--noise", help="Gaussian noise on the weights, relative to each matrix's rms.")
    ] = 0.0,
    seed: Annotated[int, typer.Option("--seed", help="Of noise, and of a lookup's embedding and pairs.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: path, kind, network.")] = False,
    frequencies: Annotated[
        str | None,
        typer.Option(
            "--frequencies",
            help="Main circles, such as 17,3,15; three if not given, and all in a wide network.",
            rich_help_panel=CIRCLES,
        ),
    ] = None,
    pizza_share: Annotated[
        str | None,
        typer.Option(
            "--pizza-share",
            help="For a blend, a partial lookup's circles, a wide network: how much of each circle is a pizza, 0 to 1; "
            "one number, or one for each frequency, such as 1,0,0.4.",
            rich_help_panel=CIRCLES,
        ),
    ] = None,
    turn: Annotated[
        float | None,
        typer.Option(
            "--turn",
            help="Of a pizza, in radians: it writes |cos(w(a-b)/2 + turn)|. Unless given, what adding vectors gives.",
            rich_help_panel=CIRCLES,
        ),
    ] = None,
    companions: Annotated[
        bool | None,
        typer.Option(
            "--companions/--no-companions",
            help="Whether circles at 2k fill a pizza's blind spots; yes, in a wide network where p is even.",
            rich_help_panel=CIRCLES,
        ),
    ] = None,
    companion_size: Annotated[
        float,
        typer.Option("--companion-size", help="Radius of a companion over its main circle's.", rich_help_panel=CIRCLES),
    ] = 0.6,
    companion_lines: Annotated[
        bool,
        typer.Option("--companion-lines", help="Companions have one direction, not two.", rich_help_panel=CIRCLES),
    ] = False,
    tied: Annotated[
        bool, typer.Option("--tied", help="All main circles have one radius.", rich_help_panel=CIRCLES)
    ] = False,
    radii: Annotated[
        str | None,
        typer.Option("--radii", help="Of the main circles, such as 1,0.5,2; one for each.", rich_help_panel=CIRCLES),
    ] = None,
    overlap: Annotated[
        float,
        typer.Option("--overlap", help="Cosine between directions of any two main planes.", rich_help_panel=CIRCLES),
    ] = 0.0,
    separate_vocabularies: Annotated[
        bool,
        typer.Option("--separate-vocabularies", help="Operand b has tokens of its own.", rich_help_panel=OPERANDS),
    ] = False,
    b_shift: Annotated[
        float,
        typer.Option("--b-shift", help="Turns operand b's circles by so many tokens.", rich_help_panel=OPERANDS),
    ] = 0.0,
    b_turn: Annotated[
        float, typer.Option("--b-turn", help="Turns operand b's circles by radians.", rich_help_panel=OPERANDS)
    ] = 0.0,
    own_planes: Annotated[
        bool,
        typer.Option("--own-planes", help="Operand b's tokens lie in planes of their own.", rich_help_panel=OPERANDS),
    ] = False,
    equals_token: Annotated[
        bool,
        typer.Option("--equals-token", help="The answer is read at a third token, '='.", rich_help_panel=OPERANDS),
    ] = False,
    multiplier: Annotated[
        int,
        typer.Option("--multiplier", help="Token t lies at (MULTIPLIER t + OFFSET) mod p.", rich_help_panel=LINES),
    ] = 1,
    offset: Annotated[int, typer.Option("--offset", help="See --multiplier.", rich_help_panel=LINES)] = 0,
    one_hot: Annotated[
        bool,
        typer.Option("--one-hot", help="Look up from a one-hot embedding; else a random one.", rich_help_panel=LOOKUP),
    ] = False,
    on_circles: Annotated[
        bool, typer.Option("--on-circles", help="A partial lookup reads the circles.", rich_help_panel=LOOKUP)
    ] = False,
    lookup_share: Annotated[
        float,
        typer.Option("--lookup-share", help="Share of the pairs that a partial lookup has.", rich_help_panel=LOOKUP),
    ] = 0.9,
    lookup_size: Annotated[
        float,
        typer.Option(
            "--lookup-size", help="A partial lookup's logit over the circles' largest.", rich_help_panel=LOOKUP
        ),
    ] = 20.0,
    train_fraction: Annotated[
        float,
        typer.Option("--train-fraction", help="For a memoriser: share of the pairs it stores.", rich_help_panel=LOOKUP),
    ] = 1.0,
) -> None:
    """Build a network by hand whose algorithm is known: the ground truth of the verdict.

    clock, pizza and blend add on circles; lissajous, idle-circles and number-line on a line, whatever else they have;
    memoriser and lookup store pairs, partial-lookup most of them; wide has a wave for every frequency.
    """
    from clockpizza import checkpoints
    from clockpizza.config import to_dict
    from clockpizza.networks.ideal import ideal

    shares = _numbers("--pizza-share", pizza_share, float, "numbers such as 0.3 or 1,0,0.4")
    choices: dict[str, Any] = {
        "p": p,
        "width": width,
        "attention_rate": attention_rate,
        "noise": noise,
        "seed": seed,
        "frequencies": _numbers("--frequencies", frequencies, int, "whole numbers such as 17,3,15"),
        "pizza_share": shares[0] if shares and len(shares) == 1 else shares,
        "turn": turn,
        "companions": companions,
        "companion_size": companion_size,
        "companion_lines": companion_lines,
        "tied": tied,
        "radii": _numbers("--radii", radii, float, "numbers such as 1,0.5,2"),
        "overlap": overlap,
        "separate_vocabularies": separate_vocabularies,
        "b_shift": b_shift,
        "b_turn": b_turn,
        "own_planes": own_planes,
        "equals_token": equals_token,
        "multiplier": multiplier,
        "offset": offset,
        "one_hot": one_hot,
        "on_circles": on_circles,
        "lookup_share": lookup_share,
        "lookup_size": lookup_size,
        "train_fraction": train_fraction,
    }
    made = ideal(kind.value, **choices)
    path = out or Path(f"ideal-{kind.value}.pt")
    checkpoints.write(
        path,
        made.network,
        training_pairs=made.training_pairs,
        record={"made_by": "make-ideal", "kind": kind.value, **choices},
        overwrite=force,
    )
    if json:
        network = to_dict(made.network.config)
        typer.echo(json_module.dumps({"path": str(path), "kind": kind.value, "network": network}))
    else:
        typer.echo(f"ideal {kind.value} -> {path}: {made.network.config.describe()}")


def _numbers(option: str, text: str | None, number: Callable[[str], T], expected: str) -> list[T] | None:
    if text is None:
        return None
    try:
        return [number(word) for word in text.split(",")]
    except ValueError:
        raise BadInput(f"{option} is {text!r}; expected {expected}") from None
