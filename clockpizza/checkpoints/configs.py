"""The configs that come with a checkpoint, inside the file or beside it, and what they say of each setting.

They are looked at, never evaluated. Each setting has several names, because everybody's code has its own; a value of
the wrong type, and two configs that contradict each other, end in one line that names file, key and value.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clockpizza.checkpoints.checkpoint import BESIDE, FILE, plain
from clockpizza.checkpoints.state_dict import Shapes
from clockpizza.checkpoints.untrusted import Inert, number, read_json
from clockpizza.config import ACTIVATIONS
from clockpizza.errors import BadInput

# Each setting's names: the authors', Nanda et al.'s, TransformerLens's, ours, and near ones.
NAMES = {
    "p": ("C", "p", "modulus", "prime"),
    "attention_rate": ("attn_coeff", "attention_rate", "attn_rate", "attention_coeff"),
    "activation": ("act_fn", "act_type", "activation", "activation_function", "nonlinearity"),
    "causal": ("attention_dir", "causal"),
    "equals_token": ("eqn_sign", "equals_token"),
    "separate_vocabularies": ("diff_vocab", "separate_vocabularies"),
    "layer_norm": ("normalization_type", "use_ln", "layer_norm", "layernorm", "use_layernorm", "use_layer_norm"),
    "layers": ("n_layers", "num_layers"),
    "heads": ("n_heads", "num_heads"),
    "width": ("d_model",),
    "model": ("model_type",),
}
# Settings that change the equations without changing the weights, with the values that are ours. None is unset.
EQUATIONS: dict[str, tuple[Any, ...]] = {
    "use_linear": (False,),
    "positional_embedding_type": ("standard",),
    "use_attn_scale": (True,),
    "scale_attn_by_inverse_layer_idx": (False,),
    "parallel_attn_mlp": (False,),
    "use_local_attn": (False,),
    "attn_scores_soft_cap": (-1,),
    "output_logits_soft_cap": (-1,),
    "final_rms": (False,),
    "use_normalization_before_and_after": (False,),
}
LINEAR_MODELS = {"A": "alpha", "B": "beta", "C": "gamma", "D": "delta", "X": "x"}  # as the authors call them
AUTHORS_DIRECTION = "casual"  # in all of their configs, and their code never applies it
SOURCE_CODE = ("func", "funcs")
# Keys under which files keep configs: config, cfg, model_config, run_cfg, training_args ...
CONFIG_KEY = re.compile(
    r"(\w{1,30}_)?(config|cfg|conf|hparams|hyper_?param(eter)?s|args|settings|kwargs)", re.IGNORECASE
)
PART_KEYS = ("model", "network", "transformer", "architecture", "arch", "task", "data")  # of a config with parts
MAX_CONFIGS, MAX_DEPTH = 30, 4  # a pickle can hold one dict in itself, or twice and so on


@dataclass(frozen=True)
class Config:
    """One config: what errors call it, `FILE` or `BESIDE`, and its values."""

    name: str
    source: str
    values: Mapping[str, Any]

    def wrong(self, key: str, why: str) -> BadInput:
        return BadInput(f"{self.name} says {key} {shown(self.values[key])}: {why}")


@dataclass(frozen=True)
class Said:
    """What a config says of a setting, and under which key."""

    value: Any
    config: Config
    key: str

    @property
    def words(self) -> str:
        return f"{self.key} {shown(self.config.values[self.key])}"


class Configs:
    """All configs of one checkpoint, as one: those inside the file, then the one beside it."""

    def __init__(self, configs: list[Config], beside: str):
        self.configs = configs
        self.beside = beside  # the name of the config beside the file, or of the one that is missing

    def says(self, setting: str) -> Said | None:
        """What the configs say of a setting of `NAMES`; None where they say nothing.

        Raises:
            BadInput: a value that the setting cannot have, or two that differ.
        """
        found: Said | None = None
        for config in self.configs:
            for key in NAMES[setting]:
                value = _PARSE[setting](config, key) if key in config.values else None
                if value is None:
                    continue
                said = Said(value, config, key)
                if found is not None and found.value != value:
                    raise BadInput(f"{found.config.name} says {found.words}, but {config.name} says {said.words}")
                found = found or said
        return found

    def has(self, *keys: str) -> bool:
        """Whether any of the configs has one of these keys."""
        return any(key in config.values for config in self.configs for key in keys)

    def without(self, key: str) -> Configs:
        """The same, blind to one key."""
        found = [
            Config(config.name, config.source, {k: v for k, v in config.values.items() if k != key})
            for config in self.configs
        ]
        return Configs(found, self.beside)

    def check(self, sizes: Shapes) -> None:
        """Raise BadInput where a config contradicts the weights' sizes, or wants equations that are not ours."""
        for setting, size in (("layers", sizes.layers), ("heads", sizes.heads), ("width", sizes.width)):
            said = self.says(setting)
            if said is not None and said.value not in (size, -1):  # TransformerLens's -1 is unset
                raise said.config.wrong(said.key, f"but the weights have {size}")
        said = self.says("equals_token")
        if said is not None and said.value != sizes.equals_token:
            raise said.config.wrong(said.key, f"but pos_embed.W_pos has {sizes.positions} positions")
        equations = {**EQUATIONS, "attn_scale": (-1, (sizes.width // sizes.heads) ** 0.5)}  # -1 is the default
        for config in self.configs:
            for key, ours in equations.items():
                value = config.values.get(key)
                if value is not None and (type(value) not in (bool, int, float, str) or value not in ours):
                    raise config.wrong(key, "which is not supported")

    def record(self) -> dict[str, Any]:
        """The plain values of all configs, without source code."""
        values: dict[str, Any] = {}
        for config in reversed(self.configs):  # the file itself has the last word
            values |= plain(config.values)
        return {key: value for key, value in values.items() if key not in SOURCE_CODE}

    def names(self) -> list[str]:
        """What errors call them."""
        return list(dict.fromkeys(config.name for config in self.configs))


def configs(path: Path, holds: Mapping[str, Any]) -> Configs:
    """The configs of the checkpoint at `path`: those in `holds`, which are beside the weights in it, and the JSON file
    beside it: config_X.json for model_X.pt, else NAME.json or config_NAME.json.

    Raises:
        BadInput: a JSON file that cannot be read.
    """
    found = _inside(holds)
    if path.stem.startswith("model_"):
        names = [f"config_{path.stem.removeprefix('model_')}.json"]
    else:
        names = [f"{path.stem}.json", f"config_{path.stem}.json"]
    for candidate in map(path.with_name, names):
        if os.path.lexists(candidate):
            document = read_json(candidate)
            found += _parts(candidate.name, BESIDE, document, 0)
            return Configs(found, candidate.name)
    return Configs(found, names[-1])


def shown(value: Any) -> str:
    """A value from a config, short, and without asking a stranger's object for its words."""
    if type(value) is int and abs(value) >= 10**20:
        return "a number of more than 20 digits"
    if value is None or type(value) in (bool, int, float):
        return repr(value)
    if type(value) is str:
        return repr(value[:60])
    return f"a {_class_name(value) or type(value).__name__}"


def _inside(holds: Mapping[str, Any]) -> list[Config]:
    found = []
    values = {key: number(value) for key, value in holds.items()}
    if any(key in values for keys in NAMES.values() for key in keys):
        found.append(Config("the file", FILE, values))
    for key, value in holds.items():
        if CONFIG_KEY.fullmatch(key):
            found += _parts(f"its {key}", FILE, value, 0)
            _check_number(found)
    return found


def _parts(name: str, source: str, value: Any, depth: int) -> list[Config]:
    """A config and the parts of it that are configs themselves."""
    values = value.state if isinstance(value, Inert) else value
    if not isinstance(values, dict) or depth > MAX_DEPTH:
        return []
    # Not values.items(): a pickle may give an OrderedDict attributes that hide its methods.
    values = {key: number(each) for key, each in dict.items(values) if type(key) is str}
    found = [Config(name, source, values)]
    for key, each in values.items():
        if isinstance(each, (dict, Inert)) and (key in PART_KEYS or CONFIG_KEY.fullmatch(key)):
            found += _parts(f"{name}.{key}", source, each, depth + 1)
            _check_number(found)
    return found


def _check_number(found: list[Config]) -> None:
    if len(found) > MAX_CONFIGS:
        raise BadInput(f"holds more than {MAX_CONFIGS} configs, or parts of one")


def _class_name(value: Any) -> str:
    """The last word of the class that an inert object, or an inert class, stands for; "" for anything else."""
    known = isinstance(value, Inert) or (isinstance(value, type) and issubclass(value, Inert))
    return value.origin.rpartition(".")[2] if known else ""


def _whole(config: Config, key: str) -> int | None:
    value = config.values[key]
    if value is not None and type(value) is not int:
        raise config.wrong(key, "expected a whole number")
    return value


def _flag(config: Config, key: str) -> bool | None:
    value = config.values[key]  # the authors wrote 0 and 1, too
    if value is not None and (type(value) not in (bool, int) or value not in (0, 1)):
        raise config.wrong(key, "expected true or false")
    return None if value is None else bool(value)


def _rate(config: Config, key: str) -> float | None:
    value = config.values[key]
    if value is not None and (type(value) not in (int, float) or not 0 <= value <= 1):
        raise config.wrong(key, "expected a number between 0 and 1")
    return None if value is None else float(value)


def _activation(config: Config, key: str) -> str | None:
    value = config.values[key]
    if value is None:
        return None
    # torch.nn.ReLU itself, or its name
    word = _class_name(value) or (value.rpartition(".")[2] if type(value) is str else "")
    if word.lower() not in ACTIVATIONS:
        raise config.wrong(key, "expected ReLU, GeLU or Tanh")
    return word.lower()


def _causal(config: Config, key: str) -> bool | None:
    value = config.values[key]
    if key != "attention_dir" or value is None:
        return _flag(config, key)
    if type(value) is str and value == AUTHORS_DIRECTION:
        return None
    if type(value) is not str or value not in ("causal", "bidirectional"):
        raise config.wrong(key, "expected causal or bidirectional")
    return value == "causal"


def _layer_norm(config: Config, key: str) -> str | None:
    """ "" for none."""
    value = config.values[key]
    if value is None:
        return "" if key == "normalization_type" else None
    if type(value) is str:
        value = value.lower() not in ("", "none")
    elif type(value) not in (bool, int) or value not in (0, 1):
        raise config.wrong(key, "expected null, LN, LNPre, RMS or RMSPre")
    if value:
        raise config.wrong(key, "a network with LayerNorm, which is not supported")
    return ""


def _linear_model(config: Config, key: str) -> str | None:
    value = config.values[key]
    if value is not None and (type(value) is not str or value not in LINEAR_MODELS):
        raise config.wrong(key, f"expected one of {', '.join(LINEAR_MODELS)}")
    return None if value is None else LINEAR_MODELS[value]


_PARSE: dict[str, Callable[[Config, str], Any]] = {
    "p": _whole,
    "attention_rate": _rate,
    "activation": _activation,
    "causal": _causal,
    "equals_token": _flag,
    "separate_vocabularies": _flag,
    "layer_norm": _layer_norm,
    "layers": _whole,
    "heads": _whole,
    "width": _whole,
    "model": _linear_model,
}
