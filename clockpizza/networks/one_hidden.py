"""The first hidden layer over pairs: tables, one activation, one matrix.

Of one-layer transformers and the linear models alpha, delta and x it is the only one, and gives logits: what their
attention and their residual stream add is in the tables (see tables.py), and W_U^T W_out is one matrix of few columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.kernel.training import Attending, Shared
from clockpizza.networks.first_layer import first_block, first_dense
from clockpizza.networks.mix import mix
from clockpizza.networks.tables import Tables, joined_tables

PAD = 16  # columns: matrix products are faster on whole cache lines


@dataclass(frozen=True)
class OneHidden:
    """pre[..., hidden:] + act(pre[..., :hidden]) @ M at each position, pre from `tables`; M (R, hidden, outputs).

    back: from gradients of these to those of weights, by name, where it is not autograd's.
    """

    tables: Tables
    M: Tensor
    back: Callable[[OneHidden], dict[str, Tensor]] | None = None

    def of(self, a: slice) -> OneHidden:
        """That of the pairs with some operands a alone."""
        return OneHidden(self.tables.of(a), self.M)

    @property
    def parts(self) -> list[Tensor]:
        """All tensors, in the order of the kernel's `PARTS`."""
        t = self.tables
        return [t.B0, t.B1, t.S, t.T0, t.T1, self.M]

    @property
    def tensors(self) -> list[Tensor]:
        """Those that are not empty."""
        return [each for each in self.parts if each.numel()]

    def made_of(self, tensors: Iterable[Tensor]) -> OneHidden:
        """The same of others in place of its `tensors`."""
        others = iter(tensors)
        *tables, M = (next(others) if each.numel() else each for each in self.parts)
        return OneHidden(Tables(*tables), M)


def joined(parts: Sequence[OneHidden]) -> OneHidden:
    """The gradients, from those of all blocks of operands a."""
    if len(parts) == 1:
        return parts[0]  # a GPU's: nothing to copy
    M = sum((each.M for each in parts[1:]), parts[0].M)
    return OneHidden(joined_tables([each.tables for each in parts]), M)


def is_one_hidden(config: NetworkConfig) -> bool:
    """Whether a network has no hidden layer over pairs but the first."""
    return config.model not in ("beta", "gamma") if isinstance(config, LinearConfig) else config.layers == 1


def one_hidden(
    config: NetworkConfig, weights: Mapping[str, Tensor], rate: Tensor | None, shared: Shared | None = None
) -> OneHidden:
    """The first hidden layer of a stack of networks: logits at the position that is read out, where it is the only one;
    else the residual stream at every position, or of linear models the pre-activations alone.

    Args:
        config: what the networks share; its attention rate is not used.
        weights: by name, (R, *shape).
        rate: attention rates (R,), None where all are 0.
        shared: what does it for a single transformer of two tokens.

    Logits are padded.
    """
    if isinstance(config, LinearConfig):
        T = first_dense(config, weights)
        if not is_one_hidden(config):
            return OneHidden(T, T.B0.new_empty(len(T.B0), T.B0.shape[-1], 0))
        M = F.pad(weights["unembed.weight"].mT, (0, -config.d_vocab_out % PAD))  # (R, hidden, outputs)
        # Nothing reaches the logits past the hidden layer.
        return OneHidden(Tables.without_attention(*(F.pad(each, (0, M.shape[-1])) for each in (T.B0, T.B1))), M)
    read = range(config.positions)[-1 if config.layers == 1 else 0 :]
    if shared and config.positions == 2 and len(weights["embed.W_E"]) == 1:
        return _by_kernel(config, weights, None if rate is None else float(rate), read, shared)
    if config.layers == 1:
        C, bias, M = readout(config, weights)
    else:
        W_in, b_in, W_out, b_out = (weights[f"blocks.0.mlp.{name}"] for name in ("W_in", "b_in", "W_out", "b_out"))
        identity = torch.eye(config.width, device=W_in.device, dtype=W_in.dtype).expand(len(W_in), -1, -1)
        C, bias, M = torch.cat([W_in, identity], dim=1), torch.cat([b_in, b_out], dim=1), W_out.mT.contiguous()
    return OneHidden(first_block(config, weights, rate, C, bias, read), M)


def readout(config: TransformerConfig, weights: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """From resid_mid of the last block to logits: pre = C mid + bias, logits = pre[hidden:] + act(pre[:hidden]) M.

    C (R, hidden + outputs, width), bias (R, hidden + outputs), M (R, hidden, outputs); outputs are padded.
    """
    W_U = F.pad(weights["unembed.W_U"], (0, -config.d_vocab_out % PAD))  # (R, width, outputs)
    names = (f"blocks.{config.layers - 1}.mlp.{name}" for name in ("W_in", "b_in", "W_out", "b_out"))
    W_in, b_in, W_out, b_out = (weights[name] for name in names)
    bias = torch.cat([b_in, (b_out[:, None] @ W_U)[:, 0]], dim=1)
    return torch.cat([W_in, W_U.mT], dim=1), bias, W_out.mT @ W_U


def one_hidden_logits(network: OneHidden, act: Callable[[Tensor], Tensor], outputs: int) -> Tensor:
    """Logits of all pairs of a network with one hidden layer: (R, p^2, outputs)."""
    pre, hidden = mix(network.tables).flatten(1, 2), network.M.shape[1]
    return torch.baddbmm(pre[..., hidden:], act(pre[..., :hidden]), network.M)[..., :outputs]


def _by_kernel(
    config: TransformerConfig, weights: Mapping[str, Tensor], rate: float | None, read: Sequence[int], shared: Shared
) -> OneHidden:
    deep = config.layers > 1
    names = {name: name.rsplit(".", 1)[-1] for name in weights if name.startswith(("embed", "pos_embed", "blocks.0."))}
    names |= {} if deep else {"unembed.W_U": "W_U"}
    of = {own: weights[name].detach().contiguous() for name, own in names.items()}
    outputs = config.width if deep else config.d_vocab_out + -config.d_vocab_out % PAD
    attending = Attending(config.p, config.separate_vocabularies, config.causal, rate, read, outputs)
    parts = min(shared.parts, config.heads)  # of which each has a head
    (*tables, M), kept = shared.kernel.first_block(of, attending, parts, shared.each)

    def back(gradient: OneHidden) -> dict[str, Tensor]:
        given = (of, attending, parts, shared.each, tables[2], kept, gradient.parts)
        made = shared.kernel.first_block_back(*given)
        return {name: made[own] for name, own in names.items() if own in made}

    return OneHidden(Tables(*tables), M, back)
