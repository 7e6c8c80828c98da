"""What a sweep is: its runs, each with an id, written out in full before anything starts; and its TOML, in and out.

As a person writes it, each key of a run holds a value, a list or a range, and the sweep is every combination:

    attention_rate = "0:1:21"      # or "random 100": drawn uniformly, each with a seed of its own
    width = [32, 64, 128]
    seeds = 10                     # the seeds 0 to 9; or seed = [3, 5]

As `to_toml` writes it, a sweep lists its runs: what all have in common, then a line for each. Only such a file says
which runs there are; what was asked stands in it for people.
"""

from __future__ import annotations

import itertools
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clockpizza.config import nearest
from clockpizza.errors import BadInput
from clockpizza.run_config import RunConfig, run_from_dict
from clockpizza.run_ids import flat, run_ids
from clockpizza.store.names import is_name
from clockpizza.sweep_axes import KINDS, MOST, axis, count_of_random, draw, seeds

SCHEMA = 1
STACK_SIZE = 64
TABLES = ("schema", "stack_size", "asked", "common", "runs")
TOGETHER = ("seed", "attention_rate", "masked_frequencies")  # in what the runs of one stack may differ
RUN_KEYS = ("seed", "epochs", "train_fraction", "learning_rate", "weight_decay", "precision", "masked_frequencies")


@dataclass(frozen=True)
class Stack:
    """Runs of one shape, trained together under one lock. name: as `stack-0003`. runs: their ids."""

    name: str
    runs: tuple[str, ...]


@dataclass(frozen=True)
class SweepSpec:
    """A sweep.

    runs: id -> config, in the order in which they are trained.
    stack_size: the most runs in a stack. It is part of the sweep: workers must cut it in the same way to share it.
    asked: what was asked for, for people; a random draw's `draw_seed` is in it.
    """

    runs: dict[str, RunConfig]
    stack_size: int = STACK_SIZE
    asked: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.runs:
            raise BadInput("a sweep needs at least one run")
        if not 1 <= self.stack_size <= MOST:
            raise BadInput(f"stack_size is {self.stack_size}; it must lie between 1 and {MOST:,}")
        if bad := [id for id in self.runs if not is_name(id)]:
            raise BadInput(f"{bad[0]!r} can be no run's id: letters, digits, . - and _ only")

    def stacks(self) -> list[Stack]:
        """The runs, cut into stacks: alike in all but seed and attention rate, `stack_size` at most, in order."""
        by_shape: dict[str, list[str]] = {}
        for id, config in self.runs.items():
            shape = {key: value for key, value in flat(config).items() if key not in TOGETHER}
            by_shape.setdefault(json.dumps(shape, sort_keys=True), []).append(id)
        chunks = [
            tuple(ids[start : start + self.stack_size])
            for ids in by_shape.values()
            for start in range(0, len(ids), self.stack_size)
        ]
        return [Stack(f"stack-{number:04}", chunk) for number, chunk in enumerate(chunks)]

    def to_toml(self) -> str:
        """The sweep with all its runs, as TOML."""
        values = {id: flat(config) for id, config in self.runs.items()}
        first = next(iter(values.values()))
        common = {key: value for key, value in first.items() if all(each.get(key) == value for each in values.values())}
        lines = [f"schema = {SCHEMA}", f"stack_size = {self.stack_size}"]
        lines += ["", "# What was asked for. The runs below are what counts.", "[asked]"]
        lines += [f"{key} = {_toml(value)}" for key, value in self.asked.items()]
        lines += ["", "[common]", *(f"{key} = {_toml(value)}" for key, value in common.items()), "", "[runs]"]
        for id, each in values.items():
            own = ", ".join(f"{key} = {_toml(value)}" for key, value in each.items() if key not in common)
            lines.append(f"{_toml(id)} = {{ {own} }}" if own else f"{_toml(id)} = {{}}")
        return "\n".join(lines) + "\n"


def sweep_of(configs: list[RunConfig], **rest: Any) -> SweepSpec:
    """The sweep of given runs, each once; `rest` as SweepSpec takes it."""
    configs = list(dict.fromkeys(configs))
    return SweepSpec(dict(zip(run_ids(configs), configs, strict=True)), **rest)


def expand(given: Mapping[str, Any]) -> SweepSpec:
    """The sweep of all combinations of values, by keys of a run's config and `seeds`, `draw_seed`, `stack_size`.

    With `attention_rate = "random N"`, each combination of the rest gets N rates of its own, drawn from `draw_seed`
    (a fresh one where there is none), and the seeds 0 to N - 1.

    Raises:
        BadInput: an unknown key (with the nearest known one), a value of another kind or out of range, or more than
            100,000 runs.
    """
    network = given.get("network", {})
    if not isinstance(network, Mapping):
        raise BadInput("network must be a table")
    given = {key: value for key, value in {**given, **network}.items() if key != "network"}
    asked = {key: value for key, value in given.items() if key != "stack_size"}
    count = count_of_random(given.get("attention_rate"))
    drawn = ("attention_rate", "seed", "seeds")
    keys = [key for key in KINDS if key in given and not (count and key in drawn)]
    for key in given:
        if key not in (*KINDS, "seeds", "draw_seed", "stack_size"):
            axis(key, given[key])  # says what is the nearest
    axes = {key: seeds(given) if key == "seed" else axis(key, given[key]) for key in keys}
    if not count:
        axes["seed"] = seeds(given)
    elif "seed" in given or "seeds" in given:
        raise BadInput("with random attention rates each run has a seed of its own; leave seed and seeds out")
    total = count or 1
    for each in axes.values():
        total *= len(each)
    if total > MOST:
        raise BadInput(f"{total:,} runs; a sweep has at most {MOST:,}")
    if count:
        asked["draw_seed"] = axis("seed", given.get("draw_seed", int.from_bytes(os.urandom(4)) >> 1))[0]
    elif "draw_seed" in given:
        raise BadInput("draw_seed is for random attention rates; use attention_rate = 'random 100' with it")

    import random

    generator = random.Random(asked.get("draw_seed", 0))
    configs = []
    for values in itertools.product(*axes.values()):
        fixed = dict(zip(axes, values, strict=True))
        if not count:
            configs.append(_config(fixed))
            continue
        for seed, rate in enumerate(draw(count, generator)):
            configs.append(_config({**fixed, "seed": seed, "attention_rate": rate}))
    return sweep_of(configs, asked=asked, stack_size=axis("seed", given.get("stack_size", STACK_SIZE))[0])


def from_toml(text: str) -> SweepSpec:
    """The sweep in a TOML file, as a person writes it or as `to_toml` does.

    Raises:
        BadInput: not TOML, an unknown key (with the nearest known one), or a value out of range.
    """
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"not valid TOML: {error}") from error
    if not isinstance(values.get("runs"), dict):
        return expand(values)
    if values.get("schema") != SCHEMA:
        raise BadInput(f"its schema is {values.get('schema')!r}; this clockpizza reads schema {SCHEMA}")
    for key in values:
        if key not in TABLES:
            raise BadInput(f"unknown key {key!r}{nearest(key, TABLES)}")
    common, asked, size = values.get("common", {}), values.get("asked", {}), values.get("stack_size", STACK_SIZE)
    if not isinstance(common, dict) or not isinstance(asked, dict) or type(size) is not int:
        raise BadInput("common and asked must be tables, and stack_size a whole number")
    runs = {}
    for id, own in values["runs"].items():
        if not isinstance(own, dict):
            raise BadInput(f"run {id!r} must be a table")
        try:
            runs[id] = _config({**common, **own})
        except BadInput as error:
            raise BadInput(f"run {id!r}: {error}") from error
    return SweepSpec(runs, size, asked)


def _config(values: Mapping[str, Any]) -> RunConfig:
    """A run's config from one table."""
    known = dict.fromkeys([*KINDS, *RUN_KEYS])  # a list of frequencies is one value, and so no axis of a sweep
    if unknown := [key for key in values if key not in known]:
        raise BadInput(f"unknown config key {unknown[0]!r}{nearest(unknown[0], list(known))}")
    rest = {key: value for key, value in values.items() if key in RUN_KEYS}
    network = {key: value for key, value in values.items() if key not in RUN_KEYS}
    return run_from_dict({**rest, "network": network})


def _toml(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False).replace(
        "\x7f", "\\u007f"
    )  # which JSON allows as it is, and TOML does not
