"""What a sweep goes over, as one types it: `0.5`, `32,64,128`, `0:1:21`, `32:512:5:log`, `random 100`.

A range is first:last:count, both ends included. It means the same on the command line and as a string in TOML, where
lists and numbers serve too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from clockpizza.config import TYPES, LinearConfig, TransformerConfig, nearest
from clockpizza.errors import BadInput
from clockpizza.run_config import RunConfig

if TYPE_CHECKING:
    import random

MOST = 100_000
# "model" comes first: what the others mean depends on it. It has no field in a TransformerConfig.
KINDS: dict[str, str] = {"model": "str"} | {
    field.name: str(field.type)
    for config in (TransformerConfig, LinearConfig, RunConfig)
    for field in fields(config)
    if str(field.type) in TYPES
}
RANDOM = "random"


def axis(key: str, given: Any) -> list[Any]:
    """The values of one key, in order, each once.

    Raises:
        BadInput: an unknown key (with the nearest known one), or values that are not of its kind.
    """
    if key not in KINDS:
        raise BadInput(f"unknown key {key!r}{nearest(key, [*KINDS, 'seeds', 'draw_seed', 'stack_size'])}")
    items = given if isinstance(given, (list, tuple)) else str(given).split(",") if isinstance(given, str) else [given]
    values = [value for item in items for value in _item(key, item)]
    if not values:
        raise BadInput(f"{key} has no values")
    return list(dict.fromkeys(values))


def count_of_random(given: Any) -> int | None:
    """N where `given` is `random N`, else None. Raises BadInput where N is no count."""
    if not isinstance(given, str) or given.split()[:1] != [RANDOM]:
        return None
    words = given.split()
    if len(words) != 2 or not words[1].isdecimal() or not 1 <= int(words[1]) <= MOST:
        raise BadInput(f"attention_rate is {given!r}; expected 'random N' with N from 1 to {MOST:,}, as 'random 100'")
    return int(words[1])


def draw(count: int, generator: random.Random) -> list[float]:
    """Attention rates drawn uniformly from 0 to 1, as the paper does; to six decimals, which a person can copy."""
    return [round(generator.random(), 6) for _ in range(count)]


def seeds(given: Mapping[str, Any]) -> list[int]:
    """The seeds that `seed` (values) or `seeds` (how many, from 0) asks for; [0] where neither is given."""
    if "seeds" not in given:
        return axis("seed", given.get("seed", 0))
    if "seed" in given:
        raise BadInput("seed and seeds exclude each other: seeds = 10 stands for the seeds 0 to 9")
    (count,) = axis("seed", given["seeds"])[:1]
    if len(axis("seed", given["seeds"])) > 1:
        raise BadInput(f"seeds is {given['seeds']!r}; it says how many. Name seeds as seed = [3, 5]")
    if not 1 <= count <= MOST:
        raise BadInput(f"seeds is {count}; it must lie between 1 and {MOST:,}")
    return list(range(count))


def _item(key: str, item: Any) -> list[Any]:
    if isinstance(item, str) and ":" in item and KINDS[key] in ("int", "float"):
        return _range(key, item)
    return [_value(key, item)]


def _value(key: str, item: Any) -> Any:
    kind = KINDS[key]
    if kind == "str" and isinstance(item, str):
        return item.strip()
    try:
        if kind == "bool":
            return {"true": True, "false": False}[str(item).strip().lower()] if isinstance(item, str) else _bool(item)
        if isinstance(item, bool):
            raise ValueError
        if kind == "float":
            return float(item)
        value = int(item)
        if value != (float(item) if isinstance(item, str) else item):
            raise ValueError
        return value
    except (ValueError, TypeError, KeyError, OverflowError):
        expected = {"int": "whole numbers", "float": "numbers", "bool": "true or false", "str": "words"}[kind]
        example = ", a list such as 1,2,4, or a range such as 1:4:4" if kind in ("int", "float") else ""
        raise BadInput(f"{key} is {item!r}; expected {expected}{example}") from None


def _bool(item: Any) -> bool:
    if isinstance(item, bool):
        return item
    raise ValueError


def _range(key: str, text: str) -> list[Any]:
    parts = [part.strip() for part in text.split(":")]
    wrong = BadInput(f"{key} is {text!r}; a range is first:last:count, as 0:1:21, or first:last:count:log")
    if len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] != "log"):
        raise wrong
    try:
        first, last, count = float(parts[0]), float(parts[1]), int(parts[2])
    except ValueError:
        raise wrong from None
    if not 2 <= count <= MOST or (len(parts) == 4 and (first <= 0 or last <= 0)):
        raise wrong
    shares = [i / (count - 1) for i in range(count)]
    if len(parts) == 4:
        values = [first * (last / first) ** share for share in shares]
    else:
        values = [first + (last - first) * share for share in shares]
    values = [float(f"{value:.10g}") for value in values]  # 0.3, not 0.30000000000000004
    if KINDS[key] == "float":
        return values
    if len(parts) == 4:
        return [round(value) for value in values]
    if any(value != int(value) for value in values):
        raise BadInput(f"{key} is {text!r}, which does not fall on whole numbers")
    return [int(value) for value in values]
