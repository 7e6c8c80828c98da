"""Distance irrelevance: how little the logits care for a - b.

DI = mean over d of std_s(L[:, d]) / std(L), with L[s, d] the logit at a + b = s, a - b = d (population std).
1 if a logit does not depend on a - b at all, 0 if on nothing else.
Source: Zhong et al. 2023, on the correct logit; the authors' table of runs has it on the largest wrong
logit. Both are given, under two names.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from clockpizza.evidence.probe import Probe


@dataclass(frozen=True)
class DistanceIrrelevance:
    """Both in [0, 1]; None where the logit is the same for every pair."""

    correct: float | None
    top_wrong: float | None


def distance_irrelevance(probe: Probe) -> DistanceIrrelevance:
    """Distance irrelevance of the correct logit and of the largest wrong logit."""
    p = probe.p
    wrong = probe.logits.reshape(-1, p).clone()
    wrong.scatter_(1, probe.s[:, None], float("-inf"))
    return DistanceIrrelevance(_irrelevance(probe, probe.correct_logit), _irrelevance(probe, wrong.amax(1).view(p, p)))


def _irrelevance(probe: Probe, picture: Tensor) -> float | None:
    by_difference = probe.by_difference(picture)  # [b, d]: within a column s runs over all its values
    spread = by_difference.std(correction=0)
    return float(by_difference.std(0, correction=0).mean() / spread) if spread > 0 else None
