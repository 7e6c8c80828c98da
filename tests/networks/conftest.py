"""Random networks in float64, and pairs to try them on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from clockpizza.config import LinearConfig, NetworkConfig
from clockpizza.networks import Network, build, linear, transformer


@pytest.fixture
def random_network() -> Callable[[NetworkConfig], Network]:
    """Weights large enough that attention is far from uniform and every activation is far from linear."""

    def make(config: NetworkConfig) -> Network:
        generator = torch.Generator().manual_seed(1)
        shapes = (
            linear.parameter_shapes(config)
            if isinstance(config, LinearConfig)
            else transformer.parameter_shapes(config)
        )
        return build(
            config,
            {
                name: torch.randn(shape, generator=generator, dtype=torch.float64) / shape[-1] ** 0.5
                for name, shape in shapes.items()
            },
        )

    return make
