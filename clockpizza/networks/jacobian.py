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
    x, patterns, mids = [network.resid_pre(E_a, E_b)], [], []
    for layer in range(layers):
        patterns.append(network.pattern(layer, x[-1]))
        mids.append(network.resid_mid(layer, x[-1], patterns[-1]))
        x.append(network.resid_post(layer, mids[-1]))
    # dQ_c/dresid_post of every position that is read: (N, p, width) each, in the last block one position's, and the
    # same for every pair.
    G = [network.weights["unembed.W_U"][:, : network.config.p].T.expand(E_a.shape[0], -1, -1)]
    for layer in reversed(range(layers)):
        G = _mlp(network, layer, mids[layer], G)
        keys = 2 if layer == 0 else network.config.positions  # the token "=" is no operand
        G = _attention(network, layer, x[layer], patterns[layer], G, keys)
    return G[0], G[1]


def _mlp(network: Transformer, layer: int, mid: Tensor, G: list[Tensor]) -> list[Tensor]:
    """From dQ/dresid_post to dQ/dresid_mid, both (N, p, width) a query."""
    W_in, b_in, W_out = (network.weights[f"blocks.{layer}.mlp.{name}"] for name in ("W_in", "b_in", "W_out"))
    slope = _slope(network.config.activation, mid @ W_in.T + b_in)  # (N, queries, d_mlp)
    # Where G is the same for every pair (stride 0), so is G W_out.
    back = [(each[0] if each.stride(0) == 0 else each) @ W_out for each in G]  # (p, d_mlp) or (N, p, d_mlp)
    if network.config.activation == "relu":
        return [each + _through_relu(back[i], slope[:, i] > 0, W_in) for i, each in enumerate(G)]
    return [each + (back[i] * slope[:, i, None]) @ W_in for i, each in enumerate(G)]


def _attention(
    network: Transformer, layer: int, x: Tensor, pattern: Tensor, G: list[Tensor], keys: int
) -> list[Tensor]:
    """From dQ/dresid_mid at the queries to dQ/dresid_pre at the first `keys` positions, all (N, p, width)."""
    config, T = network.config, x.shape[1]
    heads, queries = config.heads, range(T)[network.queries(layer)]
    W_K, W_Q, W_V, W_O = (network.weights[f"blocks.{layer}.attn.W_{name}"] for name in "KQVO")

    if config.attention_rate == 0:  # every weight is 1: all positions move the stream alike
        out = [sum(G[1:], start=G[0]) @ (W_O @ W_V.flatten(0, 1))] * keys
    else:
        G_z = [(each @ W_O).unflatten(-1, (heads, -1)) for each in G]  # (N, p, heads, d_head)
        out = []
        for j in range(keys):
            weighted = [each * pattern[:, :, i, j][:, None, :, None] for i, each in enumerate(G_z)]
            out.append(sum(weighted[1:], start=weighted[0]).flatten(-2) @ W_V.flatten(0, 1))
    for i, position in enumerate(queries):
        if position < keys:
            out[position] = out[position] + G[i]  # the residual stream itself

    if rate := config.attention_rate:
        v, k = (torch.einsum("hed,ntd->nhte", W, x) for W in (W_V, W_K))
        q = torch.einsum("hed,nqd->nhqe", W_Q, x[:, network.queries(layer)])
        ov = torch.einsum("dhe,nhte->nhtd", W_O.unflatten(1, (heads, -1)), v).flatten(1, 2)  # (N, heads * T, width)
        from_q = torch.einsum("nhqe,hed->nqhd", q, W_K)  # d(scores of query i)/dx_j, for every j
        from_k = torch.einsum("nhte,hed->nhtd", k, W_Q).flatten(1, 2)  # d(score of key j)/dx_query
        for i, position in enumerate(queries):
            # softmax: ds_j = A_j (g_j - sum_m A_m g_m), with g_j = dQ/dA'_j = G . W_O v_j
            A = (pattern[:, :, i] - (1 - rate)) / rate  # (N, heads, T)
            g = (G[i] @ ov.transpose(1, 2)).unflatten(-1, (heads, T))  # (N, p, heads, T)
            mean = (g * A[:, None]).sum(-1, keepdim=True)
            ds = rate / math.sqrt(config.d_head) * A[:, None] * (g - mean)  # (N, p, heads, T)
            for j in range(keys):
                out[j].baddbmm_(ds[..., j], from_q[:, i])
            if position < keys:
                out[position].baddbmm_(ds.flatten(-2), from_k)
    return out


def _through_relu(G: Tensor, active: Tensor, W: Tensor) -> Tensor:
    """(G * active) W, with G (p, n) or (N, p, n), active (N, n) and W (n, m): (N, p, m).

    Half of the products are with zeros. Each pair's are left out, or, where more neurons are active than not, its
    inactive neurons are subtracted from the product with all of them.
    """
    shared = G.dim() == 2
    if G.device.type != "cpu":  # many small products are slow on a GPU
        return (G * active[:, None]) @ W
    all_active = G @ W if shared else None
    out = G.new_empty(len(active), G.shape[-2], W.shape[1])
    by_neuron = G.mT.contiguous()  # a neuron a row: rows are cheap to pick
    for i, row in enumerate(active):
        subtract = all_active is not None and 2 * int(row.sum()) > len(row)
        at = (~row if subtract else row).nonzero()[:, 0]
        torch.mm((by_neuron if shared else by_neuron[i])[at].T, W[at], out=out[i])
        if subtract and all_active is not None:
            torch.sub(all_active, out[i], out=out[i])
    return out


def _linear(network: Linear, E_a: Tensor, E_b: Tensor) -> tuple[Tensor, Tensor]:
    weights, h1 = network.weights, network.neurons(E_a, E_b)  # (N, hidden)
    G = weights["unembed.weight"]  # (p, hidden)
    if network.config.model in ("beta", "gamma"):
        h2 = torch.relu(h1) @ weights["l2.weight"].T + weights["l2.bias"]
        G = _through_relu(G, h2 > 0, weights["l2.weight"])
    G = _through_relu(G, h1 > 0, weights["l1.weight"])  # (N, p, inputs of L1)
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
