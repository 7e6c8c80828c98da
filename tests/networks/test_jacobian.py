"""The chain rule written out against ``torch.autograd``, for every architecture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.kernel import evidence as kernel
from clockpizza.networks import Network
from clockpizza.networks.jacobian import jacobians

Make = Callable[[NetworkConfig], Network]
SMALL = TransformerConfig(p=5, width=10, attention_rate=0.3)
EQUALS = TransformerConfig(p=5, width=10, attention_rate=0.3, equals_token=True)


def automatic(network: Network, E_a: Tensor, E_b: Tensor) -> tuple[Tensor, Tensor]:
    """dQ_c/dE_a and dQ_c/dE_b, (N, p, d_embed), a pair at a time."""
    rows = []
    for one_a, one_b in zip(E_a, E_b, strict=True):
        rows.append(
            torch.autograd.functional.jacobian(lambda *E: network.logits(E[0][None], E[1][None])[0], (one_a, one_b))
        )
    return torch.stack([row[0] for row in rows]), torch.stack([row[1] for row in rows])


@pytest.mark.parametrize(
    "config",
    [
        *(replace(SMALL, attention_rate=rate, layers=layers) for rate in (0.0, 0.3, 1.0) for layers in (1, 2, 3, 4)),
        *(replace(SMALL, activation=name, layers=layers) for name in ("gelu", "tanh") for layers in (1, 3)),
        *(replace(EQUALS, attention_rate=rate, layers=layers) for rate in (0.0, 0.3, 1.0) for layers in (1, 2)),
        TransformerConfig(p=5, width=30, attention_rate=1.0),
        TransformerConfig(p=5, width=9, heads=2, d_mlp=7, attention_rate=0.6),
        TransformerConfig(p=5, width=10, attention_rate=0.3, separate_vocabularies=True),
        TransformerConfig(p=5, width=10, attention_rate=0.3, separate_vocabularies=True, equals_token=True, layers=2),
        TransformerConfig(p=5, width=10, equals_token=True, causal=True),
        TransformerConfig(p=5, width=10, attention_rate=0.3, equals_token=True, causal=True, layers=3),
        *(LinearConfig(model, p=5, hidden=6) for model in ("alpha", "beta", "gamma", "delta", "x")),
    ],
    ids=lambda config: config.describe(),
)
def test_every_architectures_gradients_are_autograds(config: NetworkConfig, random_network: Make) -> None:
    check(random_network(config))


def check(network: Network) -> None:
    W_E_a, W_E_b = network.embeddings()
    a, b = torch.tensor([0, 1, 4, 3]), torch.tensor([0, 3, 2, 3])  # also where both operands are one token
    E_a, E_b = W_E_a[a], W_E_b[b]
    by_hand, by_autograd = jacobians(network, E_a, E_b), automatic(network, E_a, E_b)
    for found, expected in zip(by_hand, by_autograd, strict=True):
        assert float(expected.abs().max()) > 0.01
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-11)


def test_one_pair_is_answered_as_many_are(random_network: Make) -> None:
    network = random_network(replace(SMALL, layers=2))
    E, _ = network.embeddings()
    many = jacobians(network, E, E.flip(0))
    one = jacobians(network, E[:1], E.flip(0)[:1])
    for alone, among in zip(one, many, strict=True):
        torch.testing.assert_close(alone, among[:1])


@pytest.mark.parametrize("config", [replace(SMALL, layers=2), EQUALS, replace(EQUALS, causal=True)])
def test_without_a_compiler_gradients_are_the_same(
    config: NetworkConfig, random_network: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "found", lambda: None)
    check(random_network(config))
