"""The linear models against their formulas, pair by pair."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import linear, relu

from clockpizza.config import LinearConfig, NetworkConfig
from clockpizza.networks import Network
from clockpizza.networks.linear import parameter_shapes

Make = Callable[[NetworkConfig], Network]
Layer = Callable[[Tensor], Tensor]
MODELS = ("alpha", "beta", "gamma", "delta", "x")


def naive(model: str, W: dict[str, Tensor], a: int, b: int) -> Tensor:
    """One pair's logits."""

    def layer(name: str) -> Layer:
        return lambda h: linear(h, W[f"{name}.weight"], W[f"{name}.bias"])

    L1, L2 = layer("l1"), layer("l2")
    E_a, E_b = (W["embed1.weight"][a], W["embed2.weight"][b]) if model == "x" else W["embed.weight"][[a, b]]
    h = {
        "alpha": lambda: relu(L1(E_a + E_b)),
        "beta": lambda: relu(L2(relu(L1(E_a + E_b)))),
        "gamma": lambda: relu(L2(relu(L1(E_a) + L1(E_b)))),
        "delta": lambda: relu(L1(torch.cat([E_a, E_b]))),
        "x": lambda: relu(L1(E_a + E_b)),
    }[model]()
    return W["unembed.weight"] @ h


@pytest.mark.parametrize("model", MODELS)
def test_logits_are_what_the_formula_says(model: str, random_network: Make) -> None:
    network = random_network(LinearConfig(model, p=5, hidden=6))
    pairs = [(a, b) for a in range(5) for b in range(5)]
    a, b = torch.tensor(pairs).T
    E_a, E_b = network.embeddings()
    expected = torch.stack([naive(model, network.weights, *pair) for pair in pairs])
    torch.testing.assert_close(network.logits(E_a[a], E_b[b]), expected)


@pytest.mark.parametrize("model", MODELS)
def test_the_order_of_the_operands_matters_to_delta_and_x_alone(model: str, random_network: Make) -> None:
    network = random_network(LinearConfig(model, p=5, hidden=6))
    E_a, E_b = network.embeddings()
    there, back = network.logits(E_a[[1]], E_b[[3]]), network.logits(E_a[[3]], E_b[[1]])
    assert torch.allclose(there, back) == (model not in ("delta", "x"))


def test_delta_has_half_as_wide_an_embedding_and_x_has_two() -> None:
    assert parameter_shapes(LinearConfig("delta"))["embed.weight"] == (59, 128)
    assert parameter_shapes(LinearConfig("alpha"))["embed.weight"] == (59, 256)
    x = parameter_shapes(LinearConfig("x"))
    assert (x["embed1.weight"], x["embed2.weight"], "embed.weight" in x) == ((59, 256), (59, 256), False)


def test_there_is_no_attention_to_freeze(random_network: Make) -> None:
    network = random_network(LinearConfig("beta", p=5, hidden=6))
    E_a, E_b = network.embeddings()
    assert network.patterns(E_a, E_b) == []
    assert torch.equal(network.logits(E_a, E_b, []), network.logits(E_a, E_b))
