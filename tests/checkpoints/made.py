"""Small networks that solve the task in one reading alone, and files of every format that hold them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from clockpizza.config import TransformerConfig
from clockpizza.networks import Network, Transformer
from clockpizza.networks.ideal import ideal
from clockpizza.networks.transformer import parameter_shapes

VALUE, SUM, SECOND = 0, 1, 2  # directions of the residual stream: an operand, and where attention adds them up
FIRST_ANSWER = 3


def adder(
    p: int = 13,
    *,
    attention_rate: float = 0.0,
    separate_vocabularies: bool = False,
    equals_token: bool = False,
    layers: int = 1,
    causal: bool = False,
) -> Transformer:
    """Adds on a number line by ReLUs so small that no other activation does it, at this attention rate alone.

    With two layers and attention rate 1 the direction of attention matters, too.
    """
    config = TransformerConfig(
        p=p,
        attention_rate=attention_rate,
        width=p + FIRST_ANSWER,
        layers=layers,
        heads=1,
        separate_vocabularies=separate_vocabularies,
        equals_token=equals_token,
        causal=causal,
        d_mlp=2 * p + 1,
    )
    weights = {name: torch.zeros(shape, dtype=torch.float64) for name, shape in parameter_shapes(config).items()}
    tokens = torch.arange(p, dtype=torch.float64) - (p - 1) / 2
    weights["embed.W_E"][VALUE, : p * (1 + separate_vocabularies)] = tokens.repeat(1 + separate_vocabularies)
    attends = attention_rate / config.positions + 1 - attention_rate  # to each position, with W_Q = W_K = 0
    _attend(weights, 0, VALUE, SUM, 1 / attends)
    reads = torch.zeros(config.width, dtype=torch.float64)
    reads[SUM] = 1
    if layers == 2:
        assert attention_rate == 1 and not equals_token
        # Of the first position's sum: a + b, or 2 a where it does not see b.
        _attend(weights, 1, SUM, SECOND, 1.0)
        reads[SUM], reads[SECOND], reads[VALUE] = 0, *((2 / 3, 2 / 3) if causal else (1.0, 0.0))
    knots = torch.arange(2 * p + 1, dtype=torch.float64) - 1
    small = 0.01
    last = f"blocks.{layers - 1}.mlp."
    weights[f"{last}W_in"][:] = small * reads
    weights[f"{last}b_in"][:] = small * ((p - 1) - knots)
    for s in range(2 * p - 1):
        for offset, height in ((0, 1.0), (1, -2.0), (2, 1.0)):
            weights[f"{last}W_out"][FIRST_ANSWER + s % p, s + offset] += 20 * height / small
    weights["unembed.W_U"][FIRST_ANSWER:, :p] = torch.eye(p, dtype=torch.float64)
    return Transformer(config, {name: weight.float() for name, weight in weights.items()})


def solved(kind: str) -> Transformer:
    """A hand-built network that solves the task at p 13."""
    network = ideal(kind, p=13).network
    assert isinstance(network, Transformer)
    return network


def curved(activation: str) -> Transformer:
    """A clock whose neurons all work at -2, where ReLU is zero and GeLU and Tanh bend in opposite ways."""
    made = solved("clock")
    weights = dict(made.weights)
    bend = {"gelu": -0.108, "tanh": 0.136}[activation]
    weights["blocks.0.mlp.W_in"] = weights["blocks.0.mlp.W_in"] * 0.15
    weights["blocks.0.mlp.b_in"] = torch.full_like(weights["blocks.0.mlp.b_in"], -2)
    weights["blocks.0.mlp.W_out"] = weights["blocks.0.mlp.W_out"] * 20 / bend
    return Transformer(replace(made.config, activation=activation), weights)


def ambiguous() -> Transformer:
    """A pizza: it solves the task at attention rates 0 and 1, with ReLU and GeLU."""
    return solved("pizza")


def unsolved(**more: Any) -> Transformer:
    """Random weights."""
    config = TransformerConfig(**{"p": 7, "width": 8, "heads": 2, **more})
    generator = torch.Generator().manual_seed(0)
    return Transformer(
        config, {name: torch.randn(shape, generator=generator) for name, shape in parameter_shapes(config).items()}
    )


def lens_weights(network: Network) -> dict[str, Tensor]:
    """A HookedTransformer's state dict for the same network."""
    config = network.config
    assert isinstance(config, TransformerConfig)
    weights: dict[str, Tensor] = {"unembed.b_U": torch.zeros(config.d_vocab_out)}
    for name, weight in network.weights.items():
        match name.rpartition(".")[2]:
            case "W_E" | "W_in" | "W_out":
                weight = weight.T
            case "W_Q" | "W_K" | "W_V":
                weight = weight.transpose(1, 2)
            case "W_O":
                weight = weight.T.unflatten(0, (config.heads, config.d_head))
        weights[name] = weight.contiguous()
    for i in range(config.layers):
        heads = {f"blocks.{i}.attn.b_{name}": torch.zeros(config.heads, config.d_head) for name in "QKV"}
        mask = torch.ones(config.positions, config.positions, dtype=torch.bool)
        weights |= heads | {
            f"blocks.{i}.attn.b_O": torch.zeros(config.width),
            f"blocks.{i}.attn.mask": mask.tril() if config.causal else mask,
            f"blocks.{i}.attn.IGNORE": torch.tensor(-torch.inf),
        }
    return weights


# How each kind of file is written, by name: what says the settings in it lies inside or beside it.
KINDS = ("authors", "wrapped", "lens", "bare lens")


def save(kind: str, folder: Path, network: Transformer, said: Mapping[str, Any]) -> Path:
    """A file of a kind of `KINDS` that holds the network, and a config that says `said`, where it says anything.

    A TransformerLens config always says that there is no LayerNorm.
    """
    path = folder / "model_a.pt"
    if "lens" in kind:
        weights, said = lens_weights(network), {"normalization_type": None, **said}
    else:
        mask = torch.ones(network.config.positions, network.config.positions).tril()
        weights = network.weights | {f"blocks.{i}.attn.mask": mask for i in range(network.config.layers)}
    if kind in ("wrapped", "lens"):
        torch.save({"model": weights, "config": dict(said)}, path)
    else:
        torch.save(weights, path)
        if said:
            path.with_name("config_a.json").write_text(json.dumps(said))
    return path


def _attend(weights: dict[str, Tensor], layer: int, source: int, target: int, gain: float) -> None:
    weights[f"blocks.{layer}.attn.W_V"][0, 0, source] = 1
    weights[f"blocks.{layer}.attn.W_O"][target, 0] = gain
