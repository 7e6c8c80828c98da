"""Networks with more than one layer over pairs: the first from tables, the others as stacked plain equations.

Only what reaches the logits is computed: the given pairs, and in the last block the position that is read out; its MLP
writes logits directly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.kernel.training import Kernel
from clockpizza.networks.mix import mix
from clockpizza.networks.one_hidden import OneHidden, readout
from clockpizza.networks.transformer import ACTIVATIONS


def deep_logits(
    config: NetworkConfig,
    weights: Mapping[str, Tensor],
    rate: Tensor | None,
    first: OneHidden,
    pairs: Tensor | None = None,
    kernel: Kernel | None = None,
) -> Tensor:
    """Logits (R, N, outputs), differentiable.

    Args:
        config, weights, rate: as for `one_hidden`.
        first: what it gave, or some operands a of it.
        pairs: indices of pairs in its grid, each at most once, (R, N); all of the grid if None.
        kernel: what does the first layer of a single transformer of ReLU.
    """
    if isinstance(config, LinearConfig):
        h = torch.relu(_rows(mix(first.tables), pairs))  # (R, N, hidden)
        h = torch.relu(torch.baddbmm(weights["l2.bias"][:, None], h, weights["l2.weight"].mT))
        return h @ weights["unembed.weight"].mT
    x = _resid_pre(config, weights, rate, first, pairs, _usable(kernel, config, first))
    mid = _attention(config, weights, config.layers - 1, rate, x, range(config.positions)[-1:])[:, 0]
    C, bias, M = readout(config, weights)
    pre, hidden = torch.baddbmm(bias[:, None], mid, C.mT), M.shape[1]
    logits = torch.baddbmm(pre[..., hidden:], ACTIVATIONS[config.activation](pre[..., :hidden]), M)
    return logits[..., : config.d_vocab_out]


def deep_loss(
    config: NetworkConfig,
    weights: Mapping[str, Tensor],
    rate: Tensor | None,
    first: OneHidden,
    pairs: Tensor,
    target: Tensor,
    weight: float,
    kernel: Kernel | None = None,
) -> Tensor:
    """Cross entropy summed over pairs, each counted `weight` times: (R,), float64, differentiable.

    target: answers, (R, N). The others are as for `deep_logits`; the kernel does the last layer and the loss, too.
    """
    if isinstance(config, TransformerConfig) and (compiled := _usable(kernel, config, first)):
        x = _resid_pre(config, weights, rate, first, pairs, compiled)
        last = config.layers - 1
        if rate is None or config.positions > 2:
            x, attention = _attention(config, weights, last, rate, x, range(config.positions)[-1:]), {}
        else:
            attention = {f"W_{name}": weights[f"blocks.{last}.attn.W_{name}"] for name in "KQVO"}
        of = {"x": x, **attention, **dict(zip(("C", "bias", "M"), readout(config, weights), strict=True))}
        others = (0.0 if rate is None else float(rate), target, config.d_vocab_out, weight)
        loss: Tensor = _Loss.apply(tuple(of), others, compiled, *of.values())
        return loss
    logits = deep_logits(config, weights, rate, first, pairs)
    return -weight * logits.double().log_softmax(-1).gather(-1, target[..., None])[..., 0].sum(-1)


def _usable(kernel: Kernel | None, config: TransformerConfig, first: OneHidden) -> Kernel | None:
    return kernel if config.activation == "relu" and len(first.M) == 1 else None


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
    """The loss of one network from its last block on, by the kernel: `Kernel.last_block`'s tensors by name -> (1,)."""

    @staticmethod
    def forward(ctx: Any, names: Sequence[str], others: Sequence[Any], kernel: Kernel, *tensors: Tensor) -> Tensor:
        loss, gradients = kernel.last_block(dict(zip(names, tensors, strict=True)), *others)
        ctx.save_for_backward(*gradients.values())
        return loss

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, None, *(each * grad.to(each.dtype) for each in ctx.saved_tensors)


def _rows(grid: Tensor, pairs: Tensor | None) -> Tensor:
    """(R, a, b, F) at the given pairs: (R, N, F)."""
    flat = grid.flatten(1, 2)
    if pairs is None:
        return flat
    R, N = pairs.shape
    start = torch.arange(R, device=pairs.device)[:, None] * flat.shape[1]
    rows: Tensor = _Rows.apply(flat.flatten(0, 1), (pairs + start).flatten())
    return rows.view(R, N, -1)


def _resid_pre(
    config: TransformerConfig,
    weights: Mapping[str, Tensor],
    rate: Tensor | None,
    first: OneHidden,
    pairs: Tensor | None,
    kernel: Kernel | None,
) -> Tensor:
    """The residual stream before the last block at each position: (R, T, N, width)."""
    act, layers, T = ACTIVATIONS[config.activation], config.layers, config.positions
    if kernel:
        grid = first.tables.B0.shape[2] * config.p
        chosen = torch.arange(grid) if pairs is None else pairs[0]
        row = chosen.new_full((grid,), -1)
        row[chosen] = torch.arange(len(chosen))
        x: Tensor = _Layer.apply(*first.parts, row, len(chosen), kernel)
    else:
        split = [_rows(mix(each), pairs).split([config.d_mlp, config.width], dim=-1) for each in first.tables.positions]
        x = torch.stack([torch.baddbmm(mid, act(hidden), first.M) for hidden, mid in split], dim=1)
    for i in range(1, layers - 1):
        W_in, b_in, W_out, b_out = _mlp(weights, i)
        mid = _attention(config, weights, i, rate, x, range(T)).flatten(1, 2)  # all rows are treated alike
        hidden = act(torch.baddbmm(b_in[:, None], mid, W_in.mT))
        x = torch.baddbmm(mid + b_out[:, None], hidden, W_out.mT).unflatten(1, (T, -1))
    return x


def _mlp(weights: Mapping[str, Tensor], layer: int) -> list[Tensor]:
    return [weights[f"blocks.{layer}.mlp.{name}"] for name in ("W_in", "b_in", "W_out", "b_out")]


def _attention(
    config: TransformerConfig,
    weights: Mapping[str, Tensor],
    layer: int,
    rate: Tensor | None,
    x: Tensor,
    queries: range,
) -> Tensor:
    """resid_mid at the queries' positions, (R, queries, N, width), from the stream before, (R, T, N, width)."""
    heads, d_head = config.heads, config.d_head
    W_K, W_Q, W_V = (weights[f"blocks.{layer}.attn.W_{name}"].flatten(1, 2) for name in "KQV")  # (R, heads * d_head, w)
    W_O = weights[f"blocks.{layer}.attn.W_O"]
    if rate is None:
        return x[:, queries.start :] + (x.sum(1) @ (W_O @ W_V).mT)[:, None]
    # Keys and values relative to the last position's, which the softmax does not notice: one less of each to compute. A
    # query's weights sum to the same for every pair, so that the last value goes straight through W_O W_V.
    *others, last = at = x.unbind(1)
    apart = [each - last for each in others]
    k, v = ([(each @ W.mT).unflatten(-1, (heads, d_head)) for each in apart] for W in (W_K, W_V))
    rate = rate.to(W_O.dtype)[:, None, None]
    through_last = last @ ((rate + len(at) * (1 - rate)) * (W_O @ W_V)).mT
    rate = rate[..., None]
    mid = []
    for i in queries:
        q = (at[i] @ W_Q.mT).unflatten(-1, (heads, d_head)) / d_head**0.5
        seen = range(i + 1) if config.causal else range(len(at))
        scores = [(q * k[j]).sum(-1) if j < len(others) else q.new_zeros(q.shape[:-1]) for j in seen]
        pattern = rate * torch.stack(scores, dim=-1).softmax(-1) + (1 - rate)  # (R, N, heads, keys seen)
        weight = [pattern[..., j, None] if j in seen else 1 - rate for j in range(len(others))]
        z = sum(w * each for w, each in zip(weight, v, strict=True)).flatten(-2)
        mid.append(torch.baddbmm(at[i] + through_last, z, W_O.mT))
    return torch.stack(mid, dim=1)
