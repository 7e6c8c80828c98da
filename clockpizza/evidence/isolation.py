"""A circle alone: its two principal components kept, all others taken out of the embedding, the mean added back.

With real attention this moves the attention pattern too, unless it is frozen; what a clock's circle writes alone need
not be what it writes beside the others (docs/verdict.md).
Source: Zhong et al. 2023 (circle isolation).
"""

from __future__ import annotations

from torch import Tensor

from clockpizza.evidence.components import Components
from clockpizza.evidence.pictures import picture_of
from clockpizza.evidence.probe import Probe


def alone(probe: Probe, halves: dict[str, Components], k: int) -> tuple[Tensor, Tensor] | None:
    """Both operands' embeddings (p, d_embed) with circle k alone; None if it has no two components of its own."""
    indices = {name: half.of_frequency(k) for name, half in halves.items()}
    if min(len(found) for found in indices.values()) < (1 if 2 * k == probe.p else 2):
        return None
    kept = {name: half.keep(indices[name]) for name, half in halves.items()}
    return (kept["a"], kept["b"]) if "a" in kept else (kept["ab"], kept["ab"])


def isolated_picture(probe: Probe, halves: dict[str, Components], k: int) -> Tensor | None:
    """The correct-logit picture of circle k alone, attention live: (p, p); None as for `alone`."""
    embeddings = alone(probe, halves, k)
    return None if embeddings is None else picture_of(probe, probe.run(*embeddings))
