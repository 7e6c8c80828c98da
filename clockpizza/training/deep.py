"""Networks with more than one layer over pairs: the first from tables, the others as stacked plain equations.

Only what reaches the logits is computed: the given pairs, and in the last block the position that is read out; its MLP
writes logits directly (W_U^T W_out is small).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.networks.mix import mix
from clockpizza.networks.tables import Tables, first_block, first_dense
from clockpizza.networks.transformer import ACTIVATIONS


def first_tables(config: NetworkConfig, weights: Mapping[str, Tensor], rate: Tensor | None) -> list[Tables]:
    """The first layer over pairs: pre-activations, and beside a transformer's its resid_mid; one for each position.

    Args:
        config: what the networks share; its attention rate is not used.
        weights: by name, (R, *shape).
        rate: attention rates (R,), None where all are 0.
    """
    if isinstance(config, LinearConfig):
        return [first_dense(config, weights)]
    W_in, b_in, _, b_out = _mlp(weights, 0)
    identity = torch.eye(config.width, device=W_in.device, dtype=W_in.dtype).expand(len(W_in), -1, -1)
    C = torch.cat([W_in, identity], dim=1)  # (R, d_mlp + width, width)
    bias = torch.cat([b_in, b_out], dim=1)
    return first_block(config, weights, rate, C, bias, range(config.positions))


def deep_logits(
    config: NetworkConfig,
    weights: Mapping[str, Tensor],
    rate: Tensor | None,
    tables: Sequence[Tables],
    pairs: Tensor | None,
) -> Tensor:
    """Logits (R, N, outputs), differentiable.

    Args:
        config, weights, rate: as for `first_tables`.
        tables: what it gave, or some operands a of it.
        pairs: indices of pairs in the tables' grid, each at most once, (R, N); all of the grid if None.
    """
    if isinstance(config, LinearConfig):
        h = torch.relu(_rows(mix(tables[0]), pairs))  # (R, N, hidden)
        h = torch.relu(torch.baddbmm(weights["l2.bias"][:, None], h, weights["l2.weight"].mT))
        return h @ weights["unembed.weight"].mT
    return _transformer(config, weights, rate, tables, pairs)


class _Rows(torch.autograd.Function):
    """Some rows (M,) of a matrix (N, F): (M, F). As no row is taken twice, gradients are copied and not added."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        ctx.count = len(matrix)
        return matrix.index_select(0, rows)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (rows,) = ctx.saved_tensors
        return grad.new_zeros(ctx.count, grad.shape[1]).index_copy_(0, rows, grad), None


def _rows(grid: Tensor, pairs: Tensor | None) -> Tensor:
    """(R, a, b, F) at the given pairs: (R, N, F)."""
    flat = grid.flatten(1, 2)
    if pairs is None:
        return flat
    R, N = pairs.shape
    start = torch.arange(R, device=pairs.device)[:, None] * flat.shape[1]
    rows: Tensor = _Rows.apply(flat.flatten(0, 1), (pairs + start).flatten())
    return rows.view(R, N, -1)


def _transformer(
    config: TransformerConfig,
    weights: Mapping[str, Tensor],
    rate: Tensor | None,
    tables: Sequence[Tables],
    pairs: Tensor | None,
) -> Tensor:
    act, width, layers, T = ACTIVATIONS[config.activation], config.width, config.layers, config.positions
    W_out = _mlp(weights, 0)[2]
    x = []
    for each in tables:
        hidden, mid = _rows(mix(each), pairs).split([config.d_mlp, width], dim=-1)
        x.append(torch.baddbmm(mid, act(hidden), W_out.mT))  # (R, N, width)
    for i in range(1, layers):
        last = i == layers - 1
        mid = _attention(config, weights, i, rate, x, range(T)[-1:] if last else range(T))
        W_in, b_in, W_out, b_out = _mlp(weights, i)
        hidden = [act(torch.baddbmm(b_in[:, None], each, W_in.mT)) for each in mid]
        if last:
            W_U = weights["unembed.W_U"]  # (R, width, outputs)
            logits = (mid[0] + b_out[:, None]) @ W_U
            return torch.baddbmm(logits, hidden[0], W_out.mT @ W_U)
        x = [torch.baddbmm(m + b_out[:, None], h, W_out.mT) for m, h in zip(mid, hidden, strict=True)]
    raise AssertionError("a network of one layer has tables")


def _mlp(weights: Mapping[str, Tensor], layer: int) -> list[Tensor]:
    return [weights[f"blocks.{layer}.mlp.{name}"] for name in ("W_in", "b_in", "W_out", "b_out")]


def _attention(
    config: TransformerConfig,
    weights: Mapping[str, Tensor],
    layer: int,
    rate: Tensor | None,
    x: list[Tensor],
    queries: range,
) -> list[Tensor]:
    """resid_mid at the queries' positions: a list of (R, N, width)."""
    heads, d_head = config.heads, config.d_head
    W_K, W_Q, W_V = (weights[f"blocks.{layer}.attn.W_{name}"].flatten(1, 2) for name in "KQV")  # (R, heads * d_head, w)
    W_O = weights[f"blocks.{layer}.attn.W_O"]
    if rate is None:
        z = sum(x[1:], x[0]) @ (W_O @ W_V).mT
        return [x[i] + z for i in queries]
    v = [each @ W_V.mT for each in x]  # (R, N, heads * d_head)
    rate = rate.to(W_O.dtype)[:, None, None, None]
    keys = [(each @ W_K.mT).unflatten(-1, (heads, d_head)) for each in x]
    mid = []
    for i in queries:
        q = (x[i] @ W_Q.mT).unflatten(-1, (heads, d_head)) / d_head**0.5
        seen = range(i + 1) if config.causal else range(len(x))
        scores = torch.stack([(q * keys[j]).sum(-1) for j in seen], dim=-1)  # (R, N, heads, keys seen)
        pattern = rate * scores.softmax(-1) + (1 - rate)
        weight = [pattern[..., n, None] if j in seen else 1 - rate for n, j in enumerate(range(len(x)))]
        z = sum(w * each.unflatten(-1, (heads, d_head)) for w, each in zip(weight, v, strict=True))
        mid.append(torch.baddbmm(x[i], z.flatten(-2), W_O.mT))
    return mid
