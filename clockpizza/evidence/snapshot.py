"""A look at a network in training: what can be measured in no time, and the arrays that a screen draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clockpizza.evidence.ablations import Ablations
from clockpizza.evidence.accuracy import accuracy
from clockpizza.evidence.accuracy_by_circles import accuracy_by_circles
from clockpizza.evidence.circularity import circularity
from clockpizza.evidence.components import principal_components
from clockpizza.evidence.distance_irrelevance import distance_irrelevance
from clockpizza.evidence.fourier import token_spectrum
from clockpizza.evidence.gradient_symmetricity import sampled_symmetricity
from clockpizza.evidence.pictures import correct_logit_picture, plane
from clockpizza.evidence.planes import planes
from clockpizza.evidence.probe import Probe, one_thread_an_operation
from clockpizza.evidence.progress_losses import progress_losses
from clockpizza.evidence.provisional import likely_roles, provisional
from clockpizza.evidence.waves import wave_power, waves
from clockpizza.networks import Network
from clockpizza.verdict import Verdict, share_measures

CIRCLES = 6  # planes that are kept


@dataclass(frozen=True)
class Snapshot:
    """measures: by name; None where undefined. Main circles, companions and key frequencies (those of the main circles)
    are the ones of this moment. arrays, for `.npz`:

    embedding_power, logit_power: shares at the frequencies 1 .. p//2, (p//2,), float32.
    circle_frequencies: the CIRCLES frequencies with most of the embedding's variance, (n,); circle_scores: token
        embeddings on their planes, (n, p, 2), float16.
    correct_logit: Q[a, b, a + b] by [a + b, a - b], (p, p), float16; NaN where p is even and parities differ.

    verdict: as far as it can be told (clockpizza/evidence/provisional.py); None where it cannot.
    """

    measures: dict[str, float | None]
    arrays: dict[str, NDArray[Any]]
    verdict: Verdict | None


def snapshot(network: Network, training_pairs: Tensor | None = None) -> Snapshot:
    """Look at a network, in float32.

    training_pairs: indices a * p + b, over which excluded loss is taken; over all pairs if not given.
    """
    with one_thread_an_operation():  # all of them are small
        return _look(network, training_pairs)


def _look(network: Network, training_pairs: Tensor | None) -> Snapshot:
    probe = Probe(network, dtype=torch.float32)
    halves = {name: principal_components(E) for name, E in probe.halves.items()}
    irrelevance, circular = distance_irrelevance(probe), circularity(probe, halves)
    spectra = np.array([token_spectrum(E) for E in probe.halves.values()])
    embedding = spectra.mean(0)
    ablations = Ablations(probe, waves(probe))
    roles = likely_roles(ablations, planes(probe))
    accuracies = accuracy_by_circles(probe, roles)
    losses = progress_losses(probe, [k for k, role in roles.items() if role == "main"], training_pairs)
    verdict = provisional(ablations, roles, accuracy(probe, training_pairs))
    frequencies = 1 + np.argsort(-embedding, kind="stable")[:CIRCLES]
    measures = {
        "gradient_symmetricity_100": sampled_symmetricity(probe),
        "distance_irrelevance": irrelevance.correct,
        "distance_irrelevance_top_wrong": irrelevance.top_wrong,
        "circularity": circular.paper,
        "circularity_by_circle": circular.by_circle,
        "parameter_norm": float(torch.stack([w.norm() for w in probe.network.weights.values()]).norm()),
        "restricted_loss": losses.restricted if losses else None,
        "excluded_loss": losses.excluded if losses else None,
        "accuracy_main_circles": accuracies.main_circles,
        "accuracy_companions": accuracies.companions,
        "accuracy_both": accuracies.both,
        **share_measures(verdict),
    }
    arrays: dict[str, NDArray[Any]] = {
        "embedding_power": embedding.astype(np.float32),
        "logit_power": np.array(wave_power(probe)[1:], dtype=np.float32),
        "circle_frequencies": frequencies.astype(np.int32),
        "circle_scores": np.stack([plane(probe, int(k)).numpy() for k in frequencies]).astype(np.float16),
        "correct_logit": correct_logit_picture(probe).numpy().astype(np.float16),
    }
    return Snapshot(measures, arrays, verdict)
