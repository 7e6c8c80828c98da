"""What was measured of a network, out of a run's result.json or a portrait's document: docs/classify.md has the keys.

Nothing in those files is trusted: what is not of the kind it should be is None, "" or left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clockpizza.cuts import EDITION
from clockpizza.errors import visible
from clockpizza.store.event import number
from clockpizza.store.result import table

VERDICTS = ("clock", "pizza", "non-circular")
SHARES = ("clock", "pizza", "unlawful", "unaccounted")
LONGEST = 2000  # characters of a sentence from a file


@dataclass(frozen=True)
class CircleFacts:
    """One circle, as the evidence has it; None where undefined."""

    frequency: int
    delta: int | None = None
    role: str = ""
    companion: int | None = None
    variance: float | None = None
    logits: float | None = None  # share of the logits' variance that is its wave
    clock: float | None = None  # FVE by the formulas, with all other circles out of the embedding
    pizza: float | None = None
    accompanying: float | None = None
    b0: float | None = None  # the law that the verdict judges by: b0 + b1 |cos(w (a - b) / 2 + phase)|; of main circles
    b1: float | None = None
    phase: float | None = None
    left: float | None = None  # the part of its wave that fits no law
    pizza_part: float | None = None
    accuracy_alone: float | None = None


@dataclass(frozen=True)
class Facts:
    """Verdict and evidence.

    name: "clock", "pizza", "non-circular"; "refused" where `reasons` says why there is none; "" where nothing is known.
    edition: of the rule that judged. kind: of a non-circular network. shares: of all the logits' variance, by name:
        clock, pizza, unlawful, unaccounted; none in results of edition 1, whose shares were of something else.
    accuracies: of components, in words.
    """

    name: str = ""
    certainty: str = ""
    reasons: str = ""
    region: str = ""
    shares: Mapping[str, float] = field(default_factory=dict)
    edition: int = EDITION
    kind: str = ""
    circles: tuple[CircleFacts, ...] = ()
    measures: Mapping[str, float] = field(default_factory=dict)
    accuracies: str = ""
    heads: tuple[str, ...] = ()  # each head's strongest pair of frequencies


def of_document(document: Mapping[str, Any]) -> Facts:
    """The facts in a result.json, or in what `clockpizza classify --json` prints."""
    verdict, evidence = table(document, "verdict"), table(document, "evidence")
    shares, name = table(verdict, "shares"), verdict.get("name")
    judged = {_whole(each.get("frequency")): each for each in rows(verdict.get("circles"))}
    refused = words(verdict.get("refused"))
    return Facts(
        name=name if name in VERDICTS else "refused" if refused else "",
        certainty=words(verdict.get("certainty")),
        reasons=refused or words(verdict.get("reasons")),
        region=words(verdict.get("paper_region")),
        shares={name: value for name in SHARES if (value := number(shares.get(name))) is not None},
        edition=_whole(verdict.get("edition")) or 1,
        kind=words(verdict.get("kind")),
        circles=tuple(
            circle
            for each in rows(evidence.get("circles"))
            if (circle := _circle(each, judged.get(_whole(each.get("frequency")), {}))) is not None
        ),
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


def _circle(each: dict[str, Any], judged: dict[str, Any]) -> CircleFacts | None:
    k = _whole(each.get("frequency"))
    if k is None:
        return None
    law, isolated = table(judged, "law"), table(each, "isolated")
    return CircleFacts(
        frequency=k,
        delta=_whole(each.get("delta")),
        role=words(each.get("role")),
        companion=_whole(each.get("companion")),
        variance=number(each.get("variance")),
        logits=number(each.get("wave")),
        clock=number(isolated.get("clock")),
        pizza=number(isolated.get("pizza")),
        accompanying=number(isolated.get("accompanying")),
        b0=number(law.get("b0")),
        b1=number(law.get("b1")),
        phase=number(law.get("phase")),
        left=number(judged.get("unlawful_part")),
        pizza_part=number(judged.get("pizza_part")),
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
