"""AdamW over a stack of runs, all parameters of a run in one row."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

EPS = 1e-8


@dataclass(frozen=True)
class Factors:
    """Of one step, (R, 1): what weight decay keeps, eps and step size after bias correction."""

    keep: Tensor
    eps: Tensor
    size: Tensor


class AdamW:
    """Decoupled weight decay, bias correction, linear warm-up: `torch.optim.AdamW` with settings per run.

    Args:
        parameters: (R, P), changed in place.
        learning_rate, weight_decay: per run, (R,), float64.
        betas: for all.
        warmup: steps over which the learning rate grows from 0.

    The number of steps taken is a tensor, so that a captured step counts too.
    """

    def __init__(
        self,
        parameters: Tensor,
        *,
        learning_rate: Tensor,
        weight_decay: Tensor,
        betas: tuple[float, float],
        warmup: int,
    ):
        self.parameters, self.betas, self.warmup = parameters, betas, warmup
        self.learning_rate, self.weight_decay = learning_rate[:, None], weight_decay[:, None]  # (R, 1)
        self.first, self.second = torch.zeros_like(parameters), torch.zeros_like(parameters)
        self.steps = torch.zeros((), dtype=torch.float64, device=parameters.device)
        self._scratch = torch.empty_like(parameters)

    def begin(self) -> Factors:
        """Count one more step, and say what it multiplies with."""
        beta1, beta2 = self.betas
        lr = self.learning_rate * (self.steps / self.warmup).clamp(max=1) if self.warmup else self.learning_rate
        self.steps += 1
        root = (1 - beta2**self.steps).sqrt()
        dtype, rows = self.parameters.dtype, len(self.parameters)
        return Factors(
            keep=(1 - lr * self.weight_decay).to(dtype),
            eps=(EPS * root).expand(rows, 1).to(dtype),
            size=(lr * root / (1 - beta1**self.steps)).to(dtype),
        )

    @torch.no_grad()
    def update(self, at: slice, gradients: Tensor, factors: Factors) -> None:
        """The step of some rows, given their gradients (n, P).

        Rows that are updated by themselves end in the same bits whatever else is in the stack.
        """
        beta1, beta2 = self.betas
        first, second, scratch, parameters = (x[at] for x in (self.first, self.second, self._scratch, self.parameters))
        first.lerp_(gradients, 1 - beta1)
        second.mul_(beta2).addcmul_(gradients, gradients, value=1 - beta2)
        parameters.mul_(factors.keep[at])
        # lr (m / c1) / (sqrt(v / c2) + eps), both corrections moved into the step's size and eps
        torch.sqrt(second, out=scratch).add_(factors.eps[at])
        torch.div(first, scratch, out=scratch)
        parameters.addcmul_(scratch, factors.size[at], value=-1)
