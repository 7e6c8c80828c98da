"""Gradient symmetricity on networks whose operands are treated alike, against each other, or at a known angle."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.evidence import Probe
from clockpizza.evidence.gradient_symmetricity import cosines, gradient_symmetricity, paper_triples
from clockpizza.networks import Linear, Network, linear

Make = Callable[[NetworkConfig], Network]


def concatenating(W_a: Tensor, W_b: Tensor, bias: float = 0.3, p: int = 7) -> Probe:
    """h = relu(W_a E_a + W_b E_b + bias) on random embeddings."""
    config = LinearConfig("delta", p=p, hidden=len(W_a))
    generator = torch.Generator().manual_seed(3)
    weights = {
        name: torch.randn(shape, generator=generator, dtype=torch.float64)
        for name, shape in linear.parameter_shapes(config).items()
    }
    weights |= {
        "l1.weight": torch.cat([W_a, W_b], dim=1),
        "l1.bias": torch.full((len(W_a),), bias, dtype=torch.float64),
    }
    return Probe(Linear(config, weights))


def random_matrix() -> Tensor:
    return torch.randn(8, 4, generator=torch.Generator().manual_seed(4), dtype=torch.float64)


@pytest.mark.parametrize("model", ["alpha", "beta", "gamma", "x"])
def test_it_is_1_where_only_the_sum_of_embeddings_is_seen(model: str, random_network: Make) -> None:
    found = gradient_symmetricity(Probe(random_network(LinearConfig(model, p=7, hidden=12))))
    assert found.exact == pytest.approx(1, abs=1e-12)
    assert found.p05 == pytest.approx(1, abs=1e-12)
    assert found.std == pytest.approx(0, abs=1e-7)


def test_it_is_minus_1_where_only_the_difference_is_seen() -> None:
    found = gradient_symmetricity(concatenating(random_matrix(), -random_matrix()))
    assert (found.exact, found.p95) == (pytest.approx(-1), pytest.approx(-1))


@pytest.mark.parametrize("degrees", [0, 30, 90, 135])
def test_it_is_the_cosine_of_the_angle_by_which_one_operand_is_turned(degrees: int) -> None:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = torch.block_diag(*[torch.tensor([[c, -s], [s, c]], dtype=torch.float64)] * 2)
    found = gradient_symmetricity(concatenating(random_matrix(), random_matrix() @ turn))
    assert found.exact == pytest.approx(c, abs=1e-12)
    assert found.std == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(
    "config",
    [
        TransformerConfig(p=5, width=8, attention_rate=1.0),
        TransformerConfig(p=6, width=8, attention_rate=0.4, separate_vocabularies=True, equals_token=True, layers=2),
        LinearConfig("delta", p=5, hidden=6),
    ],
    ids=lambda config: config.describe(),
)
def test_every_triples_cosine_is_autograds(config: NetworkConfig, random_network: Make) -> None:
    network = random_network(config)
    probe = Probe(network)
    E_a, E_b = (E.clone().requires_grad_() for E in (probe.E_a[probe.a], probe.E_b[probe.b]))
    logits = network.logits(E_a, E_b)
    per_logit = []
    for c in range(config.p):  # pairs do not see each other: the sum's gradient is every pair's own
        g_a, g_b = torch.autograd.grad(logits[:, c].sum(), (E_a, E_b), retain_graph=True)
        per_logit.append(torch.cosine_similarity(g_a, g_b))
    expected = torch.stack(per_logit, dim=1).view(config.p, config.p, config.p)
    torch.testing.assert_close(cosines(probe), expected, rtol=1e-9, atol=1e-10)
    found = gradient_symmetricity(probe)
    assert found.exact == pytest.approx(float(expected.mean()))
    assert found.std == pytest.approx(float(expected.std(correction=0)))
    assert found.median == pytest.approx(float(expected.quantile(0.5)), abs=0.05)
    assert found.p05 is not None and found.p95 is not None
    assert float((expected < found.p05).double().mean()) == pytest.approx(0.05, abs=0.03)
    assert float((expected > found.p95).double().mean()) == pytest.approx(0.05, abs=0.03)


def test_triples_without_a_gradient_are_left_out_and_counted() -> None:
    probe = concatenating(random_matrix(), random_matrix())
    probe.network.weights["unembed.weight"][2] = 0  # logit 2 is the same for every pair
    found = gradient_symmetricity(probe)
    assert found.undefined == 7 * 7
    assert found.exact == pytest.approx(1)
    assert bool(cosines(probe)[..., 2].isnan().all())


def test_a_network_of_dead_neurons_has_no_symmetricity() -> None:
    found = gradient_symmetricity(concatenating(random_matrix(), random_matrix(), bias=-1e6))
    assert (found.exact, found.std, found.median, found.paper_sample, found.undefined) == (None, None, None, None, 7**3)


@pytest.mark.parametrize("p", [5, 12, 59])
def test_the_papers_sample_is_the_first_hundred_of_all_triples_in_order_shuffled(p: int) -> None:
    triples = [(a, b, c) for a in range(p) for b in range(p) for c in range(p)]
    random.Random(42).shuffle(triples)
    assert paper_triples(p) == [(a * p + b) * p + c for a, b, c in triples[:100]]


def test_the_papers_sample_is_averaged_alone(random_network: Make) -> None:
    probe = Probe(random_network(TransformerConfig(p=7, width=8)))
    found = gradient_symmetricity(probe)
    every = cosines(probe).flatten().tolist()
    sample = [every[i] for i in paper_triples(7)]
    assert found.paper_sample == pytest.approx(sum(sample) / 100)
    assert found.paper_sample != pytest.approx(found.exact, abs=1e-4)


def test_fewer_than_a_hundred_triples_are_all_in_the_papers_sample(random_network: Make) -> None:
    found = gradient_symmetricity(Probe(random_network(TransformerConfig(p=4, width=8))))
    assert found.paper_sample == pytest.approx(found.exact)
