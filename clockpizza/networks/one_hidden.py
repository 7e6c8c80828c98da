"""Networks with one hidden layer over pairs: tables, one activation, one matrix.

One-layer transformers and the linear models alpha, delta and x are such networks: what their attention and their
residual stream add is in the tables (see tables.py), and W_U^T W_out is one matrix of few columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.kernel import Shared
from clockpizza.networks.first_layer import first_block, first_dense
from clockpizza.networks.mix import mix
from clockpizza.networks.tables import Tables

PAD = 16  # columns: matrix products are faster on whole cache lines


@dataclass(frozen=True)
class OneHidden:
    """A network with one hidden layer: logits = pre[..., hidden:] + act(pre[..., :hidden]) @ M; M (R, hidden, outputs).

    Outputs are padded; `tables` gives pre, hidden + outputs wide.
    """

    tables: Tables
    M: Tensor


def is_one_hidden(config: NetworkConfig) -> bool:
    """Whether a network has one hidden layer over pairs."""
    return config.model not in ("beta", "gamma") if isinstance(config, LinearConfig) else config.layers == 1


def one_hidden(
    config: NetworkConfig, weights: Mapping[str, Tensor], rate: Tensor | None, shared: Shared | None = None
) -> OneHidden:
    """A stack of networks with one hidden layer; arguments as for `first_block`."""
    if isinstance(config, LinearConfig):
        T = first_dense(config, weights)
        M = F.pad(weights["unembed.weight"].mT, (0, -config.d_vocab_out % PAD))  # (R, hidden, outputs)
        # Nothing reaches the logits past the hidden layer.
        return OneHidden(Tables.without_attention(*(F.pad(each, (0, M.shape[-1])) for each in (T.B0, T.B1))), M)
    C, bias, M = readout(config, weights)
    return OneHidden(first_block(config, weights, rate, C, bias, [config.positions - 1], shared), M)


def readout(config: TransformerConfig, weights: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """From resid_mid of the last block to logits: pre = C mid + bias, logits = pre[hidden:] + act(pre[:hidden]) M.

    C (R, hidden + outputs, width), bias (R, hidden + outputs), M (R, hidden, outputs); outputs are padded.
    """
    W_U = F.pad(weights["unembed.W_U"], (0, -config.d_vocab_out % PAD))  # (R, width, outputs)
    names = (f"blocks.{config.layers - 1}.mlp.{name}" for name in ("W_in", "b_in", "W_out", "b_out"))
    W_in, b_in, W_out, b_out = (weights[name] for name in names)
    bias = torch.cat([b_in, (b_out[:, None] @ W_U)[:, 0]], dim=1)
    return torch.cat([W_in, W_U.mT], dim=1), bias, W_out.mT @ W_U


def of_operands(network: OneHidden, a: slice) -> OneHidden:
    """The network for the pairs with some operands a alone."""
    return OneHidden(network.tables.of(a), network.M)


def one_hidden_logits(network: OneHidden, act: Callable[[Tensor], Tensor], outputs: int) -> Tensor:
    """Logits of all pairs: (R, p^2, outputs)."""
    pre, hidden = mix(network.tables).flatten(1, 2), network.M.shape[1]
    return torch.baddbmm(pre[..., hidden:], act(pre[..., :hidden]), network.M)[..., :outputs]
