"""Every setting of a transformer, and what tells it: the file, the config beside it, an option, the format, the task.

A setting that nothing tells has candidates. One of them is taken where it alone solves the task; elsewhere the user is
asked. Trained networks often solve it in several readings (a pizza at any attention rate, ReLU networks with GeLU), and
the verdict is on one of them: a guess would be a verdict on another network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from clockpizza.checkpoints.candidates import LAYER_NORMS, Normalised, Reading, accuracies, tried
from clockpizza.checkpoints.checkpoint import (
    CANDIDATE,
    FILE,
    FORMAT,
    NO_MATTER,
    OPTION,
    Checkpoint,
    Overrides,
    contradiction,
    option,
    plain,
    training_split,
)
from clockpizza.checkpoints.configs import Configs
from clockpizza.checkpoints.state_dict import Shapes, shapes, vocabularies
from clockpizza.config import ACTIVATIONS
from clockpizza.errors import BadInput
from clockpizza.networks import Transformer

RATES = (0.0, 1.0)  # where nothing tells the attention rate: the paper's two ends
# Settings without an option, and the key of a config that tells them.
KEYS = {"causal": "attention_dir", "layer_norm": "normalization_type", "separate_vocabularies": "diff_vocab"}


@dataclass(frozen=True)
class Layout:
    """What a format tells: its name, and the settings that its code has fixed or its buffers show."""

    format: str
    fixed: Mapping[str, Any] = field(default_factory=dict)  # by the format's code: an option may say otherwise
    shown: Mapping[str, Any] = field(default_factory=dict)  # by the file's buffers


def transformer(
    path: Path,
    layout: Layout,
    weights: Mapping[str, Tensor],
    holds: Mapping[str, Any],
    configs: Configs,
    overrides: Overrides,
) -> Checkpoint:
    """The transformer with `weights` (parameters alone, in the authors' layout).

    Args:
        path: the file.
        layout: what its format tells.
        weights: by the names of the authors' state dicts.
        holds: what the file has beside the weights.
        configs: those that come with it.
        overrides: the options.

    Raises:
        BadInput: weights or configs that do not fit, an option that contradicts them, or a setting to be asked for.
            It does not name the file.
    """
    sizes = shapes(weights)
    configs.check(sizes)
    settings = _Settings(layout, sizes, configs, overrides)
    if settings.open:
        settings.try_candidates({name: _float32(weight) for name, weight in weights.items()})
    network = _network(sizes, weights, settings.values)
    pairs = training_split(holds.get("train_indices"), network.config.p)
    record = configs.record() | plain(holds)
    return Checkpoint(path, layout.format, network, pairs, record, settings.told)


class _Settings:
    """The values known so far, what told each, and the candidates for the rest."""

    def __init__(self, layout: Layout, sizes: Shapes, configs: Configs, overrides: Overrides):
        self.layout, self.sizes, self.configs, self.overrides = layout, sizes, configs, overrides
        self.values: dict[str, Any] = {}
        self.told: dict[str, str] = {}
        self.open: list[list[dict[str, Any]]] = []  # for each untold setting, its candidates
        self._vocabulary()
        self._one("attention_rate", RATES)
        self._one("activation", ACTIVATIONS)
        self._set("equals_token", sizes.equals_token, FILE)
        self._causal()
        self._one("layer_norm", LAYER_NORMS)

    def _set(self, name: str, value: Any, source: str) -> None:
        self.values[name], self.told[name] = value, source

    def _one(self, name: str, candidates: tuple[Any, ...]) -> None:
        """Settle a setting by the configs, the option, the buffers or the format; else leave its candidates open."""
        said, given = self.configs.says(name), getattr(self.overrides, name, None)
        if said is not None:
            if given is not None and given != said.value:
                raise contradiction(name, given, said.config.name, said.words)
            self._set(name, said.value, said.config.source)
        elif given is not None:
            self._set(name, given, OPTION)
        elif name in self.layout.shown:
            self._set(name, self.layout.shown[name], FILE)
        elif name in self.layout.fixed:
            self._set(name, self.layout.fixed[name], FORMAT)
        else:
            self.told[name] = CANDIDATE
            self.open.append([{name: value} for value in candidates])

    def _causal(self) -> None:
        self._one("causal", (False, True))
        if self.told["causal"] == CANDIDATE and (self.sizes.layers == 1 or self.values.get("attention_rate") == 0):
            self.open.pop()
            self._set("causal", False, NO_MATTER)

    def _vocabulary(self) -> None:
        """p, and whether operand b has tokens of its own: together, because the number of tokens ties them."""
        names, given = ("p", "separate_vocabularies"), self.overrides.p
        fitting, source = vocabularies(self.sizes), FILE
        for place, name in enumerate(names):
            said = self.configs.says(name)
            if said is None:
                continue
            if name == "p" and given not in (None, said.value):
                raise contradiction(name, given, said.config.name, said.words)
            left = [reading for reading in fitting if reading[place] == said.value]
            if not left:
                raise said.config.wrong(said.key, f"but {self.sizes.tokens_words}")
            source = said.config.source if len(left) < len(fitting) else source
            fitting = left
        if given is not None:
            left = [reading for reading in fitting if reading[0] == given]
            if not left:
                raise BadInput(f"{self.sizes.tokens_words}, which does not fit {option('p')} {given}")
            source = OPTION if len(left) < len(fitting) else source
            fitting = left
        if len(fitting) == 1:
            for name, value in zip(names, fitting[0], strict=True):
                self._set(name, value, source)
        else:
            self.told |= dict.fromkeys(names, CANDIDATE)
            self.open.append([dict(zip(names, reading, strict=True)) for reading in fitting])

    def try_candidates(self, weights: Mapping[str, Tensor]) -> None:
        """Take the only reading that solves the task. Raises BadInput where none does, or several do."""
        readings = tried(self.open, lambda **more: _network(self.sizes, weights, {**self.values, **more}))
        solving = [reading for reading in readings or [] if reading.solves]
        norms = sorted({reading.values.get("layer_norm", "") for reading in solving})
        if norms and "" not in norms:
            raise BadInput(f"solves the task with LayerNorm ({' or '.join(norms)}) alone, which is not supported")
        if len(solving) != 1:
            raise self._ask(readings, solving)
        values = solving[0].values
        self.values |= values
        if self.told["causal"] == CANDIDATE and values.get("attention_rate") == 0:
            self._set("causal", False, NO_MATTER)

    def _ask(self, readings: list[Reading] | None, solving: list[Reading]) -> BadInput:
        """The error that asks for what nothing tells, with the accuracy of each reading that was tried."""
        among = solving or readings or []
        names = [name for parts in self.open for name in parts[0]]
        asked = [name for name in names if not among or len({reading.values.get(name) for reading in among}) > 1]
        if "p" in asked:  # which tells the vocabularies, too
            asked.remove("separate_vocabularies")
        asked = asked or names
        asked.sort(key=lambda name: (name in KEYS, name == "p"))
        who = ["the weights", *self.configs.names()[:3]]
        who_says = f"neither {' nor '.join(who)} tell" if len(who) > 1 else "the weights do not tell"
        return BadInput(f"{who_says} {_listed(asked)}; {self._cure(asked)}{accuracies(readings, solving)}")

    def _cure(self, asked: list[str]) -> str:
        options = ", ".join(option(name) for name in asked if name not in KEYS)
        keys = " and ".join(KEYS[name] for name in asked if name in KEYS)
        beside = self.configs.beside
        if keys:
            put = f"put {keys} into {beside}" if self._is_there() else f"put {beside} with {keys} beside it"
            return f"{put}, and give {options}" if options else put
        return f"give {options}" if self._is_there() else f"put {beside} beside it or give {options}"

    def _is_there(self) -> bool:
        return any(config.name == self.configs.beside for config in self.configs.configs)


def _listed(names: list[str]) -> str:
    words = {"causal": "causal attention or not", "layer_norm": "LayerNorm or none"}
    each = [words.get(name, name.replace("_", " ")) for name in names]
    return ", ".join(each[:-1]) + " and " * (len(each) > 1) + each[-1]


def _network(sizes: Shapes, weights: Mapping[str, Tensor], values: Mapping[str, Any]) -> Transformer:
    settings = {name: value for name, value in values.items() if name not in ("layer_norm", "equals_token")}
    network = Transformer(sizes.config(**settings), weights)
    return Normalised(network, values["layer_norm"]) if values["layer_norm"] else network


def _float32(weight: Tensor) -> Tensor:
    return weight.float() if weight.dtype in (torch.float16, torch.bfloat16) else weight
