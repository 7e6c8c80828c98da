"""Nanda et al.'s files: one dict with the state dict under `model`, a training config, losses and more.

Three positions with "=" as token p, causal attention. The config is an object of a class we do not have; its
attributes are looked at, and it may be absent.
Source: Nanda et al. 2023, the code published with the paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from clockpizza.checkpoints.checkpoint import Checkpoint, Overrides, plain, training_split
from clockpizza.checkpoints.state_dict import shapes, without_buffers
from clockpizza.checkpoints.untrusted import Inert
from clockpizza.config import ACTIVATIONS
from clockpizza.errors import BadInput
from clockpizza.networks import Transformer


def read(path: Path, weights: Mapping[str, Tensor], holds: Mapping[str, Any], overrides: Overrides) -> Checkpoint:
    """The network of `weights`, which its file `holds` under `model`. Raises BadInput without naming the file."""
    config, weights = config_inside(holds), without_buffers(weights)
    sizes = shapes(weights)
    if not sizes.equals_token:
        raise BadInput(
            'a state dict under "model" is taken for Nanda et al.\'s, who have 3 positions, and this one has 2; '
            "save the bare state dict if it is the authors'"
        )
    p = sizes.d_vocab - 1
    if config.get("p", p) != p:
        raise BadInput(f"its config says p {config['p']}, but embed.W_E has {p} tokens besides the equals token")
    if config.get("use_ln"):
        raise BadInput("its config says use_ln: LayerNorm is not supported")
    act = activation(config, "act_type") or overrides.activation or "relu"
    network = Transformer(sizes.config(p=p, attention_rate=1.0, activation=act, causal=True), weights)
    pairs = training_split(holds.get("train_indices"), p)
    return Checkpoint(path, "nanda", network, pairs, plain(holds) | config)


def config_inside(holds: Mapping[str, Any]) -> dict[str, Any]:
    """The plain values of the `config` in a file; nothing where there is none."""
    config = holds.get("config")
    values = config.state if isinstance(config, Inert) else config if isinstance(config, dict) else {}
    return plain(dict(dict.items(values)))


def activation(config: Mapping[str, Any], key: str) -> str | None:
    """The activation a config names; None where it names none.

    Raises:
        BadInput: one that is not supported.
    """
    value = config.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or value.lower() not in ACTIVATIONS:
        raise BadInput(f"its config says {key} {value!r}; expected one of {', '.join(ACTIVATIONS)}")
    return value.lower()
