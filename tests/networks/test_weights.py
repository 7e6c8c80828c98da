"""What is asked of every set of weights before anything is computed with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.networks import Network, build, linear, transformer

Make = Callable[[NetworkConfig], Network]
CONFIGS: list[NetworkConfig] = [TransformerConfig(p=5, width=8, layers=2), LinearConfig("beta", p=5, hidden=6)]


@pytest.fixture(params=CONFIGS, ids=["transformer", "linear"])
def network(request: pytest.FixtureRequest, random_network: Make) -> Network:
    return random_network(request.param)


def names(network: Network) -> list[str]:
    return list(network.weights)


def test_weights_are_kept_in_the_order_of_the_authors_files(network: Network) -> None:
    shapes = (
        linear.parameter_shapes(network.config)
        if isinstance(network.config, LinearConfig)
        else transformer.parameter_shapes(network.config)
    )
    again = build(network.config, dict(reversed(network.weights.items())))
    assert names(again) == list(shapes)
    assert all(again.weights[name] is weight for name, weight in network.weights.items())


def test_what_is_missing_is_named_and_the_rest_counted(network: Network) -> None:
    first, second = names(network)[1:3]
    one = {name: weight for name, weight in network.weights.items() if name != second}
    with pytest.raises(BadInput, match=f"^weight {second} is missing$"):
        build(network.config, one)
    with pytest.raises(BadInput, match=rf"^weight {first} is missing \(and 1 more\)$"):
        build(network.config, {name: weight for name, weight in one.items() if name != first})


def test_what_belongs_to_another_network_is_named(network: Network) -> None:
    with pytest.raises(BadInput, match=r"^weight blocks\.2\.attn\.W_K is not one of this network's$"):
        build(network.config, {**network.weights, "blocks.2.attn.W_K": torch.zeros(1)})


def test_a_shape_that_does_not_fit_is_told_with_the_one_that_would(network: Network) -> None:
    name = names(network)[0]
    rows, columns = network.weights[name].shape
    with pytest.raises(
        BadInput, match=rf"^weight {name} has shape \({columns}, {rows}\), expected \({rows}, {columns}\)$"
    ):
        build(network.config, {**network.weights, name: network.weights[name].T})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_single_value_that_is_no_number_is_enough_to_refuse(value: float, network: Network) -> None:
    name = names(network)[-1]
    spoilt: Tensor = network.weights[name].clone()
    spoilt.view(-1)[-1] = value
    with pytest.raises(BadInput, match=f"^weight {name} holds NaN or infinite values$"):
        build(network.config, {**network.weights, name: spoilt})
