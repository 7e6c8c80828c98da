"""The first layer over all pairs, as tables over tokens.

The residual stream after the first attention, at the position of operand b, is for every pair (a, b)

    mid[a, b] = x[b] + sum_h V_h[b] + (1 - rate) sum_h V_h[a] + rate sum_h s_h[a, b] (V_h[a] - V_h[b])

with s_h the softmax's weight on a, which the weight on b complements to 1, and V_h = x W_V^T W_O^T of one head at
either position. What is linear in it (W_in mid, W_U^T mid) has the same form, so such matrices C are applied to tables
of p rows rather than to p^2 pairs. In general, with a third token "=", and at each position i that is read:

    pre_i[a, b] = B0_i[a] + B1_i[b] + sum_k S_i[a, b, k] (T0_k[a] + T1_k[b])

There is no k without attention. Only S and B depend on the position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Tables:
    """Of R runs, at I positions: B0 and B1 (R, I, p, F), S (R, I, p, p, K), T0 and T1 (R, K, p, F); K may be 0."""

    B0: Tensor
    B1: Tensor
    S: Tensor
    T0: Tensor
    T1: Tensor

    @staticmethod
    def without_attention(B0: Tensor, B1: Tensor) -> Tables:
        """Those with no k."""
        (R, reads, a, F), b = B0.shape, B1.shape[2]
        S, T0, T1 = (B0.new_empty(shape) for shape in ((R, reads, a, b, 0), (R, 0, a, F), (R, 0, b, F)))
        return Tables(B0, B1, S, T0, T1)

    def of(self, a: slice) -> Tables:
        """Those of some operands a, with all b."""
        return Tables(self.B0[:, :, a], self.B1, self.S[:, :, a], self.T0[:, :, a], self.T1)

    @property
    def positions(self) -> list[Tables]:
        """Those of each position."""
        each = zip(*(tensor.split(1, dim=1) for tensor in (self.B0, self.B1, self.S)), strict=True)
        return [Tables(B0, B1, S, self.T0, self.T1) for B0, B1, S in each]


def joined_tables(parts: Sequence[Tables]) -> Tables:
    """The gradients of tables, from those of all their blocks of operands a."""
    B1, T1 = (sum(rest, first) for first, *rest in ([each.B1 for each in parts], [each.T1 for each in parts]))
    B0, S, T0 = (torch.cat(own, dim=2) for own in zip(*((each.B0, each.S, each.T0) for each in parts), strict=True))
    return Tables(B0, B1, S, T0, T1)
