"""Gradients on the first principal components, at chosen triples: the raw material of gradient symmetricity.

For one logit c of one pair (a, b): dQ_abc/dE_a and dQ_abc/dE_b along each of the embedding's first components. Where
the network only ever sees E_a + E_b (a pizza) the two are equal on every component; where it multiplies they are not.
Source: Zhong et al. 2023 (gradients on the first six components).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from clockpizza.errors import BadInput
from clockpizza.evidence.components import Components
from clockpizza.evidence.gradient_symmetricity import paper_triples
from clockpizza.evidence.probe import Probe
from clockpizza.networks.jacobian import jacobians

Triple = tuple[int, int, int]
COMPONENTS, TRIPLES = 6, 4


@dataclass(frozen=True)
class ComponentGradients:
    """Gradients of one logit, in logits per unit of embedding.

    at: (a, b, c). a, b: along each component, with respect to E_a and E_b. cosine: of the two whole gradients; None
    where one of them is zero.
    """

    at: Triple
    a: list[float]
    b: list[float]
    cosine: float | None


def default_triples(p: int) -> list[Triple]:
    """The first four of the paper's 100 triples."""
    return [(t // p**2, t // p % p, t % p) for t in paper_triples(p)[:TRIPLES]]


def component_gradients(
    probe: Probe, halves: dict[str, Components], triples: Sequence[Triple], components: int = COMPONENTS
) -> list[ComponentGradients]:
    """Gradients of logits `triples` on the first components, each operand's of its own vocabulary half.

    Raises:
        BadInput: a triple that the network has not.
    """
    if bad := [t for t in triples if len(t) != 3 or not all(0 <= token < probe.p for token in t)]:
        raise BadInput(f"{','.join(map(str, bad[0]))} is no a,b,c with tokens from 0 to {probe.p - 1}")
    a, b, c = torch.tensor(list(triples), device=probe.device).T
    with torch.no_grad():
        found = jacobians(probe.network, probe.E_a[a], probe.E_b[b])
    rows = [g[torch.arange(len(c)), c] for g in found]  # two of (triples, d_embed)
    directions = [halves[name if name in halves else "ab"].directions[:components] for name in ("a", "b")]
    on_a, on_b = (g @ d.T for g, d in zip(rows, directions, strict=True))
    cosine = (rows[0] * rows[1]).sum(1) / (rows[0].norm(dim=1) * rows[1].norm(dim=1))  # 0 / 0 is NaN
    return [
        ComponentGradients(t, x.tolist(), y.tolist(), None if cos.isnan() else float(cos))
        for t, x, y, cos in zip(triples, on_a, on_b, cosine, strict=True)
    ]
