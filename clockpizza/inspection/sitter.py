"""A portrait under short names, and how its numbers are written."""

from __future__ import annotations

from typing import Any

from clockpizza.inspection.blocks import Block, Words
from clockpizza.portrait import Portrait


class Sitter:
    """Short names for the parts of a portrait."""

    def __init__(self, portrait: Portrait):
        self.portrait, self.arrays = portrait, portrait.arrays
        document = portrait.document
        self.undefined: dict[str, str] = document["undefined"]
        self.tables: dict[str, Any] = document["tables"]
        self.network: dict[str, Any] = document["network"]
        self.verdict: dict[str, Any] = document["classification"]["verdict"]
        self.evidence: dict[str, Any] = document["classification"]["evidence"]
        self.describe: str = document["describe"]
        self.solved: bool = document["solved"]
        self.p: int = self.network["p"]
        self.circles: list[dict[str, Any]] = self.evidence["circles"]

    @property
    def frequencies(self) -> list[int]:
        """Of the circles in the arrays, main ones first."""
        return [int(k) for k in self.arrays.get("circle_frequencies", ())]

    def circle(self, k: int) -> dict[str, Any]:
        return next(c for c in self.circles if c["frequency"] == k)

    def why(self, name: str) -> list[Block]:
        return [Words(self.undefined.get(name, f"not defined for {self.describe}"))]

    @property
    def at_work(self) -> bool:
        """Whether it has main circles; of a refused network nobody knows."""
        return bool(self.verdict["circles"])

    @property
    def reading(self) -> str:
        """How the file was read: each setting, and what told it."""
        return str(self.portrait.document["classification"].get("reading") or "")

    @property
    def refusal(self) -> str:
        """Why the network is refused a verdict, without how it was read."""
        return str(self.verdict.get("refused") or "").removesuffix(f"; as read with {self.reading}")

    @property
    def of_attention(self) -> bool:
        return bool(self.network.get("attention_rate"))


def label(circle: dict[str, Any]) -> str:
    """A circle in a few words: `k 17, delta 7, main`."""
    delta = f", delta {circle['delta']}" if circle["delta"] else ""
    return f"k {circle['frequency']}{delta}, {circle['role']}"


def title(circle: dict[str, Any]) -> str:
    """The same, short enough to stand over a small picture."""
    return label(circle).replace("companion", "comp.")


def number(value: float | None, form: str = ".4f") -> str:
    return "-" if value is None else f"{value:{form}}"


def share(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{100 * value:.{digits}f}"


def dense(rows: list[list[str]]) -> list[list[str]]:
    """Rows without the columns that hold nothing."""
    kept = [i for i in range(len(rows[0])) if i == 0 or any(row[i] for row in rows[1:])]
    return [[row[i] for i in kept] for row in rows]
