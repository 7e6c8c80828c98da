"""The paper's linear models: no attention, an embedding, one or two dense layers, an unembedding.

    alpha   h = relu(L1(E_a + E_b))
    beta    h = relu(L2(relu(L1(E_a + E_b))))
    gamma   h = relu(L2(relu(L1(E_a) + L1(E_b))))
    delta   h = relu(L1([E_a ; E_b]))                     embedding half as wide, operands concatenated
    x       h = relu(L1(E_a + E'_b))                      two separate embeddings
    logits  = h . unembed^T

Names and shapes are those of the authors' state dicts (``torch.nn.Embedding`` and ``torch.nn.Linear``).
Source: Zhong et al. 2023.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from clockpizza.networks.weights import checked_weights

if TYPE_CHECKING:
    from clockpizza.config import LinearConfig


class Linear:
    """A linear model: a config and its weights; see `Transformer` for arguments and errors."""

    def __init__(self, config: LinearConfig, weights: Mapping[str, Tensor]):
        self.config = config
        self.weights = checked_weights(weights, parameter_shapes(config))

    @property
    def W_E(self) -> Tensor:
        """Token embedding, a row a token: (p, d_embed), or (2p, d_embed) for x (operand a's tokens, then b's)."""
        return torch.cat(self.embeddings()) if self.config.model == "x" else self.weights["embed.weight"]

    def embeddings(self) -> tuple[Tensor, Tensor]:
        """Embeddings of operand a and of operand b: two of (p, d_embed)."""
        if self.config.model == "x":
            return self.weights["embed1.weight"], self.weights["embed2.weight"]
        return self.weights["embed.weight"], self.weights["embed.weight"]

    def logits(self, E_a: Tensor, E_b: Tensor, patterns: Sequence[Tensor] | None = None) -> Tensor:
        """Logits (N, p) for N pairs given by their embeddings (N, d_embed). There is no pattern to freeze."""
        h = torch.relu(self.neurons(E_a, E_b))  # (N, hidden)
        if self.config.model in ("beta", "gamma"):
            h = torch.relu(h @ self.weights["l2.weight"].T + self.weights["l2.bias"])
        return h @ self.weights["unembed.weight"].T

    def patterns(self, E_a: Tensor, E_b: Tensor) -> list[Tensor]:
        """No attention, no patterns."""
        return []

    def neurons(self, E_a: Tensor, E_b: Tensor) -> Tensor:
        """Pre-activations (N, hidden) of the first layer."""
        W, b = self.weights["l1.weight"], self.weights["l1.bias"]
        if self.config.model == "delta":
            return torch.cat([E_a, E_b], dim=1) @ W.T + b
        return (E_a + E_b) @ W.T + (
            2 if self.config.model == "gamma" else 1
        ) * b  # gamma applies L1, bias and all, twice


def parameter_shapes(config: LinearConfig) -> dict[str, tuple[int, ...]]:
    """Every parameter's name and shape, in the order of the authors' state dicts."""
    hidden = config.hidden
    embeds = ("embed1", "embed2") if config.model == "x" else ("embed",)
    shapes: dict[str, tuple[int, ...]] = {f"{name}.weight": (config.p, config.d_embed) for name in embeds}
    shapes["unembed.weight"] = (config.p, hidden)
    for layer in ("l1", "l2") if config.model in ("beta", "gamma") else ("l1",):
        shapes |= {f"{layer}.weight": (hidden, hidden), f"{layer}.bias": (hidden,)}
    return shapes
