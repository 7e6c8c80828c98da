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


@dataclass
class Checkpoint:
    """A network and what its file tells about where it comes from."""

    path: Path
    format: str  # "authors", "nanda", "transformer_lens" or "clockpizza"
    network: Network
    training_pairs: Tensor | None = None  # indices a * p + b, int64, where the split is known
    record: dict[str, Any] = field(default_factory=dict)  # how it was trained, in plain JSON values


@dataclass(frozen=True)
class Overrides:
    """The command line's --p, --attention-rate and --activation: for what a file does not tell."""

    p: int | None = None
    attention_rate: float | None = None
    activation: str | None = None

    def agree(self, config: NetworkConfig) -> None:
        """Raise BadInput where an override contradicts what the file, or the config beside it, tells."""
        for name in ("p", "attention_rate", "activation"):
            given, told = getattr(self, name), getattr(config, name)
            if given is not None and told is not None and given != told:
                option = "--" + name.replace("_", "-")
                raise BadInput(f"{option} {given} contradicts the file or the config beside it, which says {told}")


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
