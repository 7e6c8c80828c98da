"""The filter language: `rate>=.5 width:128 verdict:pizza state:running -layers:1 some-name`.

Terms are divided by spaces and all must hold; `-` before a term turns it round. A term is field, operator and value,
or part of a run's name. Operators are : (is, any of a list such as width:32,64), = and != likewise, < <= > >=. Numbers
compare as numbers, words without regard to case; a run that lacks the field fits no comparison with it.
`verdict:none` are runs without a verdict, `edition:1` those that the rule's first edition judged.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from clockpizza.config import nearest
from clockpizza.errors import BadInput, visible
from clockpizza.store.event import METRICS, number
from clockpizza.store.row import Row
from clockpizza.store.state import State
from clockpizza.sweep_axes import KINDS

_TERM = re.compile(r"(?P<minus>-?)(?P<field>[A-Za-z_][A-Za-z0-9_]*)(?P<operator><=|>=|!=|:|=|<|>)(?P<value>.*)")
_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ALIASES = {
    "rate": "attention_rate",
    "gs": "gradient_symmetricity",
    "di": "distance_irrelevance",
    "accuracy": "test_accuracy",
    "loss": "test_loss",
    "name": "id",
    "wd": "weight_decay",
    "lr": "learning_rate",
}
MEASURES = (
    *("gradient_symmetricity", "distance_irrelevance", "circularity"),
    *("clock_share", "pizza_share", "unlawful_share", "unaccounted_share"),
)
_OWN = ("sweep", "id", "state", "verdict", "certainty", "edition", "epoch", "attempt", "host", "device")
WORDS = {
    "state": tuple(state.value for state in State),
    "verdict": ("clock", "pizza", "non-circular", "none"),
    "certainty": ("clear", "mixed", "none"),
}


@dataclass(frozen=True)
class Term:
    """One condition on a run. field: "" for a part of its name."""

    field: str
    operator: str
    values: tuple[str, ...]
    negated: bool = False

    def matches(self, row: Row) -> bool:
        """Whether the condition holds for a run."""
        return self._holds(row) != self.negated

    def _holds(self, row: Row) -> bool:
        if not self.field:
            return self.values[0] in row.name.lower()
        held = value_of(row, self.field)
        if self.operator in _ORDER:
            return number(held) is not None and _ORDER[self.operator](held, float(self.values[0]))
        equal = any(_equal(held, value) for value in self.values)
        return equal != (self.operator == "!=")


@dataclass(frozen=True)
class Query:
    """Conditions of which all must hold; none holds for every run."""

    terms: tuple[Term, ...] = ()

    def matches(self, row: Row) -> bool:
        """Whether all conditions hold for a run."""
        return all(term.matches(row) for term in self.terms)

    def select(self, rows: Sequence[Row]) -> list[Row]:
        """The runs for which all conditions hold, in their order."""
        return [row for row in rows if self.matches(row)]


def parse(text: str, measures: Sequence[str] = MEASURES) -> Query:
    """The query that a person typed.

    Args:
        measures: names of measures that runs may have, beside those that the paper names.

    Raises:
        BadInput: an unknown field (with the nearest known one), a word that the field never holds, or no number where
            one belongs.
    """
    return Query(tuple(_term(word, fields(measures)) for word in text.split()))


def fields(measures: Sequence[str] = MEASURES) -> list[str]:
    """All fields that a query can ask for, aliases first."""
    return list(dict.fromkeys([*ALIASES, *_OWN, *KINDS, *METRICS, *MEASURES, *measures]))


def value_of(row: Row, name: str) -> Any:
    """What a run holds in a field; None where it has none."""
    name = ALIASES.get(name, name)
    if name == "host":
        return row.owner.owner.host if row.owner else None
    if name == "device":
        return row.owner.details.get("device") if row.owner else None
    if name in _OWN:
        return getattr(row, name)
    for values in (row.metrics, row.measures):
        if name in values:
            return values[name]
    held = getattr(row.config, name, None)
    return getattr(row.config.network, name, None) if held is None else held


def _term(word: str, known: list[str]) -> Term:
    found = _TERM.fullmatch(word)
    if not found:
        negated = word.startswith("-") and len(word) > 1
        return Term("", ":", (word[negated:].lower(),), negated)
    field, sign, value = found["field"].lower(), found["operator"], found["value"]
    shown = visible(word)
    if field not in known:
        raise BadInput(f"{shown}: no field {field!r}{nearest(field, known)}")
    values = tuple(part.lower() for part in value.split(",") if part)
    if not values:
        raise BadInput(f"{shown}: a value is missing after {sign}")
    if sign in _ORDER:
        if len(values) > 1 or not _is_number(values[0]):
            raise BadInput(f"{shown}: {sign} compares with one number")
        if field in (*WORDS, "sweep", "id", "name", "host", "device"):
            raise BadInput(f"{shown}: {field} is a word; use {field}:{values[0]}")
    for each in values:
        if field in WORDS and each not in WORDS[field]:
            allowed = WORDS[field]
            raise BadInput(
                f"{shown}: {field} is never {each!r}{nearest(each, allowed) or f'; it is one of {_list(allowed)}'}"
            )
    return Term(field, sign, values, found["minus"] == "-")


def _equal(held: Any, value: str) -> bool:
    if held is None or held == "":
        return value == "none"
    if isinstance(held, bool):
        return value in (("true", "yes", "1") if held else ("false", "no", "0"))
    if isinstance(held, (int, float)):
        return _is_number(value) and float(value) == held
    return str(held).lower() == value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _list(words: Sequence[str]) -> str:
    return ", ".join(words)
