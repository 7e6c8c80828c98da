"""Evidence: one measure a file, each a function from a network to numbers, gathered in one pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from clockpizza.cuts import LEAST_ACCURACY
from clockpizza.evidence.ablations import Ablations
from clockpizza.evidence.accuracy import Accuracy, accuracy
from clockpizza.evidence.accuracy_by_components import AccuracyByComponents, accuracy_by_components
from clockpizza.evidence.circle_grounds import CircleGrounds, circle_grounds
from clockpizza.evidence.circles import Circle, circles
from clockpizza.evidence.circularity import Circularity, circularity
from clockpizza.evidence.components import principal_components
from clockpizza.evidence.distance_irrelevance import DistanceIrrelevance, distance_irrelevance
from clockpizza.evidence.fourier import Fourier, fourier
from clockpizza.evidence.gradient_symmetricity import GradientSymmetricity, gradient_symmetricity
from clockpizza.evidence.neuron_fits import NeuronFits, neuron_fits
from clockpizza.evidence.pictures import correct_logit_picture, plane
from clockpizza.evidence.planes import planes
from clockpizza.evidence.probe import Probe, one_thread_an_operation
from clockpizza.evidence.waves import waves
from clockpizza.grounds import Grounds
from clockpizza.networks import Network
from clockpizza.roles import mains


@dataclass(frozen=True)
class Component:
    """A principal component of the embedding: share of its variance, strongest frequency, share at that frequency."""

    half: str
    variance: float
    frequency: int
    purity: float


@dataclass(frozen=True)
class Pictures:
    """What the screen draws; not part of the JSON.

    correct_logit: Q[a, b, a + b] as (p, p) [s, d], rows a + b, columns a - b, NaN where p is even and parities differ.
    scores: for each circle's frequency, the token embeddings on its plane, (p, 2).
    """

    correct_logit: Tensor
    scores: dict[int, Tensor]


@dataclass(frozen=True)
class Evidence:
    """Everything measured on one network, in float64 unless told otherwise.

    grounds: what the verdict is judged from.
    """

    p: int
    accuracy: Accuracy
    parameter_norm: float
    gradient_symmetricity: GradientSymmetricity
    distance_irrelevance: DistanceIrrelevance
    circularity: Circularity
    components: list[Component]
    circles: list[Circle]
    accuracy_by_components: AccuracyByComponents
    fourier: Fourier
    neurons: NeuronFits | None
    grounds: Grounds
    pictures: Pictures


def gather(
    network: Network,
    *,
    training_pairs: Tensor | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float64,
    tick: Callable[[str], None] = lambda what: None,
) -> Evidence:
    """All evidence on a network, in one pass.

    Args:
        network: the network.
        training_pairs: indices a * p + b of its training pairs, where the split is known.
        device, dtype: where and how precisely to compute.
        tick: called with a few words as work goes on.
    """
    probe = Probe(network, device=device, dtype=dtype, tick=tick)
    with one_thread_an_operation():  # the work over pairs spreads over threads by itself
        return _gather(probe, training_pairs)


def _gather(probe: Probe, training_pairs: Tensor | None) -> Evidence:
    halves = {name: principal_components(E) for name, E in probe.halves.items()}
    right, spectra, found_waves = accuracy(probe, training_pairs), planes(probe), waves(probe)
    ablations = Ablations(probe, found_waves)
    # What an unsolved network's planes do says nothing.
    solved = right.all_pairs >= LEAST_ACCURACY
    of_circles = circle_grounds(ablations, spectra) if solved else CircleGrounds.none()
    symmetricity, irrelevance = gradient_symmetricity(probe), distance_irrelevance(probe)
    circular = circularity(probe, halves)
    found = circles(
        *(probe, halves, spectra, found_waves, mains(of_circles.waves, probe.p)),
    )
    return Evidence(
        p=probe.p,
        accuracy=right,
        parameter_norm=float(torch.stack([w.norm() for w in probe.network.weights.values()]).norm()),
        gradient_symmetricity=symmetricity,
        distance_irrelevance=irrelevance,
        circularity=circular,
        components=[
            Component(name, float(half.variance[i]), half.frequency[i], half.purity[i])
            for name, half in halves.items()
            for i in range(half.large)
        ],
        circles=found,
        accuracy_by_components=accuracy_by_components(probe, halves, found),
        fourier=fourier(probe),
        neurons=neuron_fits(probe),
        grounds=Grounds(
            p=probe.p,
            accuracy=right.all_pairs,
            held_out=right.held_out,
            separate_vocabularies=probe.config.separate_vocabularies,
            **vars(of_circles),
            circularity=circular.paper,
            circularity_authors=circular.authors,
            symmetricity_100=symmetricity.paper_sample,
            irrelevance_top_wrong=irrelevance.top_wrong,
        ),
        pictures=Pictures(correct_logit_picture(probe), {c.frequency: plane(probe, c.frequency) for c in found}),
    )


__all__ = ["Evidence", "Probe", "gather"]
