"""Loss and gradients of one hidden layer over all p^2 pairs: the part of a step that takes the time.

What autograd would do, written out: two buffers a thread are made once and worked on in place, and gradients come with
the loss.
"""

from __future__ import annotations

import threading

import torch
import torch.nn.functional as F
from torch import Tensor

from clockpizza.networks.mix import mix_back, mix_into
from clockpizza.networks.one_hidden import OneHidden
from clockpizza.networks.tables import Tables


class PairLoss:
    """Cross entropy over all pairs of networks with one hidden layer.

    Args:
        outputs: logits that enter the softmax; `OneHidden` may have more, for padding.
        activation: relu, gelu or tanh.
        target: answers (p^2,).
    """

    def __init__(self, outputs: int, activation: str, target: Tensor):
        self.outputs, self.activation, self.target = outputs, activation, target
        self._local = threading.local()

    @torch.no_grad()
    def logits(self, network: OneHidden) -> Tensor:
        """Logits of all pairs, float64: (R, p^2, outputs)."""
        return self._forward(network)[0]

    @torch.no_grad()
    def loss_and_gradients(self, network: OneHidden, weight: Tensor) -> tuple[Tensor, OneHidden]:
        """Each run's loss (R,), float64, and its gradients with respect to tables and M.

        weight: what each pair counts for, (R, p^2), float64: 1 / n for each of n training pairs, else 0.
        """
        z, act, grad = self._forward(network)
        R, hidden = network.M.shape[:2]
        target = self.target.expand(R, -1)[..., None]
        log_p = z.log_softmax(-1)
        loss = -(log_p.gather(-1, target)[..., 0] * weight).sum(-1)
        dz = log_p.exp_()
        dz.scatter_add_(-1, target, dz.new_full((), -1.0).expand_as(target))
        dz *= weight[..., None]

        d_act, d_logits = grad.flatten(1, 2).split([hidden, grad.shape[-1] - hidden], dim=-1)
        slope = _gelu_slope(d_act) if self.activation == "gelu" else None  # the pre-activations were left there
        d_logits[..., self.outputs :] = 0
        d_logits[..., : self.outputs] = dz
        dM = act.mT @ d_logits
        torch.bmm(d_logits, network.M.mT, out=d_act)
        if slope is not None:
            d_act *= slope
        elif self.activation == "relu":
            torch.ops.aten.threshold_backward.grad_input(d_act, act, 0, grad_input=d_act)
        else:
            torch.ops.aten.tanh_backward.grad_input(d_act, act, grad_input=d_act)
        return loss, OneHidden(mix_back(grad, network.tables), dM)

    def release(self) -> None:
        """Give back the buffers."""
        self._local = threading.local()

    def _forward(self, network: OneHidden) -> tuple[Tensor, Tensor, Tensor]:
        """Logits in float64, activations (R, p^2, hidden), and the buffer for gradients (R, p, p, F)."""
        pre, grad = self._memory(network.tables)
        hidden = network.M.shape[1]
        mix_into(pre, grad, network.tables)
        act, logits = pre.flatten(1, 2).split([hidden, pre.shape[-1] - hidden], dim=-1)
        if self.activation == "gelu":
            grad.flatten(1, 2)[..., :hidden] = act  # its derivative needs the pre-activations
            act.copy_(F.gelu(act))
        else:
            torch.relu_(act) if self.activation == "relu" else torch.tanh_(act)
        logits.baddbmm_(act, network.M)
        return logits[..., : self.outputs].double(), act, grad

    def _memory(self, t: Tables) -> tuple[Tensor, Tensor]:
        R, p, _, F = t.T0.shape
        buffers: tuple[Tensor, Tensor] | None = getattr(self._local, "buffers", None)
        if buffers is None or len(buffers[0]) < R:
            buffers = self._local.buffers = t.T0.new_empty(R, p, p, F), t.T0.new_empty(R, p, p, F)
        pre, grad = buffers
        return pre[:R], grad[:R]


def _gelu_slope(h: Tensor) -> Tensor:
    normal_cdf = (1 + torch.erf(h / 2**0.5)) / 2
    return normal_cdf + h * torch.exp(-(h**2) / 2) / (2 * torch.pi) ** 0.5
