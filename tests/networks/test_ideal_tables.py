"""Networks built by hand that add without a few circles: number lines, lookups, and a wave for every frequency."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from clockpizza.evidence.planes import without as without_planes
from clockpizza.evidence.probe import Probe
from clockpizza.evidence.waves import amplitudes
from clockpizza.networks import Linear, Transformer
from clockpizza.networks.ideal import GAIN, ideal

MODULI = [12, 13, 15, 30, 31]
SEPARATE: dict[str, Any] = {"separate_vocabularies": True}


def probe(kind: str, **arguments: Any) -> Probe:
    return Probe(ideal(kind, **arguments).network)


def accuracy(found: Probe) -> float:
    return found.accuracy(found.logits)


def variances(found: Probe) -> dict[int, tuple[float, float]]:
    """Of each plane of operand a's embedding: its share of the variance, and the shorter over the longer axis."""
    coefficients = torch.fft.rfft(found.E_a, dim=0)
    axes = torch.linalg.svdvals(torch.stack([coefficients.real, coefficients.imag], dim=1))[1:]
    power = axes.square().sum(1)
    return {
        k + 1: (float(power[k] / power.sum()), float(axes[k, 1] / axes[k, 0].clamp_min(1e-30)))
        for k in range(len(power))
    }


# ---- number lines ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [3, 5, *MODULI])
@pytest.mark.parametrize("kind", ["number-line", "idle-circles", "lissajous"])
def test_any_ramp_adds(kind: str, p: int) -> None:
    for multiplier in (1, 2, p // 2 + 1, p - 1, 7):
        for offset in (0, 1, p - 1):
            if math.gcd(multiplier, p) == 1:
                assert accuracy(probe(kind, p=p, multiplier=multiplier, offset=offset)) == 1


@pytest.mark.parametrize(("multiplier", "offset"), [(1, 0), (5, 3), (12, 1)])
def test_tokens_lie_where_the_ramp_says_and_nowhere_else(multiplier: int, offset: int) -> None:
    E = probe("number-line", p=13, multiplier=multiplier, offset=offset).E_a
    spread, directions = torch.linalg.svd(E)[1:]
    assert spread[1] < 1e-6 * spread[0]
    along = E @ directions[0]
    ramp = (multiplier * torch.arange(13) + offset) % 13
    steps = (along - along[ramp == 6]) / (ramp - 6)
    assert torch.allclose(steps[ramp != 6], steps[0 if offset != 6 else 1], atol=1e-5)
    assert float(along.std(correction=0)) == pytest.approx(1, abs=1e-5)


def test_its_logits_are_hats_of_the_sum() -> None:
    logits = probe("number-line", p=13).logits
    right = torch.zeros(13, 13, 13, dtype=torch.float64)
    for a in range(13):
        for b in range(13):
            right[a, b, (a + b) % 13] = GAIN
    torch.testing.assert_close(logits, right, rtol=0, atol=1e-3)


@pytest.mark.parametrize("kind", ["lissajous", "idle-circles"])
@pytest.mark.parametrize("p", MODULI)
def test_the_line_beside_idle_circles_is_small_and_adds_all_the_same(kind: str, p: int) -> None:
    found = probe(kind, p=p, frequencies=(2, 5, 1))
    large = {k: roundness for k, (share, roundness) in variances(found).items() if share > 0.01}
    assert set(large) == {2, 5, 1}
    assert all(roundness > 0.95 if kind == "idle-circles" else roundness < 0.05 for roundness in large.values())
    assert sum(share for k, (share, _) in variances(found).items() if k not in large) < 0.01
    alone = found.run(*(keep_none(E, large) for E in (found.E_a, found.E_b)))
    line = probe("number-line", p=p)
    assert accuracy(line) == 1
    torch.testing.assert_close(found.logits, line.logits, rtol=0, atol=0.05 * GAIN)
    assert found.accuracy(alone) < 1  # the line has a little of these frequencies, too, and is cut with them


def keep_none(E: Tensor, frequencies: dict[int, float]) -> Tensor:
    for k in frequencies:
        E = without_planes(E, [k])
    return E


def test_idle_circles_write_nothing() -> None:
    network = ideal("idle-circles", p=31, frequencies=(2, 5)).network
    assert isinstance(network, Transformer)
    embedded = network.weights["embed.W_E"][:, :31].abs().amax(1) > 0.3  # the circles' directions
    assert embedded.sum() == 4
    for name in ("W_in",):
        assert not network.weights[f"blocks.0.mlp.{name}"][:, embedded].any()
    assert not network.weights["unembed.W_U"][embedded].any()


@pytest.mark.parametrize(
    "form",
    [
        {"attention_rate": 1.0},
        {"equals_token": True},
        {**SEPARATE, "b_shift": 5},
        {**SEPARATE, "b_shift": -2, "own_planes": True, "attention_rate": 0.3},
        {**SEPARATE, "b_shift": 5, "equals_token": True},
    ],
)
@pytest.mark.parametrize("kind", ["number-line", "lissajous", "idle-circles"])
def test_a_ramp_adds_in_every_form(kind: str, form: dict[str, Any]) -> None:
    for p in (12, 31):
        assert accuracy(probe(kind, p=p, multiplier=5, offset=2, **form)) == 1


# ---- lookups --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [3, 4, 5, 7, *MODULI])
@pytest.mark.parametrize("one_hot", [True, False])
def test_a_lookup_stores_every_pair(p: int, one_hot: bool) -> None:
    made = ideal("lookup", p=p, one_hot=one_hot)
    assert made.training_pairs is None
    found = Probe(made.network)
    assert accuracy(found) == 1
    rest = found.logits.view(-1, p).scatter(1, found.s[:, None], 0.0)
    assert rest.abs().max() < 1e-3 * GAIN
    torch.testing.assert_close(found.correct_logit, torch.full_like(found.correct_logit, GAIN), rtol=2e-3, atol=0)
    if one_hot:
        torch.testing.assert_close(found.E_a @ found.E_a.T, torch.eye(p, dtype=torch.float64))


def test_a_memoriser_can_be_one_hot() -> None:
    made = ideal("memoriser", p=13, train_fraction=0.8, one_hot=True)
    assert made.training_pairs is not None
    found = Probe(made.network)
    right = found.logits.view(-1, 13).argmax(1) == found.s
    assert right[made.training_pairs].all()
    assert (found.logits.view(-1, 13)[right.logical_not()] == 0).all()


@pytest.mark.parametrize(
    "form",
    [
        {"equals_token": True, "attention_rate": 0.3},
        SEPARATE,
        {**SEPARATE, "own_planes": True},
        {**SEPARATE, "own_planes": True, "equals_token": True},
    ],
)
@pytest.mark.parametrize("kind", ["memoriser", "lookup", "partial-lookup"])
def test_a_lookup_works_in_every_form(kind: str, form: dict[str, Any]) -> None:
    for p in (3, 12, 13):
        assert accuracy(probe(kind, p=p, **form)) == 1


@pytest.mark.parametrize("p", [5, *MODULI])
@pytest.mark.parametrize("reading", [{}, {"one_hot": True}, {"on_circles": True}])
@pytest.mark.parametrize("share", [0.0, 1.0, 0.4])
def test_a_partial_lookup_answers_everything(p: int, reading: dict[str, Any], share: float) -> None:
    made = ideal("partial-lookup", p=p, pizza_share=share, lookup_share=0.8, **reading)
    assert made.lookup_pairs is not None and made.training_pairs is None
    assert len(made.lookup_pairs.unique()) == len(made.lookup_pairs) == round(0.8 * p * p)
    found = Probe(made.network)
    assert accuracy(found) == 1
    looked_up = torch.zeros(p * p, dtype=torch.bool)
    looked_up[made.lookup_pairs] = True
    correct = found.correct_logit.flatten()
    assert correct[looked_up].min() > 8 * correct[~looked_up].max()


@pytest.mark.parametrize("reading", [{}, {"one_hot": True}, {"on_circles": True}])
def test_the_pairs_that_are_not_looked_up_have_the_circles_logits(reading: dict[str, Any]) -> None:
    made = ideal("partial-lookup", p=31, pizza_share=1.0, **reading)
    assert made.lookup_pairs is not None
    found, circles = Probe(made.network), probe("pizza", p=31)
    rest = torch.ones(31 * 31, dtype=torch.bool)
    rest[made.lookup_pairs] = False
    of_rest = found.logits.view(-1, 31)[rest]
    torch.testing.assert_close(of_rest, circles.logits.view(-1, 31)[rest] / 10, rtol=0, atol=5e-3)
    assert (circles.logits / 10).var() < 0.05 * found.logits.var()


@pytest.mark.parametrize("one_hot", [True, False])
def test_what_a_partial_lookup_reads_is_a_small_part_of_its_embedding(one_hot: bool) -> None:
    found = probe("partial-lookup", p=31, one_hot=one_hot, frequencies=(5, 2, 9))
    assert {k for k, (share, _) in variances(found).items() if share > 0.02} == {5, 2, 9}
    on_circles = probe("partial-lookup", p=31, on_circles=True, frequencies=(5, 2, 9))
    assert {k for k, (share, _) in variances(on_circles).items() if share > 1e-9} == {5, 2, 9}


def test_a_partial_lookup_is_as_large_as_asked_for() -> None:
    small, large = (probe("partial-lookup", p=13, lookup_size=size).logits.max() for size in (5, 50))
    assert float(large / small) == pytest.approx(51 / 6, rel=0.02)  # the circles add their own


# ---- every frequency ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [3, 4, 5, 7, *MODULI])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"pizza_share": 0.0},
        {"pizza_share": 0.35},
        {**SEPARATE, "b_shift": 3},
        {**SEPARATE, "pizza_share": 0.0},
    ],
)
def test_a_wide_network_solves_the_task(p: int, arguments: dict[str, Any]) -> None:
    assert accuracy(probe("wide", p=p, **arguments)) == 1


@pytest.mark.parametrize("p", [5, 7, *MODULI])
def test_its_pizzas_can_be_turned(p: int) -> None:
    assert accuracy(probe("wide", p=p, turn=0.6)) == 1
    assert accuracy(probe("wide", p=p, turn=math.pi / 2, companions=True)) == 1


def test_a_wide_network_of_the_papers_size() -> None:
    network = ideal("wide").network
    assert isinstance(network, Linear)
    assert (network.config.model, network.config.hidden) == ("alpha", 262)  # 29 times 9, made even
    assert accuracy(Probe(network)) == 1


@pytest.mark.parametrize("share", [0.0, 0.35, 1.0])
@pytest.mark.parametrize("form", [{}, SEPARATE])
def test_every_frequency_of_a_wide_network_writes_by_its_share(share: float, form: dict[str, bool]) -> None:
    found = probe("wide", p=13, pizza_share=share, **form)
    g = amplitudes(found, found.logits)
    for k in range(1, 7):
        cosine = (math.pi * k / 13 * torch.arange(13, dtype=torch.float64)).cos().abs()
        expected = GAIN * ((1 - share) + share * cosine / cosine.mean())
        torch.testing.assert_close(g[:, k], expected, rtol=0, atol=0.06 * GAIN)


def test_groups_can_have_shares_of_their_own() -> None:
    found = probe("wide", p=13, frequencies=(1, 4), pizza_share=(0, 1))
    g = amplitudes(found, found.logits)
    assert g[:, 1].std() < 0.02 * GAIN and g[:, 4].std() > 0.4 * GAIN
    assert g[:, (2, 3, 5, 6)].abs().max() < 0.03 * GAIN


@pytest.mark.parametrize("companions", [True, False])
def test_each_of_its_neurons_reads_one_frequency(companions: bool) -> None:
    for arguments, model in (({}, "alpha"), ({"pizza_share": 0.5}, "delta"), (SEPARATE, "x")):
        network = ideal("wide", p=13, companions=companions, **arguments).network
        assert isinstance(network, Linear) and network.config.model == model
        for E in network.embeddings():
            torch.testing.assert_close(E @ E.T, torch.eye(13))
        reading = network.weights["l1.weight"].double()
        power = torch.fft.rfft(reading[:, :13], dim=1).abs().square()
        used = power.sum(1) > 1e-6
        assert (power[used].max(1).values / power[used].sum(1) > 1 - 1e-9).all()
        assert set(power[used].argmax(1).tolist()) == set(range(1, 7))


def test_companions_of_a_wide_network_write_as_others_do() -> None:
    with_them, without = (probe("wide", p=13, companions=companions) for companions in (True, False))
    added = amplitudes(with_them, with_them.logits - without.logits)
    d = torch.arange(13, dtype=torch.float64)
    for k in range(1, 7):
        mean = (math.pi * k / 13 * d).cos().abs().mean()
        expected = -GAIN / mean * 4 / (3 * math.pi) * (2 * math.pi * k / 13 * d).cos()
        torch.testing.assert_close(added[:, k], expected, rtol=0, atol=1e-3 * GAIN)
