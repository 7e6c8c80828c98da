"""Accuracy with part of the embedding, against the embedding cut by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from clockpizza.config import LinearConfig
from clockpizza.evidence import Evidence, gather
from clockpizza.evidence.accuracy_by_components import COUNTS
from clockpizza.networks import Linear, Network, Transformer, linear
from clockpizza.networks.ideal import ideal

FREQUENCIES = (2, 5)  # at p = 13 with companions at 4 and 3


def answered(network: Network, E: np.ndarray) -> float:
    """Accuracy over all pairs, one at a time, with the embedding E (p, d)."""
    p, W_E = network.config.p, torch.from_numpy(E).float()
    right = 0
    for a in range(p):
        for b in range(p):
            right += int(network.logits(W_E[[a]], W_E[[b]]).argmax()) == (a + b) % p
    return right / p**2


@pytest.fixture
def network() -> Network:
    return ideal("pizza", p=13, frequencies=FREQUENCIES).network


@pytest.fixture
def evidence(ideal_evidence: Callable[..., Evidence]) -> Evidence:
    return ideal_evidence("pizza", p=13, frequencies=FREQUENCIES)


def test_first_components_are_kept_and_removed_about_the_mean(network: Transformer, evidence: Evidence) -> None:
    E = network.W_E.double().numpy()
    u, s, v = np.linalg.svd(E - E.mean(0), full_matrices=False)
    found = evidence.accuracy_by_components
    for n in (2, 4, 6):
        first = (u[:, :n] * s[:n]) @ v[:n]
        assert found.first[n] == pytest.approx(answered(network, first + E.mean(0)), abs=2.1 / 169)  # ties
        assert found.without_first[n] == pytest.approx(answered(network, E - first), abs=2.1 / 169)


def test_main_circles_and_companions_are_kept_by_their_frequency(network: Transformer, evidence: Evidence) -> None:
    spectrum = np.fft.rfft(network.W_E.double().numpy(), axis=0)

    def only(*frequencies: int) -> float:
        kept = np.zeros_like(spectrum)
        for k in (0, *frequencies):
            kept[k] = spectrum[k]
        return answered(network, np.fft.irfft(kept, n=13, axis=0))

    found = evidence.accuracy_by_components
    assert found.main_circles == pytest.approx(only(2, 5), abs=2.1 / 169)
    assert found.companions == pytest.approx(only(4, 3), abs=2.1 / 169)
    assert found.main_circles is not None and found.companions is not None
    assert found.companions < 0.5 < found.main_circles <= 1


def test_all_of_the_embedding_solves_what_none_of_it_can(evidence: Evidence) -> None:
    found = evidence.accuracy_by_components
    assert tuple(found.first) == tuple(found.without_first) == COUNTS
    assert (found.first[8], found.first[12]) == (1, 1)
    assert (found.without_first[8], found.without_first[12]) == (pytest.approx(1 / 13, abs=0.1),) * 2


def test_a_network_without_companions_has_no_accuracy_of_theirs(ideal_evidence: Callable[..., Evidence]) -> None:
    found = ideal_evidence("clock", p=13, frequencies=FREQUENCIES).accuracy_by_components
    assert (found.main_circles, found.companions) == (1, None)
    assert found.first[2] == 1  # without noise one circle of a clock is enough


def test_a_narrow_embedding_has_fewer_components_to_keep() -> None:
    config = LinearConfig("alpha", p=7, hidden=6)
    generator = torch.Generator().manual_seed(0)
    shapes = linear.parameter_shapes(config)
    network = Linear(config, {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()})
    found = gather(network)
    assert tuple(found.accuracy_by_components.first) == (2, 4, 6)
    assert found.accuracy_by_components.first[6] == found.accuracy.all_pairs
