"""The first layer over all pairs, as tables over tokens.

The residual stream after the first attention, at the position of operand b, is for every pair (a, b)

    mid[a, b] = x[b] + sum_h V_h[b] + (1 - rate) sum_h V_h[a] + rate sum_h s_h[a, b] (V_h[a] - V_h[b])

with s_h the softmax's weight on a, which the weight on b complements to 1, and V_h = x W_V^T W_O^T of one head at
either position. What is linear in it (W_in mid, W_U^T mid) has the same form, so such matrices C are applied to tables
of p rows rather than to p^2 pairs. In general, and with a third token "=":

    pre[a, b] = sum_j S[a, b, j] (T0[a, j] + T1[b, j])        the last S is 1; it is the only one without attention

All tensors have a leading run axis R. Tests hold this equal to the plain equations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from clockpizza.config import LinearConfig, TransformerConfig


@dataclass(frozen=True)
class Tables:
    """S (R, p, p, K) with a last column of ones, or None where K is 1; T0 and T1 (R, K, p, F)."""

    S: Tensor | None
    T0: Tensor
    T1: Tensor

    def of(self, a: slice) -> Tables:
        """Those of some operands a, with all b."""
        return Tables(None if self.S is None else self.S[:, a], self.T0[:, :, a], self.T1)

    @property
    def tensors(self) -> list[Tensor]:
        """Those that there are."""
        return [self.T0, self.T1] if self.S is None else [self.S, self.T0, self.T1]

    def made_of(self, tensors: Sequence[Tensor]) -> Tables:
        """Tables of others in place of its `tensors`."""
        *S, T0, T1 = tensors
        return Tables(S[0] if S else None, T0, T1)


def joined(parts: Sequence[Tables]) -> Tables:
    """The gradients of tables, from those of all their blocks of operands a."""
    S = [each.S for each in parts if each.S is not None]
    T1 = sum((each.T1 for each in parts[1:]), parts[0].T1)
    return Tables(torch.cat(S, dim=1) if S else None, torch.cat([each.T0 for each in parts], dim=2), T1)


def first_block(
    config: TransformerConfig,
    weights: Mapping[str, Tensor],
    rate: Tensor | None,
    C: Tensor,
    bias: Tensor,
    read: Sequence[int],
) -> list[Tables]:
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
        found = []
        for i in read:
            of_a, of_b = (from_a + x[0], from_b) if i == 0 else (from_a, from_b + x[i])
            found.append(Tables(None, (of_a @ C.mT)[:, None], (of_b @ C.mT + bias[:, None])[:, None]))
        return found

    left = 1 - rate.to(C.dtype)[:, None, None, None]
    C_O = (W_O.mT @ C.mT).unflatten(1, (heads, d_head))  # (R, heads, d_head, F)
    V = [each[:, None] @ W_V.mT for each in x]  # (R, heads, p or 1, d_head)
    if T == 2:
        over = [V[0] @ C_O, -V[1] @ C_O]  # (R, heads, p, F)
        from_a, from_b = left * over[0].sum(1, keepdim=True), -over[1].sum(1, keepdim=True)
        over_a, over_b = over[:1], over[1:]
    else:  # relative to the value of "=", whose weight is what the others leave
        over = [(each - V[2]) @ C_O for each in V[:2]]
        last = (V[2] @ C_O).sum(1, keepdim=True)  # (R, 1, 1, F)
        from_a, from_b = (left * (each.sum(1, keepdim=True) + last) for each in over)
        from_b = from_b + last
        none = torch.zeros_like(over[0])
        over_a, over_b = [over[0], none], [none, over[1]]

    found = []
    for i in read:
        direct = (x[i] @ C.mT + bias[:, None])[:, None]
        of_a, of_b = (from_a + direct, from_b) if i == 0 else (from_a, from_b + direct)
        S = _shares(config, weights, rate.to(C.dtype), x, i)
        found.append(Tables(S, torch.cat([*over_a, of_a], dim=1), torch.cat([*over_b, of_b], dim=1)))
    return found


def _shares(
    config: TransformerConfig, weights: Mapping[str, Tensor], rate: Tensor, x: Sequence[Tensor], read: int
) -> Tensor:
    """S of the query at position `read`: rate times each head's softmax weights on all keys but the last; and 1."""
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
    s = s.permute(1, 3, 4, 0, 2).flatten(-2)  # (R, a, b, (T - 1) * heads)
    return torch.cat([s, s.new_ones(*s.shape[:-1], 1)], dim=-1)


def first_dense(config: LinearConfig, weights: Mapping[str, Tensor]) -> Tables:
    """Pre-activations of a linear model's first layer."""
    W, bias = weights["l1.weight"], weights["l1.bias"][:, None]
    E_a, E_b = (weights["embed1.weight" if config.model == "x" else "embed.weight"],) * 2
    if config.model == "x":
        E_b = weights["embed2.weight"]
    W_a, W_b = W[:, :, : config.d_embed], W[:, :, -config.d_embed :]  # delta's two halves; one and the same elsewhere
    bias = 2 * bias if config.model == "gamma" else bias  # gamma applies L1, bias and all, to each operand
    return Tables(None, (E_a @ W_a.mT)[:, None], (E_b @ W_b.mT + bias)[:, None])
