"""Random networks of any architecture, and what they answer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from clockpizza.config import LinearConfig, NetworkConfig
from clockpizza.networks import Network, build, linear, transformer


@pytest.fixture
def random_network() -> Callable[[NetworkConfig], Network]:
    def make(config: NetworkConfig) -> Network:
        torch.manual_seed(0)
        shapes = (
            linear.parameter_shapes(config)
            if isinstance(config, LinearConfig)
            else transformer.parameter_shapes(config)
        )
        return build(config, {name: torch.randn(shape) / 3 for name, shape in shapes.items()})

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
