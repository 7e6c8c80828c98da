"""Steps of training for one network: `first_block.cpp` makes tables of weights, `pairs.cpp` goes from them over pairs
to the loss or to the stream, and back, `last_block.cpp` is what follows there, and `adamw.cpp` the step.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

import torch
from torch import Tensor

from clockpizza.kernel.library import functions, if_available, library
from clockpizza.kernel.structures import PARTS, AdamW, FirstBlock, LastBlock, Problem
from clockpizza.threads import Each

Parts = Sequence[Tensor]  # in the order of `structures.PARTS`


@dataclass(frozen=True)
class Shared:
    """A kernel whose work is cut into parts, which threads may share; the last bits depend on the parts alone."""

    kernel: Kernel
    parts: int
    each: Each


@dataclass(frozen=True)
class Attending:
    """A first block of two tokens: what of it is not weights."""

    p: int
    separate_vocabularies: bool
    causal: bool
    rate: float | None  # None: it does not attend
    read: Sequence[int]  # positions
    outputs: int  # logits and what fills them up; without W_U, width


class Kernel:
    """The library, once loaded. Calls let other threads run."""

    def __init__(self, library: ctypes.CDLL):
        of_types = partial(functions, library)
        self._first_block, self._first_block_back, self._first_block_finish, self._first_block_kept = (
            of_types(f"first_block{name}", ctypes.POINTER(FirstBlock)) for name in ("", "_back", "_finish", "_kept")
        )
        for function in self._first_block_kept.values():
            function.restype = ctypes.c_int64
        self._pair_loss, self._layer, self._layer_back = (
            of_types(name, ctypes.POINTER(Problem)) for name in ("pair_loss", "layer", "layer_back")
        )
        self._last_block = of_types("last_block", ctypes.POINTER(LastBlock))
        self._adamw = of_types("adamw", ctypes.POINTER(AdamW))

    def first_block(
        self, of: Mapping[str, Tensor], attending: Attending, parts: int, each: Each = map
    ) -> tuple[list[Tensor], Tensor]:
        """B0, B1, S, T0, T1 and M of one network's first block, and what `first_block_back` needs to have kept.

        of: weights (1, *shape) by the names of `structures.BLOCK`; with W_U for a block that writes logits.
        parts: how many the work is cut into; the last bits depend on it. each: `map`, or that of threads to share them.
        """
        sizes = _first_block(of, attending, parts)
        p, hidden, outputs, reads = sizes.p, sizes.hidden, sizes.outputs, sizes.positions
        K = sizes.heads if sizes.attends else 0
        new, function, F = of["W_in"].new_empty, self._first_block[of["W_in"].dtype], hidden + outputs
        shapes = {"S": (reads, p, p, K), "T0": (K, p, F), "T1": (K, p, F), "M": (hidden, outputs)}
        made = {name: new(1, *shape) for name, shape in shapes.items()}
        B, kept = new(parts, 2, 1, reads, p, F), new(sizes.heads, self._first_block_kept[of["W_in"].dtype](sizes))
        list(each(function, _first_block(of, attending, parts, B=B, kept=kept, **made).in_parts()))
        return [*sum(B[1:], B[0]), *made.values()], kept

    def first_block_back(
        self,
        of: Mapping[str, Tensor],
        attending: Attending,
        parts: int,
        each: Each,
        S: Tensor,
        kept: Tensor,
        gradients: Sequence[Tensor],
    ) -> dict[str, Tensor]:
        """From gradients of what `first_block` made to those of `of`, but what does not reach it."""
        given = {f"d{name}": t.contiguous() for name, t in zip(PARTS, gradients, strict=True)} | {"S": S, "kept": kept}
        width, F, new = of["W_in"].shape[-1], given["dB0"].shape[-1], kept.new_empty
        shapes = {"dx": (2, attending.p, width), "dC": (F, width), "dU": (width, attending.outputs)}
        given |= {name: new(parts, *shape) for name, shape in shapes.items()}
        unreached = () if attending.rate is not None else ("W_K", "W_Q")
        made = {name: torch.empty_like(t) for name, t in of.items() if name not in unreached}
        given |= {f"d{name}": t for name, t in made.items()} | {"dbias": new(F)}
        problem = _first_block(of, attending, parts, **given)
        list(each(self._first_block_back[kept.dtype], problem.in_parts()))
        self._first_block_finish[kept.dtype](problem)
        return made

    def pair_loss(self, of: Parts, weight: Tensor, target: Tensor, outputs: int, into: Parts) -> Tensor:
        """The loss (1,), float64, over some operands a and all b at the only position; `into` take gradients.

        weight: (1, n), float64. target: (n,). outputs: logits that enter the softmax.
        """
        loss, of = weight.new_empty(1), _laid_out(of)
        given = {"weight": weight.contiguous(), "target": target.contiguous(), "loss": loss}
        self._pair_loss[of[-1].dtype](_problem(of, given, into, outputs=outputs))
        return loss

    def layer(self, of: Parts, row: Tensor, rows: int) -> Tensor:
        """The layer's output z of some pairs at each position, (1, positions, rows, F - hidden).

        row: (a * p,), each pair's row in z, or -1.
        """
        of = _laid_out(of)
        z = of[-1].new_empty(1, of[0].shape[1], rows, of[-1].shape[2])
        self._layer[z.dtype](_problem(of, {"row": row, "z": z}, count=rows))
        return z

    def layer_back(self, of: Parts, row: Tensor, dz: Tensor) -> list[Tensor]:
        """From the gradient of `layer`'s output to those of `of`."""
        of = _laid_out(of)
        made = [t.new_empty(t.shape) for t in of]
        self._layer_back[dz.dtype](_problem(of, {"row": row, "dz": dz.contiguous()}, made, count=dz.shape[2]))
        return made

    def last_block(
        self, of: Mapping[str, Tensor], rate: float, target: Tensor, logits: int, weight: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss (1,), float64, of one network over rows of the residual stream before its last block; and gradients.

        of: x (1, 2, n, width), W_K, W_Q, W_V, W_O, C (1, hidden + outputs, width), bias (1, hidden + outputs) and
        M (1, hidden, outputs): see last_block.cpp. Without the attention's weights x is (1, 1, n, width), resid_mid.
        target: (1, n). logits: of the outputs, those that enter the softmax. weight: of every row.
        """
        of = {name: t.contiguous() for name, t in of.items()}
        target, loss = target.contiguous(), target.new_empty(1, dtype=torch.float64)
        made = {name: torch.empty_like(t) for name, t in of.items()}
        pointers = of | {"target": target, "loss": loss} | {f"d{name}": t for name, t in made.items()}
        _, heads, d_head, _ = of["W_K"].shape if "W_K" in of else (1, 0, 0, 0)
        problem = LastBlock(
            *of["x"].shape[2:],
            heads,
            d_head,
            *of["M"].shape[1:],
            logits,
            rate,
            weight,
            **{name: t.data_ptr() for name, t in pointers.items()},
        )
        self._last_block[of["x"].dtype](problem)
        return loss, made

    def adamw(self, parameter: Tensor, gradient: Tensor, first: Tensor, second: Tensor, *settings: float) -> None:
        """A step of one run, (P,) each, all but the gradient changed in place.

        settings: learning_rate, weight_decay, beta1, beta2, epsilon, steps with this one, warmup.
        """
        gradient = gradient.contiguous()
        pointers = (tensor.data_ptr() for tensor in (parameter, gradient, first, second))
        self._adamw[parameter.dtype](AdamW(len(parameter), *settings, *pointers))


def _first_block(of: Mapping[str, Tensor], attending: Attending, parts: int, **others: Tensor) -> FirstBlock:
    return FirstBlock(
        p=attending.p,
        vocabulary=of["W_E"].shape[-1],
        second=attending.p if attending.separate_vocabularies else 0,
        width=of["W_in"].shape[-1],
        heads=of["W_K"].shape[1],
        d_head=of["W_K"].shape[2],
        hidden=of["W_in"].shape[1],
        answers=of["W_U"].shape[-1] if "W_U" in of else attending.outputs,
        outputs=attending.outputs,
        positions=len(attending.read),
        parts=parts,
        attends=attending.rate is not None,
        causal=attending.causal,
        read=(ctypes.c_int64 * 2)(*attending.read),
        rate=attending.rate or 0.0,
        **{name: tensor.data_ptr() for name, tensor in (dict(of) | others).items()},
    )


def _laid_out(of: Parts) -> list[Tensor]:
    """As the kernel takes them: what is of some operands a may lie among the others' rows."""
    B0, B1, S, T0, T1, M = of
    B0, S, T0 = (t if t[0, :1].is_contiguous() else t.contiguous() for t in (B0, S, T0))
    return [B0, B1.contiguous(), S, T0, T1.contiguous(), M.contiguous()]


def _problem(of: Parts, others: dict[str, Tensor], into: Parts = (), outputs: int = 0, count: int = 0) -> Problem:
    B0, B1, _, T0, _, M = of
    tensors = dict(zip(PARTS, of, strict=True)) | others | {f"d{name}": t for name, t in zip(PARTS, into, strict=False)}
    apart = {
        f"{name}_apart": tensors[name].stride(1) for name in ("B0", "S", "T0", "dB0", "dS", "dT0") if name in tensors
    }
    return Problem(
        positions=B0.shape[1],
        rows=B0.shape[2],
        p=B1.shape[2],
        K=T0.shape[1],
        hidden=M.shape[1],
        width=M.shape[2],
        outputs=outputs,
        count=count,
        **apart,
        **{name: tensor.data_ptr() for name, tensor in tensors.items()},
    )


@cache
def load() -> Kernel:
    """The kernel.

    Raises:
        Unavailable: there is none; see `library`.
    """
    return Kernel(library("first_block", "pairs", "last_block", "adamw"))


@cache
def found() -> Kernel | None:
    """The kernel where there is one."""
    return if_available(load)
