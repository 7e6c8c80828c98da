"""All evidence in one pass: what is told beside the measures, what is drawn, and what float32 does to it."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.evidence import Evidence, gather
from clockpizza.networks import Network
from clockpizza.networks.ideal import ideal
from clockpizza.verdict import judge

Make = Callable[[NetworkConfig], Network]
Ideal = Callable[..., Evidence]


def test_the_parameter_norm_is_of_all_parameters_together(random_network: Make) -> None:
    network = random_network(TransformerConfig(p=5, width=8))
    expected = math.sqrt(sum(float((weight**2).sum()) for weight in network.weights.values()))
    assert gather(network).parameter_norm == pytest.approx(expected)


def test_components_are_listed_half_by_half(random_network: Make) -> None:
    found = gather(random_network(TransformerConfig(p=7, width=8, separate_vocabularies=True)))
    halves = [component.half for component in found.components]
    assert halves == ["a"] * halves.count("a") + ["b"] * halves.count("b")
    assert found.circularity.components == len(found.components)
    variances = [component.variance for component in found.components if component.half == "a"]
    assert variances == sorted(variances, reverse=True) and min(variances) >= 0.01


@pytest.mark.parametrize("p", [12, 13])
def test_the_picture_of_the_correct_logits_has_sums_as_rows_and_differences_as_columns(
    p: int, ideal_evidence: Ideal
) -> None:
    network = ideal("pizza", p=p, frequencies=(5, 2)).network
    E, _ = network.embeddings()
    drawn = ideal_evidence("pizza", p=p, frequencies=(5, 2)).pictures.correct_logit
    for a, b in ((0, 0), (7, 11), (p - 1, 3)):
        logit = network.logits(E[[a]], E[[b]])[0, (a + b) % p]
        assert float(drawn[(a + b) % p, (a - b) % p]) == pytest.approx(float(logit), rel=1e-4)
    assert int(drawn.isnan().sum()) == (0 if p % 2 else p * p // 2)  # where sum and difference have not one parity


def test_a_circle_is_drawn_round_with_neighbours_a_delta_apart(ideal_evidence: Ideal) -> None:
    pictures = ideal_evidence("clock", p=13, frequencies=(5, 2)).pictures
    assert set(pictures.scores) == {5, 2}
    points = pictures.scores[5]
    assert points.norm(dim=1).tolist() == pytest.approx([1.0] * 13, rel=1e-5)
    distances = (points - points[0]).norm(dim=1)
    assert {int(i) for i in distances[1:].argsort()[:2] + 1} == {5, 8}  # 5 * 5 = 25 = -1 mod 13


def test_work_is_told_as_it_goes_on(random_network: Make) -> None:
    told: list[str] = []
    gather(random_network(LinearConfig("delta", p=7, hidden=6)), tick=told.append)
    assert {"logits", "gradients", "components", "neurons"} <= set(told)
    gather(ideal("clock", p=13, frequencies=(5, 2)).network, tick=told.append)
    assert {"circle 5", "circle 2"} <= set(told)


def test_the_split_reaches_the_accuracy() -> None:
    made = ideal("memoriser", p=7, train_fraction=0.8)
    found = gather(made.network, training_pairs=made.training_pairs).accuracy
    assert found.training == 1
    assert found.held_out is not None and found.held_out < 0.5


@pytest.mark.parametrize("p", [12, 15])
def test_a_modulus_that_is_no_prime_is_examined_whole(p: int, random_network: Make) -> None:
    found = gather(random_network(TransformerConfig(p=p, width=16, attention_rate=0.5)))
    assert all(
        value is not None and math.isfinite(value)
        for value in (
            found.gradient_symmetricity.exact,
            found.distance_irrelevance.correct,
            found.distance_irrelevance.top_wrong,
            found.circularity.authors,
            found.circularity.by_circle,
        )
    )
    assert max(circle.frequency for circle in found.circles) <= p // 2
    assert len(found.fourier.logits) == p // 2


@pytest.mark.parametrize("kind", ["clock", "pizza"])
def test_float32_agrees_within_bounds(kind: str, ideal_evidence: Ideal) -> None:
    double = ideal_evidence(kind, p=13, frequencies=(5, 2))
    single = gather(ideal(kind, p=13, frequencies=(5, 2)).network, dtype=torch.float32)
    assert single.accuracy.all_pairs == double.accuracy.all_pairs
    assert single.parameter_norm == pytest.approx(double.parameter_norm, rel=1e-5)
    assert single.gradient_symmetricity.exact == pytest.approx(double.gradient_symmetricity.exact, abs=1e-3)
    assert single.distance_irrelevance.correct == pytest.approx(double.distance_irrelevance.correct, abs=1e-4)
    assert single.circularity.paper == pytest.approx(double.circularity.paper, abs=1e-5)
    assert [c.frequency for c in single.circles if c.role == "main"] and {c.frequency for c in single.circles} == {
        c.frequency for c in double.circles
    }
    parts = {c.frequency: c.pizza_part for c in judge(double.grounds).circles}
    assert {c.frequency: c.pizza_part for c in judge(single.grounds).circles} == pytest.approx(parts, abs=1e-4)
