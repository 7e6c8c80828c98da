"""What a verdict says of itself: every sentence true as printed, each number with the cut that it failed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from clockpizza.evidence import Evidence
from clockpizza.grounds import Grounds, NumberLine, Wave
from clockpizza.reasons import below, listed, percent
from clockpizza.verdict import Verdict, judge

Ideal = Callable[..., Evidence]
P = 31


def grounds(*circles: tuple[int, float, float], turn: float = 0.0, **values: Any) -> Grounds:
    """Of main circles (frequency, share, pizza part), each of which takes its own wave along and no other."""
    found = []
    for k, share, pizza in circles:
        x = [abs(math.cos(math.pi * k * d / P + turn)) for d in range(P)]
        g = [1 - pizza + pizza * each * P / sum(x) for each in x]
        left = [0.0 if j == k else 1.0 for j in range(1, P // 2 + 1)]
        found.append(Wave(k, share, share, g, g, g, g, left, None, share, 0.0))
    given: dict[str, Any] = {
        **{"p": P, "accuracy": 1.0, "held_out": None, "separate_vocabularies": False, "waves": found},
        **{"kept": [k for k, _, _ in circles], "kept_accuracy": 1.0, "kept_share": 1.0, "number_line": None},
        **{"idle": [], "circularity": 0.999, "circularity_authors": 0.999},
        **{"symmetricity_100": 0.95, "irrelevance_top_wrong": 0.5},
    }
    return Grounds(**given | values)


def sentences(verdict: Verdict) -> list[str]:
    assert verdict.reasons.endswith(".") and "\n" not in verdict.reasons
    return re.split(r"(?<=\.) (?=[A-Z0-9])", verdict.reasons)


def test_the_strongest_circle_comes_first_and_others_by_what_they_are() -> None:
    found = sentences(judge(grounds((9, 0.5, 1.0), (2, 0.25, 0.1), (5, 0.15, 0.3), (7, 0.1, 0.9))))
    assert found[0] == (
        "Circle 9 writes 50 % of the logits' variance; with planes 11 and 13 out of the embedding, its amplitude goes "
        "with a-b as 0.00 + 1.57 |cos(w(a-b)/2)|, 100 % a pizza's (<1 % of it fits neither law)."
    )
    assert found[3:] == ["Circles 2 and 5 are 70 % to 90 % a clock's.", "Circle 7 is 90 % a pizza's."]


def test_a_phase_is_quoted() -> None:
    (first, *_) = sentences(judge(grounds((9, 1.0, 1.0), turn=0.24, separate_vocabularies=True)))
    assert "|cos(w(a-b)/2 + 0.24)|" in first


def test_a_circle_that_falls_in_part_writes_that_part() -> None:
    given = grounds((9, 0.8, 0.0), (2, 0.2, 0.0))
    part = replace(given.waves[0], left=[0.25 if j == 9 else 1.0 for j in range(1, P // 2 + 1)])
    verdict = judge(replace(given, waves=[part, given.waves[1]]))
    assert sentences(verdict)[0].startswith("Circle 9 writes 60 % of the logits' variance")


def test_mixed_verdicts_say_what_they_lack() -> None:
    for circles, values, words in (
        (((9, 0.7, 0.0), (2, 0.3, 1.0)), {}, "the clock's 70 % is below 80 %"),
        (((9, 0.7996, 0.0), (2, 0.2004, 1.0)), {}, "the clock's 79.96 % is below 80.00 %"),
        (((9, 1.0, 1.0),), {"kept_share": 0.7}, "too little of the logits' variance, 70 % is below 75 %"),
        (((9, 1.0, 1.0),), {"kept_share": -3.0}, "too little of the logits' variance, 0 % is below 75 %"),
        (((9, 0.5, 0.0),), {}, "clock and pizza have 50 % together, not below 20 %"),
    ):
        verdict = judge(grounds(*circles, **values))
        assert verdict.certainty == "mixed"
        (told,) = [each for each in sentences(verdict) if each.startswith("It is mixed, not clear: ")]
        assert words in told
    assert "mixed" not in judge(grounds((9, 1.0, 1.0))).reasons


def test_what_is_no_circles_says_where_it_failed_to_be() -> None:
    few = judge(grounds((9, 0.5, 0.0)))
    assert few.kind == "lookup or broad"
    assert sentences(few)[:2] == [
        "It is a lookup table, or uses many frequencies together.",
        "Its main circles write too little of the logits' variance: 50 % is below 67 %.",
    ]
    weak = judge(grounds((9, 1.0, 0.0), accuracy=0.98, kept_accuracy=0.8))
    assert "do not answer alone: 0.8000 of all pairs, below 0.8820." in weak.reasons
    none = judge(grounds())
    assert "It has no main circle: no plane of its embedding takes its own wave along" in none.reasons
    assert none.reasons.endswith("0 % fits neither, 100 % is no main circle's.")


def test_idle_circles_are_named_and_nothing_is_said_of_taking_them_out() -> None:
    verdict = judge(grounds(idle=[1, 3, 4]))
    assert verdict.kind == "idle circles"
    assert "Round planes 1, 3 and 4 hold half of its embedding's variance or more, but alone answer" in verdict.reasons
    assert "taking out" not in verdict.reasons.lower()
    assert "Round plane 3 holds half" in judge(grounds(idle=[3])).reasons


def test_a_number_line_is_told_by_its_ramp_and_by_its_sine() -> None:
    line = NumberLine(5, 3, 0.01, 0.98, 0.05)
    bare = judge(grounds(number_line=line))
    assert (bare.kind, bare.certainty) == ("number line", "clear")
    assert sentences(bare)[0] == (
        "Its tokens t lie on a number line, (5 t + 3) mod 31: with an ideal ramp alone in the embedding it answers "
        "0.980 of all pairs, with the ramp's sine instead 0.050."
    )
    beside = judge(grounds((9, 0.3, 0.0), number_line=line, idle=[1, 2]))
    assert "with its main circles, their doubles and an ideal ramp" in beside.reasons
    assert "30 % is below 67 %" in beside.reasons and "Round planes 1 and 2" in beside.reasons


@pytest.mark.parametrize(
    ("ripple", "words"),
    [
        (1.3, r"4\d % of the logits' variance fits neither law, more than the 3\d % that is a pizza's\."),
        (3.0, r"Clock and pizza have too little of the logits' variance together: \d\d % is below 50 %\."),
    ],
)
def test_a_lawless_network_says_what_is_more(ripple: float, words: str) -> None:
    given = grounds((9, 1.0, 0.5))
    (wave,) = given.waves
    g = [value + ripple * math.cos(2 * math.pi * 45 * d / P) for d, value in enumerate(wave.amplitude)]
    verdict = judge(
        replace(given, waves=[replace(wave, amplitude=g, without_double=g, without_half=g, without_both=g)])
    )
    assert verdict.kind == "lawless"
    assert re.fullmatch(words, sentences(verdict)[0])


def test_a_lawless_network_may_leave_most_unaccounted() -> None:
    given = grounds((9, 0.34, 0.0), (2, 0.34, 1.0))
    waves = [replace(wave, share=0.3, written=0.34) for wave in given.waves]
    verdict = judge(replace(given, waves=waves))
    assert verdict.kind == "lawless"
    first = "40 % of the logits' variance is no main circle's, more than the 30 % that is a clock's."
    assert sentences(verdict)[0] == first


def test_where_the_paper_differs_its_numbers_are_told() -> None:
    circles = grounds((9, 1.0, 1.0))
    tied = judge(replace(circles, circularity=0.61, circularity_authors=0.61))
    assert "The paper would call it non-circular: circularity 0.6100, not above 0.995." in tied.reasons
    close = judge(replace(circles, circularity=0.99499, circularity_authors=0.99499))
    assert "circularity 0.994990, not above 0.995" in close.reasons
    clock = judge(replace(circles, symmetricity_100=0.3, irrelevance_top_wrong=0.9))
    assert "The paper's cuts on symmetricity 0.30 and irrelevance 0.90 would say clock." in clock.reasons
    table = judge(grounds(symmetricity_100=0.3, irrelevance_top_wrong=0.9))
    assert "The paper would call it a clock: circularity 0.9990, above 0.995, symmetricity 0.30" in table.reasons
    assert "paper" not in judge(circles).reasons


@pytest.mark.parametrize("kind", ["clock", "pizza", "lookup", "number-line", "idle-circles", "wide"])
def test_reasons_are_short_enough_to_be_read(kind: str, ideal_evidence: Ideal) -> None:
    reasons = judge(ideal_evidence(kind, p=13).grounds).reasons
    assert len(reasons) < 900
    assert not re.search(r"depends little|is none|nan|inf\b", reasons)


def test_shares_near_none_and_all_and_near_a_cut() -> None:
    assert [percent(x) for x in (0, 0.001, 0.474, 0.996, 1)] == ["0 %", "<1 %", "47 %", ">99 %", "100 %"]
    assert below(0.6, 2 / 3) == "60 % is below 67 %"
    assert below(0.6663, 2 / 3) == "66.6 % is below 66.7 %"
    assert listed([3]) == "3" and listed([3, 15, 17]) == "3, 15 and 17"
    assert listed(list(range(1, 10))) == "1, 2, 3, 4, 5, 6 and 3 more"
