"""Networks of TransformerLens (HookedTransformer): the authors' names, other shapes.

    embed.W_E (d_vocab, width)            unembed.W_U (width, d_vocab_out)
    attn.W_Q, W_K, W_V (heads, width, d_head)                   attn.W_O (heads, d_head, width)
    mlp.W_in (width, d_mlp)               mlp.W_out (d_mlp, width)

The axes of W_O, three here and two there, tell the layouts apart even where sizes coincide. Only what the paper's
equations can express is read: no LayerNorm, no biases in attention or unembedding.
Source: TransformerLens 1 and 2, `HookedTransformerConfig` and `components`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from clockpizza.checkpoints.checkpoint import Checkpoint, Overrides, plain, training_split
from clockpizza.checkpoints.nanda import activation, config_inside
from clockpizza.checkpoints.state_dict import Shapes, shape, shapes, vocabulary, without_buffers
from clockpizza.errors import BadInput
from clockpizza.networks import Transformer

BIASES = ("attn.b_Q", "attn.b_K", "attn.b_V", "attn.b_O", "unembed.b_U")
# Each setting that changes the equations without changing the weights, and the one value that is ours.
SETTINGS = {
    "normalization_type": None,
    "positional_embedding_type": "standard",
    "use_attn_scale": True,
    "scale_attn_by_inverse_layer_idx": False,
    "parallel_attn_mlp": False,
    "use_local_attn": False,
    "attn_scores_soft_cap": -1,
    "output_logits_soft_cap": -1,
}


def recognises(weights: Mapping[str, Tensor]) -> bool:
    """Whether a state dict is in TransformerLens's layout."""
    W_O = weights.get("blocks.0.attn.W_O")
    return W_O is not None and W_O.dim() == 3


def read(path: Path, weights: Mapping[str, Tensor], holds: Mapping[str, Any], overrides: Overrides) -> Checkpoint:
    """The network with `weights`, and the rest of its file in `holds`. Raises BadInput without naming the file."""
    config = config_inside(holds)
    ours = _ours(without_buffers(weights))
    sizes = shapes(ours)
    _check_settings(config, sizes)
    p, apart = _vocabulary(sizes, overrides)
    act = activation(config, "act_fn") or overrides.activation
    if act is None:
        raise BadInput("a TransformerLens network whose file does not tell the activation; give --activation")
    causal = _causal(config, weights)
    network = Transformer(
        sizes.config(p=p, attention_rate=1.0, activation=act, separate_vocabularies=apart, causal=causal), ours
    )
    pairs = training_split(holds.get("train_indices"), p)
    return Checkpoint(path, "transformer_lens", network, pairs, plain(holds) | config)


def _ours(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights in the layout of the authors' state dicts."""
    if norms := [name for name in weights if ".ln" in name or name.startswith("ln_final")]:
        raise BadInput(f"a TransformerLens network with LayerNorm ({norms[0]}), which is not supported")
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


def _vocabulary(sizes: Shapes, overrides: Overrides) -> tuple[int, bool]:
    p = overrides.p
    if p is None and sizes.d_vocab_out != sizes.d_vocab:
        p = sizes.d_vocab_out  # an unembedding of its own size has one column an answer
    elif p is None and sizes.equals_token:
        p = sizes.d_vocab - 1
    reading = vocabulary(sizes, p, None)
    if reading is None:
        raise BadInput(f"the weights do not tell whether p is {sizes.d_vocab} or {sizes.d_vocab // 2}; give --p")
    return reading


def _causal(config: Mapping[str, Any], weights: Mapping[str, Tensor]) -> bool:
    """As the config says, else the stored mask (all ones where attention goes both ways), else as is the default."""
    if direction := config.get("attention_dir"):
        return bool(direction != "bidirectional")
    mask = weights.get("blocks.0.attn.mask")
    return mask is None or mask.dtype is not torch.bool or not bool(mask.all())


def _check_settings(config: Mapping[str, Any], sizes: Shapes) -> None:
    default_scale = math.sqrt(sizes.width // sizes.heads)
    if config.get("attn_scale") in (-1, default_scale):  # -1 stands for the default
        config = {**config, "attn_scale": default_scale}
    for key, ours in {**SETTINGS, "attn_scale": default_scale}.items():
        if config.get(key, ours) != ours:
            raise BadInput(f"its TransformerLens config says {key} {config[key]!r}, which is not supported")
