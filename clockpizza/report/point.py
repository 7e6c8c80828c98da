"""A run as a report sees it: where it stands in the diagrams, and what it counts as."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from clockpizza.config import TransformerConfig
from clockpizza.cuts import LEAST_HELD_OUT, PAPER_CUT
from clockpizza.errors import visible
from clockpizza.run_ids import flat
from clockpizza.store import Row, State

MEASURES = (
    *("gradient_symmetricity", "gradient_symmetricity_100"),
    *("distance_irrelevance", "distance_irrelevance_top_wrong"),
    *("circularity", "circularity_by_circle"),
)
SHARES = ("clock", "pizza", "unlawful", "unaccounted")  # of what the logits vary; measures are called `clock_share` ...
CERTAINTIES = ("clear", "mixed")
VERDICTS = ("clock", "pizza", "non-circular")
REFUSED = "refused"
COLUMNS = (*MEASURES, *(f"{name}_share" for name in SHARES))
LARGEST = 1 + 1e-6  # that any of the measures can be; what is more is no such measure
FREE = ("seed", "attention_rate")  # in what runs of one group differ
FOLLOW = ("d_mlp", "d_vocab_out")  # the width and the tokens, as a rule
NAMED = {"hidden": "width", "layers": "layers"}


@dataclass(frozen=True)
class Point:
    """One run. What is not known, or not defined, is None or "".

    verdict: "clock", "pizza", "non-circular" or "refused" of a finished run, else "". refused: why.
    epoch: the last that is known of, of `epochs` that it is to have. final: its measures are those of its end; else of
        its last snapshot.
    solved: whether it solves the task, as its verdict says, or its accuracy on held-out pairs while it has none.
        Measures of networks that do not are in no diagram: they mean nothing.
    measures: by the names in COLUMNS, all from -1 to 1.
    shape: what else the run is, by name, that is neither its seed nor its attention rate.
    kind: what a verdict says beside its name. edition: of the rule that judged it; None while it has not finished.
    apart: judged by an older edition than the newest in its sweep, so that it stands in no count and no curve.
    """

    run: str
    state: str
    verdict: str
    certainty: str
    refused: str
    model: str
    attention_rate: float | None
    width: int
    layers: int
    seed: int
    epoch: int
    epochs: int
    final: bool
    solved: bool
    test_accuracy: float | None
    measures: dict[str, float]
    shape: dict[str, Any]
    kind: str = ""
    edition: int | None = None
    apart: bool = False

    @property
    def judged(self) -> bool:
        """Whether it has a verdict that counts."""
        return self.verdict in VERDICTS and not self.apart

    @property
    def shares(self) -> dict[str, float]:
        """What each of SHARES has of what the logits vary; empty without a verdict that counts, or without them."""
        found = {each: share for each in SHARES if (share := self.measures.get(f"{each}_share", -1.0)) >= 0}
        return found if self.judged and len(found) == len(SHARES) else {}

    @property
    def symmetricity(self) -> float | None:
        """Gradient symmetricity: exact, or on the paper's 100 triples, which is all that snapshots have."""
        exact = self.measures.get("gradient_symmetricity")
        return self.measures.get("gradient_symmetricity_100") if exact is None else exact

    @property
    def irrelevance(self) -> float | None:
        """Distance irrelevance of the correct logit."""
        return self.measures.get("distance_irrelevance")

    @property
    def circular(self) -> bool | None:
        """Whether the paper calls it circular."""
        circularity = self.measures.get("circularity")
        return None if circularity is None else circularity > PAPER_CUT

    @property
    def circular_by_circle(self) -> bool | None:
        """The same cut, over every component with 1 % of the variance, near-ties taken as one span."""
        circularity = self.measures.get("circularity_by_circle")
        return None if circularity is None else circularity > PAPER_CUT

    def to_dict(self) -> dict[str, Any]:
        """Plain values: a column each, every measure there, None where unknown."""
        values = asdict(self)
        for name in ("measures", "shape", "kind", "edition", "apart"):
            del values[name]
        measures = {name: self.measures.get(name) for name in COLUMNS}
        return {**values, **measures, "kind": self.kind, "edition": self.edition}


def point(row: Row) -> Point:
    """What a report needs of a run."""
    network = row.config.network
    final = row.state is State.FINISHED
    accuracy = row.metrics.get("test_accuracy")
    verdict = "" if not final else row.verdict if row.verdict in VERDICTS else REFUSED
    shape = {key: value for key, value in flat(row.config).items() if key not in (*FREE, *FOLLOW)}
    return Point(
        run=row.id,
        state=row.state.value,
        verdict=verdict,
        certainty=row.certainty if final and row.certainty in CERTAINTIES else "",
        refused=visible(row.refused) if final else "",
        model=network.model,
        attention_rate=network.attention_rate if isinstance(network, TransformerConfig) else None,
        width=network.width,
        layers=network.layers,
        seed=row.config.seed,
        epoch=row.epoch,
        epochs=row.epochs,
        final=final,
        solved=verdict != REFUSED if final else accuracy is not None and accuracy >= LEAST_HELD_OUT,
        test_accuracy=accuracy,
        measures={name: value for name in COLUMNS if abs(value := row.measures.get(name, math.inf)) <= LARGEST},
        shape={NAMED.get(key, key): value for key, value in shape.items()},
        kind=visible(row.kind) if final else "",
        edition=row.edition if final else None,
    )
