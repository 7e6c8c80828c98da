"""Gradients on principal components: what each network's theory says of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.evidence import Probe
from clockpizza.evidence.component_gradients import component_gradients, default_triples
from clockpizza.evidence.components import principal_components
from clockpizza.evidence.gradient_symmetricity import paper_triples
from clockpizza.networks import Network
from clockpizza.networks.ideal import ideal

Make = Callable[[NetworkConfig], Network]


@pytest.mark.parametrize(
    "config",
    [
        TransformerConfig(p=7, width=16, attention_rate=0.6),
        TransformerConfig(p=7, width=16, layers=2),
        TransformerConfig(p=7, width=16, separate_vocabularies=True),
        LinearConfig("delta", p=7, hidden=12),
    ],
    ids=lambda config: config.describe(),
)
def test_a_gradient_is_the_slope_of_the_logit_along_its_component(config: NetworkConfig, random_network: Make) -> None:
    probe = Probe(random_network(config))
    halves = {name: principal_components(E) for name, E in probe.halves.items()}
    a, b, c = at = (3, 5, 2)
    (found,) = component_gradients(probe, halves, [at], components=4)
    for operand, slopes in ((0, found.a), (1, found.b)):
        half = halves.get("ab") or halves["ab"[operand]]
        for i, slope in enumerate(slopes):
            step = [torch.zeros_like(probe.E_a[0]), torch.zeros_like(probe.E_a[0])]
            step[operand] = 1e-6 * half.directions[i]
            up, down = (
                probe.network.logits(probe.E_a[[a]] + s * step[0], probe.E_b[[b]] + s * step[1])[0, c] for s in (1, -1)
            )
            assert slope == pytest.approx(float(up - down) / 2e-6, rel=1e-5, abs=1e-7)


def test_an_ideal_pizzas_rows_are_equal_and_an_ideal_clocks_are_not() -> None:
    cosines, gaps = {}, {}
    for kind in ("pizza", "clock"):
        probe = Probe(ideal(kind).network)
        halves = {"ab": principal_components(probe.E_a)}
        found = component_gradients(probe, halves, default_triples(59))
        cosines[kind] = [each.cosine for each in found]
        a, b = (torch.tensor([getattr(each, name) for each in found]) for name in ("a", "b"))
        gaps[kind] = float((a - b).norm() / a.norm())
    assert all(cosine is not None and cosine > 0.99 for cosine in cosines["pizza"])
    assert gaps["pizza"] < 0.1
    assert min(cosine for cosine in cosines["clock"] if cosine is not None) < 0.9
    assert gaps["clock"] > 0.3


def test_the_default_is_the_start_of_the_papers_sample() -> None:
    assert [59 * 59 * a + 59 * b + c for a, b, c in default_triples(59)] == paper_triples(59)[:4]


def test_a_token_that_there_is_not_is_refused(random_network: Make) -> None:
    probe = Probe(random_network(LinearConfig("alpha", p=7, hidden=8)))
    with pytest.raises(BadInput, match="1,7,0 is no a,b,c with tokens from 0 to 6"):
        component_gradients(probe, {"ab": principal_components(probe.E_a)}, [(1, 7, 0)])
