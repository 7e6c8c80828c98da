"""Circles built by hand write the waves that algebra says, whatever stands in the embedding."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from clockpizza.errors import BadInput
from clockpizza.evidence.planes import without as without_planes
from clockpizza.evidence.probe import Probe
from clockpizza.evidence.waves import amplitudes
from clockpizza.frequency import double
from clockpizza.networks import Transformer
from clockpizza.networks.ideal import GAIN, ideal

MODULI = [12, 13, 15, 30, 31, 59]
SEPARATE: dict[str, Any] = {"separate_vocabularies": True}
FORMS: list[dict[str, Any]] = [
    {"attention_rate": 0.3},
    {"attention_rate": 1.0},
    SEPARATE,
    {**SEPARATE, "b_shift": 4},
    {**SEPARATE, "b_shift": 2.5, "b_turn": 0.7, "attention_rate": 0.3},
    {**SEPARATE, "b_turn": 0.7, "own_planes": True},
    {**SEPARATE, "b_turn": 0.7, "own_planes": True, "equals_token": True},
    {"equals_token": True, "attention_rate": 0.3},
    {**SEPARATE, "b_turn": 0.7, "equals_token": True, "attention_rate": 1.0},
]


def probe(kind: str, **arguments: Any) -> Probe:
    return Probe(ideal(kind, **arguments).network)


def accuracy(found: Probe) -> float:
    return found.accuracy(found.logits)


def waves(found: Probe, k: int) -> Tensor:
    """g_k(d), (p,)."""
    return amplitudes(found, found.logits)[:, k]


def waves_without(found: Probe, k: int, out: int) -> Tensor:
    """g_k(d) with frequency `out` taken out of the embedding."""
    logits = found.run(*(without_planes(E, [out]) for E in (found.E_a, found.E_b)))
    return amplitudes(found, logits)[:, k]


def law(p: int, k: int, share: float, turn: float = 0.0, companion: float = 0.0) -> Tensor:
    """What a circle of that pizza share writes by a - b; `companion`: how much of its companion's term is added."""
    half = math.pi * k / p * torch.arange(p, dtype=torch.float64) + turn
    b1 = share * GAIN / half.cos().abs().mean()
    return (1 - share) * GAIN + b1 * (half.cos().abs() - companion * 4 / (3 * math.pi) * (2 * half).cos())


def close(found: Tensor, expected: Tensor, within: float = 0.03) -> None:
    """A handful of phases leaves harmonics of a percent or two."""
    torch.testing.assert_close(found, expected, rtol=0, atol=within * GAIN)


def planes(found: Probe) -> dict[int, tuple[float, float]]:
    """Both axes of each plane that the embedding of operand a has, as radii, by frequency."""
    coefficients = torch.fft.rfft(found.E_a, dim=0) * 2 / found.p
    axes = torch.linalg.svdvals(torch.stack([coefficients.real, coefficients.imag], dim=1))
    return {k: (float(axes[k, 0]), float(axes[k, 1])) for k in range(1, found.p // 2 + 1) if axes[k, 0] > 1e-3}


# ---- blends and single circles --------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", MODULI)
@pytest.mark.parametrize("companions", [True, False])
def test_a_blend_of_every_twentieth_solves_the_task(p: int, companions: bool) -> None:
    for twentieth in range(20 if p % 2 == 0 and not companions else 21):
        assert accuracy(probe("blend", p=p, pizza_share=twentieth / 20, companions=companions)) == 1


@pytest.mark.parametrize("companions", [True, False])
def test_its_amplitude_is_the_pizzas_by_its_share(companions: bool) -> None:
    for twentieth in range(21):
        share = twentieth / 20
        found = probe("blend", p=31, frequencies=(5, 2), pizza_share=share, companions=companions)
        close(waves(found, 5), law(31, 5, share, companion=companions))
        close(waves_without(found, 5, 10), law(31, 5, share))


def test_each_circle_can_have_a_share_of_its_own() -> None:
    found = probe("blend", p=31, frequencies=(5, 2, 9), pizza_share=(1, 0, 0.4), companions=False)
    for k, share in ((5, 1), (2, 0), (9, 0.4)):
        close(waves(found, k), law(31, k, share))
    assert accuracy(found) == 1


@pytest.mark.parametrize("p", MODULI)
@pytest.mark.parametrize("kind", ["clock", "pizza"])
def test_one_circle_is_enough(kind: str, p: int) -> None:
    for k in range(1, p // 2 + 1):
        if math.gcd(k, p) == 1:
            assert accuracy(probe(kind, p=p, frequencies=(k,))) == 1


@pytest.mark.parametrize("p", [12, 30])
def test_a_lone_pizza_without_companion_is_blind_at_half_of_an_even_modulus(p: int) -> None:
    found = probe("pizza", p=p, frequencies=(1,), companions=False)
    right = (found.logits.argmax(-1).flatten() == found.s).view(p, p)
    by_difference = found.by_difference(right.double()).mean(0)
    assert by_difference[p // 2] < 0.5
    assert (by_difference > 1 - 1e-9).sum() == p - 1


def test_a_large_modulus_takes_more_phases() -> None:
    for kind in ("clock", "pizza"):
        assert accuracy(probe(kind, p=113, frequencies=(7,), width=256)) == 1


@pytest.mark.parametrize(
    ("p", "frequencies"), [(15, (5, 1)), (12, (4, 1, 3)), (12, (6, 1, 5)), (9, (3, 1, 2)), (30, (15, 10, 7))]
)
def test_circles_at_a_half_and_a_third_of_the_modulus_do_their_part(p: int, frequencies: tuple[int, ...]) -> None:
    for kind, share in (("clock", 0.0), ("pizza", 1.0)):
        found = probe(kind, p=p, frequencies=frequencies)
        assert accuracy(found) == 1
        for k in frequencies:
            # their few angles meet the same harmonic each time
            close(waves(found, k), law(p, k, share, companion=1 if double(k, p) else 0), within=0.06)


# ---- radii, lines, coincidences -------------------------------------------------------------------------------------


def test_tied_circles_have_one_radius() -> None:
    found = probe("pizza", p=31, frequencies=(5, 2, 9), tied=True)
    assert planes(found) == pytest.approx(
        {k: pytest.approx((1, 1)) for k in (5, 2, 9)} | {k: pytest.approx((0.6, 0.6)) for k in (10, 4, 13)}
    )
    assert accuracy(found) == 1


def test_radii_are_what_was_asked_for_and_change_no_logit() -> None:
    found = probe("blend", p=31, frequencies=(5, 2), pizza_share=0.5, radii=(2, 0.3), companion_size=3)
    axes = planes(found)
    assert {k: pytest.approx(r) for k, (r, _) in axes.items()} == {5: 2, 2: 0.3, 10: 6, 4: 0.9}
    assert all(short == pytest.approx(long) for long, short in axes.values())
    expected = probe("blend", p=31, frequencies=(5, 2), pizza_share=0.5)
    torch.testing.assert_close(found.logits, expected.logits, rtol=0, atol=1e-3)


@pytest.mark.parametrize("p", MODULI)
def test_companions_can_be_lines(p: int) -> None:
    found = probe("pizza", p=p, companion_lines=True)
    axes = planes(found)
    mains = {k for k, (long, short) in axes.items() if short > 0.5 * long}
    lines = {k for k, (long, short) in axes.items() if short < 1e-6 * long}
    assert mains | lines == set(axes) and lines
    assert accuracy(found) == 1  # also where p is even, and a pizza without companions is blind


def test_a_line_adds_a_tenth_of_a_round_companions_wave() -> None:
    found = probe("pizza", p=31, frequencies=(5, 2), companion_lines=True)
    close(waves(found, 5), law(31, 5, 1, companion=0.1), within=0.02)
    close(waves_without(found, 5, 10), law(31, 5, 1), within=0.02)


@pytest.mark.parametrize("arguments", [{}, {"companion_size": 2.0}, {"companion_lines": True}, {"tied": True}])
def test_a_companion_that_is_a_main_circle_too_is_embedded_once_and_does_both(arguments: dict[str, Any]) -> None:
    found = probe("pizza", p=59, frequencies=(3, 6, 12), **arguments)
    axes = planes(found)
    assert set(axes) == {3, 6, 12, 24}
    radii = (1, 1, 1) if "tied" in arguments else (1, 1 - 0.1 / 3, 1 - 0.2 / 3)
    for k, radius in zip((3, 6, 12), radii, strict=True):
        assert axes[k] == (pytest.approx(radius), pytest.approx(radius))
    last = 0.1 if "companion_lines" in arguments else 1.0
    for k, companion in ((3, 1.0), (6, 1.0), (12, last)):
        close(waves(found, k), law(59, k, 1, companion=companion))
        close(waves_without(found, k, 2 * k), law(59, k, 1))
    assert accuracy(found) == 1


def test_without_companions_such_circles_are_pizzas_alone() -> None:
    found = probe("pizza", p=59, frequencies=(3, 6, 12), companions=False)
    assert set(planes(found)) == {3, 6, 12}
    for k in (3, 6, 12):
        close(waves(found, k), law(59, k, 1))
    assert accuracy(found) == 1


def test_circles_half_a_modulus_apart_share_a_companion() -> None:
    found = probe("pizza", p=30, frequencies=(4, 11, 7))
    assert set(planes(found)) == {4, 11, 7, 8, 14}
    for k in (4, 11):
        close(waves(found, k), law(30, k, 1, companion=1))
        close(waves_without(found, k, 8), law(30, k, 1))


def test_such_a_companion_cannot_suit_both_where_operands_are_turned() -> None:
    """It is turned for the first, so the second reads the operands apart."""
    turned: dict[str, Any] = {**SEPARATE, "b_turn": 0.3, "equals_token": True}
    for rate in (0.3, 1.0):
        found = probe("pizza", p=30, frequencies=(4, 11, 7), attention_rate=rate, **turned)
        close(waves(found, 11), law(30, 11, 1, -0.15, companion=1))
        assert accuracy(found) == 1
    with pytest.raises(BadInput, match=r"^at an equals token"):
        ideal("pizza", p=30, frequencies=(4, 11, 7), **turned)


@pytest.mark.parametrize("lines", [True, False])
@pytest.mark.parametrize("form", [{}, {**SEPARATE, "b_turn": math.pi / 4}, {**SEPARATE, "b_shift": 1.3}])
def test_a_companion_at_half_of_the_modulus_is_read_in_full(form: dict[str, Any], lines: bool) -> None:
    found = probe("pizza", p=12, frequencies=(3, 1, 2), companion_lines=lines, **form)
    phi = math.pi / 2 * form.get("b_shift", 0) + form.get("b_turn", 0)
    close(waves(found, 3), law(12, 3, 1, -phi / 2, companion=1), within=0.06)
    assert accuracy(found) == 1


# ---- turned pizzas --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", MODULI)
@pytest.mark.parametrize("turn", [0.4, math.pi / 2, -1.1, 3.0])
def test_a_turned_pizza_is_blind_elsewhere(p: int, turn: float) -> None:
    found = probe("pizza", p=p, turn=turn)
    assert accuracy(found) == 1
    k = 4
    found = probe("pizza", p=p, frequencies=(k, 1), turn=turn)
    close(waves(found, k), law(p, k, 1, turn, companion=1 if double(k, p) else 0))
    if double(k, p) not in (0, 1):
        close(waves_without(found, k, double(k, p)), law(p, k, 1, turn))


def test_a_quarter_turn_is_a_pizza_by_the_sine_which_alone_does_not_see_doubles() -> None:
    found = probe("pizza", p=31, turn=math.pi / 2, companions=False)
    g = waves(found, 9)
    d = torch.arange(31, dtype=torch.float64)
    close(g, GAIN / (math.pi * 9 / 31 * d).sin().abs().mean() * (math.pi * 9 / 31 * d).sin().abs())
    assert found.logits[0, 0].abs().max() < 1e-3
    assert accuracy(found) > 1 - 1 / 31 - 1e-9


def test_a_blends_clock_is_not_turned() -> None:
    found = probe("blend", p=31, frequencies=(5, 2), pizza_share=0.6, turn=0.8)
    close(waves(found, 5), law(31, 5, 0.6, 0.8, companion=1))
    assert accuracy(found) == 1


# ---- overlap and noise ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cosine", [0.02, 0.5, -0.3])
@pytest.mark.parametrize("arguments", [{"kind": "clock"}, {"kind": "pizza", "turn": 0.5}, {"kind": "idle-circles"}])
def test_overlapping_planes_change_no_logit(arguments: dict[str, Any], cosine: float) -> None:
    choices = {"p": 31, "frequencies": (5, 2, 9), "attention_rate": 0.3, **arguments}
    plain, found = probe(**choices), probe(**choices, overlap=cosine)
    torch.testing.assert_close(found.logits, plain.logits, rtol=1e-4, atol=2e-3)
    directions = []
    for k in (5, 2, 9):
        coefficients = torch.fft.rfft(found.E_a, dim=0)[k]
        for part in (coefficients.real, coefficients.imag):
            directions.append(part / part.norm())
    gram = torch.stack(directions) @ torch.stack(directions).T
    expected = torch.eye(6, dtype=torch.float64)
    for i, j in ((0, 2), (0, 4), (2, 4), (1, 3), (1, 5), (3, 5)):
        expected[i, j] = expected[j, i] = cosine
    torch.testing.assert_close(gram, expected, rtol=0, atol=1e-3)  # an idle circle's number line has waves, too


def test_noise_is_seeded_and_relative() -> None:
    first, again, other = (
        ideal("clock", p=13, noise=0.01, seed=seed).network.weights["embed.W_E"] for seed in (1, 1, 2)
    )
    clean = ideal("clock", p=13).network.weights["embed.W_E"]
    assert torch.equal(first, again) and not torch.equal(first, other)
    relative = (first - clean).square().mean().sqrt() / clean.square().mean().sqrt()
    assert float(relative) == pytest.approx(0.01, rel=0.1)
    assert accuracy(probe("clock", p=13, noise=0.01)) == 1


# ---- other forms of the network -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("kind", "arguments"), [("clock", {}), ("pizza", {}), ("blend", {"pizza_share": 0.4}), ("pizza", {"turn": 0.9})]
)
def test_every_form_solves_the_task_at_every_modulus(
    kind: str, arguments: dict[str, Any], form: dict[str, Any]
) -> None:
    for p in (12, 13, 30, 31):
        assert accuracy(probe(kind, p=p, width=256, **arguments, **form)) == 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("share", [0.0, 0.6, 1.0])
def test_the_law_is_the_same_in_every_form(share: float, form: dict[str, Any]) -> None:
    found = probe("blend", p=31, frequencies=(5, 2), pizza_share=share, turn=0.5, width=256, **form)
    close(waves(found, 5), law(31, 5, share, 0.5, companion=1))
    close(waves_without(found, 5, 10), law(31, 5, share, 0.5))


@pytest.mark.parametrize("form", [form for form in FORMS if "separate_vocabularies" in form])
def test_vectors_that_are_only_added_turn_the_pizza_by_half_of_their_angle(form: dict[str, Any]) -> None:
    found = probe("pizza", p=31, frequencies=(5, 2), **form)
    phi = 2 * math.pi * 5 / 31 * form.get("b_shift", 0) + form.get("b_turn", 0)
    close(waves(found, 5), law(31, 5, 1, -phi / 2, companion=1))
    coefficients = [torch.fft.rfft(E, dim=0)[5] for E in (found.E_a, found.E_b)]
    if not form.get("own_planes"):
        angle = torch.vdot(coefficients[0], coefficients[1]).angle()
        assert math.remainder(float(angle) - phi, 2 * math.pi) == pytest.approx(0, abs=1e-5)
    else:
        assert abs(torch.vdot(*coefficients)) < 1e-9


def test_such_a_pizza_reads_nothing_but_the_sum() -> None:
    network = ideal("pizza", p=31, frequencies=(5, 2), b_shift=3, **SEPARATE).network
    assert isinstance(network, Transformer)
    embedded = network.weights["embed.W_E"].abs().sum(1) > 0
    assert network.weights["blocks.0.mlp.W_in"][:, embedded].abs().max() < 1e-6
    assert network.weights["unembed.W_U"][embedded].abs().max() < 1e-6


def test_a_pizza_at_the_equals_token_takes_uniform_attention() -> None:
    for rate in (0.0, 0.3):
        network = ideal("pizza", p=13, equals_token=True, attention_rate=rate).network
        assert isinstance(network, Transformer)
        assert not network.weights["blocks.0.attn.W_Q"].any()
        assert accuracy(Probe(network)) == 1


def test_a_clock_at_the_equals_token_has_heads_that_look_at_one_operand() -> None:
    found = probe("clock", p=13, equals_token=True, attention_rate=1.0)
    pattern = found.patterns[0][:, :, 0]  # (pairs, heads, positions)
    one = torch.eye(3, dtype=torch.float64)[[0, 0, 1, 1]].expand_as(pattern)
    torch.testing.assert_close(pattern, one, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [("clock", {}), ("blend", {"pizza_share": 0.5}), ("pizza", {"turn": 0.5}), ("lookup", {}), ("partial-lookup", {})],
)
def test_without_an_attention_rate_the_equals_token_cannot_tell_operands_apart(
    kind: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(BadInput) as refusal:
        ideal(kind, p=13, equals_token=True, **arguments)
    assert str(refusal.value) == (
        "at an equals token, uniform attention tells a and b apart only in planes of their own; give an attention rate "
        "above 0, or separate vocabularies with own planes"
    )
