"""What a file does not tell, tried: which readings of a network solve the task.

A reading is a value for each setting that nothing tells. It is tried on a sample of the pairs first, and on all of
them where it does well there, so that one which is wrong costs next to nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from clockpizza.checkpoints.checkpoint import setting_words
from clockpizza.config import TransformerConfig
from clockpizza.cuts import LEAST_ACCURACY
from clockpizza.networks import Network, Transformer
from clockpizza.task import answers

SAMPLE = 512  # pairs; a network right on 95 % of all is right on more than 90 % of these, but for 1 in a million
LEAST_IN_SAMPLE = 0.9
MOST_PAIRS = 2**18  # p = 512
MOST_WORK = 2**42  # multiplications on all pairs: some ten seconds
NUMBERS = 2**24  # that a piece of the pairs takes in memory at once
LISTED = 6  # readings that an error lists
LAYER_NORMS = ("", "LNPre", "RMSPre")  # those without parameters; "" is none
EPSILON = 1e-5  # TransformerLens's


@dataclass(frozen=True)
class Reading:
    """Values of the settings that nothing tells, and the accuracy on all pairs (on the sample where that is low)."""

    values: dict[str, Any]
    accuracy: float

    @property
    def solves(self) -> bool:
        return self.accuracy >= LEAST_ACCURACY


def tried(open_settings: Sequence[Sequence[dict[str, Any]]], network: Callable[..., Network]) -> list[Reading] | None:
    """Every combination of the settings' values, the best first; None where the network is too large to try them.

    One thread does it: operations on so few pairs take longer to share than to do.

    Args:
        open_settings: for each setting that nothing tells, its candidates as keyword arguments of `network`.
        network: the network with these values.
    """
    from clockpizza.evidence.probe import one_thread_an_operation

    combinations = [{k: v for part in parts for k, v in part.items()} for parts in itertools.product(*open_settings)]
    readings = []
    with one_thread_an_operation():
        for values in combinations:
            if values.get("causal") and values.get("attention_rate") == 0:  # nothing to mask: the one without is it
                continue
            candidate = network(**values)
            if not _small_enough(candidate):
                return None
            readings.append(Reading(values, accuracy(candidate)))
    return sorted(readings, key=lambda reading: -reading.accuracy)


def accuracies(readings: list[Reading] | None, solving: list[Reading]) -> str:
    """What `tried` found, in brackets, for an error: the readings that solve the task, or all where none does."""
    if readings is None:
        return " (the network is too large to try what it could be)"
    listed = solving or readings
    names = list(listed[0].values)
    differing = [name for name in names if len({reading.values[name] for reading in listed}) > 1] or names
    words = "; ".join(
        # Of a sample, where it is below nine tenths: two digits.
        f"{reading.accuracy:.{4 if reading.accuracy >= LEAST_IN_SAMPLE else 2}f} with "
        + ", ".join(setting_words(name, reading.values[name]) for name in differing)
        for reading in listed[:LISTED]
    )
    more = f"; and {len(listed) - LISTED} more" if len(listed) > LISTED else ""
    count = f"{len(solving)} readings solve the task" if solving else "no reading solves the task"
    return f" ({count}: accuracy {words}{more})"


class Normalised(Transformer):
    """A transformer with TransformerLens's LNPre or RMSPre, which this package does not read: to say that it is one."""

    def __init__(self, network: Transformer, layer_norm: str):
        super().__init__(network.config, network.weights)
        self.layer_norm = layer_norm

    def normalised(self, x: Tensor) -> Tensor:
        """x centred (LNPre), and of mean square 1."""
        if self.layer_norm == "LNPre":
            x = x - x.mean(-1, keepdim=True)
        return x / (x.square().mean(-1, keepdim=True) + EPSILON).sqrt()

    def block(self, layer: int, x: Tensor, pattern: Tensor | None = None) -> Tensor:
        seen = self.normalised(x)
        queries = self.queries(layer)
        pattern = self.pattern(layer, seen) if pattern is None else pattern
        mid = x[:, queries] + self.resid_mid(layer, seen, pattern) - seen[:, queries]
        seen = self.normalised(mid)
        x = mid + self.resid_post(layer, seen) - seen
        return self.normalised(x) if layer == self.config.layers - 1 else x


def accuracy(network: Network) -> float:
    """The share of all pairs that a network answers rightly; of a sample where fewer than nine tenths of it are."""
    p = network.config.p
    if p * p > SAMPLE:
        some = torch.randperm(p * p, generator=torch.Generator().manual_seed(0))[:SAMPLE]
        share = _share(network, some)
        if share < LEAST_IN_SAMPLE:
            return share
    return _share(network, torch.arange(p * p))


def _share(network: Network, pairs: Tensor) -> float:
    E_a, E_b = network.embeddings()
    p, config = network.config.p, network.config
    right = answers(p)
    T = config.positions if isinstance(config, TransformerConfig) else 1
    sizes = [size for weight in network.weights.values() for size in (weight.shape[-1], len(weight))]
    correct = 0
    with torch.no_grad():
        for some in pairs.split(max(1, NUMBERS // (T * max(sizes)))):
            logits = network.logits(E_a[some // p], E_b[some % p])
            correct += int((logits.argmax(-1) == right[some]).sum())
    return correct / len(pairs)


def _small_enough(network: Network) -> bool:
    pairs = network.config.p**2
    parameters = sum(weight.numel() for weight in network.weights.values())
    return pairs <= MOST_PAIRS and 3 * pairs * parameters <= MOST_WORK
