"""Loss and gradients of one hidden layer over all p^2 pairs: the part of a step that takes the time.

What autograd would do, written out. The pairs are taken some operands a at a time: the buffers of such a block are made
once a thread, worked on in place, and stay in its cache; and threads can share the blocks of one run.
"""

from __future__ import annotations

import threading

import torch
import torch.nn.functional as F
from torch import Tensor

from clockpizza.kernel.training import Kernel
from clockpizza.networks.mix import mix_back, mix_into
from clockpizza.networks.one_hidden import OneHidden, joined
from clockpizza.networks.tables import Tables
from clockpizza.threads import Each


def blocks(p: int, size: int) -> list[slice]:
    """The operands a, `size` at a time."""
    return [slice(a, min(a + size, p)) for a in range(0, p, size)]


class PairLoss:
    """Cross entropy over all pairs of networks with one hidden layer.

    Args:
        outputs: logits that enter the softmax; `OneHidden` may have more, for padding.
        activation: relu, gelu or tanh.
        target: answers (p^2,).
        block: operands a at a time.
        kernel: what does a block of a single network, if it can.

    The sums over blocks are in their order, so that the last bits depend on `block`, and not on who does the work.
    """

    def __init__(self, outputs: int, activation: str, target: Tensor, block: int, kernel: Kernel | None = None):
        self.outputs, self.activation, self.target, self.block = outputs, activation, target, block
        self.kernel = kernel if activation == "relu" else None
        self._local = threading.local()

    def logits(self, network: OneHidden, each: Each = map) -> Tensor:
        """Logits of all pairs, float64: (R, p^2, outputs)."""
        p = network.tables.B0.shape[2]
        parts = each(lambda a: self._forward(network.of(a))[0], blocks(p, self.block))
        return torch.cat(list(parts), dim=1)

    def loss_and_gradients(self, network: OneHidden, weight: Tensor, each: Each = map) -> tuple[Tensor, OneHidden]:
        """Each run's loss (R,), float64, and its gradients with respect to tables and M.

        weight: what each pair counts for, (R, p^2), float64: 1 / n for each of n training pairs, else 0.
        """
        p = network.tables.B0.shape[2]
        grid = weight.unflatten(1, (p, p))
        target = self.target.view(p, p)
        if self.kernel and len(weight) == 1:
            return self._by_kernel(self.kernel, network, grid, target, each)

        def part(a: slice) -> tuple[Tensor, OneHidden]:
            return self._part(network.of(a), grid[:, a].flatten(1), target[a].flatten())

        losses, parts = zip(*each(part, blocks(p, self.block)), strict=True)
        return sum(losses[1:], losses[0]), joined(parts)

    def release(self) -> None:
        """Give back the buffers."""
        self._local = threading.local()

    def _by_kernel(
        self, kernel: Kernel, network: OneHidden, weight: Tensor, target: Tensor, each: Each
    ) -> tuple[Tensor, OneHidden]:
        """`loss_and_gradients` of a single network; weight (1, p, p), target (p, p)."""
        over = blocks(len(target), self.block)
        B0, _, S, T0, _, _ = (x.new_empty(x.shape) for x in network.parts)
        B1, T1, M = (x.new_empty(len(over), *x.shape) for x in (network.tables.B1, network.tables.T1, network.M))

        def part(i: int) -> Tensor:
            a = over[i]
            into = (B0[:, :, a], B1[i], S[:, :, a], T0[:, :, a], T1[i], M[i])
            own = weight[:, a].flatten(1), target[a].flatten()
            return kernel.pair_loss(network.of(a).parts, *own, self.outputs, into)

        losses = list(each(part, range(len(over))))
        B1, T1, M = (sum(of_blocks[1:], of_blocks[0]) for of_blocks in (B1, T1, M))
        return sum(losses[1:], losses[0]), OneHidden(Tables(B0, B1, S, T0, T1), M)

    @torch.no_grad()  # a setting of each thread
    def _part(self, network: OneHidden, weight: Tensor, target: Tensor) -> tuple[Tensor, OneHidden]:
        """Loss and gradients of the pairs of one block; weight (R, n), target (n,)."""
        z, act, grad = self._forward(network)
        R, hidden = network.M.shape[:2]
        target = target.expand(R, -1)[..., None]
        log_p = z.log_softmax(-1)
        loss = -(log_p.gather(-1, target)[..., 0] * weight).sum(-1)
        dz = log_p.exp_()
        dz.scatter_add_(-1, target, dz.new_full((), -1.0).expand_as(target))
        dz *= weight[..., None]

        d_act, d_logits = grad.flatten(1, 2).split([hidden, grad.shape[-1] - hidden], dim=-1)
        slope = _gelu_slope(d_act) if self.activation == "gelu" else None  # the pre-activations were left there
        d_logits[..., self.outputs :] = 0
        d_logits[..., : self.outputs] = dz
        dM = (d_logits.mT @ act).mT  # this way round the product has fewer rows, and is faster
        torch.bmm(d_logits, network.M.mT, out=d_act)
        if slope is not None:
            d_act *= slope
        elif self.activation == "relu":
            torch.ops.aten.threshold_backward.grad_input(d_act, act, 0, grad_input=d_act)
        else:
            torch.ops.aten.tanh_backward.grad_input(d_act, act, grad_input=d_act)
        return loss, OneHidden(mix_back(grad, network.tables), dM)

    @torch.no_grad()
    def _forward(self, network: OneHidden) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of a block in float64, activations (R, n, hidden), the buffer for gradients (R, a, p, F)."""
        pre, grad = self._memory(network.tables)
        hidden = network.M.shape[1]
        mix_into(pre, grad.view_as(pre.transpose(1, 2)), network.tables)
        act, logits = pre.flatten(1, 2).split([hidden, pre.shape[-1] - hidden], dim=-1)
        if self.activation == "gelu":
            grad.flatten(1, 2)[..., :hidden] = act  # its derivative needs the pre-activations
            act.copy_(F.gelu(act))
        else:
            torch.relu_(act) if self.activation == "relu" else torch.tanh_(act)
        logits.baddbmm_(act, network.M)
        return logits[..., : self.outputs].double(), act, grad

    def _memory(self, t: Tables) -> tuple[Tensor, Tensor]:
        (R, _, p, F), rows = t.B1.shape, t.B0.shape[2]
        size = R * rows * p * F
        buffers: tuple[Tensor, Tensor] | None = getattr(self._local, "buffers", None)
        if buffers is None or len(buffers[0]) < size:
            buffers = self._local.buffers = t.B0.new_empty(size), t.B0.new_empty(size)
        pre, grad = (each[:size].view(R, rows, p, F) for each in buffers)
        return pre, grad


def _gelu_slope(h: Tensor) -> Tensor:
    normal_cdf = (1 + torch.erf(h / 2**0.5)) / 2
    return normal_cdf + h * torch.exp(-(h**2) / 2) / (2 * torch.pi) ** 0.5
