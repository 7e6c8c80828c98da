"""The paper authors' files: a bare state dict `model_<id>.pt`, and beside it `config_<id>.json`.

The weights tell the architecture; attention rate, activation and p stand in the config alone. Of the config, `funcs`
(Python source) is never evaluated, and `attention_dir` is ignored because the authors' code never applies it.
Source: Zhong et al. 2023, the code published with the paper.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from clockpizza.checkpoints.checkpoint import Checkpoint, Overrides, plain
from clockpizza.checkpoints.state_dict import Shapes, shape, shapes, vocabulary, without_buffers
from clockpizza.checkpoints.untrusted import read_json
from clockpizza.config import ACTIVATIONS, LinearConfig
from clockpizza.errors import BadInput
from clockpizza.networks import Linear, Transformer

LINEAR_MODELS = {"A": "alpha", "B": "beta", "C": "gamma", "D": "delta", "X": "x"}
SOURCE_CODE = ("func", "funcs")


class Config:
    """A `config_<id>.json`, or the lack of one (`values` None). Errors name the file, the key and the value."""

    def __init__(self, path: Path, values: Mapping[str, Any] | None):
        self.path, self.exists, self.values = path, values is not None, values or {}
        if self.values.get("use_linear"):
            raise self.wrong("use_linear", "a Linearformer, which is not supported")

    def wrong(self, key: str, why: str) -> BadInput:
        return BadInput(f"{self.path.name} says {key} {repr(self.values[key])[:60]}: {why}")

    def whole(self, key: str) -> int | None:
        """An integer, None where the key is absent."""
        value = self.values.get(key)
        if value is not None and type(value) is not int:
            raise self.wrong(key, "expected a whole number")
        return value

    def flag(self, key: str) -> bool | None:
        """A truth value, which the authors wrote as 0 or 1 too; None where the key is absent."""
        value = self.values.get(key)
        if value is not None and (type(value) not in (bool, int) or value not in (0, 1)):
            raise self.wrong(key, "expected true or false")
        return None if value is None else bool(value)

    def attention_rate(self) -> float | None:
        value = self.values.get("attn_coeff")
        if value is not None and (type(value) not in (int, float) or not 0 <= value <= 1):
            raise self.wrong("attn_coeff", "expected a number between 0 and 1")
        return None if value is None else float(value)

    def activation(self) -> str | None:
        value = self.values.get("act_fn")
        if value is not None and (not isinstance(value, str) or value.lower() not in ACTIVATIONS):
            raise self.wrong("act_fn", "expected ReLU, GeLU or Tanh")
        return None if value is None else value.lower()

    def must_be(self, key: str, told: int | bool, weights_say: str) -> None:
        """Raise BadInput where the config contradicts the weights."""
        value = self.flag(key) if isinstance(told, bool) else self.whole(key)
        if value is not None and value != told:
            raise self.wrong(key, f"but {weights_say}")

    def record(self) -> dict[str, Any]:
        return plain({key: value for key, value in self.values.items() if key not in SOURCE_CODE})


def config_beside(path: Path) -> Config:
    """The config of the checkpoint at `path`: config_X.json for model_X.pt, else NAME.json or config_NAME.json."""
    if path.stem.startswith("model_"):
        names = [f"config_{path.stem.removeprefix('model_')}.json"]
    else:
        names = [f"{path.stem}.json", f"config_{path.stem}.json"]
    for candidate in map(path.with_name, names):
        if os.path.lexists(candidate):
            return Config(candidate, read_json(candidate))
    return Config(path.with_name(names[-1]), None)


def read_transformer(path: Path, weights: Mapping[str, Tensor], overrides: Overrides) -> Checkpoint:
    """A transformer; `weights` is the file's state dict. Raises BadInput without naming the file."""
    config, weights = config_beside(path), without_buffers(weights)
    sizes = shapes(weights)
    _check_sizes(config, sizes)
    p, apart, rate, activation = _task(config, sizes, overrides)
    if sizes.equals_token and sizes.layers > 1 and not config.exists:
        raise BadInput(
            "the weights do not tell whether earlier positions see later ones (the authors' do, Nanda et al.'s do "
            f"not); put {config.path.name} beside it if it is the authors'"
        )
    network = Transformer(
        sizes.config(p=p, attention_rate=rate, activation=activation, separate_vocabularies=apart), weights
    )
    return Checkpoint(path, "authors", network, record=config.record())


def read_linear(path: Path, weights: Mapping[str, Tensor]) -> Checkpoint:
    """A linear model; `weights` is the file's state dict. Raises BadInput without naming the file."""
    config = config_beside(path)
    embed = "embed1.weight" if "embed1.weight" in weights else "embed.weight"
    p, d_embed = shape(weights, embed, "p", "d_embed")
    hidden = shape(weights, "unembed.weight", p, "hidden")[1]
    config.must_be("C", p, f"{embed} has {p} rows")
    network = Linear(LinearConfig(_linear_model(config, weights, d_embed, hidden), p, hidden), weights)
    return Checkpoint(path, "authors", network, record=config.record())


def _check_sizes(config: Config, sizes: Shapes) -> None:
    config.must_be("n_layers", sizes.layers, f"the weights have {sizes.layers}")
    config.must_be("n_heads", sizes.heads, f"the weights have {sizes.heads}")
    config.must_be("d_model", sizes.width, f"the weights have {sizes.width}")
    config.must_be("eqn_sign", sizes.equals_token, f"pos_embed.W_pos has {sizes.positions} positions")


def _task(config: Config, sizes: Shapes, overrides: Overrides) -> tuple[int, bool, float, str]:
    """p, separate vocabularies, attention rate and activation, or BadInput that asks for all that is not told."""
    p = config.whole("C")
    try:
        reading = vocabulary(sizes, overrides.p if p is None else p, config.flag("diff_vocab"))
    except BadInput as error:
        said = " and ".join(f"{key} {config.values[key]}" for key in ("C", "diff_vocab") if key in config.values)
        raise BadInput(f"{config.path.name} says {said}: but {error}" if said else str(error)) from error
    rate, activation = config.attention_rate(), config.activation()
    rate = overrides.attention_rate if rate is None else rate
    activation = overrides.activation if activation is None else activation
    if reading is None or rate is None or activation is None:
        raise _ask(config, {"attention rate": rate, "activation": activation, "p": reading})
    return *reading, rate, activation


def _ask(config: Config, told: Mapping[str, Any]) -> BadInput:
    """The error that asks for what neither the weights nor the config tell: the names in `told` that are None."""
    missing = [name for name, value in told.items() if value is None]
    listed = ", ".join(missing[:-1]) + " and " * (len(missing) > 1) + missing[-1]
    options = ", ".join("--" + name.replace(" ", "-") for name in missing)
    if config.exists:
        return BadInput(f"neither the weights nor {config.path.name} tell {listed}; give {options}")
    return BadInput(f"the weights do not tell {listed}; put {config.path.name} beside it or give {options}")


def _linear_model(config: Config, weights: Mapping[str, Tensor], d_embed: int, hidden: int) -> str:
    told = None
    if (letter := config.values.get("model_type")) is not None:
        if not isinstance(letter, str) or letter not in LINEAR_MODELS:
            raise config.wrong("model_type", f"expected one of {', '.join(LINEAR_MODELS)}")
        told = LINEAR_MODELS[letter]
    if "embed1.weight" in weights:
        fitting = ["x"]
    elif "l2.weight" in weights:
        fitting = ["beta", "gamma"]
    else:
        fitting = ["delta" if 2 * d_embed == hidden else "alpha"]
    if told is None and len(fitting) > 1:
        raise BadInput(
            f"the weights do not tell model beta from gamma; put {config.path.name} with model_type beside it"
        )
    if told is not None and told not in fitting:
        raise config.wrong("model_type", f"but the weights are those of model {' or '.join(fitting)}")
    return told or fitting[0]
