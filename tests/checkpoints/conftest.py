"""Random networks in float32, what networks answer, and the folder of the published ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from torch import Tensor

from clockpizza.config import NetworkConfig
from clockpizza.networks import Network, build


@pytest.fixture
def random_network(random_network: Callable[[NetworkConfig], Network]) -> Callable[[NetworkConfig], Network]:
    """In float32, as files hold them."""

    def make(config: NetworkConfig) -> Network:
        weights = random_network(config).weights
        return build(config, {name: weight.float() for name, weight in weights.items()})

    return make


@pytest.fixture
def answers() -> Callable[[Network], Tensor]:
    """Logits (p^2, p) of every pair."""

    def compute(network: Network) -> Tensor:
        E_a, E_b = network.embeddings()
        p = network.config.p
        return network.logits(E_a.repeat_interleave(p, 0), E_b.repeat(p, 1))

    return compute


@pytest.fixture
def reference() -> Path:
    """The folder of the authors' published networks."""
    folder = os.environ.get("CLOCKPIZZA_REFERENCE")
    if not folder:
        pytest.skip("CLOCKPIZZA_REFERENCE does not name the folder of published networks")
    return Path(folder) / "networks"
