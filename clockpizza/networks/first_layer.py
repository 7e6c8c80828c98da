"""What a network's weights make of tokens for its first layer over pairs: see tables.py for the equations.

All tensors have a leading run axis R. Tests hold this equal to the plain equations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from clockpizza.config import LinearConfig, TransformerConfig
from clockpizza.networks.tables import Tables


def first_block(
    config: TransformerConfig,
    weights: Mapping[str, Tensor],
    rate: Tensor | None,
    C: Tensor,
    bias: Tensor,
    read: Sequence[int],
) -> Tables:
    """C mid + bias of the first block at some positions, for a stack of networks of one shape.

    Args:
        config: what the networks share; its attention rate is not used.
        weights: by name, (R, *shape).
        rate: attention rates (R,), None where all are 0.
        C: (R, F, width). bias: (R, F).
        read: the positions.
    """
    p, heads, d_head, T = config.p, config.heads, config.d_head, config.positions
    W_E, W_pos = weights["embed.W_E"].mT, weights["pos_embed.W_pos"]  # (R, d_vocab, width), (R, T, width)
    W_V, W_O = weights["blocks.0.attn.W_V"], weights["blocks.0.attn.W_O"]

    second = p if config.separate_vocabularies else 0
    tokens = [slice(0, p), slice(second, second + p), slice(config.equals_index, config.equals_index + 1)][:T]
    x = [W_E[:, at] + W_pos[:, i : i + 1] for i, at in enumerate(tokens)]  # (R, p or 1, width)
    if rate is None:  # heads need not be told apart
        from_a, *others = [(each @ W_V.flatten(1, 2).mT) @ W_O.mT for each in x]  # (R, p or 1, width)
        from_b = sum(others[1:], others[0])
        own = {i: ((from_b if i else from_a) + x[i]) @ C.mT + bias[:, None] for i in read}
        B0 = [from_a @ C.mT if i else own[i] for i in read]
        B1 = [own[i] if i else from_b @ C.mT for i in read]
        return Tables.without_attention(torch.stack(B0, dim=1), torch.stack(B1, dim=1))

    rate = rate.to(C.dtype)
    left = 1 - rate[:, None, None]
    C_O = (W_O.mT @ C.mT).unflatten(1, (heads, d_head))  # (R, heads, d_head, F)
    V = [each[:, None] @ W_V.mT for each in x]  # (R, heads, p or 1, d_head)
    if T == 2:
        T0, T1 = V[0] @ C_O, -V[1] @ C_O  # (R, heads, p, F)
        from_a, from_b = left * T0.sum(1), -T1.sum(1)
    else:  # relative to the value of "=", whose weight is what the others leave
        T0, T1 = ((each - V[2]) @ C_O for each in V[:2])
        last = (V[2] @ C_O).sum(1)  # (R, 1, F)
        from_a, from_b = (left * (each.sum(1) + last) for each in (T0, T1))
        from_b = from_b + last
        none = torch.zeros_like(T0)
        T0, T1 = torch.cat([T0, none], dim=1), torch.cat([none, T1], dim=1)
    direct = [x[i] @ C.mT + bias[:, None] for i in read]
    B0 = [from_a + each if i == 0 else from_a for i, each in zip(read, direct, strict=True)]
    B1 = [from_b if i == 0 else from_b + each for i, each in zip(read, direct, strict=True)]
    S = [_shares(config, weights, rate, x, i) for i in read]
    return Tables(torch.stack(B0, dim=1), torch.stack(B1, dim=1), torch.stack(S, dim=1), T0, T1)


def _shares(
    config: TransformerConfig, weights: Mapping[str, Tensor], rate: Tensor, x: Sequence[Tensor], read: int
) -> Tensor:
    """S of the query at position `read`: rate times each head's softmax weights on all keys but the last."""
    p, T = config.p, config.positions
    W_K, W_Q = weights["blocks.0.attn.W_K"], weights["blocks.0.attn.W_Q"]

    def over_pairs(i: int, table: Tensor) -> Tensor:
        """(R, heads, p or 1, d_head) of position i with axes for a and b: (R, heads, a, b, d_head)."""
        return table[:, :, None] if i == 1 else table[:, :, :, None]

    q = over_pairs(read, x[read][:, None] @ W_Q.mT) / config.d_head**0.5
    keys = [over_pairs(j, each[:, None] @ W_K.mT) for j, each in enumerate(x)]
    scores = torch.stack([torch.einsum("rhabd,rhabd->rhab", q, k).expand(-1, -1, p, p) for k in keys])
    if config.causal:
        later = torch.arange(T, device=scores.device) > read
        scores = scores.masked_fill(later.view(T, 1, 1, 1, 1), float("-inf"))
    s = scores.softmax(0)[:-1] * rate[:, None, None, None]
    return s.permute(1, 3, 4, 0, 2).flatten(-2)  # (R, a, b, (T - 1) * heads)


def first_dense(config: LinearConfig, weights: Mapping[str, Tensor]) -> Tables:
    """Pre-activations of a linear model's first layer."""
    W, bias = weights["l1.weight"], weights["l1.bias"][:, None]
    E_a, E_b = (weights["embed1.weight" if config.model == "x" else "embed.weight"],) * 2
    if config.model == "x":
        E_b = weights["embed2.weight"]
    W_a, W_b = W[:, :, : config.d_embed], W[:, :, -config.d_embed :]  # delta's two halves; one and the same elsewhere
    bias = 2 * bias if config.model == "gamma" else bias  # gamma applies L1, bias and all, to each operand
    return Tables.without_attention((E_a @ W_a.mT)[:, None], (E_b @ W_b.mT + bias)[:, None])
