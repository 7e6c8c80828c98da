"""Networks of TransformerLens (HookedTransformer): the authors' names, other shapes.

    embed.W_E (d_vocab, width)            unembed.W_U (width, d_vocab_out)
    attn.W_Q, W_K, W_V (heads, width, d_head)                   attn.W_O (heads, d_head, width)
    mlp.W_in (width, d_mlp)               mlp.W_out (d_mlp, width)

The axes of W_O, three here and two there, tell the layouts apart even where sizes coincide. Only what the paper's
equations can express is read: no LayerNorm, no biases in attention or unembedding. LNPre and RMSPre leave no weights,
and hooks can make attention constant: where no config tells them, neither does the file.
Source: TransformerLens 1 and 2, `HookedTransformerConfig` and `components`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from clockpizza.checkpoints.checkpoint import Checkpoint, Overrides
from clockpizza.checkpoints.configs import Configs
from clockpizza.checkpoints.settle import Layout, transformer
from clockpizza.checkpoints.state_dict import shape, without_buffers
from clockpizza.errors import BadInput

BIASES = ("attn.b_Q", "attn.b_K", "attn.b_V", "attn.b_O", "unembed.b_U")


def recognises(weights: Mapping[str, Tensor]) -> bool:
    """Whether a state dict is in TransformerLens's layout."""
    W_O = weights.get("blocks.0.attn.W_O")
    return W_O is not None and W_O.dim() == 3


def read(
    path: Path, weights: Mapping[str, Tensor], holds: Mapping[str, Any], configs: Configs, overrides: Overrides
) -> Checkpoint:
    """The network with `weights`, and the rest of its file in `holds`. Raises BadInput without naming the file."""
    layout = Layout("transformer_lens", shown=_shown(weights))
    return transformer(path, layout, _ours(without_buffers(weights)), holds, configs, overrides)


def _ours(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights in the layout of the authors' state dicts."""
    biases = [name for name in weights if name.endswith(BIASES)]
    if used := [name for name in biases if weights[name].count_nonzero()]:
        raise BadInput(
            f"a TransformerLens network with attention or unembedding biases ({', '.join(used)}) that are not zero, "
            "which is not supported"
        )
    width = shape(weights, "pos_embed.W_pos", "T", "width")[1]
    ours: dict[str, Tensor] = {}
    for name, weight in weights.items():
        match name.rpartition(".")[2]:
            case "W_E" | "W_out" as last:
                shape(weights, name, "d_vocab" if last == "W_E" else "d_mlp", width)
                ours[name] = weight.T
            case "W_in":
                shape(weights, name, width, "d_mlp")
                ours[name] = weight.T
            case "W_Q" | "W_K" | "W_V":
                shape(weights, name, "heads", width, "d_head")
                ours[name] = weight.transpose(1, 2)
            case "W_O":
                shape(weights, name, "heads", "d_head", width)
                ours[name] = weight.flatten(0, 1).T
            case _ if name not in biases:
                ours[name] = weight
    # Contiguous, so that sums are taken in the order of the authors' files, to the last bit.
    return {name: weight.contiguous() for name, weight in ours.items()}


def _shown(weights: Mapping[str, Tensor]) -> dict[str, bool]:
    """The direction of attention, as the stored mask has it: a triangle, or ones where attention goes both ways."""
    mask = weights.get("blocks.0.attn.mask")
    if mask is None or mask.dtype is not torch.bool or mask.dim() != 2:
        return {}
    if bool(mask.all()):
        return {"causal": False}
    return {"causal": True} if torch.equal(mask, torch.ones_like(mask).tril()) else {}
