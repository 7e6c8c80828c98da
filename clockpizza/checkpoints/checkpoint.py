"""What a file gives, and what the user may say about it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from clockpizza.checkpoints.state_dict import dense
from clockpizza.config import NetworkConfig
from clockpizza.errors import BadInput
from clockpizza.networks import Network

# What told a setting: the values of `Checkpoint.told`.
FILE = "file"  # the weights' names and shapes, or a config inside the file
BESIDE = "config beside it"
OPTION = "option"
CANDIDATE = "the only candidate that solves the task"
FORMAT = "format"  # the authors' and Nanda et al.'s code has it fixed
NO_MATTER = "makes no difference"  # the causal mask of one layer: the last position sees everything either way
SETTINGS = ("p", "separate_vocabularies", "attention_rate", "activation", "equals_token", "causal", "layer_norm")
LINEAR_SETTINGS = ("model", "p", "activation")
SOURCES = (FILE, BESIDE, OPTION, CANDIDATE, FORMAT)


@dataclass
class Checkpoint:
    """A network and what its file tells about where it comes from."""

    path: Path
    format: str  # "authors", "nanda", "transformer_lens" or "clockpizza"
    network: Network
    training_pairs: Tensor | None = None  # indices a * p + b, int64, where the split is known
    record: dict[str, Any] = field(default_factory=dict)  # how it was trained, in plain JSON values
    told: dict[str, str] = field(default_factory=dict)  # each setting's name, and what told it: one of `SOURCES`

    def reading(self) -> str:
        """Each setting as the network was read, and what told it, on one line.

        `p 59, one vocabulary, no "=" (file); attention rate 1 (option); ReLU (the only candidate that solves the task)`
        """
        config = self.network.config
        values = {name: getattr(config, name, None) for name in self.told}
        return "; ".join(
            f"{', '.join(setting_words(name, values[name]) for name in names)} ({source})"
            for source in SOURCES
            if (names := [name for name, each in self.told.items() if each == source])
        )


@dataclass(frozen=True)
class Overrides:
    """The command line's --p, --attention-rate and --activation: for what a file does not tell."""

    p: int | None = None
    attention_rate: float | None = None
    activation: str | None = None

    def agree(self, config: NetworkConfig) -> None:
        """Raise BadInput where an override contradicts the network that was read."""
        for name in ("p", "attention_rate", "activation"):
            given, told = getattr(self, name), getattr(config, name)
            if given is not None and told is not None and given != told:
                raise contradiction(name, given, "the file", f"{told}")


def contradiction(name: str, given: Any, who: str, says: str) -> BadInput:
    """The error of an option that says something else than the file."""
    return BadInput(f"{option(name)} {given} contradicts {who}, which says {says}")


def option(name: str) -> str:
    """The option for a setting: `--attention-rate`."""
    return "--" + name.replace("_", "-")


def setting_words(name: str, value: Any) -> str:
    """A setting and its value in a few words: `attention rate 0.25`, `ReLU`, `no "="`."""
    match name:
        case "attention_rate":
            return f"attention rate {value:.4g}"
        case "activation":
            return {"relu": "ReLU", "gelu": "GeLU", "tanh": "Tanh"}[value]
        case "causal":
            return "causal attention" if value else "attention both ways"
        case "equals_token":
            return '"=" as third token' if value else 'no "="'
        case "separate_vocabularies":
            return "separate vocabularies" if value else "one vocabulary"
        case "layer_norm":
            return value or "no LayerNorm"
        case _:
            return f"{name} {value}"


def plain(values: Mapping[Any, Any]) -> dict[str, Any]:
    """What of `values` a training record can keep: numbers, strings and truth values by name."""
    return {
        key: value
        for key, value in values.items()
        if type(key) is str and (type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value)))
    }


def training_split(indices: Any, p: int) -> Tensor | None:
    """`indices` as int64 (n,), pairs a * p + b; None where they are something else."""
    if not isinstance(indices, Tensor):
        return None
    pairs = dense("training split", indices)
    if pairs.dim() != 1 or pairs.dtype not in (torch.int64, torch.int32):
        return None
    if bool(((pairs < 0) | (pairs >= p * p)).any()) or len(pairs.unique()) < len(pairs):
        return None
    return pairs.long()
