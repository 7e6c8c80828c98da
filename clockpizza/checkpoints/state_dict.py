"""What the names, types and shapes in a state dict tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from clockpizza.checkpoints.untrusted import Inert
from clockpizza.config import TransformerConfig
from clockpizza.errors import BadInput

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
# Buffers that the formats store and the equations do not need, or need only to know the direction of attention.
BUFFERS = ("attn.mask", "attn.IGNORE")


@dataclass(frozen=True)
class Shapes:
    """A transformer's sizes, as its weights tell them; layout of the authors' state dicts."""

    layers: int
    heads: int
    width: int
    d_mlp: int
    positions: int  # 2, or 3 with an equals token
    d_vocab: int
    d_vocab_out: int

    @property
    def equals_token(self) -> bool:
        return self.positions == 3

    @property
    def tokens(self) -> int:
        """The operands'."""
        return self.d_vocab - self.equals_token

    @property
    def tokens_words(self) -> str:
        """How many there are, for an error."""
        return f"embed.W_E has {self.tokens} tokens" + " besides the equals token" * self.equals_token

    def config(self, **rest: Any) -> TransformerConfig:
        """The config of a transformer of these sizes; `rest` is what they do not tell."""
        return TransformerConfig(
            width=self.width,
            layers=self.layers,
            heads=self.heads,
            equals_token=self.equals_token,
            d_mlp=self.d_mlp,
            d_vocab_out=self.d_vocab_out,
            **rest,
        )


def named(holds: Any) -> dict[str, Any]:
    """A file's or a state dict's content as a plain dict.

    Raises:
        BadInput: it is no dict, or has keys that are no strings.
    """
    if isinstance(holds, Inert):
        raise BadInput(f"holds a pickled {holds.origin}, not a state dict; save its state_dict() instead")
    if not isinstance(holds, dict):
        raise BadInput(f"holds a {type(holds).__name__}, not a state dict")
    # Not holds.items(): a pickle may give an OrderedDict attributes that hide its methods.
    values = dict(dict.items(holds))
    for key in values:
        if type(key) is not str:
            raise BadInput(f"holds a dict with a key of type {type(key).__name__}; a state dict has names")
    return values


def state_dict(holds: Any) -> dict[str, Tensor]:
    """The tensors of a state dict by name, buffers included.

    Raises:
        BadInput: no dict of tensors, or a weight that is not dense, real and floating point.
    """
    weights = {name: dense(f"weight {name}", value) for name, value in named(holds).items()}
    dtypes: dict[torch.dtype, str] = {}
    for name, weight in weights.items():
        if name.endswith(BUFFERS):
            continue
        if weight.dtype not in DTYPES:
            raise BadInput(f"weight {name} is {_word(weight.dtype)}; expected a floating point tensor")
        dtypes.setdefault(weight.dtype, name)
    if len(dtypes) > 1:
        told = " but ".join(f"{name} is {_word(dtype)}" for dtype, name in list(dtypes.items())[:2])
        raise BadInput(f"weights of different types: {told}")
    return weights


def without_buffers(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The parameters alone."""
    return {name: weight for name, weight in weights.items() if not name.endswith(BUFFERS)}


def without_layer_norm(weights: Mapping[str, Tensor]) -> None:
    """Raise BadInput where the names tell of a LayerNorm, naming its kind."""
    norms = [name for name in weights if any(map(_is_layer_norm, name.split(".")))]
    if norms:
        kind = "LN" if any(name.rpartition(".")[2].startswith("b") for name in norms) else "RMS"
        raise BadInput(f"a network with LayerNorm ({kind}: {norms[0]}), which is not supported")


def _is_layer_norm(part: str) -> bool:
    """Whether a part of a weight's name is a LayerNorm's: ln1, ln_final, norm ..."""
    return part == "ln" or part.startswith("ln_") or (part[:2] == "ln" and part[2:].isdigit()) or "norm" in part.lower()


def shapes(weights: Mapping[str, Tensor]) -> Shapes:
    """The sizes of the transformer whose parameters these are.

    Raises:
        BadInput: a weight that should tell a size is missing or cannot be one, with its shape and the one expected.
    """
    positions, width = shape(weights, "pos_embed.W_pos", "T", "width")
    if positions not in (2, 3):
        raise BadInput(f"pos_embed.W_pos has {positions} positions; expected 2, or 3 with an equals token")
    shape(weights, "blocks.0.attn.W_O", width, "heads * d_head")
    layers = 1
    while f"blocks.{layers}.attn.W_O" in weights:
        layers += 1
    return Shapes(
        layers=layers,
        heads=shape(weights, "blocks.0.attn.W_Q", "heads", "d_head", width)[0],
        width=width,
        d_mlp=shape(weights, "blocks.0.mlp.W_in", "d_mlp", width)[0],
        positions=positions,
        d_vocab=shape(weights, "embed.W_E", width, "d_vocab")[1],
        d_vocab_out=shape(weights, "unembed.W_U", width, "d_vocab_out")[1],
    )


def shape(weights: Mapping[str, Tensor], name: str, *expected: int | str) -> tuple[int, ...]:
    """The shape of a weight: its axes must be as many as `expected`, and of the sizes given there as numbers."""
    if name not in weights:
        raise BadInput(f"weight {name} is missing")
    found = tuple(weights[name].shape)
    fits = len(found) == len(expected) and all(
        axis == size if isinstance(size, int) else axis > 0 for axis, size in zip(found, expected, strict=True)
    )
    if not fits:
        raise BadInput(f"weight {name} has shape {found}, expected ({', '.join(map(str, expected))})")
    return found


def vocabularies(sizes: Shapes) -> list[tuple[int, bool]]:
    """Each p, and whether operand b has tokens of its own, that fit the number of tokens and of answers."""
    tokens = sizes.tokens  # p, or 2p with separate vocabularies
    readings = [(tokens, False)] + ([(tokens // 2, True)] if tokens % 2 == 0 else [])
    return [reading for reading in readings if 3 <= reading[0] <= sizes.d_vocab_out] or readings[:1]


def dense(name: str, value: Any) -> Tensor:
    """`value` as a plain tensor on the CPU that is what it claims to be; `name` is for the error."""
    if not isinstance(value, Tensor):
        raise BadInput(f"{name} is a {type(value).__name__}, not a tensor")
    if value.layout is not torch.strided or value.is_quantized or value.is_nested or value.device.type != "cpu":
        raise BadInput(f"{name} is sparse, quantized, nested or without data; expected a dense tensor")
    # Not value.detach(): a pickle may give a tensor attributes that hide its methods.
    tensor = Tensor.detach(value)
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise BadInput(f"{name} claims shape {tuple(tensor.shape)}, which is more than the file holds")
    return tensor.contiguous()


def _word(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
