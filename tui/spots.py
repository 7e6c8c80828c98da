"""Runs as spots of a diagram or a grid: numbers only, neither torch nor Textual."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clockpizza.config import TransformerConfig
from clockpizza.cuts import LEAST_HELD_OUT
from clockpizza.store import Row, State

RATE, SYMMETRICITY = "attention rate", "gradient symmetricity"
IRRELEVANCE, WRONG = "distance irrelevance", "distance irrelevance, top wrong"
# What is drawn against what. The measures are those that snapshots have too, so that a point does not jump at the end.
DIAGRAMS = ((RATE, SYMMETRICITY), (RATE, IRRELEVANCE), (RATE, WRONG), (IRRELEVANCE, SYMMETRICITY))
MEASURES = {
    SYMMETRICITY: "gradient_symmetricity_100",
    IRRELEVANCE: "distance_irrelevance",
    WRONG: "distance_irrelevance_top_wrong",
}
SHORT = {SYMMETRICITY: "GS", IRRELEVANCE: "DI", WRONG: "DI wrong"}
# The paper's regions: pizzas on one side of the first, clocks on the other side of the second.
CUTS = {SYMMETRICITY: (0.98, 0.90), WRONG: (0.40, 0.60)}
ORDER = ("", "running", "refused", "non-circular", "pizza", "clock")  # later ones lie over earlier ones


@dataclass(frozen=True)
class Spot:
    """A run.

    name: of its mark in the palette: its verdict, "running" where it solves the task but has none yet, "" before that.
    mixed: its verdict is not clear.
    """

    run: str
    name: str
    mixed: bool
    rate: float | None
    width: int
    layers: int
    seed: int
    measures: dict[str, float]

    def value(self, axis: str) -> float | None:
        """Where it lies on an axis; None where it does not."""
        return self.rate if axis == RATE else self.measures.get(MEASURES[axis])


def spots(rows: Iterable[Row]) -> list[Spot]:
    """The runs of a sweep, in its order."""
    return [_spot(row) for row in rows]


def grid_rows(found: Sequence[Spot]) -> list[str]:
    """What can be the lines of the grid: in what runs differ, their seeds in any case."""
    return [*(name for name in ("width", "layers") if len({getattr(each, name) for each in found}) > 1), "seed"]


def _spot(row: Row) -> Spot:
    network = row.config.network
    if row.state is State.FINISHED:
        name = row.verdict or "refused"
    elif row.state is State.FAILED:
        name = "failed"
    else:
        name = "running" if row.metrics.get("test_accuracy", 0.0) >= LEAST_HELD_OUT else ""
    rate = network.attention_rate if isinstance(network, TransformerConfig) else None
    return Spot(
        *(row.id, name, row.certainty == "mixed", rate, network.width, network.layers, row.config.seed, row.measures)
    )
