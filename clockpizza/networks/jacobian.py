"""Gradients of every logit with respect to both operands' embeddings, by the chain rule written out.

Automatic differentiation would walk the network once for each of the p logits; all of those walks share the same
factors. Written out, the unembedding and the last MLP become one matrix product (W_U^T W_out, masked by act', times
W_in) and each head's softmax one rank-one term. Tests hold this equal to ``torch.autograd`` for every architecture.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from clockpizza.kernel import evidence as kernel
from clockpizza.networks import Linear, Network, Transformer


def jacobians(network: Network, E_a: Tensor, E_b: Tensor) -> tuple[Tensor, Tensor]:
    """dQ_c/dE_a and dQ_c/dE_b for N pairs and all p logits: two of (N, p, d_embed).

    Args:
        network: a transformer or linear model.
        E_a, E_b: the operands' embeddings, (N, d_embed); gradients are per position, also where both are one token.
    """
    return Jacobians(network)(E_a, E_b)


class Jacobians:
    """`jacobians` of one network for many batches of pairs: what all pairs share is computed once."""

    def __init__(self, network: Network):
        self.network = network
        weights = network.weights
        # Where G is still the same p rows for every pair, so are its products.
        if isinstance(network, Linear):
            last = "l2" if network.config.model in ("beta", "gamma") else "l1"
            self.last = _Masked(weights["unembed.weight"], weights[f"{last}.weight"])
        else:
            # Contiguous, for what is added to it takes its layout.
            self.W_U = weights["unembed.W_U"][:, : network.config.p].T.contiguous()  # (p, width)
            W_in, W_out = (weights[f"blocks.{network.config.layers - 1}.mlp.{name}"] for name in ("W_in", "W_out"))
            self.last = _Masked(self.W_U @ W_out, W_in)

    def __call__(self, E_a: Tensor, E_b: Tensor) -> tuple[Tensor, Tensor]:
        """For N pairs given by their embeddings (N, d_embed)."""
        if isinstance(self.network, Linear):
            return self._linear(self.network, E_a, E_b)
        return self._transformer(self.network, E_a, E_b)

    def _linear(self, network: Linear, E_a: Tensor, E_b: Tensor) -> tuple[Tensor, Tensor]:
        weights, h = network.weights, network.neurons(E_a, E_b)  # (N, hidden)
        if network.config.model in ("beta", "gamma"):
            h2 = torch.relu(h) @ weights["l2.weight"].T + weights["l2.bias"]
            G = _Masked(self.last.product(_slope("relu", h2)), weights["l1.weight"]).product(_slope("relu", h))
        else:
            G = self.last.product(_slope("relu", h))  # (N, p, inputs of L1)
        if network.config.model == "delta":
            d_embed = network.config.d_embed
            return G[..., :d_embed], G[..., d_embed:]
        return G, G

    def _transformer(self, network: Transformer, E_a: Tensor, E_b: Tensor) -> tuple[Tensor, Tensor]:
        layers = range(network.config.layers)
        x, patterns, mids = [network.resid_pre(E_a, E_b)], [], []
        for layer in layers:
            patterns.append(network.pattern(layer, x[-1]))
            mids.append(network.resid_mid(layer, x[-1], patterns[-1]))
            if layer < layers[-1]:
                x.append(network.resid_post(layer, mids[-1]))
        # dQ_c/dresid_mid of every position that is read, in the last block one: (N, p, width) each
        G = [self.W_U + self.last.product(_mlp_slope(network, layers[-1], mids[-1])[:, 0])]
        for layer in reversed(layers):
            if layer < layers[-1]:
                G = _mlp(network, layer, mids[layer], G)
            keys = 2 if layer == 0 else network.config.positions  # the token "=" is no operand
            G = _attention(network, layer, x[layer], patterns[layer], G, keys)
        return G[0], G[1]


def _mlp(network: Transformer, layer: int, mid: Tensor, G: list[Tensor]) -> list[Tensor]:
    """From dQ/dresid_post to dQ/dresid_mid, both (N, p, width) a query."""
    W_in, W_out = (network.weights[f"blocks.{layer}.mlp.{name}"] for name in ("W_in", "W_out"))
    slope = _mlp_slope(network, layer, mid)
    return [each + _Masked(each @ W_out, W_in).product(slope[:, i]) for i, each in enumerate(G)]


def _mlp_slope(network: Transformer, layer: int, mid: Tensor) -> Tensor:
    """act' of every neuron: (N, queries, d_mlp)."""
    W_in, b_in = (network.weights[f"blocks.{layer}.mlp.{name}"] for name in ("W_in", "b_in"))
    return _slope(network.config.activation, mid @ W_in.T + b_in)


def _attention(
    network: Transformer, layer: int, x: Tensor, pattern: Tensor, G: list[Tensor], keys: int
) -> list[Tensor]:
    """From dQ/dresid_mid at the queries to dQ/dresid_pre at the first `keys` positions, all (N, p, width)."""
    config, T = network.config, x.shape[1]
    heads, positions, rate = config.heads, range(T)[network.queries(layer)], config.attention_rate
    W_K, W_Q, W_V, W_O = (network.weights[f"blocks.{layer}.attn.W_{name}"] for name in "KQVO")
    if rate == 0:  # every weight is 1: all positions move the stream alike
        out = [sum(G[1:], start=G[0]) @ (W_O @ W_V.flatten(0, 1))] * keys
        for i, position in enumerate(positions):
            if position < keys:
                out[position] = out[position] + G[i]  # the residual stream itself
        return out

    v, k = (torch.einsum("hed,ntd->nhte", W, x) for W in (W_V, W_K))
    q = torch.einsum("hed,nqd->nhqe", W_Q, x[:, network.queries(layer)])
    from_q = torch.einsum("nhqe,hed->nqhd", q, W_K)  # d(score of query i)/dx_j, for every j
    from_k = torch.einsum("nhte,hed->nhtd", k, W_Q)  # d(score of key j)/dx_query
    A = (pattern - (1 - rate)) / rate  # the softmax: (N, heads, queries, T)
    scale = rate / math.sqrt(config.d_head)
    if len(G) == 1 and G[0].device.type == "cpu" and (compiled := kernel.found()):
        at = (pattern[:, :, 0], A[:, :, 0], v, from_q[:, 0], from_k)
        return list(compiled.attention_back(G[0], W_O, W_V, *at, keys=keys, query=positions[0], scale=scale))

    Z = [(each @ W_O).unflatten(-1, (heads, -1)) for each in G]  # (N, p, heads, d_head)
    out = []
    for j in range(keys):
        weighted = [each * pattern[:, :, i, j][:, None, :, None] for i, each in enumerate(Z)]
        out.append(sum(weighted[1:], start=weighted[0]).flatten(-2) @ W_V.flatten(0, 1))
    for i, position in enumerate(positions):
        # softmax: ds_j = A_j (g_j - sum_m A_m g_m), with g_j = dQ/dA'_j = Z . v_j
        weights = A[:, None, :, i]  # (N, 1, heads, T)
        g = torch.einsum("nche,nhte->ncht", Z[i], v)
        ds = scale * weights * (g - (g * weights).sum(-1, keepdim=True))  # (N, p, heads, T)
        for j in range(keys):
            out[j].baddbmm_(ds[..., j], from_q[:, i])
        if position < keys:
            out[position] += G[i]
            out[position].baddbmm_(ds.flatten(-2), from_k.flatten(1, 2))
    return out


class _Masked:
    """Products (G * slope) W, with G (p, n) or (N, p, n) and W (n, m).

    After a ReLU half of the slopes are 0 and the others 1. Where G is shared, each pair's inactive neurons are left out
    or, where more neurons are active than not, subtracted from the product with all of them: half of the work. (G of
    each pair would have to be rearranged for that first, which costs as much as it saves.)
    """

    def __init__(self, G: Tensor, W: Tensor):
        self.G, self.W = G, W
        self.shared = G.dim() == 2 and G.device.type == "cpu"  # many small products are slow on a GPU
        if self.shared:
            self.by_neuron = G.T.contiguous()  # a neuron a row: rows are cheap to pick
            self.of_all = G @ W

    def product(self, slope: Tensor) -> Tensor:
        """(N, p, m), with slope (N, n); of a ReLU, which neurons are active."""
        if not self.shared or slope.dtype != torch.bool:
            return (self.G * slope[:, None]) @ self.W
        if compiled := kernel.found():
            return compiled.masked_product(self.by_neuron, self.W, self.of_all, slope)
        out = self.W.new_empty(len(slope), *self.of_all.shape)
        for i, (row, count) in enumerate(zip(slope, slope.sum(1).tolist(), strict=True)):
            most = 2 * count > len(row)
            at = (~row if most else row).nonzero()[:, 0]
            torch.mm(self.by_neuron[at].T, self.W[at], out=out[i])
            if most:
                torch.sub(self.of_all, out[i], out=out[i])
        return out


def _slope(activation: str, h: Tensor) -> Tensor:
    """The activation's derivative; of a ReLU, whether it is 1."""
    if activation == "relu":
        return h > 0
    if activation == "tanh":
        return 1 - torch.tanh(h) ** 2
    normal_cdf = (1 + torch.erf(h / math.sqrt(2))) / 2
    return normal_cdf + h * torch.exp(-(h**2) / 2) / math.sqrt(2 * math.pi)
