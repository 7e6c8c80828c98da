"""Principal components of the token embedding, and what frequency each of them carries.

The embedding (p tokens) is centred and decomposed; a component is a unit vector over tokens and a direction in the
residual stream. c_i = max_k (2/p) |sum_t v_t e^(2 pi i k t / p)|^2 says how much of it is one frequency.
Source: Zhong et al. 2023 (circularity).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SMALLEST_SHARE = 0.01  # of the embedding's variance: what lies below is not looked at as a component or circle


@dataclass(frozen=True)
class Components:
    """A centred PCA of p token embeddings.

    Attributes:
        mean: (d_embed,).
        tokens: unit vectors over tokens, a column a component: (p, n).
        directions: unit vectors in the residual stream, a row a component: (n, d_embed).
        scale: singular values, (n,); ``tokens * scale`` are the scores.
        variance: each component's share of the variance, (n,).
        frequency: k of the strongest frequency, a list of n.
        purity: c_i, the share of the component at that frequency, a list of n.
    """

    mean: Tensor
    tokens: Tensor
    directions: Tensor
    scale: Tensor
    variance: Tensor
    frequency: list[int]
    purity: list[float]

    @property
    def large(self) -> int:
        """How many components hold at least 1 % of the variance (they come first)."""
        return int((self.variance >= SMALLEST_SHARE).sum())

    def of_frequency(self, k: int) -> list[int]:
        """Indices of the first two large components whose strongest frequency is k: what the paper calls its circle."""
        return [i for i in range(self.large) if self.frequency[i] == k][:2]

    def keep(self, indices: list[int]) -> Tensor:
        """The embedding made of the mean and the components `indices` alone: (p, d_embed)."""
        at = torch.tensor(indices, dtype=torch.long, device=self.tokens.device)
        return self.mean + (self.tokens[:, at] * self.scale[at]) @ self.directions[at]

    def remove(self, E: Tensor, indices: list[int]) -> Tensor:
        """The embedding E (p, d_embed) without the components `indices`."""
        return E - self.keep(indices) + self.mean


def principal_components(E: Tensor) -> Components:
    """All principal components of the embeddings E (p, d_embed), largest first."""
    mean = E.mean(0)
    tokens, scale, directions = torch.linalg.svd(E - mean, full_matrices=False)
    variance = scale**2
    total = variance.sum()
    variance = variance / total if total > 0 else variance
    best = frequency_shares(tokens).max(0)
    return Components(
        mean,
        tokens,
        directions,
        scale,
        variance,
        [int(k) for k in best.indices + 1],
        [min(1.0, float(c)) for c in best.values],
    )


def frequency_shares(vectors: Tensor) -> Tensor:
    """Power of unit vectors over tokens (p, n) at each frequency 1 .. p//2: (p//2, n), summing to 1 if mean-free.

    At k = p/2 there is one direction only, and the factor is 1/p instead of 2/p.
    """
    p = vectors.shape[0]
    power = torch.fft.rfft(vectors, dim=0)[1:].abs() ** 2 * 2 / p
    if p % 2 == 0:
        power[-1] /= 2
    return power
