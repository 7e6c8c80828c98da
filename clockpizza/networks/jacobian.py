"""Gradients of every logit with respect to both operands' embeddings, by the chain rule written out.

Automatic differentiation would walk the network once for each of the p logits; all of those walks share the same
factors. Written out, the unembedding and the last MLP become one matrix product (W_U^T W_out, masked by act', times
W_in) and each head's softmax one rank-one term. Tests hold this equal to ``torch.autograd`` for every architecture.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from clockpizza.networks import Linear, Network, Transformer


def jacobians(network: Network, E_a: Tensor, E_b: Tensor) -> tuple[Tensor, Tensor]:
    """dQ_c/dE_a and dQ_c/dE_b for N pairs and all p logits: two of (N, p, d_embed).

    Args:
        network: a transformer or linear model.
        E_a, E_b: the operands' embeddings, (N, d_embed); gradients are per position, also where both are one token.
    """
    if isinstance(network, Linear):
        return _linear(network, E_a, E_b)
    return _transformer(network, E_a, E_b)


def _transformer(network: Transformer, E_a: Tensor, E_b: Tensor) -> tuple[Tensor, Tensor]:
    layers = network.config.layers
    x = [network.resid_pre(E_a, E_b)]
    patterns = []
    for layer in range(layers):
        patterns.append(network.pattern(layer, x[-1]))
        x.append(network.block(layer, x[-1], patterns[-1]))
    W_U = network.weights["unembed.W_U"][:, : network.config.p].T  # (p, width)
    G = W_U.expand(E_a.shape[0], 1, *W_U.shape)  # dQ_c/dresid_post at the last position: (N, queries, p, width)
    for layer in reversed(range(layers)):
        G = _attention(network, layer, x[layer], patterns[layer], _mlp(network, layer, x[layer], patterns[layer], G))
    return G[:, 0], G[:, 1]


def _mlp(network: Transformer, layer: int, x: Tensor, pattern: Tensor, G: Tensor) -> Tensor:
    """From dQ/dresid_post to dQ/dresid_mid: (N, queries, p, width)."""
    W_in, b_in, W_out = (network.weights[f"blocks.{layer}.mlp.{name}"] for name in ("W_in", "b_in", "W_out"))
    slope = _slope(
        network.config.activation, network.resid_mid(layer, x, pattern) @ W_in.T + b_in
    )  # (N, queries, d_mlp)
    # In the last block G is the same p rows for every pair, so G W_out is computed for one of them.
    back = (G[:1] if G.stride(0) == 0 else G) @ W_out  # (N or 1, queries, p, d_mlp)
    return G + (back * slope[:, :, None]) @ W_in


def _attention(network: Transformer, layer: int, x: Tensor, pattern: Tensor, G: Tensor) -> Tensor:
    """From dQ/dresid_mid to dQ/dresid_pre: (N, T, p, width)."""
    config, (N, T, width) = network.config, x.shape
    Q, p = G.shape[1], G.shape[2]
    W_K, W_Q, W_V, W_O = (network.weights[f"blocks.{layer}.attn.W_{name}"] for name in "KQVO")
    heads, d_head = config.heads, config.d_head
    G_z = (G @ W_O).unflatten(-1, (heads, d_head))  # (N, Q, p, heads, d_head)
    out = G.new_empty(N, T, p, width)
    for j in range(T):
        through_values = sum(G_z[:, i] * pattern[:, :, i, j][:, None, :, None] for i in range(Q))
        out[:, j] = through_values.flatten(-2) @ W_V.flatten(0, 1)
    out[:, network.queries(layer)] += G  # the residual stream itself

    if config.attention_rate:
        v, k = (torch.einsum("hed,ntd->nhte", W, x) for W in (W_V, W_K))
        q = torch.einsum("hed,nqd->nhqe", W_Q, x[:, network.queries(layer)])
        ov = torch.einsum("dhe,nhte->nhtd", W_O.unflatten(1, (heads, d_head)), v).flatten(1, 2)  # (N, heads * T, width)
        from_q = torch.einsum("nhqe,hed->nqhd", q, W_K)  # d(scores of query i)/dx_j, for every j
        from_k = torch.einsum("nhte,hed->nthd", k, W_Q)  # d(score of key j)/dx_query
        first = T - Q  # the queries are the last Q positions
        for i in range(Q):
            # softmax: ds_j = A_j (g_j - sum_i A_i g_i), with g_j = dQ/dA'_j = G . W_O v_j
            A = (pattern[:, :, i] - (1 - config.attention_rate)) / config.attention_rate  # (N, heads, T)
            g = (G[:, i] @ ov.transpose(1, 2)).unflatten(-1, (heads, T))  # (N, p, heads, T)
            mean = (g * A[:, None]).sum(-1, keepdim=True)
            ds = config.attention_rate / math.sqrt(d_head) * A[:, None] * (g - mean)  # (N, p, heads, T)
            for j in range(T):
                out[:, j] += ds[..., j] @ from_q[:, i]
                out[:, first + i] += ds[..., j] @ from_k[:, j]
    return out


def _linear(network: Linear, E_a: Tensor, E_b: Tensor) -> tuple[Tensor, Tensor]:
    weights, h1 = network.weights, network.neurons(E_a, E_b)  # (N, hidden)
    G = weights["unembed.weight"].expand(E_a.shape[0], -1, -1)  # (N, p, hidden)
    if network.config.model in ("beta", "gamma"):
        h2 = torch.relu(h1) @ weights["l2.weight"].T + weights["l2.bias"]
        G = (G * (h2 > 0)[:, None]) @ weights["l2.weight"]
    G = (G * (h1 > 0)[:, None]) @ weights["l1.weight"]  # (N, p, inputs of L1)
    if network.config.model == "delta":
        d_embed = network.config.d_embed
        return G[..., :d_embed], G[..., d_embed:]
    return G, G


def _slope(activation: str, h: Tensor) -> Tensor:
    """The activation's derivative."""
    if activation == "relu":
        return (h > 0).to(h.dtype)
    if activation == "tanh":
        return 1 - torch.tanh(h) ** 2
    normal_cdf = (1 + torch.erf(h / math.sqrt(2))) / 2
    return normal_cdf + h * torch.exp(-(h**2) / 2) / math.sqrt(2 * math.pi)
