"""Tables over tokens to pre-activations over pairs, and back: pre[a, b] = sum_j S[a, b, j] (T0[a, j] + T1[b, j]).

For one a this is a matrix product over (b, j), for one b another over (a, j): both are thin, and go over `pre` once.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from clockpizza.networks.tables import Tables


def mix_into(pre: Tensor, scratch: Tensor, t: Tables) -> None:
    """Fill `pre` (R, a, b, F); `scratch` (R, b, a, F) is overwritten."""
    if t.S is None:
        torch.add(t.T0.transpose(1, 2), t.T1, out=pre)  # (R, p, 1, F) + (R, 1, p, F)
        return
    torch.bmm(t.S.flatten(0, 1), _by_token(t.T0), out=pre.flatten(0, 1))  # for each a, (b, K) by (K, F)
    torch.bmm(_by_b(t.S), _by_token(t.T1), out=scratch.flatten(0, 1))  # for each b, (a, K) by (K, F)
    pre += scratch.transpose(1, 2)


def mix_back(grad: Tensor, t: Tables) -> Tables:
    """Gradients with respect to the tables, given those with respect to `pre` (R, p, p, F)."""
    if t.S is None:
        return Tables(None, grad.sum(2)[:, None], grad.sum(1)[:, None])
    rows, columns = grad.flatten(0, 1), _by_b(grad)  # (R * a, b, F) and (R * b, a, F)
    R = len(grad)
    dT0 = torch.bmm(t.S.flatten(0, 1).mT, rows).unflatten(0, (R, -1)).transpose(1, 2)
    dT1 = torch.bmm(_by_b(t.S).mT, columns).unflatten(0, (R, -1)).transpose(1, 2)
    dS = torch.bmm(rows, _by_token(t.T0).mT).view(t.S.shape)
    dS += torch.bmm(columns, _by_token(t.T1).mT).unflatten(0, (R, -1)).transpose(1, 2)
    return Tables(dS, dT0, dT1)


def _by_token(table: Tensor) -> Tensor:
    """(R, K, tokens, F) as (R * tokens, K, F): a view of one run, a copy of several."""
    return table.transpose(1, 2).flatten(0, 1)


def _by_b(grid: Tensor) -> Tensor:
    """(R, a, b, n) as (R * b, a, n): a view of one run, a copy of several."""
    return grid.transpose(1, 2).flatten(0, 1)


class Mix(torch.autograd.Function):
    """The same for autograd: S, T0, T1 -> pre."""

    @staticmethod
    def forward(ctx: Any, S: Tensor | None, T0: Tensor, T1: Tensor) -> Tensor:
        pre = T0.new_empty(len(T0), T0.shape[2], *T1.shape[2:])
        by_b = pre if S is None else torch.empty_like(pre.transpose(1, 2), memory_format=torch.contiguous_format)
        mix_into(pre, by_b, Tables(S, T0, T1))
        ctx.save_for_backward(S, T0, T1)
        return pre

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        t = mix_back(grad.contiguous(), Tables(*ctx.saved_tensors))
        return t.S, t.T0, t.T1


def mix(t: Tables) -> Tensor:
    """Pre-activations (R, p, p, F), differentiable. Tables of some operands a alone, S and T0, give theirs alone."""
    pre: Tensor = Mix.apply(t.S, t.T0, t.T1)
    return pre
