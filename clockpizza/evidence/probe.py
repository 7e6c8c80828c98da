"""What several measures share of one network, computed once, on first use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor

from clockpizza.config import LinearConfig
from clockpizza.networks import Network, build
from clockpizza.networks.one_hidden import OneHidden, is_one_hidden, one_hidden, one_hidden_logits
from clockpizza.networks.transformer import ACTIVATIONS
from clockpizza.threads import Threads

PAIR_BUDGET = 1 << 18  # activations a chunk of pairs may hold per layer: 2 MB in float64, to stay in the cache


@contextmanager
def one_thread_an_operation() -> Iterator[None]:
    """Meanwhile, torch computes every operation on the thread that asks for it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class Probe:
    """A network under examination: its embeddings, all p^3 logits and the index arrays of all p^2 pairs.

    Args:
        network: any network; its weights are converted to `dtype` (float64 unless told).
        tick: called with a few words whenever a longer piece of work starts.

    Attributes:
        a, b: operands of pair i = a * p + b, (p^2,).
        s: the answers (a + b) mod p, (p^2,).
    """

    def __init__(
        self,
        network: Network,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float64,
        tick: Callable[[str], None] = lambda what: None,
    ):
        weights = {name: w.detach().to(device, dtype) for name, w in network.weights.items()}
        self.network = build(network.config, weights)
        self.config = network.config
        self.p = network.config.p
        self.threads = torch.get_num_threads()
        self.device, self.dtype, self.tick = torch.device(device), dtype, tick
        tokens = torch.arange(self.p, device=device)
        self.a, self.b = tokens.repeat_interleave(self.p), tokens.repeat(self.p)
        self.s = (self.a + self.b) % self.p
        self.E_a, self.E_b = self.network.embeddings()

    def arange(self, n: int) -> Tensor:
        return torch.arange(n, device=self.device)

    @property
    def halves(self) -> dict[str, Tensor]:
        """The embeddings that make up the vocabulary, (p, d_embed) each: one, or one per operand."""
        return {"a": self.E_a, "b": self.E_b} if self.config.separate_vocabularies else {"ab": self.E_a}

    def over_pairs(self, work: Callable[[slice], None], step: int) -> None:
        """Call `work` on slices of at most `step` pairs, on as many threads as torch would use for one operation.

        Slices do not depend on each other: a thread each, with operations of one thread, keeps all processors at work
        without waiting for one another at every operation, which on a busy machine costs most of the time.
        """
        self.in_parallel(work, self.p**2, step)

    def in_parallel(self, work: Callable[[slice], None], n: int, step: int) -> None:
        """The same for any n."""
        slices = [slice(i, min(i + step, n)) for i in range(0, n, step)]
        if self.device.type != "cpu":
            for at in slices:
                work(at)
            return
        with one_thread_an_operation():
            for _ in self._threads.map(work, slices):
                pass

    def chunks(self, step: int) -> Iterator[slice]:
        """Slices of at most `step` of the p^2 pairs."""
        for start in range(0, self.p**2, step):
            yield slice(start, min(start + step, self.p**2))

    @property
    def _pairs_at_a_time(self) -> int:
        """Pairs whose activations in the widest layer, at all positions that are computed, are within the budget."""
        positions = 1 if self.config.layers == 1 else getattr(self.config, "positions", 1)
        return max(1, PAIR_BUDGET // (positions * max(getattr(self.config, "d_mlp", self.config.width), self.p)))

    @torch.no_grad()
    def run(self, E_a: Tensor, E_b: Tensor, *, frozen: bool = False) -> Tensor:
        """All logits (p, p, p) [a, b, c] for embeddings E_a, E_b (p, d_embed), changed or not.

        frozen: keep the attention pattern of the unchanged embeddings.
        """
        p = self.p
        logits = torch.empty(p**2, p, device=self.device, dtype=self.dtype)
        if is_one_hidden(self.config):
            network = self._one_hidden(E_a, E_b)
            if frozen:
                network = replace(network, tables=replace(network.tables, S=self._own.tables.S))

            def fill_rows(a: slice) -> None:
                some = network.of(a)
                with torch.no_grad():
                    found = one_hidden_logits(some, ACTIVATIONS[self.config.activation], p)
                logits[a.start * p : a.stop * p] = found[0]

            self.in_parallel(fill_rows, p, max(1, self._pairs_at_a_time // p))
        else:
            patterns = self.patterns if frozen else None

            def fill(at: slice) -> None:
                kept = None if patterns is None else [pattern[at] for pattern in patterns]
                with torch.no_grad():
                    logits[at] = self.network.logits(E_a[self.a[at]], E_b[self.b[at]], kept)

            self.over_pairs(fill, self._pairs_at_a_time)
        return logits.view(p, p, p)

    def _one_hidden(self, E_a: Tensor, E_b: Tensor) -> OneHidden:
        """The network with other embeddings, as tables: a quarter of the work of the plain equations."""
        weights = {name: weight[None] for name, weight in self.network.weights.items()}  # a stack of one
        if isinstance(self.config, LinearConfig):
            names = ("embed1.weight", "embed2.weight") if self.config.model == "x" else ("embed.weight",)
            weights.update(zip(names, (E_a[None], E_b[None]), strict=False))
            return one_hidden(self.config, weights, None)
        tokens = [E_a, *([E_b] if self.config.separate_vocabularies else []), self.network.W_E[self._operand_tokens :]]
        weights["embed.W_E"] = torch.cat(tokens).T[None]
        rate = self.config.attention_rate
        return one_hidden(self.config, weights, E_a.new_tensor([rate]) if rate else None)

    @property
    def _operand_tokens(self) -> int:
        return self.p * len(self.halves)

    @cached_property
    @torch.no_grad()
    def _own(self) -> OneHidden:
        return self._one_hidden(self.E_a, self.E_b)

    @cached_property
    def _threads(self) -> Threads:
        """They end with the probe: dozens of ablations would otherwise start their own."""
        return Threads(self.threads)

    @cached_property
    def logits(self) -> Tensor:
        """The network's logits Q[a, b, c]: (p, p, p)."""
        self.tick("logits")
        return self.run(self.E_a, self.E_b)

    @cached_property
    @torch.no_grad()
    def patterns(self) -> list[Tensor]:
        """Attention patterns of every block and pair, at the network's own embeddings; empty for linear models."""
        at_chunks = self.chunks(self._pairs_at_a_time)
        parts = [self.network.patterns(self.E_a[self.a[at]], self.E_b[self.b[at]]) for at in at_chunks]
        return [torch.cat(blocks) for blocks in zip(*parts, strict=True)]

    @cached_property
    def correct_logit(self) -> Tensor:
        """Q[a, b, (a + b) mod p]: (p, p)."""
        return self.logits.view(-1, self.p).gather(1, self.s[:, None]).view(self.p, self.p)

    @cached_property
    def _by_offset(self) -> Tensor:
        """Where Q[a, b, a + b - j] stands among all logits, for [a - b, b, j]: (p, p, p)."""
        d, b, j = (self.arange(self.p).view(shape) for shape in ((-1, 1, 1), (1, -1, 1), (1, 1, -1)))
        a = (b + d) % self.p
        return (a * self.p + b) * self.p + (a + b - j) % self.p

    def by_offset(self, logits: Tensor) -> Tensor:
        """Logits (p, p, p) [a, b, c] as [d, b, j]: d = (a - b) mod p, j = (a + b - c) mod p."""
        return torch.take(logits, self._by_offset)

    def by_difference(self, picture: Tensor) -> Tensor:
        """A picture over (a, b) re-indexed by [b, d], d = (a - b) mod p: every d has p pairs, p even or odd."""
        b, d = self.arange(self.p)[:, None], self.arange(self.p)[None]
        return picture[(b + d) % self.p, b]

    def accuracy(self, logits: Tensor) -> float:
        """Share of all p^2 pairs whose largest logit is the right answer."""
        return float((logits.view(-1, self.p).argmax(1) == self.s).double().mean())
