"""What was measured of a network, out of a run's result.json or a portrait's document: docs/classify.md has the keys.

Nothing in those files is trusted: what is not of the kind it should be is None, "" or left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clockpizza.errors import visible
from clockpizza.store.event import number
from clockpizza.store.result import table

VERDICTS = ("clock", "pizza", "non-circular")
LONGEST = 2000  # characters of a sentence from a file


@dataclass(frozen=True)
class CircleFacts:
    """One circle, as the evidence has it; None where undefined."""

    frequency: int
    delta: int | None
    role: str
    companion: int | None
    variance: float | None
    logit_share: float | None
    clock: float | None  # FVE by the formulas, with all other circles out of the embedding
    pizza: float | None
    accompanying: float | None
    b0: float | None  # the amplitude law that the verdict judges by: b0 + b1 |cos(w (a - b) / 2)|
    b1: float | None
    r2: float | None
    pizza_share: float | None
    accuracy_alone: float | None


@dataclass(frozen=True)
class Facts:
    """Verdict and evidence.

    name: "clock", "pizza", "non-circular"; "refused" where `reasons` says why there is none; "" where nothing is known.
    clock, pizza, undetermined: shares of the circles' logit power. accuracies: of components, in words.
    """

    name: str = ""
    certainty: str = ""
    reasons: str = ""
    region: str = ""
    clock: float | None = None
    pizza: float | None = None
    undetermined: float | None = None
    circles: tuple[CircleFacts, ...] = ()
    measures: Mapping[str, float] = field(default_factory=dict)
    accuracies: str = ""
    heads: tuple[str, ...] = ()  # each head's strongest pair of frequencies


def of_document(document: Mapping[str, Any]) -> Facts:
    """The facts in a result.json, or in what `clockpizza classify --json` prints."""
    verdict, evidence = table(document, "verdict"), table(document, "evidence")
    name = verdict.get("name")
    refused = words(verdict.get("refused"))
    return Facts(
        name=name if name in VERDICTS else "refused" if refused else "",
        certainty=words(verdict.get("certainty")),
        reasons=refused or words(verdict.get("reasons")),
        region=words(verdict.get("paper_region")),
        clock=number(verdict.get("clock")),
        pizza=number(verdict.get("pizza")),
        undetermined=number(verdict.get("undetermined")),
        circles=tuple(circle for each in rows(evidence.get("circles")) if (circle := _circle(each)) is not None),
        measures=_measures(evidence),
        accuracies=_accuracies(table(evidence, "accuracy_by_components")),
        heads=tuple(_head(each) for each in rows(table(evidence, "fourier").get("attention"))),
    )


def words(value: Any) -> str:
    """A sentence out of a file, fit for a terminal."""
    return visible(value[:LONGEST]) if isinstance(value, str) else ""


def rows(value: Any) -> list[dict[str, Any]]:
    """Those members of a list that are tables, the first hundred."""
    return [each for each in value[:100] if isinstance(each, dict)] if isinstance(value, list) else []


def _circle(each: dict[str, Any]) -> CircleFacts | None:
    k = _whole(each.get("frequency"))
    if k is None:
        return None
    law = table(each, "law_frozen") or table(each, "law_without_companion")
    isolated = table(each, "isolated")
    return CircleFacts(
        frequency=k,
        delta=_whole(each.get("delta")),
        role=words(each.get("role")),
        companion=_whole(each.get("companion")),
        variance=number(each.get("variance")),
        logit_share=number(each.get("logit_share")),
        clock=number(isolated.get("clock")),
        pizza=number(isolated.get("pizza")),
        accompanying=number(isolated.get("accompanying")),
        b0=number(law.get("b0")),
        b1=number(law.get("b1")),
        r2=number(law.get("r2")),
        pizza_share=number(each.get("pizza_share")),
        accuracy_alone=number(each.get("accuracy_alone")),
    )


def _measures(evidence: Mapping[str, Any]) -> dict[str, float]:
    """The paper's measures by the names that snapshots give them."""
    symmetricity, irrelevance = table(evidence, "gradient_symmetricity"), table(evidence, "distance_irrelevance")
    circularity, accuracy = table(evidence, "circularity"), table(evidence, "accuracy")
    found = {
        "accuracy": accuracy.get("all_pairs"),
        "test_accuracy": accuracy.get("held_out"),
        "gradient_symmetricity": symmetricity.get("exact"),
        "gradient_symmetricity_100": symmetricity.get("paper_sample"),
        "distance_irrelevance": irrelevance.get("correct"),
        "distance_irrelevance_top_wrong": irrelevance.get("top_wrong"),
        "circularity": circularity.get("paper"),
        "parameter_norm": evidence.get("parameter_norm"),
    }
    return {name: value for name, each in found.items() if (value := number(each)) is not None}


def _accuracies(table_: Mapping[str, Any]) -> str:
    first = table(table_, "first")
    parts = [f"first {n} {value:.1%}" for n, each in first.items() if (value := number(each)) is not None]
    for name, label in (("main_circles", "main circles alone"), ("companions", "companions alone")):
        if (value := number(table_.get(name))) is not None:
            parts.append(f"{label} {value:.1%}")
    return visible(", ".join(parts))


def _head(each: dict[str, Any]) -> str:
    a, b, share = _whole(each.get("frequency_a")), _whole(each.get("frequency_b")), number(each.get("share"))
    return "" if a is None or b is None or share is None else f"({a}, {b}) {share:.0%}"


def _whole(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 10**6 else None
