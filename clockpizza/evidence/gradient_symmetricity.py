"""Gradient symmetricity: do both operands' embeddings move a logit in the same direction?

GS = mean over (a, b, c) of cos(dQ_abc/dE_a, dQ_abc/dE_b).  1 for a network that only ever sees E_a + E_b (a pizza),
low for one that multiplies. c is any output, not the right answer.
Source: Zhong et al. 2023. The paper averages 100 random triples; here all p^3 are exact.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from clockpizza.evidence.probe import Probe
from clockpizza.networks.jacobian import Jacobians

ROWS = 2400  # rows (pair, logit) in a chunk: what Python adds to each is then small, and so is their memory


@dataclass(frozen=True)
class GradientSymmetricity:
    """Cosines in [-1, 1].

    `exact`, `std`, `p05`, `median`, `p95` are over all p^3 triples whose two gradients are not zero; `undefined` counts
    the others. `paper_sample` is the mean over the paper's 100 triples, None if every one of them is undefined.
    """

    exact: float | None
    std: float | None
    p05: float | None
    median: float | None
    p95: float | None
    paper_sample: float | None
    undefined: int


def gradient_symmetricity(probe: Probe) -> GradientSymmetricity:
    """Exact gradient symmetricity and its spread, and the paper's sample."""
    probe.tick("gradients")
    cosine = cosines(probe).flatten()
    sample = cosine[torch.tensor(paper_triples(probe.p), device=probe.device)]
    defined = cosine[~cosine.isnan()].sort().values
    sample = sample[~sample.isnan()]
    if not len(defined):
        return GradientSymmetricity(None, None, None, None, None, None, len(cosine))
    p05, median, p95 = (float(defined[round(q * (len(defined) - 1))]) for q in (0.05, 0.5, 0.95))
    return GradientSymmetricity(
        exact=float(defined.mean()),
        std=float(defined.std(correction=0)),
        p05=p05,
        median=median,
        p95=p95,
        paper_sample=float(sample.mean()) if len(sample) else None,
        undefined=len(cosine) - len(defined),
    )


def cosines(probe: Probe) -> Tensor:
    """cos(dQ_abc/dE_a, dQ_abc/dE_b) over all triples: (p, p, p), NaN where a gradient is zero."""
    p, jacobians = probe.p, Jacobians(probe.network)
    out = torch.empty(p * p, p, device=probe.device, dtype=probe.dtype)

    def fill(at: slice) -> None:
        g_a, g_b = jacobians(probe.E_a[probe.a[at]], probe.E_b[probe.b[at]])  # (N, p, d_embed)
        out[at] = (g_a * g_b).sum(-1) / (g_a.norm(dim=-1) * g_b.norm(dim=-1))  # 0 / 0 is NaN: undefined

    probe.over_pairs(fill, max(1, ROWS // p))
    return out.view(p, p, p)


@torch.no_grad()
def sampled_symmetricity(probe: Probe) -> float | None:
    """The mean over the paper's 100 triples alone; None if every one of them is undefined."""
    triples = torch.tensor(paper_triples(probe.p), device=probe.device)
    pairs, c = triples // probe.p, triples % probe.p
    g_a, g_b = (
        g[torch.arange(len(c)), c]
        for g in Jacobians(probe.network)(probe.E_a[probe.a[pairs]], probe.E_b[probe.b[pairs]])
    )  # (100, d_embed)
    cosine = (g_a * g_b).sum(-1) / (g_a.norm(dim=-1) * g_b.norm(dim=-1))
    defined = cosine[~cosine.isnan()]
    return float(defined.mean()) if len(defined) else None


@cache
def paper_triples(p: int) -> list[int]:
    """The paper's sample: flat indices of the first 100 of all triples, shuffled by ``random.Random(42)``."""
    triples = list(range(p**3))
    random.Random(42).shuffle(triples)
    return triples[:100]
