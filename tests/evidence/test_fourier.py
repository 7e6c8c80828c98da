"""The Fourier view: spectra of embeddings, of pictures over (a, b) and of attention."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.evidence import Evidence, Probe
from clockpizza.evidence.fourier import attention_pictures, fourier, spectrum_2d, token_spectrum
from clockpizza.networks import Network

Make = Callable[[NetworkConfig], Network]
Embedded = Callable[..., Probe]
Waves = Callable[..., Tensor]


def picture(p: int, law: Callable[[float, float], float]) -> Tensor:
    """law over the angles 2 pi a / p and 2 pi b / p, (p, p)."""
    turn = 2 * math.pi / p
    return torch.tensor([[law(turn * a, turn * b) for b in range(p)] for a in range(p)], dtype=torch.float64)


@pytest.mark.parametrize("p", [12, 13])
def test_a_matrix_of_waves_has_their_share_of_the_variance_at_their_frequencies(p: int, waves: Waves) -> None:
    E = torch.cat([3 * waves(p, 1), waves(p, 5), torch.full((p, 1), 7.0)], dim=1)
    assert token_spectrum(E) == pytest.approx([0.9, 0, 0, 0, 0.1, 0])
    assert token_spectrum(torch.zeros(p, 4)) == [0] * 6


def test_the_alternating_wave_of_an_even_modulus_counts_once(waves: Waves) -> None:
    E = torch.cat([waves(12, 6)[:, :1], waves(12, 2)[:, :1]], dim=1)
    variances = E.var(0, correction=0)
    shares = token_spectrum(E)
    assert (shares[5], shares[1]) == (pytest.approx(float(variances[0] / variances.sum())), pytest.approx(1 / 3))


@pytest.mark.parametrize("p", [12, 13])
@pytest.mark.parametrize(
    ("law", "at", "share"),
    [
        (lambda x, y: math.cos(3 * x), (3, 0), 1),
        (lambda x, y: math.sin(4 * y) + 5, (0, 4), 1),
        (lambda x, y: math.cos(2 * x) * math.cos(5 * y), (2, 5), 1),
        (lambda x, y: math.cos(4 * (x + y)), (4, 4), 1),
        (lambda x, y: math.cos(4 * (x - y) + 0.3), (4, 4), 1),
        (lambda x, y: 2 * math.cos(3 * x) + math.cos(y), (3, 0), 0.8),
    ],
)
def test_a_wave_over_both_operands_stands_at_its_pair_of_frequencies(
    law: Callable[[float, float], float], at: tuple[int, int], share: float, p: int
) -> None:
    spectrum = spectrum_2d(picture(p, law))
    assert float(spectrum[at]) == pytest.approx(share)
    assert float(spectrum.sum()) == pytest.approx(1)


def test_a_picture_of_one_shade_has_no_power() -> None:
    assert float(spectrum_2d(torch.full((7, 7), 3.0, dtype=torch.float64)).sum()) == pytest.approx(0)


def test_every_vocabulary_half_has_its_own_spectrum(embedded: Embedded, waves: Waves) -> None:
    found = fourier(embedded(waves(13, 2), waves(13, 5)))
    assert found.embedding == {
        "a": pytest.approx([0, 1, 0, 0, 0, 0]),
        "b": pytest.approx([0, 0, 0, 0, 1, 0]),
    }


@pytest.mark.parametrize(
    "config", [TransformerConfig(p=5, width=8, equals_token=True), LinearConfig("x", p=5, hidden=6)]
)
def test_only_answers_are_unembedded(config: NetworkConfig, random_network: Make) -> None:
    network = random_network(config)
    W_U = network.weights["unembed.W_U"].T if "unembed.W_U" in network.weights else network.weights["unembed.weight"]
    assert fourier(Probe(network)).unembedding == pytest.approx(token_spectrum(W_U[:5]))


def test_attention_is_pictured_as_the_last_querys_weight_on_operand_a(random_network: Make) -> None:
    network = random_network(TransformerConfig(p=5, width=8, attention_rate=0.7, equals_token=True, layers=2))
    pictures = attention_pictures(Probe(network))
    assert pictures is not None and pictures.shape == (4, 5, 5)
    E, _ = network.embeddings()
    for a, b in ((0, 3), (4, 1)):
        pattern = network.patterns(E[[a]], E[[b]])[0]  # (1, heads, queries, T)
        torch.testing.assert_close(pictures[:, a, b], pattern[0, :, -1, 0])


@pytest.mark.parametrize(
    "config", [TransformerConfig(p=5, width=8, attention_rate=0), LinearConfig("beta", p=5, hidden=6)]
)
def test_without_attention_there_is_no_picture_of_it(config: NetworkConfig, random_network: Make) -> None:
    probe = Probe(random_network(config))
    assert attention_pictures(probe) is None
    assert fourier(probe).attention == []


def test_spectra_of_an_ideal_pizza_are_its_circles(ideal_evidence: Callable[..., Evidence]) -> None:
    found = ideal_evidence("pizza", p=13, frequencies=(2, 5), companions=False).fourier
    radii = {2: 1.0, 5: 0.95}
    total = sum(r**2 for r in radii.values())
    assert found.embedding["ab"] == pytest.approx([radii.get(k, 0) ** 2 / total for k in range(1, 7)], abs=1e-6)
    assert found.logits == pytest.approx([0, 0.5, 0, 0, 0.5, 0], abs=0.01)
