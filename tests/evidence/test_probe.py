"""What the measures share: all logits, all pairs, embeddings changed and attention frozen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.evidence import Probe, probe
from clockpizza.networks import Network

Make = Callable[[NetworkConfig], Network]
CONFIGS: list[NetworkConfig] = [
    TransformerConfig(p=7, width=8, attention_rate=0.6, layers=2),
    TransformerConfig(p=6, width=8, equals_token=True, separate_vocabularies=True),
    LinearConfig("delta", p=7, hidden=6),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.describe())
def test_logits_are_those_of_every_pair_asked_alone(config: NetworkConfig, random_network: Make) -> None:
    network = random_network(config)
    E_a, E_b = network.embeddings()
    logits = Probe(network).logits
    for a in range(config.p):
        for b in range(config.p):
            torch.testing.assert_close(logits[a, b], network.logits(E_a[[a]], E_b[[b]])[0])


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.describe())
def test_how_pairs_are_cut_into_chunks_changes_nothing(
    config: NetworkConfig, random_network: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = random_network(config)
    whole = Probe(network)
    E_a, E_b = whole.E_a.flip(0), whole.E_b
    expected = whole.run(E_a, E_b), whole.run(E_a, E_b, frozen=True)
    monkeypatch.setattr(probe, "PAIR_BUDGET", 500)
    pieces = Probe(network)
    torch.testing.assert_close(pieces.run(E_a, E_b), expected[0])
    torch.testing.assert_close(pieces.run(E_a, E_b, frozen=True), expected[1])


def test_frozen_attention_is_the_unchanged_embeddings(random_network: Make) -> None:
    found = Probe(random_network(CONFIGS[0]))
    torch.testing.assert_close(found.run(found.E_a, found.E_b, frozen=True), found.logits)
    E = found.E_a.flip(0)
    patterns = [pattern[[3 * 7 + 5]] for pattern in found.patterns]
    alone = found.network.logits(E[[3]], E[[5]], patterns)[0]
    torch.testing.assert_close(found.run(E, E, frozen=True)[3, 5], alone)
    assert not torch.allclose(found.run(E, E)[3, 5], alone)


@pytest.mark.parametrize("p", [5, 6])
def test_pairs_are_counted_a_first_and_differences_have_p_pairs_each(p: int, random_network: Make) -> None:
    found = Probe(random_network(LinearConfig("delta", p=p, hidden=6)))
    pairs = [(a, b) for a in range(p) for b in range(p)]
    assert list(zip(found.a.tolist(), found.b.tolist(), strict=True)) == pairs
    assert found.s.tolist() == [(a + b) % p for a, b in pairs]
    by_difference = found.by_difference(found.logits[..., 0])
    for a, b in pairs:
        assert by_difference[b, (a - b) % p] == found.logits[a, b, 0]
        assert found.correct_logit[a, b] == found.logits[a, b, (a + b) % p]


def test_it_computes_in_the_precision_it_is_told(random_network: Make) -> None:
    network = random_network(CONFIGS[0])
    double, single = Probe(network), Probe(network, dtype=torch.float32)
    assert (double.logits.dtype, single.logits.dtype) == (torch.float64, torch.float32)
    torch.testing.assert_close(single.logits.double(), double.logits, rtol=1e-4, atol=1e-5)


def test_accuracy_is_the_share_of_pairs_whose_largest_logit_is_the_answer(random_network: Make) -> None:
    found = Probe(random_network(LinearConfig("delta", p=5, hidden=6)))
    logits = torch.zeros(5, 5, 5)
    logits[..., 2] = 1  # always says 2: right for one b of every a
    assert found.accuracy(logits) == 0.2
