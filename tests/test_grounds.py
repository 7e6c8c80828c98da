"""The grounds of a verdict as plain values, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from clockpizza.errors import BadInput
from clockpizza.evidence import Evidence
from clockpizza.grounds import from_dict, to_dict
from clockpizza.verdict import judge

Ideal = Callable[..., Evidence]


@pytest.mark.parametrize("kind", ["pizza", "clock", "number-line", "lookup", "memoriser"])
def test_a_verdict_can_be_judged_again_from_what_was_written_down(kind: str, ideal_evidence: Ideal) -> None:
    arguments = {"train_fraction": 0.8} if kind == "memoriser" else {}
    grounds = ideal_evidence(kind, p=13, **arguments).grounds
    first, again = judge(grounds), judge(from_dict(json.loads(json.dumps(to_dict(grounds), allow_nan=False))))
    assert (again.name, again.certainty, again.kind, again.refused) == (
        *(first.name, first.certainty, first.kind, first.refused),
    )
    if first.shares is not None and again.shares is not None:
        assert asdict(again.shares) == pytest.approx(asdict(first.shares), abs=1e-5)


def test_numbers_are_written_to_seven_digits(ideal_evidence: Ideal) -> None:
    text = json.dumps(to_dict(ideal_evidence("pizza", p=59).grounds))
    assert max(len(word.strip("[]{}:,-").replace(".", "")) for word in text.split() if word[0].isdigit()) <= 11
    assert len(text) < 12_000


def with_value(values: dict[str, Any], path: list[Any], value: Any) -> dict[str, Any]:
    values = json.loads(json.dumps(values))
    inner: Any = values
    for step in path[:-1]:
        inner = inner[step]
    if value is KeyError:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return values


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["p"], "13"),
        (["p"], 10**9),
        (["p"], 2),
        (["accuracy"], None),
        (["accuracy"], float("inf")),
        (["waves"], 3),
        (["waves"], KeyError),
        (["waves", 0, "frequency"], 7),
        (["waves", 0, "frequency"], 1.5),
        (["waves", 0, "amplitude"], [1.0] * 12),
        (["waves", 0, "amplitude", 0], "x"),
        (["waves", 0, "without_both"], [1.0]),
        (["waves", 0, "left"], [1.0]),
        (["waves", 0, "effect"], KeyError),
        (["waves", 0, "effect_double"], "much"),
        (["waves", 0, "left_without_half"], [1.0]),
        (["held_out"], "most"),
        (["circularity_authors"], None),
        (["kept"], ["5"]),
        (["number_line"], {"multiplier": 3}),
        (["number_line"], {"multiplier": 3, "offset": 1, "variance": 1, "with_ramp": "x", "with_sine": 0}),
        (["number_line"], "a line"),
    ],
)
def test_what_is_not_of_its_kind_is_one_line(path: list[Any], value: Any, ideal_evidence: Ideal) -> None:
    values = with_value(to_dict(ideal_evidence("pizza", p=13).grounds), path, value)
    with pytest.raises(BadInput, match="grounds of a verdict that cannot be read") as refusal:
        from_dict(values)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("values", [{}, {"p": 13}])
def test_nothing_is_not_enough(values: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        from_dict(values)
