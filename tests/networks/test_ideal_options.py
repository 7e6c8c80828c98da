"""What no ideal network can be is refused in one line."""

from __future__ import annotations

from typing import Any

import pytest

from clockpizza.errors import BadInput
from clockpizza.networks.ideal import KINDS, ideal

SEPARATE: dict[str, Any] = {"separate_vocabularies": True}


@pytest.mark.parametrize(
    ("kind", "arguments", "words"),
    [
        ("square", {}, f"no ideal network is called 'square'; there are {', '.join(KINDS)}"),
        ("blend", {}, "a blend needs a pizza share"),
        ("clock", {"pizza_share": 0.5}, "a clock has no pizza share to choose"),
        ("idle-circles", {"pizza_share": 0.5}, "a network of idle circles has no pizza share to choose"),
        ("blend", {"pizza_share": 1.5}, "pizza share is 1.5; it must lie between 0 and 1"),
        ("blend", {"pizza_share": float("nan")}, "pizza share is nan; it must lie between 0 and 1"),
        (
            "blend",
            {"pizza_share": (0.5, 1)},
            "there are 2 pizza shares for 3 circles; give one, or one for each",
        ),
        ("clock", {"frequencies": [0]}, "frequency 0 is not between 1 and 6"),
        ("clock", {"frequencies": [1, 7]}, "frequency 7 is not between 1 and 6"),
        ("clock", {"frequencies": [2, 2]}, "frequencies must be one or more different numbers"),
        ("clock", {"frequencies": []}, "frequencies must be one or more different numbers"),
        ("memoriser", {"frequencies": [1]}, "a memoriser has no frequencies to choose"),
        ("memoriser", {"train_fraction": 0.0}, "train fraction is 0.0; it must lie above 0 and not above 1"),
        ("memoriser", {"train_fraction": 1.1}, "train fraction is 1.1; it must lie above 0 and not above 1"),
        ("clock", {"train_fraction": 0.5}, "a clock has no train fraction to choose"),
        ("clock", {"attention_rate": 2.0}, "attention_rate is 2.0; it must lie between 0 and 1"),
        ("clock", {"p": 2}, "p is 2; it must be at least 3"),
        ("wide", {"p": 2}, "p is 2; it must be at least 3"),
        ("clock", {"turn": 0.5}, "a clock has no turn to choose"),
        ("clock", {"companion_lines": True}, "a clock has no companion lines to choose"),
        ("clock", {"radii": (1, 2)}, "there are 2 radii for 3 circles; give one for each"),
        ("clock", {"radii": (1, 2, 0)}, "radius 0 is not above 0"),
        ("clock", {"radii": (1, 2, 3), "tied": True}, "tied circles have one radius; choose either tied or radii"),
        ("lookup", {"tied": True}, "a lookup has no radii to choose"),
        ("pizza", {"companion_size": 0.0}, "companion size is 0.0; it must lie above 0"),
        (
            "pizza",
            {"companions": False, "companion_lines": True},
            "without companions there is no size or shape of companions to choose",
        ),
        ("clock", {"overlap": 1.0}, "overlap is 1.0; for 3 planes it must lie between -0.5 and 1"),
        ("clock", {"overlap": -0.5}, "overlap is -0.5; for 3 planes it must lie between -0.5 and 1"),
        (
            "clock",
            {"overlap": 0.1, "frequencies": [1]},
            "one plane overlaps with no other; an overlap takes two frequencies or more",
        ),
        *(
            (
                "pizza",
                choice,
                "operand b is shifted, turned or given planes of its own only with separate vocabularies",
            )
            for choice in ({"b_shift": 1}, {"b_turn": 0.5}, {"own_planes": True})
        ),
        ("pizza", {"turn": float("inf")}, "turn is inf; it must be a finite number"),
        ("number-line", {"b_turn": 0.5, **SEPARATE}, "a number line has no turn of operand b to choose"),
        (
            "number-line",
            {"b_shift": 0.5, **SEPARATE},
            "operand b's shift is 0.5; along a number line it is a whole number of tokens",
        ),
        (
            "number-line",
            {"multiplier": 26},
            "multiplier 26 shares a factor with 13: tokens would share places on the line",
        ),
        ("clock", {"multiplier": 2}, "a clock has no multiplier to choose"),
        ("clock", {"one_hot": True}, "a clock has no one-hot embedding to choose"),
        ("lookup", {"lookup_share": 0.5}, "a lookup has no lookup share to choose"),
        (
            "partial-lookup",
            {"lookup_share": 1.0},
            "lookup share is 1.0; it must lie between 0 and 1, and a lookup stores all",
        ),
        ("partial-lookup", {"lookup_size": -1.0}, "lookup size is -1.0; it must lie above 0"),
        (
            "partial-lookup",
            {"one_hot": True, "on_circles": True},
            "a lookup reads circles or a one-hot embedding; choose either",
        ),
        (
            "partial-lookup",
            {"p": 12, "frequencies": [2, 4], "on_circles": True},
            "circles 2, 4 do not tell all 12 tokens apart; choose others",
        ),
        ("wide", {"attention_rate": 0.5}, "a wide network has no attention rate to choose"),
        ("wide", {"equals_token": True}, "a wide network has no equals token to choose"),
        ("pizza", {"noise": -0.1}, "noise is -0.1; it must not be negative"),
    ],
)
def test_what_no_ideal_network_can_be_is_refused(kind: str, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as refusal:
        ideal(kind, **{"p": 13, **arguments})
    assert str(refusal.value) == words
