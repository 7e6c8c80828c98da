"""Tables over tokens to pre-activations over pairs, at one position, and back: see tables.py for the equation.

For one a, sum_k S[a, b, k] T0_k[a] is a matrix product over (b, k), for one b the other term is one over (a, k): both
are thin, and go over `pre` once. B0 and B1 are a T0 and T1 whose S is 1.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from clockpizza.networks.tables import Tables


def mix_into(pre: Tensor, scratch: Tensor, t: Tables) -> None:
    """Fill `pre` (R, a, b, F); `scratch` (R, b, a, F) is overwritten where there is attention."""
    if not t.S.shape[-1]:
        torch.add(t.B0.transpose(1, 2), t.B1, out=pre)  # (R, a, 1, F) + (R, 1, b, F)
        return
    S = _with_ones(t.S)
    T0, T1 = (_by_token(torch.cat(each, dim=1)) for each in ((t.B0, t.T0), (t.B1, t.T1)))
    torch.bmm(S.flatten(0, 1), T0, out=pre.flatten(0, 1))  # for each a, (b, 1 + K) by (1 + K, F)
    torch.bmm(_by_b(S), T1, out=scratch.flatten(0, 1))  # for each b, (a, 1 + K) by (1 + K, F)
    pre += scratch.transpose(1, 2)


def mix_back(grad: Tensor, t: Tables) -> Tables:
    """Gradients with respect to the tables, given those with respect to `pre` (R, a, b, F)."""
    if not t.S.shape[-1]:
        return Tables.without_attention(grad.sum(2)[:, None], grad.sum(1)[:, None])
    S = _with_ones(t.S)
    rows, columns = grad.flatten(0, 1), _by_b(grad)  # (R * a, b, F) and (R * b, a, F)
    R = len(grad)
    dT0 = torch.bmm(S.flatten(0, 1).mT, rows).unflatten(0, (R, -1)).transpose(1, 2)
    dT1 = torch.bmm(_by_b(S).mT, columns).unflatten(0, (R, -1)).transpose(1, 2)
    dS = torch.bmm(rows, _by_token(t.T0).mT).view(R, *t.S.shape[2:])
    dS += torch.bmm(columns, _by_token(t.T1).mT).unflatten(0, (R, -1)).transpose(1, 2)
    return Tables(dT0[:, :1], dT1[:, :1], dS[:, None], dT0[:, 1:], dT1[:, 1:])


def _with_ones(S: Tensor) -> Tensor:
    """S (R, 1, a, b, K) with the factor of B0 and B1: (R, a, b, 1 + K)."""
    return torch.cat([torch.ones_like(S[:, 0, :, :, :1]), S[:, 0]], dim=-1)


def _by_token(table: Tensor) -> Tensor:
    """(R, K, tokens, F) as (R * tokens, K, F): a view of one run, a copy of several."""
    return table.transpose(1, 2).flatten(0, 1)


def _by_b(grid: Tensor) -> Tensor:
    """(R, a, b, n) as (R * b, a, n): a view of one run, a copy of several."""
    return grid.transpose(1, 2).flatten(0, 1)


class Mix(torch.autograd.Function):
    """The same for autograd: tables -> pre."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> Tensor:
        t = Tables(*tensors)
        pre = t.B0.new_empty(len(t.B0), t.B0.shape[2], *t.B1.shape[2:])
        (R, a, b, F), attends = pre.shape, t.S.shape[-1]
        mix_into(pre, pre.new_empty(R, b, a, F) if attends else pre, t)  # without attention no scratch is needed
        ctx.save_for_backward(*tensors)
        return pre

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        t = mix_back(grad.contiguous(), Tables(*ctx.saved_tensors))
        return t.B0, t.B1, t.S, t.T0, t.T1


def mix(t: Tables) -> Tensor:
    """Pre-activations (R, a, b, F) of tables at one position, differentiable; of some operands a, theirs alone."""
    pre: Tensor = Mix.apply(t.B0, t.B1, t.S, t.T0, t.T1)
    return pre
