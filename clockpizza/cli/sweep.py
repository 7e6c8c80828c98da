"""`clockpizza sweep`: many networks, from ranges of values or a file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clockpizza.cli.options import (
    RUNS,
    DetachOption,
    DevicesOption,
    ForegroundOption,
    JsonOption,
    KeepOption,
    QuietOption,
    RunsOption,
    check_how,
)
from clockpizza.errors import BadInput, visible

if TYPE_CHECKING:
    from clockpizza.sweep_spec import SweepSpec

MANY = "Values: 0.5, 32,64,128, or a range first:last:count, as 0:1:21."


def sweep(
    spec: Annotated[
        Path | None, typer.Argument(help="A TOML file with the options below as keys; options given beside it win.")
    ] = None,
    attention_rate: Annotated[str | None, typer.Option("--attention-rate", help=MANY, show_default="1")] = None,
    random: Annotated[
        int | None, typer.Option("--random", help="Draw N attention rates uniformly, each with a seed of its own.")
    ] = None,
    draw_seed: Annotated[int | None, typer.Option("--draw-seed", help="Of that draw; fresh if not given.")] = None,
    width: Annotated[str | None, typer.Option("--width", help="d_model; hidden size of a linear model.")] = None,
    layers: Annotated[str | None, typer.Option("--layers", help="Depth.")] = None,
    heads: Annotated[str | None, typer.Option("--heads", help="Attention heads.")] = None,
    activation: Annotated[str | None, typer.Option("--activation", help="relu, gelu, tanh.")] = None,
    p: Annotated[str | None, typer.Option("--p", help="The modulus.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="transformer, or linear:alpha, :beta, :gamma, :delta, :x.")
    ] = None,
    separate_vocabularies: Annotated[
        str | None, typer.Option("--separate-vocabularies", help="true, false or both: true,false.")
    ] = None,
    equals_token: Annotated[str | None, typer.Option("--equals-token", help="true, false or both.")] = None,
    causal: Annotated[str | None, typer.Option("--causal", help="true, false or both.")] = None,
    seed: Annotated[str | None, typer.Option("--seed", help="Of the initialisation and the split.")] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", help="The seeds 0 to N - 1.")] = None,
    epochs: Annotated[str | None, typer.Option("--epochs", help="Full-batch steps.")] = None,
    train_fraction: Annotated[str | None, typer.Option("--train-fraction", help="Share of pairs trained on.")] = None,
    lr: Annotated[str | None, typer.Option("--lr", help="AdamW's learning rate.")] = None,
    weight_decay: Annotated[str | None, typer.Option("--weight-decay", help="AdamW's weight decay.")] = None,
    precision: Annotated[str | None, typer.Option("--precision", help="float32, tf32, float64.")] = None,
    stack_size: Annotated[
        int | None, typer.Option("--stack-size", help="The most runs trained together.", show_default="64")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The folder under --runs; of the file's name, or made from the recipe.")
    ] = None,
    devices: DevicesOption = "auto",
    keep_checkpoints: KeepOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what runs there would be, what they take, and do nothing.")
    ] = False,
    detach: DetachOption = False,
    foreground: ForegroundOption = False,
    runs: RunsOption = RUNS,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Train every combination of values, and say which algorithm each network found.

    A worker of its own does it, which outlives this command; with --detach nothing but that is done. The same command
    again, or `clockpizza resume`, goes on with what is missing. Ctrl-C asks whether to stop or to leave it running.
    """
    check_how(detach=detach, foreground=foreground)
    if random is not None and attention_rate is not None:
        raise BadInput("--random draws the attention rates; leave --attention-rate out")
    given = {
        "attention_rate": attention_rate if random is None else f"random {random}",
        **{"draw_seed": draw_seed, "width": width, "layers": layers, "heads": heads, "activation": activation, "p": p},
        **{"separate_vocabularies": separate_vocabularies, "equals_token": equals_token, "causal": causal},
        **{"model": model, "seed": seed, "seeds": seeds, "epochs": epochs, "train_fraction": train_fraction},
        **{"learning_rate": lr, "weight_decay": weight_decay, "precision": precision, "stack_size": stack_size},
    }
    given = {key: value for key, value in given.items() if value is not None}
    if not given and spec is None:
        raise BadInput("what shall the runs differ in? As: clockpizza sweep --attention-rate 0:1:21 --seeds 2")

    from clockpizza.cli import follow
    from clockpizza.cli.train import recipe_name
    from clockpizza.store import create_sweep

    name = name or (spec.stem if spec else None)
    whole = _spec(spec, given, runs, name)
    name = name or recipe_name(whole.runs)
    job_devices = follow.devices_of(devices)
    if dry_run:
        _print_estimates(whole, name, job_devices, keep_checkpoints)
        return
    job = follow.Job(runs, name, create_sweep(runs, name, whole), job_devices, keep_checkpoints, quiet or json)
    follow.train(job, detach=detach, foreground=foreground, json=json)


def _spec(file: Path | None, given: dict[str, Any], runs: Path, name: str | None) -> SweepSpec:
    """The sweep that file and options ask for, options above the file."""
    from clockpizza.store.layout import read_text
    from clockpizza.sweep_spec import expand, from_toml

    values: dict[str, Any] = {}
    if file is not None:
        text = read_text(file)
        try:
            values = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise BadInput(f"{file}: not valid TOML: {error}") from error
        if isinstance(values.get("runs"), dict):
            if given:
                raise BadInput(f"{file}: lists its runs one by one; options cannot change them, edit the file")
            return _blaming(file, lambda: from_toml(text))
        network = values.pop("network", {})
        if not isinstance(network, dict):
            raise BadInput(f"{file}: network must be a table")
        values |= network
    for one, other in (("seed", "seeds"), ("seeds", "seed")):
        if one in given:
            values.pop(other, None)
    values |= given
    _linear(values, given)
    _drawn_before(values, runs, name)
    return _blaming(file, lambda: expand(values))


def _blaming(file: Path | None, make: Any) -> SweepSpec:
    try:
        spec: SweepSpec = make()
    except BadInput as error:
        raise BadInput(f"{file}: {error}" if file else str(error)) from error
    return spec


def _linear(values: dict[str, Any], given: dict[str, Any]) -> None:
    """`linear:beta` is the model beta, whose width is called hidden."""
    model = values.get("model")
    if not isinstance(model, str) or "linear:" not in model:
        return
    models = [each.strip() for each in model.split(",")]
    if not all(each.startswith("linear:") for each in models):
        raise BadInput("a sweep is over transformers or over linear models; make one of each")
    values["model"] = ",".join(each.removeprefix("linear:") for each in models)
    if "width" in given:
        values["hidden"] = values.pop("width")


def _drawn_before(values: dict[str, Any], runs: Path, name: str | None) -> None:
    """Where a sweep of that name is there, its draw counts: the same command again shall go on with it."""
    from clockpizza.store import read_spec, sweep_folder
    from clockpizza.store.layout import is_sweep
    from clockpizza.sweep_axes import count_of_random

    if not name or "draw_seed" in values or not count_of_random(values.get("attention_rate")):
        return
    folder = sweep_folder(runs, name)
    if is_sweep(folder.path) and type(drawn := read_spec(folder).asked.get("draw_seed")) is int:
        values["draw_seed"] = drawn


def _print_estimates(spec: SweepSpec, name: str, devices: list[str], keep_checkpoints: bool) -> None:
    from clockpizza.cli.progress import span
    from clockpizza.training.device import choose
    from clockpizza.worker import estimate

    ids, stacks = list(spec.runs), spec.stacks()
    for id in ids[:20]:
        typer.echo(f"  {id}  {spec.runs[id].describe()}")
    if len(ids) > 20:
        typer.echo(f"  and {len(ids) - 20:,} more")
    largest = max(len(stack.runs) for stack in stacks)
    cut = f"{len(stacks):,} stack{'s' * (len(stacks) > 1)} of {largest} at most"
    typer.echo(visible(f"{name}: {len(ids):,} runs in {cut}, on {', '.join(devices)}"))
    room = estimate.disk(spec, workers=len(devices), keep_checkpoints=keep_checkpoints)
    each = room.final / len(ids)
    typer.echo(f"disk: {_size(room.final)}, {_size(each)} a run; {_size(room.peak)} at most while it trains")
    try:
        seconds = estimate.seconds(spec, choose(devices[0]), workers=len(devices))
    except BadInput as error:
        typer.echo(f"time: {error}")
        return
    if seconds is not None:
        typer.echo(f"time: about {span(seconds)}, by a few steps just now")


def _size(size: float) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.2f} MB"
