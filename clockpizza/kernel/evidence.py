"""What takes the time in `networks.jacobian`: `masked_product.cpp` for products over the active neurons of each pair,
and `attention_back.cpp` for what follows there, the way back through the last block's attention.
"""

from __future__ import annotations

import ctypes
from functools import cache

from torch import Tensor

from clockpizza.kernel.library import functions, if_available, library


class AttentionBack(ctypes.Structure):
    """As in attention_back.cpp."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("N", "p", "heads", "d_head", "width", "T", "keys", "query")),
        ("scale", ctypes.c_double),
        *((name, ctypes.c_void_p) for name in ("G", "W_O", "W_V", "pattern", "A", "v", "from_q", "from_k", "out")),
    ]


class Kernel:
    """The library, once loaded. Calls let other threads run."""

    def __init__(self, library: ctypes.CDLL):
        self._attention_back = functions(library, "attention_back", ctypes.POINTER(AttentionBack))
        self._masked_product = functions(library, "masked_product", *[ctypes.c_int64] * 4, *[ctypes.c_void_p] * 5)

    def masked_product(self, by_neuron: Tensor, W: Tensor, of_all: Tensor, active: Tensor) -> Tensor:
        """(G * active) W for each of N masks (N, n): (N, p, m).

        by_neuron: G transposed, (n, p). W: (n, m). of_all: G W, (p, m).
        """
        (n, p), m = by_neuron.shape, W.shape[1]
        by_neuron, W, of_all, active = (t.contiguous() for t in (by_neuron, W, of_all, active))
        out = W.new_empty(len(active), p, m)
        tensors = (by_neuron, W, of_all, active, out)
        self._masked_product[W.dtype](len(active), p, n, m, *(t.data_ptr() for t in tensors))
        return out

    def attention_back(
        self,
        G: Tensor,
        W_O: Tensor,
        W_V: Tensor,
        pattern: Tensor,
        A: Tensor,
        v: Tensor,
        from_q: Tensor,
        from_k: Tensor,
        keys: int,
        query: int,
        scale: float,
    ) -> Tensor:
        """From dQ/dresid_mid at one query, G (N, p, width), to dQ/dresid_pre at the first keys: (keys, N, p, width).

        W_O (width, heads * d_head), W_V (heads, d_head, width). pattern, and the softmax A in it: (N, heads, T).
        v (N, heads, T, d_head), from_q (N, heads, width), from_k (N, heads, T, width): see `networks.jacobian`.
        """
        (N, p, width), (_, heads, T, d_head) = G.shape, v.shape
        out = G.new_empty(keys, N, p, width)
        inputs = [t.contiguous() for t in (G, W_O, W_V, pattern, A, v, from_q, from_k)]
        pointers = (t.data_ptr() for t in (*inputs, out))
        self._attention_back[G.dtype](AttentionBack(N, p, heads, d_head, width, T, keys, query, scale, *pointers))
        return out


@cache
def load() -> Kernel:
    """The kernel.

    Raises:
        Unavailable: there is none; see `library`.
    """
    return Kernel(library("masked_product", "attention_back"))


@cache
def found() -> Kernel | None:
    """The kernel where there is one."""
    return if_available(load)
