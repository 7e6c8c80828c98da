"""A run's weights at step 0, from its seed, and from which frequencies are masked."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from clockpizza.config import LinearConfig, NetworkConfig
from clockpizza.networks import parameter_shapes

OFFSET = 0x5EED  # keeps the weights' generator apart from the split's


def initial_weights(config: NetworkConfig, seed: int, masked_frequencies: Sequence[int] = ()) -> dict[str, Tensor]:
    """Weights by the names of `clockpizza.networks.parameter_shapes`, float32 on the CPU.

    Transformer: N(0, 1) / sqrt(width), but W_in / sqrt(4 width) and W_U / sqrt(vocabulary); MLP biases 0.
    Linear models: embeddings N(0, 1) / sqrt(128), unembedding N(0, 1) / sqrt(hidden), torch's default for L1 and L2.
    masked_frequencies: Fourier components over tokens, 1 .. p//2, that are taken out of each vocabulary's embedding;
        all other weights are what they would be without.
    Source: the code published with Zhong et al. 2023.
    """
    generator = torch.Generator().manual_seed((seed + OFFSET) % 2**63)
    draw = _linear if isinstance(config, LinearConfig) else _transformer
    weights = {name: draw(name, shape, generator) for name, shape in parameter_shapes(config).items()}
    if masked_frequencies:
        for name in ("embed.W_E", "embed.weight", "embed1.weight", "embed2.weight"):
            if name in weights:
                tokens_first = weights[name].T if name == "embed.W_E" else weights[name]  # views
                for start in (0, config.p) if config.separate_vocabularies and name == "embed.W_E" else (0,):
                    _mask(tokens_first[start : start + config.p], masked_frequencies)
    return weights


def _mask(E: Tensor, frequencies: Sequence[int]) -> None:
    """Take frequencies over tokens out of an embedding (p, d_embed), in place."""
    coefficients = torch.fft.rfft(E, dim=0)
    coefficients[list(frequencies)] = 0
    E.copy_(torch.fft.irfft(coefficients, n=len(E), dim=0))


def _transformer(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    if name.endswith(("b_in", "b_out")):
        return torch.zeros(shape)
    normal = torch.randn(shape, generator=generator)
    last = name.rpartition(".")[2]
    # W_in is (d_mlp, width), W_out (width, d_mlp), W_U (width, vocabulary); all others are scaled by their width.
    scale = {"W_in": shape[0], "W_out": shape[0], "W_U": shape[-1], "W_E": shape[0], "W_O": shape[0]}.get(
        last, shape[-1]
    )
    return normal / math.sqrt(scale)


def _linear(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    if name.startswith("embed"):
        return torch.randn(shape, generator=generator) / math.sqrt(128)
    if name.startswith("unembed"):
        return torch.randn(shape, generator=generator) / math.sqrt(shape[-1])
    # torch.nn.Linear: weights and biases are uniform on +-1 / sqrt(inputs), and every layer here is square.
    return (2 * torch.rand(shape, generator=generator) - 1) / math.sqrt(shape[0])
