"""Accuracy with only some of the embedding's components, or without some of them.

Keeping means: centred PCA, the scores of all other components set to zero, the mean added back.
Source: Zhong et al. 2023 (principal components, accompanying circles).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from clockpizza.evidence.circles import Circle
from clockpizza.evidence.components import Components
from clockpizza.evidence.probe import Probe

COUNTS = (2, 4, 6, 8, 12)


@dataclass(frozen=True)
class AccuracyByComponents:
    """Accuracies over all pairs. Keys of `first` and `without_first` count components; None: no such circles."""

    first: dict[int, float]
    without_first: dict[int, float]
    main_circles: float | None
    companions: float | None


def accuracy_by_components(probe: Probe, halves: dict[str, Components], circles: list[Circle]) -> AccuracyByComponents:
    """Accuracy keeping and removing the first components, and keeping the main circles or the companions alone."""
    probe.tick("components")

    known: dict[tuple[frozenset[int], ...], float] = {}  # the main circles are often the first components

    def kept(indices: dict[str, list[int]]) -> float:
        key = tuple(frozenset(indices[name]) for name in halves)
        if key not in known:
            known[key] = _accuracy(probe, {name: half.keep(indices[name]) for name, half in halves.items()})
        return known[key]

    def removed(n: int) -> float:
        return _accuracy(
            probe, {name: half.remove(probe.halves[name], list(range(n))) for name, half in halves.items()}
        )

    def of_role(role: str) -> float | None:
        chosen = [c for c in circles if c.role == role]
        if not chosen:
            return None
        return kept({name: [i - 1 for c in chosen for i in c.components[name]] for name in halves})

    counts = [n for n in COUNTS if n <= min(len(half.scale) for half in halves.values())]
    return AccuracyByComponents(
        first={n: kept({name: list(range(n)) for name in halves}) for n in counts},
        without_first={n: removed(n) for n in counts},
        main_circles=of_role("main"),
        companions=of_role("companion"),
    )


def _accuracy(probe: Probe, E: dict[str, Tensor]) -> float:
    return probe.accuracy(probe.run(E.get("a", E.get("ab")), E.get("b", E.get("ab"))))  # type: ignore[arg-type]
