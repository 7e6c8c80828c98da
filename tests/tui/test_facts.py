"""What the screen takes from a result: of this edition of the rule, of the first, and of files not to be trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clockpizza.checkpoints import Checkpoint
from clockpizza.classification import classify
from clockpizza.cuts import EDITION
from clockpizza.networks.ideal import ideal
from tui.facts import Facts, of_document
from tui.widgets.circle_table import COLUMNS, CircleTable, fitting

# As edition 1 wrote it, schema 1: shares were of the main circles' logit power, circles had three laws.
OLD: dict[str, Any] = {
    "schema": 1,
    "verdict": {
        "name": "clock",
        "certainty": "clear",
        "pizza": 0.11,
        "clock": 0.89,
        "undetermined": 0.0,
        "circles": [{"frequency": 13, "weight": 0.67, "pizza_share": 0.0}],
        "reasons": "the amplitude of circle 13 (67% of the logits) is nearly flat.",
        "refused": None,
        "paper_region": "clock",
    },
    "evidence": {
        "circle_frequencies": [13, 6],
        "circles": [
            {
                "frequency": 13,
                "delta": 9,
                "variance": 0.33,
                "logit_share": 0.67,
                "role": "main",
                "companion": None,
                "law": {"b0": 18.17, "b1": -0.11, "r2": 0.03, "cv": 0.01, "phase": 0.0, "pizza_share": 0.0},
                "isolated": {"clock": 0.85, "pizza": 0.67, "accompanying": None},
                "accuracy_alone": 0.094,
                "pizza_share": 0.0,
            }
        ],
    },
}


def facts_of(kind: str, **arguments: Any) -> Facts:
    made = ideal(kind, **{"p": 13, **arguments})
    result = classify(Checkpoint(Path("made.pt"), "clockpizza", made.network, made.training_pairs))
    return of_document(json.loads(json.dumps(result.to_dict())))


def cells(facts: Facts, k: int) -> dict[str, str]:
    table = CircleTable("circles", id="table")
    return table.cells(next(circle for circle in facts.circles if circle.frequency == k))


def test_a_pizza_has_shares_laws_and_roles() -> None:
    facts = facts_of("pizza", frequencies=(5, 2))
    assert (facts.name, facts.certainty, facts.kind, facts.edition) == ("pizza", "clear", "", EDITION)
    assert list(facts.shares) == ["clock", "pizza", "unlawful", "unaccounted"]
    assert sum(facts.shares.values()) == pytest.approx(1)
    assert {c.frequency: c.role for c in facts.circles} == {5: "main", 2: "main", 3: "companion", 4: "companion"}
    main = cells(facts, 5)
    assert (main["role"], main["pizza"], main["2k"], main["left"][-1]) == ("main", "1.00", "3", "%")
    assert main["over a-b"].startswith("0.0 + ") and main["over a-b"].endswith("|cos|")
    companion = cells(facts, 3)
    assert (companion["over a-b"], companion["pizza"], companion["FVE p"]) == ("", "", "1.000a")


def test_a_phase_is_in_the_law_and_makes_its_column_wider() -> None:
    facts = facts_of("pizza", frequencies=(5, 2), separate_vocabularies=True, b_turn=0.6)
    law = cells(facts, 5)["over a-b"]
    assert law.endswith("|cos+2.84|")
    assert dict(fitting(200, len(law)))["over a-b"] == len(law) > dict(COLUMNS)["over a-b"] == 13


def test_laws_outlast_what_circles_do_alone_where_there_is_little_room() -> None:
    for width, missing in ((76, {"2k", "alone"}), (56, {"2k", "alone", "delta", "FVE c", "FVE p"})):
        names = [name for name, _ in fitting(width, 14)]
        assert "over a-b" in names and "pizza" in names and not missing & set(names)
        assert sum(wide + 1 for _, wide in fitting(width, 14)) - 1 <= width


def test_more_than_twelve_circles_are_all_there() -> None:
    facts = facts_of("wide", p=31)
    assert len(facts.circles) == 15 and {circle.role for circle in facts.circles} == {"main"}


@pytest.mark.parametrize(("kind", "what"), [("number-line", "number line"), ("lookup", "lookup or broad")])
def test_what_is_no_circles_has_its_kind_and_nothing_by_either_law(kind: str, what: str) -> None:
    facts = facts_of(kind)
    assert (facts.name, facts.certainty, facts.kind) == ("non-circular", "clear", what)
    assert facts.shares == {"clock": 0, "pizza": 0, "unlawful": 0, "unaccounted": 1}
    assert facts.circles and {circle.role for circle in facts.circles} == {"idle"}


def test_a_refused_network_has_no_shares_and_no_circle_at_work() -> None:
    facts = facts_of("memoriser", train_fraction=0.8)
    assert facts.name == "refused" and "does not solve the task" in facts.reasons
    assert facts.shares == {} and {circle.role for circle in facts.circles} == {"idle"}


def test_a_result_of_the_first_edition_keeps_its_name_and_lends_no_shares() -> None:
    facts = of_document(OLD)
    assert (facts.name, facts.certainty, facts.edition, facts.shares, facts.kind) == ("clock", "clear", 1, {}, "")
    assert facts.reasons == OLD["verdict"]["reasons"] and facts.region == "clock"
    (circle,) = facts.circles
    assert (circle.frequency, circle.delta, circle.role, circle.variance, circle.clock) == (13, 9, "main", 0.33, 0.85)
    assert (circle.b0, circle.left, circle.pizza_part, circle.logits) == (None, None, None, None)
    shown = cells(facts, 13)
    assert (shown["over a-b"], shown["pizza"], shown["FVE c"]) == ("", "", "0.850")


def test_nothing_of_the_wrong_kind_is_taken() -> None:
    wrong: dict[str, Any] = {
        "verdict": {"name": "\x1b[31m", "shares": [1], "circles": "x", "edition": -2, "kind": 7, "reasons": "a\x1bb"},
        "evidence": {"circles": [{"frequency": "5"}, {"frequency": 3, "variance": "much", "isolated": 4}, 7]},
    }
    facts = of_document(wrong)
    assert (facts.name, facts.shares, facts.kind, facts.edition) == ("", {}, "", 1)
    assert "\x1b" not in facts.reasons
    assert [(c.frequency, c.variance, c.clock) for c in facts.circles] == [(3, None, None)]
    assert of_document({"verdict": {"shares": {"clock": "0.9", "pizza": float("nan")}}}).shares == {}
