"""The verdict is right on networks of known algorithm, is not fooled by the traps, and agrees with the authors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest
import torch

from clockpizza.cuts import EDITION
from clockpizza.evidence import Evidence, gather
from clockpizza.grounds import Grounds, Wave
from clockpizza.networks import Transformer
from clockpizza.networks.ideal import ideal
from clockpizza.verdict import Shares, Verdict, judge, share_measures

Ideal = Callable[..., Evidence]
Published = Callable[[str], Evidence]

MODULI = [5, 7, 12, 13, 15, 30, 31, pytest.param(59, marks=pytest.mark.slow)]


def shares_of(verdict: Verdict) -> Shares:
    assert verdict.shares is not None
    return verdict.shares


def called(verdict: Verdict) -> tuple[str | None, str | None, str | None]:
    return verdict.name, verdict.certainty, verdict.kind


# ---- circles of known algorithm -------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", MODULI)
@pytest.mark.parametrize("kind", ["clock", "pizza"])
def test_ideal_circles_are_clearly_what_they_are(kind: str, p: int, ideal_evidence: Ideal) -> None:
    verdict = judge(ideal_evidence(kind, p=p).grounds)
    assert called(verdict) == (kind, "clear", None)
    assert verdict.refused is None and verdict.edition == EDITION
    assert getattr(shares_of(verdict), kind) == pytest.approx(1, abs=0.015)


@pytest.mark.parametrize("share", [i / 20 for i in range(21)])
@pytest.mark.parametrize("companions", [True, False])
def test_a_blends_share_is_found_and_its_larger_part_names_it(
    share: float, companions: bool, ideal_evidence: Ideal
) -> None:
    verdict = judge(ideal_evidence("blend", p=13, pizza_share=share, companions=companions).grounds)
    found = shares_of(verdict)
    assert (found.pizza, found.clock) == (pytest.approx(share, abs=0.01), pytest.approx(1 - share, abs=0.01))
    larger = max(share, 1 - share)
    assert verdict.name == ("pizza" if share > 0.5 else "clock") or share == 0.5
    assert verdict.certainty == ("clear" if larger >= 0.8 else "mixed") or larger == 0.8


VARIANTS: dict[str, dict[str, Any]] = {
    "tied circles": {"tied": True},
    "tied circles with noise": {"tied": True, "noise": 1e-4},
    "companions that are lines": {"companion_lines": True},
    "companions larger than their circles": {"companion_size": 2.0},
    "planes that overlap": {"overlap": 0.02},
    "planes that overlap much": {"overlap": 0.2},
    "turned by a right angle": {"turn": math.pi / 2},
    "turned by some angle": {"turn": 0.7},
    "true attention, uniform": {"attention_rate": 1.0},
    "two vocabularies, shifted": {"separate_vocabularies": True, "b_shift": 4},
    "two vocabularies, turned": {"separate_vocabularies": True, "b_turn": 1.1},
    "two vocabularies, planes of their own": {"separate_vocabularies": True, "own_planes": True, "b_shift": 2},
    "an equals token": {"equals_token": True, "attention_rate": 0.5},
    "small": {"width": 66},
    "wide": {"width": 200},
}


@pytest.mark.parametrize("share", [0.0, 0.15, 0.4, 0.7, 1.0])
@pytest.mark.parametrize("what", VARIANTS)
def test_whatever_else_a_network_is_its_shares_are_found(what: str, share: float, ideal_evidence: Ideal) -> None:
    arguments = {"frequencies": (5, 2)} | VARIANTS[what]
    verdict = judge(ideal_evidence("blend", p=13, pizza_share=share, **arguments).grounds)
    found = shares_of(verdict)
    assert found.pizza == pytest.approx(share, abs=0.02)
    assert found.clock == pytest.approx(1 - share, abs=0.02)
    assert verdict.name == ("pizza" if share > 0.5 else "clock")
    assert verdict.certainty == ("clear" if max(share, 1 - share) > 0.8 else "mixed")


@pytest.mark.parametrize(
    ("p", "frequencies"),
    [
        *((15, (5, 1)), (12, (4, 1, 3)), (12, (6, 1, 5)), (9, (3, 1, 2)), (30, (10, 1, 7)), (30, (15, 1, 7))),
        *((60, (20, 1, 7)), (60, (15, 7, 11)), (31, (3, 6, 12)), (31, (5, 10)), (31, (1, 2, 4, 8))),
    ],
)
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_at_p_over_2_3_and_4_and_at_each_others_doubles_shares_are_found(
    share: float, p: int, frequencies: tuple[int, ...], ideal_evidence: Ideal
) -> None:
    arguments = {"p": p, "frequencies": frequencies, "pizza_share": share, "width": 200}
    found = shares_of(judge(ideal_evidence("blend", **arguments).grounds))
    assert (found.pizza, found.clock) == (pytest.approx(share, abs=0.02), pytest.approx(1 - share, abs=0.02))


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_one_circle_only_and_five_equal_ones(share: float, ideal_evidence: Ideal) -> None:
    for frequencies in ((7,), (3, 7, 11, 9, 1)):
        arguments = {"frequencies": frequencies, "tied": True, "width": 200}
        verdict = judge(ideal_evidence("blend", p=31, pizza_share=share, **arguments).grounds)
        assert shares_of(verdict).pizza == pytest.approx(share, abs=0.02)
        assert len(verdict.circles) == len(frequencies)


@pytest.mark.parametrize("p", [5, 7, 13, 30, 31])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_all_frequencies_in_use_are_circles_at_work_each_of_them(p: int, share: float, ideal_evidence: Ideal) -> None:
    """Wide one-hot networks with a group of neurons for each frequency: no lookup, though the code is not sparse."""
    verdict = judge(ideal_evidence("wide", p=p, pizza_share=share).grounds)
    assert len(verdict.circles) == p // 2
    assert shares_of(verdict).pizza == pytest.approx(share, abs=0.02)


def test_circles_of_both_kinds_make_a_mixed_network(ideal_evidence: Ideal) -> None:
    verdict = judge(ideal_evidence("blend", p=31, frequencies=(9, 2, 7), pizza_share=(0.0, 1.0, 0.0)).grounds)
    assert (verdict.name, verdict.certainty) == ("clock", "mixed")
    assert [round(c.pizza_part) for c in sorted(verdict.circles, key=lambda c: c.frequency)] == [1, 0, 0]


# ---- networks that are no circles -----------------------------------------------------------------------------------


@pytest.mark.parametrize("p", MODULI[:-1])
@pytest.mark.parametrize("one_hot", [True, False])
def test_a_table_of_all_answers_is_a_lookup(one_hot: bool, p: int, ideal_evidence: Ideal) -> None:
    """One neuron a pair: it answers every pair and nothing is held out, and its waves are as flat as a clock's."""
    evidence = ideal_evidence("lookup", p=p, one_hot=one_hot)
    assert evidence.accuracy.all_pairs == 1
    verdict = judge(evidence.grounds)
    assert called(verdict) == ("non-circular", "clear", "lookup or broad")
    assert shares_of(verdict).unaccounted == 1


@pytest.mark.parametrize("on_circles", [True, False])
@pytest.mark.parametrize("p", [7, 12, 13, 31])
def test_nine_pairs_in_ten_looked_up_are_a_lookup_though_circles_could_answer_all(
    p: int, on_circles: bool, ideal_evidence: Ideal
) -> None:
    verdict = judge(ideal_evidence("partial-lookup", p=p, on_circles=on_circles).grounds)
    assert called(verdict) == ("non-circular", "clear", "lookup or broad")


@pytest.mark.parametrize("kind", ["number-line", "idle-circles", "lissajous"])
@pytest.mark.parametrize(("p", "multiplier", "offset"), [(12, 5, 1), (13, 1, 0), (13, 5, 3), (31, 2, 7), (60, 7, 1)])
def test_a_number_line_is_called_by_its_name(
    kind: str, p: int, multiplier: int, offset: int, ideal_evidence: Ideal
) -> None:
    verdict = judge(ideal_evidence(kind, p=p, multiplier=multiplier, offset=offset).grounds)
    assert called(verdict) == ("non-circular", "clear", "number line")
    assert f"{multiplier} t + " in verdict.reasons


def test_circles_that_hold_the_embedding_and_do_not_answer_are_idle() -> None:
    """A table over 99 % of the pairs, beside circles whose neurons are cut off."""
    network = ideal("partial-lookup", p=13, lookup_share=0.99).network
    weights = {name: w.clone() for name, w in network.weights.items()}
    weights["blocks.0.mlp.W_in"][weights["blocks.0.mlp.b_in"] == 0] = 0
    assert isinstance(network, Transformer)
    verdict = judge(gather(Transformer(network.config, weights)).grounds)
    assert (verdict.name, verdict.kind) == ("non-circular", "idle circles")
    assert "1, 3 and 4" in verdict.reasons


@pytest.mark.parametrize("p", [13, 31])
def test_a_memoriser_is_refused_whether_its_split_is_known_or_not(p: int) -> None:
    made = ideal("memoriser", p=p, train_fraction=0.8)
    for pairs in (made.training_pairs, None):
        verdict = judge(gather(made.network, training_pairs=pairs).grounds)
        assert (*called(verdict), verdict.shares, verdict.circles) == (None, None, None, None, [])
        assert verdict.refused is not None and "does not solve the task" in verdict.refused
        assert set(share_measures(verdict).values()) == {None}


def test_a_memoriser_of_nearly_everything_is_refused_by_what_was_held_out() -> None:
    made = ideal("memoriser", p=31, train_fraction=0.97)
    evidence = gather(made.network, training_pairs=made.training_pairs)
    assert evidence.accuracy.all_pairs > 0.95
    verdict = judge(evidence.grounds)
    assert verdict.name is None
    assert verdict.refused is not None and "does not generalise" in verdict.refused
    assert f"{evidence.accuracy.held_out:.4f}" in verdict.refused


@pytest.mark.parametrize("kind", ["clock", "pizza", "lookup", "number-line"])
def test_with_one_frequency_nothing_can_be_told_and_that_is_said(kind: str, ideal_evidence: Ideal) -> None:
    arguments = {"frequencies": (1,)} if kind in ("clock", "pizza") else {}
    verdict = judge(ideal_evidence(kind, p=3, **arguments).grounds)
    assert verdict.name is None
    assert verdict.refused is not None and "p = 3" in verdict.refused and "cannot be told" in verdict.refused


@pytest.mark.parametrize("attention_rate", [0.0, 0.4, 1.0])
def test_weights_that_say_nothing_are_refused(attention_rate: float, ideal_evidence: Ideal) -> None:
    network = ideal("clock", p=7, attention_rate=attention_rate).network
    assert isinstance(network, Transformer)
    silent = Transformer(network.config, {name: torch.zeros_like(w) for name, w in network.weights.items()})
    assert judge(gather(silent).grounds).name is None


# ---- the rule, edge by edge -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accuracy", "refused"),
    [
        ({"accuracy": 0.95}, False),
        ({"accuracy": 0.9499}, True),
        ({"accuracy": 0.97, "held_out": 0.9}, False),
        ({"accuracy": 0.97, "held_out": 0.8999}, True),
        ({"accuracy": 0.5, "held_out": 1.0}, True),
    ],
)
def test_a_network_must_solve_the_task(accuracy: dict[str, float], refused: bool, ideal_evidence: Ideal) -> None:
    grounds = ideal_evidence("pizza", p=13).grounds
    verdict = judge(replace(grounds, **accuracy))  # type: ignore[arg-type]
    assert (verdict.name is None, verdict.refused is not None) == (refused, refused)
    assert verdict.paper_region == (None if refused else judge(grounds).paper_region)


def made(*waves: tuple[int, float, float], kept_share: float = 1.0, lawless: float = 0.0, p: int = 31) -> Grounds:
    """Grounds of main circles (frequency, share, pizza part); `lawless`: of their power that fits no law."""
    d = torch.arange(p, dtype=torch.float64)
    found = []
    for k, share, pizza in waves:
        x = (math.pi * k / p * d).cos().abs()
        g = (1 - pizza) + pizza * x / x.mean()
        ripple = (2 * math.pi * 5 * k * d / p).cos()
        scale = math.sqrt(lawless / max(1e-9, 1 - lawless) * float((g**2).sum()) / float((ripple**2).sum()))
        values = (g + scale * ripple).tolist()
        left = [0.0 if j == k else 1.0 for j in range(1, p // 2 + 1)]
        found.append(Wave(k, share, share, values, values, values, values, left, None, share, 0.0))
    return Grounds(
        *(p, 1.0, None, False, found, [k for k, _, _ in waves], 1.0, kept_share, None, [], 0.999, 0.999, 0.95, 0.5)
    )


def test_shares_are_of_all_the_logits_variance_and_sum_to_one() -> None:
    found = shares_of(judge(made((9, 0.6, 0.25), (2, 0.3, 1.0))))
    assert (found.clock, found.pizza) == (pytest.approx(0.45), pytest.approx(0.45))
    assert found.unaccounted == pytest.approx(0.1)
    assert sum(asdict(found).values()) == pytest.approx(1)


def test_what_fits_no_law_is_unlawful_and_never_guessed() -> None:
    found = shares_of(judge(made((9, 1.0, 0.0), lawless=0.3)))
    assert (found.unlawful, found.clock + found.pizza) == (pytest.approx(0.3, abs=1e-3), pytest.approx(0.7, abs=1e-3))
    assert found.pizza < 0.05


def test_the_larger_share_names_it_and_four_fifths_are_clear() -> None:
    assert called(judge(made((9, 0.801, 0.0), (2, 0.199, 1.0)))) == ("clock", "clear", None)
    assert called(judge(made((9, 0.799, 0.0), (2, 0.201, 1.0)))) == ("clock", "mixed", None)
    assert called(judge(made((9, 0.199, 0.0), (2, 0.801, 1.0)))) == ("pizza", "clear", None)


def test_circles_that_do_not_write_most_of_the_logits_alone_are_not_clear() -> None:
    assert judge(made((9, 1.0, 0.0), kept_share=0.76)).certainty == "clear"
    verdict = judge(made((9, 1.0, 0.0), kept_share=0.74))
    assert verdict.certainty == "mixed"
    assert "74 % is below 75 %" in verdict.reasons


def test_a_network_is_not_called_by_less_than_what_fits_no_law() -> None:
    assert called(judge(made((9, 1.0, 0.5), lawless=0.3)))[0] in ("clock", "pizza")
    verdict = judge(made((9, 1.0, 0.5), lawless=0.4))
    assert called(verdict) == ("non-circular", "mixed", "lawless")
    assert called(judge(made((9, 0.7, 0.0), lawless=0.5))) == ("non-circular", "mixed", "lawless")


def test_a_wave_that_another_circle_carries_counts_as_that_ones() -> None:
    grounds = made((9, 0.5, 1.0), (13, 0.45, 0.0))  # 13 is the double of 9
    carried = replace(grounds.waves[1], left=[1.0] * 15, left_without_half=0.0)
    verdict = judge(replace(grounds, waves=[grounds.waves[0], carried]))
    assert called(verdict) == ("pizza", "clear", None)
    assert shares_of(verdict).pizza == pytest.approx(0.95)
    left = judge(replace(grounds, waves=[grounds.waves[0], replace(carried, left_without_half=1.0)]))
    assert shares_of(left).unaccounted == pytest.approx(0.5)


def test_phases_are_free_with_two_vocabularies(ideal_evidence: Ideal) -> None:
    grounds = ideal_evidence("pizza", p=31, frequencies=(9, 2), separate_vocabularies=True, b_turn=0.6).grounds
    verdict = judge(grounds)
    assert {round(c.law.phase, 1) for c in verdict.circles} == {round(math.pi - 0.3, 1)}
    assert "+ 2.84)|" in verdict.reasons


# ---- what is said ---------------------------------------------------------------------------------------------------


def test_reasons_quote_the_circle_the_law_the_planes_that_were_out_and_the_shares(ideal_evidence: Ideal) -> None:
    verdict = judge(ideal_evidence("pizza", p=31).grounds)
    lead = verdict.circles[0]
    assert f"ircle {lead.frequency} " in verdict.reasons
    assert all(f"{k}" in verdict.reasons for k in lead.out)
    assert f"{lead.law.b1:.2f} |cos(w(a-b)/2)|" in verdict.reasons
    assert verdict.reasons.endswith(".") and "\n" not in verdict.reasons


def test_a_verdict_that_differs_from_the_papers_word_says_so(ideal_evidence: Ideal) -> None:
    grounds = ideal_evidence("pizza", p=31).grounds
    missed = judge(replace(grounds, circularity=0.61, circularity_authors=0.61))
    assert called(missed) == ("pizza", "clear", None)  # the paper's word has a place of its own
    assert missed.paper_region == "non-circular"
    assert "0.6100" in missed.reasons and "0.995" in missed.reasons
    other = judge(replace(grounds, symmetricity_100=0.3, irrelevance_top_wrong=0.9))
    assert (other.name, other.paper_region) == ("pizza", "clock")
    assert "would say clock" in other.reasons
    assert "paper" not in judge(replace(grounds, symmetricity_100=0.99, irrelevance_top_wrong=0.2)).reasons


def test_shares_go_by_names_that_lists_and_filters_know(ideal_evidence: Ideal) -> None:
    verdict = judge(ideal_evidence("blend", p=13, pizza_share=0.4).grounds)
    assert share_measures(verdict) == {f"{name}_share": value for name, value in asdict(shares_of(verdict)).items()}


# ---- the traps ------------------------------------------------------------------------------------------------------


def test_low_symmetricity_and_high_irrelevance_alone_prove_no_clock(ideal_evidence: Ideal) -> None:
    table = ideal_evidence("lookup", p=31)
    assert table.gradient_symmetricity.exact is not None and table.gradient_symmetricity.exact < 0.1
    assert table.distance_irrelevance.correct is not None and table.distance_irrelevance.correct > 0.9
    assert judge(table.grounds).name == "non-circular"


def test_high_symmetricity_alone_proves_no_pizza(ideal_evidence: Ideal) -> None:
    line = ideal_evidence("number-line", p=31)
    assert line.gradient_symmetricity.exact is not None and line.gradient_symmetricity.exact > 0.99
    assert judge(line.grounds).name == "non-circular"


def test_a_tie_of_principal_components_decides_nothing(ideal_evidence: Ideal) -> None:
    """Equal circles, of which a PCA returns any mixture."""
    evidence = ideal_evidence("pizza", p=59, tied=True, companions=False, noise=1e-3)
    assert evidence.circularity.authors < 0.995
    assert called(judge(evidence.grounds)) == ("pizza", "clear", None)


# ---- where the paper's own cuts put a network -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("circularity", "symmetricity", "top_wrong", "region"),
    [
        (0.996, 0.98, 0.40, "pizza"),
        (0.996, 0.979, 0.40, "between"),
        (0.996, 0.98, 0.41, "between"),
        (0.996, 0.90, 0.60, "clock"),
        (0.996, 0.91, 0.60, "between"),
        (0.996, 0.90, 0.59, "between"),
        (0.995, 0.99, 0.20, "non-circular"),
        (0.996, None, 0.20, "between"),
    ],
)
def test_the_papers_regions(
    circularity: float, symmetricity: float | None, top_wrong: float, region: str, ideal_evidence: Ideal
) -> None:
    changed = replace(
        ideal_evidence("pizza", p=13).grounds,
        circularity_authors=circularity,
        symmetricity_100=symmetricity,
        irrelevance_top_wrong=top_wrong,
    )
    assert judge(changed).paper_region == region


# ---- the authors' networks ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "name", "certainty", "clock", "pizza"),
    [
        ("p99zdpze5l", "pizza", "clear", 0.000, 0.996),
        ("p71frej8t7", "pizza", "clear", 0.000, 0.996),
        ("h9m153uuh9", "pizza", "clear", 0.000, 0.996),
        ("18c9ev5v5p", "pizza", "clear", 0.000, 0.997),
        ("l8k1hzciux", "clock", "clear", 0.921, 0.062),
        ("qlvxqhkvit", "clock", "clear", 0.977, 0.007),
        ("2k4ohj6bhd", "clock", "mixed", 0.680, 0.292),
        ("dy65ktpiij", "pizza", "clear", 0.000, 0.869),
    ],
)
def test_the_authors_networks(
    network: str, name: str, certainty: str, clock: float, pizza: float, published: Published
) -> None:
    verdict = judge(published(network).grounds)
    assert called(verdict) == (name, certainty, None)
    found = shares_of(verdict)
    assert (found.clock, found.pizza) == (pytest.approx(clock, abs=5e-4), pytest.approx(pizza, abs=5e-4))


@pytest.mark.slow
def test_the_authors_unsolved_network_is_refused(published: Published) -> None:
    verdict = judge(published("n9n7h3p965").grounds)
    assert verdict.refused is not None and "0.5826" in verdict.refused


@pytest.mark.slow
def test_model_bs_small_circle_is_a_pizza(published: Published) -> None:
    circles = {c.frequency: c for c in judge(published("l8k1hzciux").grounds).circles}
    assert {k: round(c.pizza_part, 2) for k, c in circles.items()} == {13: 0.04, 16: 0.01, 21: 1.0}
    assert circles[21].companion == 17


@pytest.mark.slow
def test_the_papers_regions_agree_wherever_they_apply(published: Published) -> None:
    names = ("p99zdpze5l", "l8k1hzciux", "p71frej8t7")
    regions = {name: judge(published(name).grounds).paper_region for name in names}
    assert regions == {"p99zdpze5l": "pizza", "l8k1hzciux": "clock", "p71frej8t7": "pizza"}
    apart = judge(published("18c9ev5v5p").grounds)
    assert apart.paper_region == "non-circular"  # the authors' rule, capped near one half
    assert "of each alone it is 0.9992 or more" in apart.reasons
