"""Runs as an index lists them, without a disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from clockpizza.config import LinearConfig, TransformerConfig
from clockpizza.report import Report, gather
from clockpizza.run_config import RunConfig
from clockpizza.store import Row, RunFolder, State

MakeRow = Callable[..., Row]

# What each algorithm's measures are like: gradient symmetricity, distance irrelevance, circularity.
SHARES = {
    "clock": (0.9, 0.05, 0.03, 0.02),
    "pizza": (0.04, 0.9, 0.04, 0.02),
    "non-circular": (0.05, 0.05, 0.1, 0.8),
}
LIKE = {"clock": (0.4, 0.8, 0.998), "pizza": (0.99, 0.2, 0.997), "non-circular": (0.7, 0.5, 0.9), "": (0.5, 0.5, 0.5)}


def make_row(verdict: str = "", rate: float | None = 1.0, **given: Any) -> Row:
    """A run: finished with a verdict, or "refused" one, or as `state` says; `rate` None is a linear model.

    shares: of clock, pizza, unlawful and unaccounted; the verdict's, unless given; None where a run has none, as those
        that edition 1 judged.
    """
    seed = given.pop("seed", 0)
    shape = {key: given.pop(key) for key in ("width", "layers", "equals_token") if key in given}
    network: Any = LinearConfig("beta") if rate is None else TransformerConfig(attention_rate=rate, **shape)
    config = RunConfig(network, seed=seed)
    named = "" if verdict == "refused" else verdict
    symmetricity, irrelevance, circularity = LIKE[named]
    edition = given.setdefault("edition", 2 if verdict else None)
    shares = given.pop("shares", SHARES.get(named) if edition == 2 else None)
    names = ("clock_share", "pizza_share", "unlawful_share", "unaccounted_share")
    values: dict[str, Any] = {
        "state": State.FINISHED if verdict else State.QUEUED,
        "verdict": named,
        "certainty": "clear" if named else "",
        "refused": "it does not solve the task" if verdict == "refused" else "",
        "epoch": config.epochs if verdict else 0,
        "measures": {
            "gradient_symmetricity": symmetricity,
            "gradient_symmetricity_100": symmetricity - 0.01,
            "distance_irrelevance": irrelevance,
            "circularity": circularity,
            "circularity_by_circle": 0.999 if named != "clock" else circularity,
            **(dict(zip(names, shares, strict=True)) if shares else {}),
        }
        if verdict
        else {},
    }
    id = f"r{rate}-w{config.network.width}-s{seed}"
    return Row("paper", id, config, RunFolder(Path(id)), **{**values, **given})


@pytest.fixture
def row() -> MakeRow:
    return make_row


@pytest.fixture
def rows() -> list[Row]:
    """Ten rates, two seeds: pizzas below .5 but for one clock, clocks above but for one pizza; one of each other."""
    found = []
    for tenth in range(10):
        for seed in range(2):
            verdict = "clock" if tenth >= 5 else "pizza"
            if (tenth, seed) in ((4, 0), (5, 0)):
                verdict = "clock" if verdict == "pizza" else "pizza"
            found.append(make_row(verdict, tenth / 10, seed=seed))
    snapshot = {"gradient_symmetricity_100": 0.6, "distance_irrelevance": 0.6}
    return [
        *found,
        make_row("non-circular", 0.2, seed=2),
        make_row("refused", 0.3, seed=2),
        make_row("", 0.4, seed=2, state=State.RUNNING, epoch=900, measures=snapshot, metrics={"test_accuracy": 0.99}),
        make_row("", 0.5, seed=2, state=State.RUNNING, epoch=300, measures=snapshot, metrics={"test_accuracy": 0.2}),
        make_row("", 0.6, seed=2, state=State.FAILED, epoch=41, reason="loss is not a number at epoch 41"),
        make_row("", 0.7, seed=2),
    ]


@pytest.fixture
def report(rows: Sequence[Row]) -> Report:
    return gather("paper", rows)
