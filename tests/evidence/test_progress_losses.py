"""Restricted and excluded loss, of networks that only compute and of networks that only remember."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from clockpizza.evidence import Probe
from clockpizza.evidence.logit_formulas import clock
from clockpizza.evidence.progress_losses import progress_losses
from clockpizza.networks.ideal import ideal

Answering = Callable[[Tensor], Probe]


def test_a_clocks_answer_is_in_its_frequencies_alone() -> None:
    probe = Probe(ideal("clock").network)
    found = progress_losses(probe, [17, 3, 15])
    assert found is not None and found.frequencies == [3, 15, 17]
    assert found.restricted < 1e-3
    assert found.excluded > math.log(59) - 0.5


def test_logits_of_the_clock_formula_are_left_whole_or_flat(answering: Answering) -> None:
    pure = clock(answering(torch.zeros(13, 13, 13)), 4)
    found = progress_losses(answering(30 * pure + 7), [4])
    assert found is not None
    whole = torch.nn.functional.cross_entropy((30 * pure).view(-1, 13), answering(pure).s)
    assert found.restricted == pytest.approx(float(whole))
    assert found.excluded == pytest.approx(math.log(13))


def test_the_wrong_frequencies_hold_nothing(answering: Answering) -> None:
    pure = clock(answering(torch.zeros(13, 13, 13)), 4)
    probe = answering(30 * pure)
    found = progress_losses(probe, [2, 5])
    assert found is not None
    assert found.restricted == pytest.approx(math.log(13))
    assert found.excluded == pytest.approx(float(torch.nn.functional.cross_entropy((30 * pure).view(-1, 13), probe.s)))


def test_what_was_memorised_stays_when_the_waves_are_taken_out() -> None:
    made = ideal("memoriser", p=13, train_fraction=0.5)
    probe = Probe(made.network)
    over_training = progress_losses(probe, [1, 2], made.training_pairs)
    over_all = progress_losses(probe, [1, 2])
    assert over_training is not None and over_all is not None
    assert over_training.excluded < 0.1 < over_all.excluded
    assert over_training.restricted == over_all.restricted > 1


def test_without_key_frequencies_there_is_no_such_loss() -> None:
    assert progress_losses(Probe(ideal("clock", p=13, frequencies=[5]).network), []) is None
