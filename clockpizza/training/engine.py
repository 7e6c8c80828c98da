"""The engine: a stack of runs of one shape, trained together, a full-batch step at a time.

Every run has its own seed, split, attention rate, learning rate and weight decay; what a run starts from depends on its
own config alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from clockpizza.config import NetworkConfig, TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.kernel import training as kernel
from clockpizza.kernel.training import Shared
from clockpizza.networks import parameter_shapes
from clockpizza.networks.one_hidden import OneHidden, is_one_hidden, joined, one_hidden
from clockpizza.run_config import RunConfig
from clockpizza.task import answers, training_split
from clockpizza.threads import Each, Threads
from clockpizza.training.adamw import AdamW
from clockpizza.training.deep import deep_logits, deep_loss
from clockpizza.training.initial import initial_weights
from clockpizza.training.pair_loss import PairLoss, blocks

T = TypeVar("T")
Gradients = dict[str, Tensor]  # by parameter


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
        rows = [
            torch.cat([w.flatten() for w in initial_weights(c.network, c.seed, c.masked_frequencies).values()])
            for c in configs
        ]
        self.parameters = torch.stack(rows).to(self.device, dtype)
        rates = [c.network.attention_rate or 0.0 for c in configs]
        self.rate = self._per_run(rates) if any(rates) else None
        splits = [training_split(self.p, c.training_pairs, c.seed) for c in configs]
        self.training_pairs = torch.stack(splits).to(self.device)  # (R, n)
        n = self.training_pairs.shape[1]
        self.target = answers(self.p, self.device)
        self.weight = torch.zeros(len(configs), self.p**2, dtype=torch.float64, device=self.device)
        self.weight.scatter_(1, self.training_pairs, 1 / n)
        self.batch = len(configs) if batch is None else max(1, min(batch, len(configs)))
        self.threads = torch.get_num_threads() if self.device.type == "cpu" else 1
        self.kernel = kernel.found() if self.device.type == "cpu" else None
        self.optimiser = AdamW(
            self.parameters,
            learning_rate=self._per_run([c.learning_rate for c in configs]),
            weight_decay=self._per_run([c.weight_decay for c in configs]),
            betas=first.betas,
            warmup=first.warmup,
            kernel=self.kernel,
        )
        self.block = math.ceil(self.p / self.threads)  # operands a at a time
        self.pair_loss = PairLoss(
            self.network.d_vocab_out,
            self.network.activation,
            self.target,
            block=self.block,
            kernel=self.kernel,
        )
        self._threads = Threads(self.threads)

    def step(self) -> Tensor:
        """One epoch of every run: returns the training losses before it, (R,), float64, on the device."""
        self.optimiser.begin()

        def work(at: slice, each: Each) -> Tensor:
            loss, gradients = self._part(at, each)
            self.optimiser.update(at, gradients)
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

    def _each(self, work: Callable[[slice, Each], T]) -> list[T]:
        """`work` of each batch, and how it may go over the blocks of its pairs.

        On a CPU threads share the batches, or the blocks of the only one, and an operation has one thread: threads need
        not wait for each other at every operation, as two in one operation must.
        """
        batches = self._batches()
        if self.threads == 1:
            return [work(at, map) for at in batches]
        torch.set_num_threads(1)
        try:
            if len(batches) == 1:
                return [work(batches[0], self._threads.map)]
            return list(self._threads.map(lambda at: work(at, map), batches))
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

    def _shared(self, each: Each) -> Shared | None:
        return Shared(self.kernel, self.threads, each) if self.kernel else None

    def _part(self, at: slice, each: Each) -> tuple[Tensor, Tensor]:
        """Losses and gradients of some runs."""
        return self._one_hidden_part(at, each) if is_one_hidden(self.network) else self._deep_part(at, each)

    def _leaves(self, at: slice) -> dict[str, Tensor]:
        """Parameters of some runs by name, to differentiate by.

        `data`, not `detach`: autograd would take another thread's update of other rows for one of these.
        """
        return {name: view.requires_grad_() for name, view in self._views(self.parameters[at].data).items()}

    def _one_hidden_part(self, at: slice, each: Each) -> tuple[Tensor, Tensor]:
        leaves = self._leaves(at)
        network = one_hidden(self.network, leaves, self._rate(at), self._shared(each))
        loss, gradient = self.pair_loss.loss_and_gradients(network, self.weight[at], each)
        return loss, _rows([_back(network, leaves, gradient)], leaves)

    def _deep_part(self, at: slice, each: Each) -> tuple[Tensor, Tensor]:
        """The same with more layers: what follows the first layer's tables is done a block of pairs at a time."""
        leaves, pairs = self._leaves(at), self.training_pairs[at]
        first = one_hidden(self.network, leaves, self._rate(at), self._shared(each))

        # Runs that share a batch would have blocks of different sizes; such batches are a GPU's.
        over = blocks(self.p, self.p if len(pairs) > 1 else self.block)

        def part(a: slice) -> tuple[Tensor, Gradients, OneHidden]:
            start, stop = a.start * self.p, a.stop * self.p
            # How many pairs a block has is known to the CPU alone; a captured step has one block.
            own = pairs if len(over) == 1 else pairs[:, (pairs[0] >= start) & (pairs[0] < stop)] - start
            return self._deep_block(at, first.of(a), self.target[start:stop], own)

        losses, direct, gradients = zip(*each(part, over), strict=True)
        return sum(losses[1:], losses[0]), _rows([_back(first, leaves, joined(gradients)), *direct], leaves)

    def _deep_block(
        self, at: slice, first: OneHidden, target: Tensor, pairs: Tensor
    ) -> tuple[Tensor, Gradients, OneHidden]:
        """Losses of some pairs, and their gradients with respect to parameters, but for the way through the first
        layer, and to the first layer.
        """
        leaves, own = self._leaves(at), first.made_of([t.detach().requires_grad_() for t in first.tensors])
        weight = 1 / self.training_pairs.shape[1]
        loss = deep_loss(self.network, leaves, self._rate(at), own, pairs, target[pairs], weight, self.kernel)
        wanted = leaves | {str(i): tensor for i, tensor in enumerate(own.tensors)}
        found = _gradients([loss.sum()], wanted)
        through = [found.pop(str(i)) for i in range(len(own.tensors))]
        return loss.detach(), found, first.made_of(through)

    @torch.no_grad()
    def _metrics_part(self, at: slice, each: Each) -> Tensor:
        """Losses and accuracies on and off the training set, (4, runs)."""
        n, p2 = self.training_pairs.shape[1], self.p**2
        logits = self._logits(at, each)
        log_p = logits.log_softmax(-1).gather(-1, self.target.expand(len(logits), -1)[..., None])[..., 0]  # (R, p^2)
        right = (logits[..., : self.p].argmax(-1) == self.target).double()
        train = self.weight[at] * n
        test = 1 - train
        sums = [-(log_p * train), -(log_p * test), right * train, right * test]
        counts = (n, p2 - n, n, p2 - n)
        return torch.stack([each.sum(-1) / count for each, count in zip(sums, counts, strict=True)])

    def _logits(self, at: slice, each: Each) -> Tensor:
        """Logits of all pairs, (R, p^2, outputs), float64."""
        views = self._views(self.parameters[at])
        if is_one_hidden(self.network):
            return self.pair_loss.logits(one_hidden(self.network, views, self._rate(at), self._shared(each)), each)
        rate = self._rate(at)
        first = one_hidden(self.network, views, rate, self._shared(each))

        def part(a: slice) -> Tensor:
            with torch.no_grad():  # a setting of each thread
                return deep_logits(self.network, views, rate, first.of(a), None, self.kernel).double()

        return torch.cat(list(each(part, blocks(self.p, self.block))), dim=1)


def _back(network: OneHidden, leaves: dict[str, Tensor], gradient: OneHidden) -> Gradients:
    """From the gradient with respect to a first hidden layer to those of what it was made of."""
    return network.back(gradient) if network.back else _gradients(network.tensors, leaves, gradient.tensors)


def _gradients(made: Sequence[Tensor], of: dict[str, Tensor], grad: Sequence[Tensor] | None = None) -> Gradients:
    """Gradients by name of what was `made`, or of its sum."""
    found = torch.autograd.grad(made, list(of.values()), grad, allow_unused=True)
    return {name: each for name, each in zip(of, found, strict=True) if each is not None}


def _rows(parts: Sequence[Gradients], of: dict[str, Tensor]) -> Tensor:
    """Sums of gradients, a row (P) a run; 0 where a parameter has none."""
    rows = []
    for name, parameter in of.items():
        own = [part[name] for part in parts if name in part]
        total = sum(own[1:], own[0]) if own else torch.zeros_like(parameter)
        rows.append(total.flatten(1))
    return torch.cat(rows, dim=1)
