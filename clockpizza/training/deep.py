"""Networks with more than one layer over pairs: the first from tables, the others as stacked plain equations.

Only what reaches the logits is computed: the given pairs, and in the last block the position that is read out; its MLP
writes logits directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.kernel import Kernel, Shared
from clockpizza.networks.first_layer import first_block, first_dense
from clockpizza.networks.mix import mix
from clockpizza.networks.one_hidden import readout
from clockpizza.networks.tables import Tables
from clockpizza.networks.transformer import ACTIVATIONS


def first_tables(
    config: NetworkConfig, weights: Mapping[str, Tensor], rate: Tensor | None, shared: Shared | None = None
) -> Tables:
    """The first layer over pairs: pre-activations, and beside a transformer's its resid_mid, at each position.

    Args:
        config: what the networks share; its attention rate is not used.
        weights: by name, (R, *shape).
        rate: attention rates (R,), None where all are 0.
        shared: as for `first_block`.
    """
    if isinstance(config, LinearConfig):
        return first_dense(config, weights)
    W_in, b_in, _, b_out = _mlp(weights, 0)
    identity = torch.eye(config.width, device=W_in.device, dtype=W_in.dtype).expand(len(W_in), -1, -1)
    C = torch.cat([W_in, identity], dim=1)  # (R, d_mlp + width, width)
    bias = torch.cat([b_in, b_out], dim=1)
    return first_block(config, weights, rate, C, bias, range(config.positions), shared)


def deep_logits(
    config: NetworkConfig,
    weights: Mapping[str, Tensor],
    rate: Tensor | None,
    tables: Tables,
    pairs: Tensor | None = None,
    kernel: Kernel | None = None,
) -> Tensor:
    """Logits (R, N, outputs), differentiable.

    Args:
        config, weights, rate: as for `first_tables`.
        tables: what it gave, or some operands a of it.
        pairs: indices of pairs in the tables' grid, each at most once, (R, N); all of the grid if None.
        kernel: what does the first layer of a single transformer of ReLU.
    """
    if isinstance(config, LinearConfig):
        h = torch.relu(_rows(mix(tables), pairs))  # (R, N, hidden)
        h = torch.relu(torch.baddbmm(weights["l2.bias"][:, None], h, weights["l2.weight"].mT))
        return h @ weights["unembed.weight"].mT
    mid = _resid_mid(config, weights, rate, tables, pairs, _usable(kernel, config, tables))
    C, bias, M = readout(config, weights)
    pre, hidden = torch.baddbmm(bias[:, None], mid, C.mT), M.shape[1]
    logits = torch.baddbmm(pre[..., hidden:], ACTIVATIONS[config.activation](pre[..., :hidden]), M)
    return logits[..., : config.d_vocab_out]


def deep_loss(
    config: NetworkConfig,
    weights: Mapping[str, Tensor],
    rate: Tensor | None,
    tables: Tables,
    pairs: Tensor,
    target: Tensor,
    weight: float,
    kernel: Kernel | None = None,
) -> Tensor:
    """Cross entropy summed over pairs, each counted `weight` times: (R,), float64, differentiable.

    target: answers, (R, N). The others are as for `deep_logits`; the kernel does the last layer and the loss, too.
    """
    if isinstance(config, TransformerConfig) and (compiled := _usable(kernel, config, tables)):
        mid = _resid_mid(config, weights, rate, tables, pairs, compiled)
        loss: Tensor = _Loss.apply(mid, *readout(config, weights), target, config.d_vocab_out, weight, compiled)
        return loss
    logits = deep_logits(config, weights, rate, tables, pairs)
    return -weight * logits.double().log_softmax(-1).gather(-1, target[..., None])[..., 0].sum(-1)


def _usable(kernel: Kernel | None, config: TransformerConfig, tables: Tables) -> Kernel | None:
    return kernel if config.activation == "relu" and len(tables.B0) == 1 else None


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


class _Layer(torch.autograd.Function):
    """mid + relu(hidden) M of one network by the kernel: tables and M -> (1, positions, rows, width).

    row: where each pair of the tables' grid goes, (N,); -1 for nowhere.
    """

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> Tensor:
        *parts, row, rows, kernel = arguments
        ctx.save_for_backward(*parts, row)
        ctx.kernel = kernel
        layer: Tensor = kernel.layer(parts, row, rows)
        return layer

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        *parts, row = ctx.saved_tensors
        return *ctx.kernel.layer_back(parts, row, grad), None, None, None


class _Loss(torch.autograd.Function):
    """The loss of one network from its last resid_mid on, by the kernel: mid (1, N, width) and `readout` -> (1,)."""

    @staticmethod
    def forward(
        ctx: Any,
        mid: Tensor,
        C: Tensor,
        bias: Tensor,
        M: Tensor,
        target: Tensor,
        outputs: int,
        weight: float,
        kernel: Kernel,
    ) -> Tensor:
        loss, gradients = kernel.rows_loss(mid, C, bias, M, target, outputs, weight)
        ctx.save_for_backward(*gradients)
        return loss

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return *(each * grad.to(each.dtype) for each in ctx.saved_tensors), None, None, None, None


def _rows(grid: Tensor, pairs: Tensor | None) -> Tensor:
    """(R, a, b, F) at the given pairs: (R, N, F)."""
    flat = grid.flatten(1, 2)
    if pairs is None:
        return flat
    R, N = pairs.shape
    start = torch.arange(R, device=pairs.device)[:, None] * flat.shape[1]
    rows: Tensor = _Rows.apply(flat.flatten(0, 1), (pairs + start).flatten())
    return rows.view(R, N, -1)


def _resid_mid(
    config: TransformerConfig,
    weights: Mapping[str, Tensor],
    rate: Tensor | None,
    tables: Tables,
    pairs: Tensor | None,
    kernel: Kernel | None,
) -> Tensor:
    """resid_mid of the last block at the position that is read out: (R, N, width)."""
    act, layers, T = ACTIVATIONS[config.activation], config.layers, config.positions
    to_stream = _mlp(weights, 0)[2].mT.contiguous()
    x = []  # of each position, (R, N, width)
    if kernel:
        grid = tables.B0.shape[2] * tables.B1.shape[2]
        chosen = torch.arange(grid) if pairs is None else pairs[0]
        row = chosen.new_full((grid,), -1)
        row[chosen] = torch.arange(len(chosen))
        parts = (tables.B0, tables.B1, tables.S, tables.T0, tables.T1, to_stream)
        x += _Layer.apply(*parts, row, len(chosen), kernel).unbind(1)
    else:
        for each in tables.positions:
            hidden, mid = _rows(mix(each), pairs).split([config.d_mlp, config.width], dim=-1)
            x.append(torch.baddbmm(mid, act(hidden), to_stream))
    for i in range(1, layers - 1):
        W_in, b_in, W_out, b_out = _mlp(weights, i)
        mids = _attention(config, weights, i, rate, x, range(T))
        hidden = [act(torch.baddbmm(b_in[:, None], each, W_in.mT)) for each in mids]
        x = [torch.baddbmm(m + b_out[:, None], h, W_out.mT) for m, h in zip(mids, hidden, strict=True)]
    (mid,) = _attention(config, weights, layers - 1, rate, x, range(T)[-1:])
    return mid


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
    # Keys and values relative to the last position's, which the softmax does not notice: one less of each to compute. A
    # query's weights sum to the same for every pair, so that the last value goes straight through W_O W_V.
    *others, last = x
    apart = [each - last for each in others]
    k, v = ([(each @ W.mT).unflatten(-1, (heads, d_head)) for each in apart] for W in (W_K, W_V))
    rate = rate.to(W_O.dtype)[:, None, None]
    through_last = last @ ((rate + len(x) * (1 - rate)) * (W_O @ W_V)).mT
    rate = rate[..., None]
    mid = []
    for i in queries:
        q = (x[i] @ W_Q.mT).unflatten(-1, (heads, d_head)) / d_head**0.5
        seen = range(i + 1) if config.causal else range(len(x))
        scores = [(q * k[j]).sum(-1) if j < len(others) else q.new_zeros(q.shape[:-1]) for j in seen]
        pattern = rate * torch.stack(scores, dim=-1).softmax(-1) + (1 - rate)  # (R, N, heads, keys seen)
        weight = [pattern[..., j, None] if j in seen else 1 - rate for j in range(len(others))]
        z = sum(w * each for w, each in zip(weight, v, strict=True)).flatten(-2)
        mid.append(torch.baddbmm(x[i] + through_last, z, W_O.mT))
    return mid
