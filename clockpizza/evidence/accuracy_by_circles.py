"""Accuracy with only some of the embedding's circles, or without some of them, by their frequencies.

Keeping a circle means keeping the embedding's mean and its Fourier coefficient at frequency k; all others are zero.
Unlike principal components, frequencies are the same throughout training and never turned into one another. Attention
is live.
Source: Zhong et al. 2023 (main circles and accompanying ones), in the Fourier basis.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from clockpizza.evidence.planes import only
from clockpizza.evidence.probe import Probe


@dataclass(frozen=True)
class AccuracyByCircles:
    """Accuracies over all pairs; None where there are no such circles. both: main circles and companions."""

    main_circles: float | None
    companions: float | None
    both: float | None


@dataclass(frozen=True)
class CircleAccuracy:
    """Accuracy over all pairs with one circle `alone`, and `without` it."""

    alone: float
    without: float


def accuracy_by_circles(probe: Probe, roles: dict[int, str]) -> AccuracyByCircles:
    """Accuracy with the main circles alone, the companions alone, and both; `roles` as of `clockpizza.roles.names`."""
    main, companions = ([k for k, role in roles.items() if role == name] for name in ("main", "companion"))
    of_main = with_frequencies(probe, main) if main else None
    return AccuracyByCircles(
        main_circles=of_main,
        companions=with_frequencies(probe, companions) if companions else None,
        both=with_frequencies(probe, main + companions) if companions else of_main,
    )


def circle_accuracies(probe: Probe, frequencies: Collection[int]) -> dict[int, CircleAccuracy]:
    """Accuracy with each circle alone and without it."""
    every = range(1, probe.p // 2 + 1)
    return {
        k: CircleAccuracy(with_frequencies(probe, [k]), with_frequencies(probe, [j for j in every if j != k]))
        for k in frequencies
    }


def with_frequencies(probe: Probe, frequencies: Collection[int]) -> float:
    """Accuracy over all pairs with the mean and some frequencies of the embedding alone."""
    return probe.accuracy(probe.run(only(probe.E_a, frequencies), only(probe.E_b, frequencies)))
