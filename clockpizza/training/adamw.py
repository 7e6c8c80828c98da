"""AdamW over a stack of runs, all parameters of a run in one row."""

from __future__ import annotations

import torch
from torch import Tensor

from clockpizza.kernel.training import Kernel

EPS = 1e-8


class AdamW:
    """Decoupled weight decay, bias correction, linear warm-up: `torch.optim.AdamW` with settings per run.

    Args:
        parameters: (R, P), changed in place.
        learning_rate, weight_decay: per run, (R,), float64.
        betas: for all.
        warmup: steps over which the learning rate grows from 0.
        kernel: what does it on a CPU.

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
        kernel: Kernel | None = None,
    ):
        self.parameters, self.betas, self.warmup, self.kernel = parameters, betas, warmup, kernel
        self.learning_rate, self.weight_decay = learning_rate[:, None], weight_decay[:, None]  # (R, 1)
        self.first, self.second = torch.zeros_like(parameters), torch.zeros_like(parameters)
        self.steps = torch.zeros((), dtype=torch.float64, device=parameters.device)
        self._scratch = torch.empty_like(parameters)

    def begin(self) -> None:
        """Count one more step, of which `update` does all rows."""
        self.steps += 1

    @torch.no_grad()
    def update(self, at: slice, gradients: Tensor) -> None:
        """The step of some rows, given their gradients (n, P).

        Rows that are updated by themselves end in the same bits whatever else is in the stack.
        """
        first, second, scratch, parameters = (x[at] for x in (self.first, self.second, self._scratch, self.parameters))
        rates, decays, (beta1, beta2) = self.learning_rate[at], self.weight_decay[at], self.betas
        if self.kernel:
            constants = (beta1, beta2, EPS, float(self.steps), self.warmup)
            for rate, decay, *run in zip(rates, decays, parameters, gradients, first, second, strict=True):
                self.kernel.adamw(*run, float(rate), float(decay), *constants)
            return
        rate = rates * ((self.steps - 1) / self.warmup).clamp(max=1) if self.warmup else rates
        root = (1 - beta2**self.steps).sqrt()
        # lr (m / c1) / (sqrt(v / c2) + eps), both corrections moved into the step's size and eps
        size, eps, keep = rate * root / (1 - beta1**self.steps), EPS * root, 1 - rate * decays
        first.lerp_(gradients, 1 - beta1)
        second.mul_(beta2).addcmul_(gradients, gradients, value=1 - beta2)
        parameters.mul_(keep.to(parameters.dtype))
        torch.sqrt(second, out=scratch).add_(eps.to(parameters.dtype))
        torch.div(first, scratch, out=scratch)
        parameters.addcmul_(scratch, size.to(parameters.dtype), value=-1)
