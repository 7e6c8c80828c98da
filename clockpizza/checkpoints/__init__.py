"""Trained networks in files: ours, the paper authors', Nanda et al.'s and TransformerLens's.

Files are taken for what they are, somebody else's: pickles never execute, and whatever is wrong with one ends in a
single line that names it.
"""

from __future__ import annotations

import os
from pathlib import Path

from clockpizza.checkpoints import authors, nanda, native, transformer_lens, untrusted
from clockpizza.checkpoints.checkpoint import Checkpoint, Overrides
from clockpizza.checkpoints.configs import configs as all_configs
from clockpizza.checkpoints.find import find
from clockpizza.checkpoints.native import write
from clockpizza.checkpoints.state_dict import named, state_dict, without_layer_norm
from clockpizza.errors import BadInput, visible

# Keys under which files keep the state dict, where other things are beside it.
WRAPPERS = ("model", "state_dict", "model_state_dict", "weights")


def read(path: str | os.PathLike[str], overrides: Overrides | None = None) -> Checkpoint:
    """The network in a file, of whichever known format it is.

    No setting is assumed: `Checkpoint.told` says what told each. What nothing tells is asked for, unless one candidate
    alone solves the task.

    Args:
        path: a file that ``torch.save`` wrote; an authors' network has its config beside it.
        overrides: what the user says about the network, for what the file does not tell.

    Raises:
        BadInput: a file that cannot be used, in one line that names it and what is wrong.
    """
    path, overrides = Path(path), overrides or Overrides()
    try:
        checkpoint = _read(path, overrides)
        overrides.agree(checkpoint.network.config)
    except BadInput as error:
        raise BadInput(visible(f"{path}: {error}")) from error
    return checkpoint


def _read(path: Path, overrides: Overrides) -> Checkpoint:
    holds = named(untrusted.load(path))
    if native.recognises(holds):
        return native.read(path, holds)
    wrapper = next((key for key in WRAPPERS if key in holds), None)
    weights = state_dict(holds if wrapper is None else holds.pop(wrapper))
    configs = all_configs(path, {} if wrapper is None else holds)
    if "embed.weight" in weights or "embed1.weight" in weights:
        return authors.read_linear(path, weights, configs)
    if "embed.W_E" not in weights:
        found = ", ".join(list(weights)[:4]) or "nothing"
        raise BadInput(f"no modular-addition network: neither embed.W_E nor embed.weight is there, but {found}")
    without_layer_norm(weights)
    if transformer_lens.recognises(weights):
        return transformer_lens.read(path, weights, {} if wrapper is None else holds, configs, overrides)
    if wrapper is not None:
        return nanda.read(path, weights, holds, configs, overrides)
    return authors.read_transformer(path, weights, configs, overrides)


__all__ = ["Checkpoint", "Overrides", "find", "read", "write"]
