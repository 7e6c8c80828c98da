"""The networks as plain equations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from torch import Tensor

from clockpizza.config import LinearConfig, NetworkConfig
from clockpizza.networks import linear, transformer
from clockpizza.networks.linear import Linear
from clockpizza.networks.transformer import Transformer

Network: TypeAlias = Transformer | Linear


def build(config: NetworkConfig, weights: Mapping[str, Tensor]) -> Network:
    """The network that `config` describes, with `weights`. Raises BadInput where they do not fit."""
    return Linear(config, weights) if isinstance(config, LinearConfig) else Transformer(config, weights)


def parameter_shapes(config: NetworkConfig) -> dict[str, tuple[int, ...]]:
    """Every parameter's name and shape, in the order of the authors' state dicts."""
    if isinstance(config, LinearConfig):
        return linear.parameter_shapes(config)
    return transformer.parameter_shapes(config)


__all__ = ["Linear", "Network", "Transformer", "build", "parameter_shapes"]
