"""The transformer of the paper, as equations.

Layout and names are those of the authors' (and Nanda et al.'s) state dicts: a weight maps columns to rows, so
``W_E[:, t]`` is the embedding of token t. There is no LayerNorm and no attention bias.

    x_i     = W_E[:, t_i] + W_pos[i]                                          resid_pre
    A       = softmax_j(q_i . k_j / sqrt(d_head))                             pattern of true attention
    A'      = attention_rate * A + (1 - attention_rate) * J                   J is all ones (not 1/T)
    mid_i   = x_i + W_O concat_h sum_j A'_hij W_V_h x_j                       resid_mid
    x_i    <- mid_i + W_out act(W_in mid_i + b_in) + b_out                    resid_post
    logits  = x_last . W_U

Source: Zhong et al. 2023; the causal mask is Nanda et al. 2023.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from clockpizza.networks.weights import checked_weights

if TYPE_CHECKING:
    from clockpizza.config import TransformerConfig

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": F.relu, "gelu": F.gelu, "tanh": torch.tanh}


class Transformer:
    """A modular-addition transformer: a config and its weights.

    Args:
        config: what the weights mean.
        weights: tensors by the names of `parameter_shapes`; shapes are checked.

    Raises:
        BadInput: a weight is missing, unexpected, of the wrong shape, or not finite.
    """

    def __init__(self, config: TransformerConfig, weights: Mapping[str, Tensor]):
        self.config = config
        self.weights = checked_weights(weights, parameter_shapes(config))
        self.act = ACTIVATIONS[config.activation]

    # ---- what the evidence asks of any network -------------------------------------------------------------

    @property
    def W_E(self) -> Tensor:
        """Token embedding, before the positional embedding is added: (d_vocab, width), a row a token."""
        return self.weights["embed.W_E"].T

    def embeddings(self) -> tuple[Tensor, Tensor]:
        """Embeddings of operand a and of operand b: two of (p, width); the same tensor where they share tokens."""
        p = self.config.p
        W_E_a = self.W_E[:p]  # (p, width)
        return W_E_a, (self.W_E[p : 2 * p] if self.config.separate_vocabularies else W_E_a)

    def logits(self, E_a: Tensor, E_b: Tensor, patterns: Sequence[Tensor] | None = None) -> Tensor:
        """Logits (N, p) at the last position for N pairs given by their embeddings E_a, E_b (N, width).

        patterns: what `patterns` returned for other embeddings of the same pairs: attention is then frozen to it.
        """
        x = self.resid_pre(E_a, E_b)
        for layer in range(self.config.layers):
            x = self.block(layer, x, None if patterns is None else patterns[layer])
        return x[:, -1] @ self.weights["unembed.W_U"][:, : self.config.p]  # (N, p)

    def patterns(self, E_a: Tensor, E_b: Tensor) -> list[Tensor]:
        """A' of every block: a list of (N, heads, queries, T); the last block has the last position's query alone."""
        x, patterns = self.resid_pre(E_a, E_b), []
        for layer in range(self.config.layers):
            patterns.append(self.pattern(layer, x))
            x = self.block(layer, x, patterns[-1])
        return patterns

    def neurons(self, E_a: Tensor, E_b: Tensor) -> Tensor:
        """Pre-activations (N, d_mlp) of the first block's neurons at the position that is read out."""
        x = self.resid_pre(E_a, E_b)
        mid = self.resid_mid(0, x, self.pattern(0, x))[:, -1]
        return mid @ self.weights["blocks.0.mlp.W_in"].T + self.weights["blocks.0.mlp.b_in"]

    # ---- the equations -------------------------------------------------------------------------------------

    def resid_pre(self, E_a: Tensor, E_b: Tensor) -> Tensor:
        """The residual stream that enters the first block: (N, T, width)."""
        tokens = [E_a, E_b]
        if self.config.equals_token:
            tokens.append(self.W_E[self.config.equals_index].expand_as(E_a))
        return torch.stack(tokens, dim=1) + self.weights["pos_embed.W_pos"]

    def queries(self, layer: int) -> slice:
        """The positions whose output is read: all of them, and in the last block the last one."""
        return slice(-1, None) if layer == self.config.layers - 1 else slice(None)

    def pattern(self, layer: int, x: Tensor) -> Tensor:
        """A' = rate * softmax(q k / sqrt(d_head)) + (1 - rate): (N, heads, queries, T)."""
        rate, N, T = self.config.attention_rate, x.shape[0], x.shape[1]
        positions = range(T)[self.queries(layer)]
        if rate == 0:  # the scores would be multiplied by 0
            return x.new_ones(N, self.config.heads, len(positions), T)
        W_Q, W_K = self.weights[f"blocks.{layer}.attn.W_Q"], self.weights[f"blocks.{layer}.attn.W_K"]
        q = torch.einsum("hed,nqd->nhqe", W_Q, x[:, self.queries(layer)])  # (N, heads, queries, d_head)
        k = torch.einsum("hed,ntd->nhte", W_K, x)  # (N, heads, T, d_head)
        scores = q @ k.transpose(-1, -2) / self.config.d_head**0.5  # (N, heads, queries, T)
        if self.config.causal:
            later = torch.tensor([[j > i for j in range(T)] for i in positions], device=x.device)
            scores = scores.masked_fill(later, float("-inf"))
        return rate * scores.softmax(dim=-1) + (1 - rate)

    def resid_mid(self, layer: int, x: Tensor, pattern: Tensor) -> Tensor:
        """The stream after attention, at the queries' positions: (N, queries, width)."""
        W_V, W_O = self.weights[f"blocks.{layer}.attn.W_V"], self.weights[f"blocks.{layer}.attn.W_O"]
        v = torch.einsum("hed,ntd->nhte", W_V, x)  # (N, heads, T, d_head)
        z = (pattern @ v).transpose(1, 2).flatten(2)  # (N, queries, heads * d_head)
        return x[:, self.queries(layer)] + z @ W_O.T

    def block(self, layer: int, x: Tensor, pattern: Tensor | None = None) -> Tensor:
        """One block: attention, then the MLP: (N, queries, width)."""
        return self.resid_post(layer, self.resid_mid(layer, x, self.pattern(layer, x) if pattern is None else pattern))

    def resid_post(self, layer: int, mid: Tensor) -> Tensor:
        """The stream after the MLP, at the positions of `mid`: (N, queries, width)."""
        W_in, b_in, W_out, b_out = (self.weights[f"blocks.{layer}.mlp.{n}"] for n in ("W_in", "b_in", "W_out", "b_out"))
        return mid + self.act(mid @ W_in.T + b_in) @ W_out.T + b_out


def parameter_shapes(config: TransformerConfig) -> dict[str, tuple[int, ...]]:
    """Every parameter's name and shape, in the order of the authors' state dicts."""
    width, d_mlp, heads, d_head = config.width, config.d_mlp, config.heads, config.d_head
    shapes: dict[str, tuple[int, ...]] = {
        "embed.W_E": (width, config.d_vocab),
        "pos_embed.W_pos": (config.positions, width),
        "unembed.W_U": (width, config.d_vocab_out),
    }
    for i in range(config.layers):
        shapes |= {f"blocks.{i}.attn.{name}": (heads, d_head, width) for name in ("W_K", "W_Q", "W_V")}
        shapes |= {
            f"blocks.{i}.attn.W_O": (width, heads * d_head),
            f"blocks.{i}.mlp.W_in": (d_mlp, width),
            f"blocks.{i}.mlp.b_in": (d_mlp,),
            f"blocks.{i}.mlp.W_out": (width, d_mlp),
            f"blocks.{i}.mlp.b_out": (width,),
        }
    return shapes
