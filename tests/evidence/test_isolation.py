"""Circles alone: what the hand-built networks' circles write when all others are out of the embedding."""

from __future__ import annotations

import math

import pytest
import torch

from clockpizza.evidence import Probe
from clockpizza.evidence.components import principal_components
from clockpizza.evidence.isolation import alone, isolated_picture
from clockpizza.evidence.pictures import correct_logit_picture, picture_of
from clockpizza.networks.ideal import ideal


@pytest.mark.parametrize("k", [17, 3, 15])
def test_an_ideal_pizzas_circle_alone_leaves_stripes(k: int) -> None:
    probe = Probe(ideal("pizza").network)
    picture = isolated_picture(probe, {"ab": principal_components(probe.E_a)}, k)
    assert picture is not None
    d = torch.arange(59, dtype=torch.float64)
    stripes = torch.cos(math.pi * k * d / 59).abs()
    by_difference = picture.mean(0)
    assert float(torch.corrcoef(torch.stack([by_difference, stripes]))[0, 1]) > 0.999
    assert float(picture.std(0).max()) < 0.05 * float(by_difference.max())  # rows, a + b, hardly matter


def test_an_ideal_clocks_circle_alone_writes_the_same_at_every_difference() -> None:
    probe = Probe(ideal("clock").network)
    picture = isolated_picture(probe, {"ab": principal_components(probe.E_a)}, 17)
    assert picture is not None
    assert float(picture.std() / picture.mean()) < 0.05


def test_a_circle_alone_is_its_two_components_and_the_mean() -> None:
    probe = Probe(ideal("pizza").network)
    kept = alone(probe, {"ab": principal_components(probe.E_a)}, 3)
    assert kept is not None
    power = (torch.fft.rfft(kept[0], dim=0).abs() ** 2).sum(1)
    assert float(power[1:].sum() - power[3]) < 1e-8 * float(power[3])
    assert torch.allclose(kept[0].mean(0), probe.E_a.mean(0))
    assert kept[0] is kept[1]


def test_a_frequency_without_two_components_cannot_be_isolated() -> None:
    probe = Probe(ideal("lissajous").network)
    halves = {"ab": principal_components(probe.E_a)}
    assert alone(probe, halves, 17) is None
    assert isolated_picture(probe, halves, 17) is None


def test_a_picture_of_the_networks_own_logits_is_the_correct_logit_picture() -> None:
    probe = Probe(ideal("pizza", p=12, frequencies=[5, 1]).network)
    assert torch.equal(picture_of(probe, probe.logits).nan_to_num(-1), correct_logit_picture(probe).nan_to_num(-1))
    assert int(correct_logit_picture(probe).isnan().sum()) == 72  # of an even p, sums and differences share a parity
