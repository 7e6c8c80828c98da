"""The transformer against the paper's equations, written one number at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from clockpizza.config import NetworkConfig, TransformerConfig
from clockpizza.networks import Network, Transformer
from clockpizza.networks.transformer import parameter_shapes

Make = Callable[[NetworkConfig], Network]
Vector = list[float]
SMALL = TransformerConfig(p=5, width=10, attention_rate=0.3)
PAIRS = ((0, 0), (1, 3), (4, 2))

ACTIVATIONS: dict[str, Callable[[float], float]] = {
    "relu": lambda h: max(h, 0.0),
    "gelu": lambda h: h * (1 + math.erf(h / math.sqrt(2))) / 2,
    "tanh": math.tanh,
}


def dot(x: Vector, y: Vector) -> float:
    return sum(x_i * y_i for x_i, y_i in zip(x, y, strict=True))


def times(W: list[Vector], x: Vector) -> Vector:
    return [dot(row, x) for row in W]


def add(*vectors: Vector) -> Vector:
    return [sum(values) for values in zip(*vectors, strict=True)]


def naive(network: Transformer, a: int, b: int) -> tuple[Vector, Vector]:
    """One pair's logits, and its first block's pre-activations at the position that is read."""
    config = network.config
    W: dict[str, Any] = {name: weight.tolist() for name, weight in network.weights.items()}
    tokens = [a, b + config.p if config.separate_vocabularies else b]
    if config.equals_token:
        tokens.append(2 * config.p if config.separate_vocabularies else config.p)
    positions = range(len(tokens))
    x = [add([row[token] for row in W["embed.W_E"]], W["pos_embed.W_pos"][t]) for t, token in enumerate(tokens)]
    first_neurons: Vector = []
    for layer in range(config.layers):
        attn, mlp = f"blocks.{layer}.attn.", f"blocks.{layer}.mlp."
        after = []
        for i in positions:
            z: Vector = []
            for h in range(config.heads):
                q = times(W[attn + "W_Q"][h], x[i])
                exponentials = []
                for j in positions:
                    score = dot(q, times(W[attn + "W_K"][h], x[j])) / math.sqrt(config.width // config.heads)
                    exponentials.append(0.0 if config.causal and j > i else math.exp(score))
                values = [times(W[attn + "W_V"][h], x[j]) for j in positions]
                for e in range(config.width // config.heads):
                    mixed = 0.0
                    for j in positions:
                        A = exponentials[j] / sum(exponentials)
                        mixed += (config.attention_rate * A + (1 - config.attention_rate) * 1) * values[j][e]
                    z.append(mixed)
            mid = add(x[i], times(W[attn + "W_O"], z))
            neurons = add(times(W[mlp + "W_in"], mid), W[mlp + "b_in"])
            if layer == 0:
                first_neurons = neurons
            activations = [ACTIVATIONS[config.activation](h) for h in neurons]
            after.append(add(mid, times(W[mlp + "W_out"], activations), W[mlp + "b_out"]))
        x = after
    logits = [dot([row[c] for row in W["unembed.W_U"]], x[-1]) for c in range(config.p)]
    return logits, first_neurons


@pytest.mark.parametrize(
    "config",
    [
        *(replace(SMALL, attention_rate=rate, layers=layers) for rate in (0.0, 0.3, 1.0) for layers in (1, 2, 3, 4)),
        *(replace(SMALL, activation=name, layers=layers) for name in ("gelu", "tanh") for layers in (1, 2)),
        *(TransformerConfig(p=5, width=width, attention_rate=1.0) for width in (4, 30, 33)),
        TransformerConfig(p=5, width=8, heads=2, d_mlp=7, attention_rate=0.3),
        TransformerConfig(p=5, width=10, attention_rate=0.3, separate_vocabularies=True),
        TransformerConfig(p=5, width=10, attention_rate=0.3, equals_token=True),
        TransformerConfig(p=6, width=10, attention_rate=0.7, equals_token=True, separate_vocabularies=True, layers=2),
        TransformerConfig(p=5, width=10, equals_token=True, causal=True),
        TransformerConfig(p=5, width=10, equals_token=True, causal=True, layers=3),
        TransformerConfig(p=5, width=10, attention_rate=0.3, causal=True, layers=2),
    ],
    ids=TransformerConfig.describe,
)
def test_logits_and_neurons_are_what_the_equations_say(config: TransformerConfig, random_network: Make) -> None:
    network = random_network(config)
    assert isinstance(network, Transformer)
    a, b = torch.tensor(PAIRS).T
    W_E_a, W_E_b = network.embeddings()
    logits, neurons = network.logits(W_E_a[a], W_E_b[b]), network.neurons(W_E_a[a], W_E_b[b])
    expected = [naive(network, *pair) for pair in PAIRS]
    torch.testing.assert_close(logits, torch.tensor([each[0] for each in expected], dtype=torch.float64))
    torch.testing.assert_close(neurons, torch.tensor([each[1] for each in expected], dtype=torch.float64))


def test_a_width_that_4_does_not_divide_leaves_the_heads_narrower() -> None:
    shapes = parameter_shapes(TransformerConfig(width=30))
    assert shapes["blocks.0.attn.W_Q"] == (4, 7, 30)
    assert shapes["blocks.0.attn.W_O"] == (30, 28)
    assert shapes["blocks.0.mlp.W_in"] == (120, 30)


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("equals", [False, True])
def test_rows_of_the_pattern_sum_to_the_rate_and_one_for_each_position_of_the_rest(
    rate: float, equals: bool, random_network: Make
) -> None:
    network = random_network(replace(SMALL, attention_rate=rate, equals_token=equals, d_vocab_out=0, layers=2))
    E_a, E_b = network.embeddings()
    every, last = network.patterns(E_a, E_b)
    T = 3 if equals else 2
    assert every.shape == (5, 4, T, T)
    assert last.shape == (5, 4, 1, T)  # nothing reads the other positions of the last block
    for pattern in (every, last):
        torch.testing.assert_close(pattern.sum(-1), torch.full_like(pattern.sum(-1), rate + T * (1 - rate)))


def test_a_causal_query_sees_nothing_later(random_network: Make) -> None:
    network = random_network(TransformerConfig(p=5, width=10, equals_token=True, causal=True, layers=2))
    pattern = network.patterns(*network.embeddings())[0]
    assert torch.equal(pattern.triu(1), torch.zeros_like(pattern))
    torch.testing.assert_close(pattern[:, :, 0, 0], torch.ones(5, 4, dtype=torch.float64))


def test_frozen_attention_changes_nothing_until_the_embeddings_do(random_network: Make) -> None:
    network = random_network(replace(SMALL, attention_rate=1.0, layers=2))
    E_a, E_b = network.embeddings()
    patterns = network.patterns(E_a, E_b)
    torch.testing.assert_close(network.logits(E_a, E_b, patterns), network.logits(E_a, E_b))
    frozen, live = network.logits(E_b.flip(0), E_b, patterns), network.logits(E_b.flip(0), E_b)
    assert float((frozen - live).abs().max()) > 0.01


def test_under_a_frozen_pattern_attention_is_linear_in_the_embeddings(random_network: Make) -> None:
    network = random_network(replace(SMALL, attention_rate=1.0))
    assert isinstance(network, Transformer)
    E, _ = network.embeddings()
    x, y = network.resid_pre(E, E.flip(0)), network.resid_pre(E.roll(1, 0), E)
    pattern = network.pattern(0, x)
    middle = network.resid_mid(0, (x + y) / 2, pattern)
    torch.testing.assert_close(middle, (network.resid_mid(0, x, pattern) + network.resid_mid(0, y, pattern)) / 2)


def test_operands_share_their_tokens_or_have_their_own(random_network: Make) -> None:
    E_a, E_b = random_network(SMALL).embeddings()
    assert E_a is E_b
    network = random_network(replace(SMALL, separate_vocabularies=True, d_vocab_out=0))
    E_a, E_b = network.embeddings()
    assert torch.equal(network.W_E, torch.cat([E_a, E_b]))
    assert not torch.equal(E_a, E_b)
