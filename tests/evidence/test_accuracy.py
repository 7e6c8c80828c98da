"""Accuracy over all pairs, over the training pairs and over those held out; and the loss."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from clockpizza.evidence import Probe
from clockpizza.evidence.accuracy import accuracy

Answering = Callable[[Tensor], Probe]


def knows(p: int, pairs: list[int]) -> Tensor:
    """Logits of 10 on the answer of `pairs`, and on the number after it elsewhere."""
    logits = torch.zeros(p, p, p)
    for pair in range(p * p):
        a, b = divmod(pair, p)
        logits[a, b, (a + b + (pair not in pairs)) % p] = 10.0
    return logits


def test_a_split_that_is_known_divides_the_pairs(answering: Answering) -> None:
    found = accuracy(answering(knows(5, list(range(0, 20)))), torch.arange(10, 25))
    assert (found.all_pairs, found.training, found.held_out) == (20 / 25, 10 / 15, 1.0)


def test_a_split_that_is_not_known_is_not_made_up(answering: Answering) -> None:
    found = accuracy(answering(knows(5, [3, 4])))
    assert (found.all_pairs, found.training, found.held_out) == (2 / 25, None, None)


def test_a_part_without_pairs_has_no_accuracy(answering: Answering) -> None:
    probe = answering(knows(5, []))
    everything, nothing = accuracy(probe, torch.arange(25)), accuracy(probe, torch.tensor([], dtype=torch.int64))
    assert (everything.training, everything.held_out) == (0.0, None)
    assert (nothing.training, nothing.held_out) == (None, 0.0)


def test_loss_is_the_mean_cross_entropy_in_nats(answering: Answering) -> None:
    assert accuracy(answering(torch.zeros(7, 7, 7))).loss == pytest.approx(math.log(7))
    right, wrong = -math.log(math.exp(10) / (math.exp(10) + 4)), -math.log(1 / (math.exp(10) + 4))
    assert accuracy(answering(knows(5, list(range(20))))).loss == pytest.approx(0.8 * right + 0.2 * wrong)
