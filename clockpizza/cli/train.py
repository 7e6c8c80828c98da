"""`clockpizza train`: networks from a recipe to their verdicts."""

from __future__ import annotations

import hashlib
import json as json_module
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from clockpizza.errors import BadInput, visible


class Preset(StrEnum):
    """Recipes with a name."""

    QUICK = "quick"


# What a preset sets where the command line does not.
PRESETS: dict[Preset, dict[str, Any]] = {Preset.QUICK: {"attention_rate": 0.0, "seed": 0, "epochs": 4000}}

RunsOption = Annotated[
    Path, typer.Option("--runs", envvar="CLOCKPIZZA_RUNS", help="The folder where runs live.", show_default="./runs")
]


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
        Preset | None, typer.Option("--preset", help="quick: attention rate 0, seed 0, 4,000 epochs.")
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 ...")] = "auto",
    name: Annotated[
        str | None, typer.Option("--name", help="The folder under --runs; made from the recipe if not given.")
    ] = None,
    runs: RunsOption = Path("runs"),
    keep_checkpoints: Annotated[
        bool, typer.Option("--keep-checkpoints", help="Keep the weights at every snapshot.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    json: Annotated[bool, typer.Option("--json", help="A JSON object a line, one a network.")] = False,
) -> None:
    """Train networks, by default as the paper does, and say which algorithm each of them found.

    Writes a folder with config, metric history, snapshots, weights and verdict. The same command again goes on from the
    last checkpoint where a training was stopped or killed. Ctrl-C saves and stops; once more leaves at once.
    """
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

    from clockpizza.cli.train_display import display
    from clockpizza.store import Watch, create_sweep, read_result, withdraw_stop
    from clockpizza.sweep_spec import expand
    from clockpizza.training.device import choose
    from clockpizza.worker.stack import Options
    from clockpizza.worker.work import work

    spec = expand(given)
    options = Options(choose(device), keep_checkpoints=keep_checkpoints)
    sweep = create_sweep(runs, name or _name(spec.runs), spec)
    withdraw_stop(sweep)
    with _stop_by_signal() as stop, display(spec, sweep, quiet=quiet or json) as watcher:
        outcome = work(
            sweep, watcher, options, watch=Watch(), stop=stop.is_set, details={"device": str(options.device)}
        )
    _report(sweep, list(spec.runs), json)
    if outcome.held:
        owners = ", ".join(f"{holder.name} by {holder}" for holder in outcome.held)
        typer.echo(f"clockpizza: what is left is being trained: {owners}", err=True)
        raise typer.Exit(4)
    if outcome.stopped:
        typer.echo(f"clockpizza: stopped and saved; the same command goes on: {visible(str(sweep.path))}", err=True)
        raise typer.Exit(130)
    results = [read_result(sweep.run(id)) for id in spec.runs]
    if any(result is None or result["status"] == "failed" for result in results):
        raise typer.Exit(1)
    if any(result and result["verdict"]["name"] is None for result in results):
        raise typer.Exit(3)


def _network(model: str, width: int | None, p: int) -> dict[str, Any]:
    if model == "transformer":
        return {"model": model, "p": p, "width": width or 128}
    if not model.startswith("linear:"):
        raise BadInput(f"model is {model!r}; it must be transformer or linear: and one of alpha, beta, gamma, delta, x")
    return {"model": model.removeprefix("linear:"), "p": p, "hidden": width or 256}


def _name(runs: dict[str, Any]) -> str:
    """A name that the same recipe always gets, so that the same command finds its folder again."""
    ids = list(runs)
    digest = hashlib.sha256(repr(list(runs.values())).encode()).hexdigest()[:6]
    return f"{ids[0]}-x{len(ids)}-{digest}" if len(ids) > 1 else f"{ids[0]}-{digest}"


@contextmanager
def _stop_by_signal() -> Iterator[threading.Event]:
    """An event set by ctrl-C and SIGTERM; the second of either leaves at once."""
    stop = threading.Event()

    def ask(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(sweep: Any, ids: list[str], json: bool) -> None:
    from clockpizza.store import read_result

    for id in ids:
        result = read_result(sweep.run(id))
        if result is None:
            continue
        path = sweep.run(id).weights_file
        if json:
            typer.echo(json_module.dumps({"sweep": sweep.name, "run": id, "path": str(path), **result}))
            continue
        if result["status"] == "failed":
            typer.echo(visible(f"{id}: failed: {result['reason']}"))
            continue
        verdict = result["verdict"]
        what = (
            f"refused: {verdict['refused']}"
            if verdict["name"] is None
            else f"{verdict['name']} ({verdict['certainty']})"
        )
        typer.echo(visible(f"{id}: {what}. {verdict['reasons'] if verdict['name'] else ''}".rstrip()))
        typer.echo(visible(f"  clockpizza classify {path}"))
