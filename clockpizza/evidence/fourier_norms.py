"""Norms along Fourier directions: how much of a matrix over tokens lies along each cosine and sine.

The directions are orthonormal: 1/sqrt(p), sqrt(2/p) cos(2 pi k t / p), sqrt(2/p) sin(2 pi k t / p); the squares of all
norms sum to that of the matrix.
Source: Nanda et al. 2023 (norms of W_E, and of the neuron-logit map W_L = W_U^T W_out).
"""

from __future__ import annotations

import torch
from torch import Tensor

from clockpizza.config import LinearConfig
from clockpizza.evidence.probe import Probe
from clockpizza.networks.one_hidden import is_one_hidden


def fourier_norms(M: Tensor) -> Tensor:
    """Norms of M (p, d), a row a token, along cos (row 0) and sin (row 1) of frequencies 0 .. p//2: (2, p//2 + 1)."""
    p = len(M)
    coefficients = torch.fft.rfft(M, dim=0) * (2 / p) ** 0.5
    coefficients[0] /= 2**0.5
    if p % 2 == 0:
        coefficients[-1] /= 2**0.5
    return torch.stack([coefficients.real.norm(dim=1), coefficients.imag.norm(dim=1)])


def unembedding(probe: Probe) -> Tensor:
    """W_U^T of the p answers, a row an answer: (p, d)."""
    weights = probe.network.weights
    W_U = weights["unembed.W_U"].T if "unembed.W_U" in weights else weights["unembed.weight"]
    return W_U[: probe.p]


def neuron_logit_map(probe: Probe) -> Tensor | None:
    """What a unit of each first-layer neuron's activation adds to each logit: (p, neurons).

    None where other layers stand between: linear beta and gamma, transformers of more layers than one.
    """
    if not is_one_hidden(probe.config):
        return None
    W_U = unembedding(probe)
    return W_U if isinstance(probe.config, LinearConfig) else W_U @ probe.network.weights["blocks.0.mlp.W_out"]
