"""`clockpizza convert`: a network of any known format in, one of ours out."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from clockpizza.cli.options import ActivationOption, ModulusOption, RateOption
from clockpizza.config import to_dict
from clockpizza.errors import visible


def convert(
    path: Annotated[Path, typer.Argument(help="The checkpoint to read.")],
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    attention_rate: RateOption = None,
    activation: ActivationOption = None,
    p: ModulusOption = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON: path, format, out, network, training_pairs, record.")
    ] = False,
) -> None:
    """Write a network as one file that tells all about itself, and that torch.load(weights_only=True) reads.

    Reads the paper authors' files (model_ID.pt beside config_ID.json), Nanda et al.'s, TransformerLens's and our own.
    """
    from clockpizza import checkpoints

    overrides = checkpoints.Overrides(p=p, attention_rate=attention_rate, activation=activation)
    read = checkpoints.read(path, overrides)
    # The written file tells every setting; what told them in the one that was read is kept in words.
    record = {**read.record, **({"read_as": read.reading()} if read.reading() else {})}
    checkpoints.write(out, read.network, read.training_pairs, record, overwrite=force)
    if json:
        document = {
            "path": str(path),
            "format": read.format,
            "out": str(out),
            "network": to_dict(read.network.config),
            "training_pairs": None if read.training_pairs is None else len(read.training_pairs),
            "record": record,
        }
        typer.echo(dumps(document, allow_nan=False))
    else:
        typer.echo(visible(f"{path.name} ({read.format}) -> {out}: {read.network.config.describe()}"))
