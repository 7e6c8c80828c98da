"""A checkpoint in, everything the laboratory knows about it out: the verdict, its evidence, and their plain values."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from clockpizza import __version__
from clockpizza.checkpoints import Checkpoint
from clockpizza.config import to_dict
from clockpizza.devices import named_device
from clockpizza.errors import BadInput
from clockpizza.evidence import Evidence, gather
from clockpizza.grounds import Grounds, from_dict
from clockpizza.grounds import to_dict as grounds_to_dict
from clockpizza.verdict import Verdict, judge, share_measures

SCHEMA = 2


@dataclass(frozen=True)
class Classification:
    """One network's checkpoint, evidence and verdict."""

    checkpoint: Checkpoint
    evidence: Evidence
    verdict: Verdict

    @property
    def measures(self) -> dict[str, float | None]:
        """The numbers that lists and reports show of a run, by the names that snapshots use."""
        e = self.evidence
        return {
            "accuracy": e.accuracy.all_pairs,
            "gradient_symmetricity": e.gradient_symmetricity.exact,
            "gradient_symmetricity_100": e.gradient_symmetricity.paper_sample,
            "distance_irrelevance": e.distance_irrelevance.correct,
            "distance_irrelevance_top_wrong": e.distance_irrelevance.top_wrong,
            "circularity": e.circularity.paper,
            "circularity_by_circle": e.circularity.by_circle,
            "parameter_norm": e.parameter_norm,
            **share_measures(self.verdict),
        }

    def of_run(self) -> dict[str, Any]:
        """What a run's result.json keeps of it: verdict, measures, evidence and grounds, as plain values."""
        values = self.to_dict()
        return {**{key: values[key] for key in ("verdict", "evidence", "grounds")}, "measures": self.measures}

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as docs/classify.md documents them; what is not a finite number is None."""
        evidence = {
            field.name: getattr(self.evidence, field.name)
            for field in dataclasses.fields(self.evidence)
            if field.name not in ("pictures", "grounds")
        }
        return {
            "schema": SCHEMA,
            "clockpizza": __version__,
            "path": str(self.checkpoint.path),
            "format": self.checkpoint.format,
            "network": to_dict(self.checkpoint.network.config),
            "told": self.checkpoint.told,
            "reading": self.checkpoint.reading(),
            "record": self.checkpoint.record,
            "verdict": plain(self.verdict),
            "evidence": plain(evidence),
            "grounds": plain(grounds_to_dict(self.evidence.grounds)),
        }


def classify(
    checkpoint: Checkpoint,
    *,
    device: str = "cpu",
    precision: str = "float64",
    tick: Callable[[str], None] = lambda what: None,
) -> Classification:
    """Gather the evidence on a checkpoint's network and judge it.

    Args:
        checkpoint: what `clockpizza.checkpoints.read` returned.
        device: as torch names them; see `usable_device`.
        precision: float64 or float32.
        tick: called with a few words as work goes on.

    Raises:
        BadInput: no such device or precision here.
    """
    evidence = gather(
        checkpoint.network,
        training_pairs=checkpoint.training_pairs,
        device=usable_device(device, precision),
        dtype=torch.float64 if precision == "float64" else torch.float32,
        tick=tick,
    )
    verdict = judge(_as_kept(evidence.grounds))
    if verdict.refused and (reading := checkpoint.reading()):
        words = f"{verdict.refused}; as read with {reading}"
        verdict = dataclasses.replace(verdict, refused=words, reasons=words)
    return Classification(checkpoint, evidence, verdict)


def _as_kept(grounds: Grounds) -> Grounds:
    """Grounds in the rounded numbers that results keep: judging those later gives the same verdict, to the last bit."""
    try:
        return from_dict(grounds_to_dict(grounds))
    except BadInput:  # logits beyond 1e12: a verdict can be had, but not from a file
        return grounds


def usable_device(name: str, precision: str) -> torch.device:
    """The device called `name`.

    Raises:
        BadInput: there is no such device, or it cannot compute in `precision`.
    """
    if precision not in ("float64", "float32"):
        raise BadInput(f"precision is {precision!r}; it must be float64 or float32")
    device = named_device(name)
    if device.type == "mps" and precision == "float64":
        raise BadInput("mps has no float64; use --device cpu, or --precision float32")
    return device


def plain(value: Any) -> Any:
    """Dataclasses, dicts and lists as JSON values; NaN and infinities as None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
