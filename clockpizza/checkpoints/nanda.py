"""Nanda et al.'s files: one dict with the state dict under `model`, a training config, losses and more.

Three positions with "=" as token p, causal attention at rate 1. The config is an object of a class we do not have; its
attributes are looked at. Others wrap their networks the same way, so a file counts as theirs only where the config has
the names of their code and losses are beside it.
Source: Nanda et al. 2023, the code published with the paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from clockpizza.checkpoints.authors import fixed_by_their_code
from clockpizza.checkpoints.checkpoint import Checkpoint, Overrides
from clockpizza.checkpoints.configs import Configs
from clockpizza.checkpoints.settle import Layout, transformer
from clockpizza.checkpoints.state_dict import without_buffers

THEIR_KEYS = ("act_type", "fn_name")  # no other code's names
LOSSES = ("train_losses", "test_losses", "train_loss", "test_loss")


def read(
    path: Path, weights: Mapping[str, Tensor], holds: Mapping[str, Any], configs: Configs, overrides: Overrides
) -> Checkpoint:
    """The network of `weights`, which its file `holds` under `model`. Raises BadInput without naming the file."""
    fixed, configs = fixed_by_their_code(configs)  # networks of the authors are wrapped like this, too
    if all(configs.has(key) for key in THEIR_KEYS) and any(key in holds for key in LOSSES):
        fixed |= {"attention_rate": 1.0, "causal": True}
    return transformer(path, Layout("nanda", fixed), without_buffers(weights), holds, configs, overrides)
