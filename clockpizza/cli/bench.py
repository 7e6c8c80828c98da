"""`clockpizza bench`: the engine against the plain implementation, on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import clockpizza
from clockpizza.errors import BadInput


def bench(
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, cuda:1 ...")] = "cpu",
    precision: Annotated[str, typer.Option("--precision", help="float32, tf32 or float64.")] = "float32",
    seconds: Annotated[float, typer.Option("--seconds", help="A case.")] = 10.0,
    full: Annotated[bool, typer.Option("--full", help="Other p, widths, depths and models too.")] = False,
    only: Annotated[str, typer.Option("--only", help="Cases whose name holds this.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Time training: milliseconds a network-epoch of the plain implementation and of the engine, taking turns.

    The plain implementation lives in the source checkout, in benchmarks/, and is not installed.
    """
    checkout = Path(clockpizza.__file__).parents[1]
    if not (checkout / "benchmarks" / "plain.py").is_file():
        raise BadInput("bench needs the source checkout, whose benchmarks/ is not installed; run `make bench` there")
    sys.path.insert(0, str(checkout))
    from benchmarks import training
    from clockpizza.training.device import choose

    choose(device)
    arguments = ["--device", device, "--precision", precision, "--seconds", str(seconds), "--only", only]
    training.main([*arguments, *["--full"] * full, *["--json"] * json])
