"""The engine: a stack of runs of one shape, trained together, a full-batch step at a time.

Every run has its own seed, split, attention rate, learning rate and weight decay; what a run starts from depends on its
own config alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from clockpizza.config import NetworkConfig, TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.networks import parameter_shapes
from clockpizza.networks.one_hidden import is_one_hidden, one_hidden
from clockpizza.run_config import RunConfig
from clockpizza.task import answers, training_split
from clockpizza.training.adamw import AdamW
from clockpizza.training.deep import deep_logits
from clockpizza.training.initial import initial_weights
from clockpizza.training.pair_loss import PairLoss

T = TypeVar("T")


@dataclass(frozen=True)
class Metrics:
    """Of each run, (R,) float64 on the CPU: mean cross entropy in nats and accuracy, on and off the training set."""

    train_loss: Tensor
    test_loss: Tensor
    train_accuracy: Tensor
    test_accuracy: Tensor


def shape_of(config: RunConfig) -> tuple[Any, ...]:
    """What runs must have in common to be stacked: the network but for its attention rate, pairs and precision."""
    network = config.network
    if isinstance(network, TransformerConfig):
        network = replace(network, attention_rate=0.0)
    return network, config.training_pairs, config.precision


class Engine:
    """Runs of one shape in training.

    Args:
        configs: the runs; `shape_of` must agree.
        device: where to compute.
        batch: runs at a time in the memory-hungry part of a step; all of them if None.

    Attributes:
        parameters: (R, P), a row a run, names in the order of `parameter_shapes`.
        optimiser: its moments and number of steps.
        training_pairs: indices a * p + b, (R, n).

    Raises:
        BadInput: no runs, or runs of different shapes.
    """

    def __init__(self, configs: Sequence[RunConfig], device: torch.device | str = "cpu", batch: int | None = None):
        if not configs:
            raise BadInput("there are no runs to train")
        if len({shape_of(config) for config in configs}) > 1:
            raise BadInput("runs of different shapes cannot be stacked")
        self.configs, self.device = list(configs), torch.device(device)
        first = configs[0]
        self.network: NetworkConfig = first.network
        self.p, self.precision = first.network.p, first.precision
        dtype = torch.float64 if first.precision == "float64" else torch.float32

        self.shapes = parameter_shapes(first.network)
        self.sizes = [math.prod(shape) for shape in self.shapes.values()]
        rows = [torch.cat([w.flatten() for w in initial_weights(c.network, c.seed).values()]) for c in configs]
        self.parameters = torch.stack(rows).to(self.device, dtype)
        self.optimiser = AdamW(
            self.parameters,
            learning_rate=self._per_run([c.learning_rate for c in configs]),
            weight_decay=self._per_run([c.weight_decay for c in configs]),
            betas=first.betas,
            warmup=first.warmup,
        )
        rates = [c.network.attention_rate or 0.0 for c in configs]
        self.rate = self._per_run(rates) if any(rates) else None
        splits = [training_split(self.p, c.training_pairs, c.seed) for c in configs]
        self.training_pairs = torch.stack(splits).to(self.device)  # (R, n)
        n = self.training_pairs.shape[1]
        self.target = answers(self.p, self.device)
        self.weight = torch.zeros(len(configs), self.p**2, dtype=torch.float64, device=self.device)
        self.weight.scatter_(1, self.training_pairs, 1 / n)
        self.batch = len(configs) if batch is None else max(1, min(batch, len(configs)))
        self.pair_loss = PairLoss(self.network.d_vocab_out, first.network.activation, self.target)
        self.threads = torch.get_num_threads() if self.device.type == "cpu" else 1
        self._pool = ThreadPoolExecutor(self.threads) if self.threads > 1 and len(configs) > 1 else None

    def step(self) -> Tensor:
        """One epoch of every run: returns the training losses before it, (R,), float64, on the device."""
        factors = self.optimiser.begin()

        def work(at: slice) -> Tensor:
            loss, gradients = self._part(at)
            self.optimiser.update(at, gradients, factors)
            return loss

        losses = self._each(work)
        return losses[0] if len(losses) == 1 else torch.cat(losses)

    def loss_and_gradients(self) -> tuple[Tensor, Tensor]:
        """Training losses (R,) and their gradients (R, P)."""
        parts = self._each(self._part)
        return torch.cat([loss for loss, _ in parts]), torch.cat([gradient for _, gradient in parts])

    def metrics(self) -> Metrics:
        """Losses and accuracies as the parameters stand."""
        return Metrics(*torch.cat(self._each(self._metrics_part), dim=1).cpu())

    def weights(self, run: int) -> dict[str, Tensor]:
        """A run's weights by name, as copies on the CPU."""
        return {name: w[0].clone() for name, w in self._views(self.parameters[run : run + 1].cpu()).items()}

    def state(self) -> dict[str, Tensor]:
        """All that a later `load` needs to go on as if nothing had happened."""
        optimiser = self.optimiser
        tensors = {
            "parameters": self.parameters,
            "first": optimiser.first,
            "second": optimiser.second,
            "steps": optimiser.steps,
        }
        return {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}

    @torch.no_grad()
    def load(self, state: dict[str, Tensor]) -> None:
        """Take up a `state` of the same stack. Raises ValueError where it is of another."""
        own = (self.parameters, self.optimiser.first, self.optimiser.second, self.optimiser.steps)
        for tensor, name in zip(own, ("parameters", "first", "second", "steps"), strict=True):
            if tensor.shape != state[name].shape:
                raise ValueError(f"{name} is {tuple(state[name].shape)}, expected {tuple(tensor.shape)}")
            tensor.copy_(state[name])

    @property
    def bytes_per_run(self) -> int:
        """About how much memory a run takes while its gradients are computed, in bytes."""
        network, pairs, size = self.network, self.p**2, self.parameters.element_size()
        if is_one_hidden(network):
            wide = getattr(network, "d_mlp", network.width) + network.d_vocab_out
            columns = 4 * wide  # activations, gradients, and the copies that go by operand b
        else:
            wide = getattr(network, "d_mlp", network.width) + network.width
            columns = 5 * wide * network.layers * getattr(network, "positions", 2)
        return pairs * (columns * size + 3 * 8 * network.d_vocab_out) + 12 * sum(self.sizes) * size

    def release_buffers(self) -> None:
        """Give back working memory."""
        self.pair_loss.release()

    def _per_run(self, values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float64, device=self.device)

    def _each(self, work: Callable[[slice], T]) -> list[T]:
        """`work` of each batch. On a CPU, a thread a batch with operations of one thread: they need not wait for each
        other at every operation, as two threads in one operation must.
        """
        batches = self._batches()
        if self._pool is None or len(batches) == 1:
            return [work(at) for at in batches]
        torch.set_num_threads(1)
        try:
            return list(self._pool.map(work, batches))
        finally:
            torch.set_num_threads(self.threads)

    def _batches(self) -> list[slice]:
        R = len(self.configs)
        return [slice(at, min(at + self.batch, R)) for at in range(0, R, self.batch)]

    def _views(self, rows: Tensor) -> dict[str, Tensor]:
        """Parameters (R, P) by name, (R, *shape)."""
        parts = rows.split(self.sizes, dim=1)
        return {name: part.unflatten(1, shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}

    def _rate(self, at: slice) -> Tensor | None:
        return None if self.rate is None else self.rate[at]

    def _part(self, at: slice) -> tuple[Tensor, Tensor]:
        """Losses and gradients of some runs."""
        return self._one_hidden_part(at) if is_one_hidden(self.network) else self._deep_part(at)

    def _leaf(self, at: slice) -> Tensor:
        """Parameters of some runs, to differentiate by.

        `data`, not `detach`: autograd would take another thread's update of other rows for one of these.
        """
        return self.parameters[at].data.requires_grad_()

    def _one_hidden_part(self, at: slice) -> tuple[Tensor, Tensor]:
        rows = self._leaf(at)
        network = one_hidden(self.network, self._views(rows), self._rate(at))
        loss, gradient = self.pair_loss.loss_and_gradients(network, self.weight[at])
        pairs = [
            (network.tables.S, gradient.tables.S),
            (network.tables.T0, gradient.tables.T0),
            (network.tables.T1, gradient.tables.T1),
            (network.M, gradient.M),
        ]
        made = [(table, grad) for table, grad in pairs if table is not None]
        (rows_grad,) = torch.autograd.grad([t for t, _ in made], rows, [g for _, g in made])
        return loss, rows_grad

    def _deep_part(self, at: slice) -> tuple[Tensor, Tensor]:
        rows, pairs = self._leaf(at), self.training_pairs[at]
        logits = deep_logits(self.network, self._views(rows), self._rate(at), pairs)
        log_p = logits.double().log_softmax(-1).gather(-1, self.target[pairs][..., None])
        loss = -log_p[..., 0].mean(-1)  # (R,)
        (rows_grad,) = torch.autograd.grad(loss.sum(), rows)
        return loss.detach(), rows_grad

    @torch.no_grad()
    def _metrics_part(self, at: slice) -> Tensor:
        """Losses and accuracies on and off the training set, (4, runs)."""
        n, p2 = self.training_pairs.shape[1], self.p**2
        logits = self._logits(at)
        log_p = logits.log_softmax(-1).gather(-1, self.target.expand(len(logits), -1)[..., None])[..., 0]  # (R, p^2)
        right = (logits[..., : self.p].argmax(-1) == self.target).double()
        train = self.weight[at] * n
        test = 1 - train
        sums = [-(log_p * train), -(log_p * test), right * train, right * test]
        counts = (n, p2 - n, n, p2 - n)
        return torch.stack([each.sum(-1) / count for each, count in zip(sums, counts, strict=True)])

    def _logits(self, at: slice) -> Tensor:
        """Logits of all pairs, (R, p^2, outputs), float64."""
        views = self._views(self.parameters[at])
        if is_one_hidden(self.network):
            return self.pair_loss.logits(one_hidden(self.network, views, self._rate(at)))
        return deep_logits(self.network, views, self._rate(at), None).double()
