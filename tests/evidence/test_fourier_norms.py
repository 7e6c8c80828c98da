"""Norms along Fourier directions, of matrices whose waves are known."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.evidence import Probe
from clockpizza.evidence.fourier_norms import fourier_norms, neuron_logit_map, unembedding
from clockpizza.networks import Network
from clockpizza.networks.ideal import ideal


def test_an_ellipse_has_its_axes_as_norms(waves: Callable[..., Tensor]) -> None:
    found = fourier_norms(waves(13, 4, axes=(2.0, 0.5)))
    assert found[0, 4] == pytest.approx(2.0 * math.sqrt(13 / 2))
    assert found[1, 4] == pytest.approx(0.5 * math.sqrt(13 / 2))
    assert float(found.square().sum() - found[:, 4].square().sum()) < 1e-12


@pytest.mark.parametrize("p", [12, 13])
def test_the_squares_of_all_norms_are_the_matrixs(p: int) -> None:
    M = torch.randn(p, 7, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert float(fourier_norms(M).square().sum()) == pytest.approx(float(M.square().sum()))


def test_an_ideal_networks_neuron_logit_map_holds_its_frequencies_alone() -> None:
    probe = Probe(ideal("pizza").network)
    W_L = neuron_logit_map(probe)
    assert W_L is not None and W_L.shape == (59, 512)
    power = fourier_norms(W_L).square().sum(0)
    assert float(power[[17, 3, 15]].sum() / power.sum()) == pytest.approx(1)


def test_activations_times_the_map_are_what_neurons_write(random_network: Callable[[NetworkConfig], Network]) -> None:
    config = LinearConfig("delta", p=7, hidden=12)
    probe = Probe(random_network(config))
    W_L = neuron_logit_map(probe)
    assert W_L is not None
    h = torch.relu(probe.network.neurons(probe.E_a[probe.a], probe.E_b[probe.b]))
    assert torch.allclose(h @ W_L.T, probe.logits.view(49, 7))


def test_layers_between_neurons_and_logits_leave_no_map(random_network: Callable[[NetworkConfig], Network]) -> None:
    for config in (LinearConfig("beta", p=7, hidden=8), TransformerConfig(p=7, width=16, layers=2)):
        assert neuron_logit_map(Probe(random_network(config))) is None


def test_only_answers_are_in_the_unembedding(random_network: Callable[[NetworkConfig], Network]) -> None:
    probe = Probe(random_network(TransformerConfig(p=7, width=16, equals_token=True)))
    assert unembedding(probe).shape == (7, 16)
