"""Circularity: are the embedding's principal components circles?

The paper's: mean of c_i (see components.py) over the first four components; runs above 0.995 are circular.
Source: Zhong et al. 2023, appendix. Two things it cannot see are measured beside it: separate vocabularies (it is
capped near one half, so each half is taken alone) and components of nearly equal variance, which a PCA may rotate into
one another at will (so their span is measured, over every component with at least 1 % of the variance).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from clockpizza.evidence.components import Components, frequency_shares
from clockpizza.evidence.probe import Probe

TIE = 0.05  # neighbouring components whose variances differ by less than this share are measured as one span


@dataclass(frozen=True)
class Circularity:
    """All in [0, 1].

    authors: the paper's rule over the whole vocabulary.
    by_half: the same on each half of a vocabulary that the operands do not share (one entry, "ab", where they do).
    paper: the smallest of by_half, which is what the 0.995 is held against.
    by_circle: mean over every component with at least 1 % of the variance, spans of ties measured as spans.
    by_circle_least: the least of them.
    components: how many there are.
    """

    authors: float
    by_half: dict[str, float]
    paper: float
    by_circle: float
    by_circle_least: float
    components: int


def circularity(probe: Probe, halves: dict[str, Components]) -> Circularity:
    """Circularity by the authors' rule, by vocabulary half, and over every component with 1 % of the variance."""
    by_half = {name: _mean_of_four(components.purity) for name, components in halves.items()}
    spans = [c for components in halves.values() for c in _span_purities(components)]
    return Circularity(
        authors=_authors(probe),
        by_half=by_half,
        paper=min(by_half.values()),
        by_circle=sum(spans) / len(spans) if spans else 0.0,
        by_circle_least=min(spans, default=0.0),
        components=len(spans),
    )


def _authors(probe: Probe) -> float:
    """The paper's rule as the authors apply it: one PCA of every token, Fourier sums over the first p of them."""
    E = probe.network.W_E
    tokens = torch.linalg.svd(E - E.mean(0), full_matrices=False)[0][: probe.p, :4]
    return _mean_of_four(frequency_shares(tokens).amax(0).clamp(max=1).tolist())


def _mean_of_four(purity: list[float]) -> float:
    return sum(purity[:4]) / len(purity[:4])


def _span_purities(components: Components) -> list[float]:
    """c_i of each large component; of a span of m near-ties, the mean of the m purest directions in it."""
    spans: list[list[int]] = []
    for i in range(components.large):
        near = i > 0 and float(1 - components.variance[i] / components.variance[i - 1]) <= TIE
        if near:
            spans[-1].append(i)
        else:
            spans.append([i])
    purities = []
    for span in spans:
        if len(span) == 1:
            purities.append(components.purity[span[0]])
            continue
        tokens = components.tokens[:, span]
        coefficients = torch.fft.rfft(tokens, dim=0)[1:]
        candidates: list[float] = []
        for k in range(coefficients.shape[0]):
            # Squared singular values of the span's projection on frequency k: the shares of its purest directions.
            plane = torch.stack([coefficients[k].real, coefficients[k].imag])
            total = frequency_shares(tokens)[k].sum()
            values = torch.linalg.svdvals(plane) ** 2
            candidates += (values / values.sum() * total).tolist() if values.sum() > 0 else []
        best = sorted(candidates)[-len(span) :]
        purities += [min(1.0, sum(best) / len(span))] * len(span)
    return purities
