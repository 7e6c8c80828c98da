"""`clockpizza train`: networks from a recipe to their verdicts."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from clockpizza.cli.options import (
    RUNS,
    DetachOption,
    ForegroundOption,
    JsonOption,
    KeepOption,
    QuietOption,
    RunsOption,
    check_how,
)
from clockpizza.errors import BadInput


class Preset(StrEnum):
    """Recipes with a name."""

    QUICK = "quick"


# What a preset sets where the command line does not.
PRESETS: dict[Preset, dict[str, Any]] = {Preset.QUICK: {"attention_rate": 1.0, "seed": 5, "epochs": 3000}}


def train(
    attention_rate: Annotated[
        float | None, typer.Option("--attention-rate", help="0 constant attention, 1 the usual one.", show_default="1")
    ] = None,
    width: Annotated[int | None, typer.Option("--width", help="d_model; hidden size of a linear model.")] = None,
    layers: Annotated[int, typer.Option("--layers", help="Depth.")] = 1,
    heads: Annotated[int, typer.Option("--heads", help="Attention heads.")] = 4,
    activation: Annotated[str, typer.Option("--activation", help="relu, gelu or tanh.")] = "relu",
    p: Annotated[int, typer.Option("--p", help="The modulus.")] = 59,
    separate_vocabularies: Annotated[
        bool, typer.Option("--separate-vocabularies", help="Give the second operand tokens of its own.")
    ] = False,
    equals_token: Annotated[bool, typer.Option("--equals-token", help='End with a token "=".')] = False,
    causal: Annotated[bool, typer.Option("--causal", help="Attend to earlier positions alone.")] = False,
    model: Annotated[
        str, typer.Option("--model", help="transformer, or linear:alpha, :beta, :gamma, :delta, :x.")
    ] = "transformer",
    seed: Annotated[int | None, typer.Option("--seed", help="Of the initialisation and the split.")] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", help="Train seeds 0 to N - 1, stacked.")] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", help="Full-batch steps.", show_default="20000")] = None,
    train_fraction: Annotated[float, typer.Option("--train-fraction", help="Share of the pairs trained on.")] = 0.8,
    lr: Annotated[float, typer.Option("--lr", help="AdamW's learning rate.")] = 1e-3,
    weight_decay: Annotated[float, typer.Option("--weight-decay", help="AdamW's weight decay.")] = 2.0,
    precision: Annotated[str, typer.Option("--precision", help="float32, tf32 or float64.")] = "float32",
    preset: Annotated[
        Preset | None, typer.Option("--preset", help="quick: attention rate 1, seed 5, 3,000 epochs.")
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 ...")] = "auto",
    name: Annotated[
        str | None, typer.Option("--name", help="The folder under --runs; made from the recipe if not given.")
    ] = None,
    runs: RunsOption = RUNS,
    keep_checkpoints: KeepOption = False,
    detach: DetachOption = False,
    foreground: ForegroundOption = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Train networks, by default as the paper does, and say which algorithm each of them found.

    Writes a folder with config, metric history, snapshots, weights and verdict. The same command again goes on from the
    last checkpoint where a training was stopped or killed. A worker of its own trains, and outlives this command:
    ctrl-C asks whether to stop it or to leave it running.
    """
    check_how(detach=detach, foreground=foreground)
    chosen = PRESETS[preset] if preset else {}
    if seed is not None and seeds is not None:
        raise BadInput("--seed and --seeds exclude each other")
    given: dict[str, Any] = {
        **_network(model, width, p),
        "epochs": epochs if epochs is not None else chosen.get("epochs", 20_000),
        "train_fraction": train_fraction,
        "learning_rate": lr,
        "weight_decay": weight_decay,
        "precision": precision,
    }
    if model == "transformer":
        rate = attention_rate if attention_rate is not None else chosen.get("attention_rate", 1.0)
        given |= {
            "attention_rate": rate,
            "layers": layers,
            "heads": heads,
            "activation": activation,
            "separate_vocabularies": separate_vocabularies,
            "equals_token": equals_token,
            "causal": causal,
        }
    elif attention_rate is not None:
        raise BadInput(f"--attention-rate is for transformers; {model} has no attention")
    given |= {"seeds": seeds} if seeds is not None else {"seed": seed if seed is not None else chosen.get("seed", 0)}

    from clockpizza.cli import follow
    from clockpizza.store import create_sweep
    from clockpizza.sweep_spec import expand

    spec = expand(given)
    devices = follow.devices_of(device)
    if len(devices) > 1:  # one network, or a few seeds of it, are one stack
        devices = devices[:1]
    name = name or recipe_name(spec.runs)
    job = follow.Job(runs, name, create_sweep(runs, name, spec), devices, keep_checkpoints, quiet or json)
    follow.train(job, detach=detach, foreground=foreground, json=json)


def _network(model: str, width: int | None, p: int) -> dict[str, Any]:
    if model == "transformer":
        return {"model": model, "p": p, "width": width or 128}
    if not model.startswith("linear:"):
        raise BadInput(f"model is {model!r}; it must be transformer or linear: and one of alpha, beta, gamma, delta, x")
    return {"model": model.removeprefix("linear:"), "p": p, "hidden": width or 256}


def recipe_name(runs: dict[str, Any]) -> str:
    """A name that the same recipe always gets, so that the same command finds its folder again."""
    import hashlib

    ids = list(runs)
    digest = hashlib.sha256(repr(list(runs.values())).encode()).hexdigest()[:6]
    return f"{ids[0]}-x{len(ids)}-{digest}" if len(ids) > 1 else f"{ids[0]}-{digest}"
