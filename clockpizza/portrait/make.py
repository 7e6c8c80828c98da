"""From a checkpoint to its portrait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clockpizza import __version__
from clockpizza.checkpoints import Checkpoint
from clockpizza.classification import Classification, classify, plain, usable_device
from clockpizza.config import LinearConfig
from clockpizza.evidence.accuracy_by_circles import accuracy_by_circles, circle_accuracies
from clockpizza.evidence.component_gradients import Triple, component_gradients, default_triples
from clockpizza.evidence.components import Components, principal_components
from clockpizza.evidence.fourier import attention_pictures, spectrum_2d
from clockpizza.evidence.fourier_norms import fourier_norms, neuron_logit_map, unembedding
from clockpizza.evidence.isolation import isolated_picture
from clockpizza.evidence.neuron_fits import Fit, fit_neurons
from clockpizza.evidence.output_phase import output_phases, strongest_writers
from clockpizza.evidence.probe import Probe, one_thread_an_operation
from clockpizza.evidence.progress_losses import progress_losses
from clockpizza.networks.transformer import ACTIVATIONS
from clockpizza.portrait import SCHEMA, Portrait
from clockpizza.roles import mains, names

NEURONS = 16  # whose pictures are kept
ROLES = ("main", "companion", "idle")

Array = NDArray[Any]


def portrait(
    checkpoint: Checkpoint,
    *,
    triples: Sequence[Triple] | None = None,
    device: str = "cpu",
    tick: Callable[[str], None] = lambda what: None,
) -> Portrait:
    """Everything that is measured of a checkpoint's network.

    Args:
        checkpoint: what `clockpizza.checkpoints.read` returned.
        triples: (a, b, c) at which gradients are shown; the first of the paper's sample if not given.
        device: as torch names them.
        tick: called with a few words as work goes on.

    Raises:
        BadInput: no such device, or a triple that the network has not.
    """
    probe = Probe(checkpoint.network, device=usable_device(device, "float64"), tick=tick)
    halves = {name: principal_components(E) for name, E in probe.halves.items()}
    gradients = component_gradients(probe, halves, triples or default_triples(probe.p))  # what may be asked for wrongly
    result = classify(checkpoint, device=device, tick=tick)
    with one_thread_an_operation():
        return _Sitting(probe, halves, result).portrait(plain(gradients), checkpoint.training_pairs)


class _Sitting:
    """The portrait in the making."""

    def __init__(self, probe: Probe, halves: dict[str, Components], result: Classification):
        self.probe, self.halves, self.result = probe, halves, result
        self.arrays: dict[str, Array] = {}
        self.tables: dict[str, Any] = {}
        self.undefined: dict[str, str] = {}
        self.name = probe.config.describe()

    def portrait(self, gradients: Any, training_pairs: Tensor | None) -> Portrait:
        self.probe.tick("pictures")
        self.tables["component_gradients"] = gradients
        self._circles()
        self._accuracies(training_pairs)
        self._spectra()
        self._attention()
        self._neurons()
        refused = self.result.verdict.refused
        classification = self.result.to_dict()
        document = {
            "schema": SCHEMA,
            "clockpizza": __version__,
            "source": {"path": classification["path"], "format": classification["format"]},
            "network": classification["network"],
            "describe": self.name,
            "solved": refused is None,
            "warnings": [f"{refused}; numbers marked ! mean nothing here"] if refused else [],
            "undefined": self.undefined,
            "classification": classification,
            "tables": plain(self.tables),
        }
        return Portrait(document, self.arrays)

    def _circles(self) -> None:
        probe, found = self.probe, self.result.evidence.circles
        pictures = self.result.evidence.pictures
        self.arrays["correct_logit"] = _half(pictures.correct_logit)
        ordered = sorted(found, key=lambda circle: ROLES.index(circle.role))
        if not ordered:
            why = "not defined: no frequency holds 1 % of the embedding's variance, and none is at work"
            self.undefined |= dict.fromkeys(("circle_frequencies", "circle_scores", "amplitudes"), why)
            return
        self.arrays["circle_frequencies"] = np.array([c.frequency for c in ordered], dtype=np.int32)
        self.arrays["circle_scores"] = np.stack([_half(pictures.scores[c.frequency]) for c in ordered])
        for circle in ordered:
            k = circle.frequency
            picture = isolated_picture(probe, self.halves, k)
            if picture is None:
                self.undefined[f"isolated_{k}"] = (
                    f"not defined for circle {k}: it has no two principal components of its own"
                )
            else:
                self.arrays[f"isolated_{k}"] = _half(picture)
        # Of the main circles, which come first: g(d) in the full logits, and where the law is read.
        waves = {wave.frequency: wave for wave in self.result.evidence.grounds.waves}
        of_main = [waves[circle.frequency] for circle in ordered if circle.role == "main"]
        if not of_main:
            self.undefined["amplitudes"] = f"not defined for {self.name}: it has no main circle"
            return
        self.arrays["amplitudes"] = np.array([wave.amplitude for wave in of_main], dtype=np.float32)
        self.arrays["amplitudes_out"] = np.array([wave.without_both or wave.amplitude for wave in of_main], np.float32)

    def _accuracies(self, training_pairs: Tensor | None) -> None:
        probe = self.probe
        roles = names(mains(self.result.evidence.grounds.waves, probe.p))
        self.tables["accuracy_by_circles"] = accuracy_by_circles(probe, roles)
        self.tables["circle_accuracies"] = circle_accuracies(probe, [c.frequency for c in self.result.evidence.circles])
        main = [k for k, role in roles.items() if role == "main"]
        losses = progress_losses(probe, main, training_pairs)
        if losses is None:
            self.undefined["progress_losses"] = f"not defined for {self.name}: it has no main circle"
        self.tables["progress_losses"] = losses
        self.tables["split_known"] = training_pairs is not None

    def _spectra(self) -> None:
        spectra, found = self.result.evidence.fourier, self.arrays
        found["embedding_spectrum"] = np.array([[0.0, *shares] for shares in spectra.embedding.values()], np.float32)
        found["logit_power"] = np.array(spectra.logits, np.float32)
        both = torch.stack([fourier_norms(E) for E in self.probe.halves.values()])
        found["embedding_norms"] = _single(both.norm(dim=0))
        found["unembedding_norms"] = _single(fourier_norms(unembedding(self.probe)))
        W_L = neuron_logit_map(self.probe)
        if W_L is None:
            self.undefined["neuron_logit_norms"] = f"not defined for {self.name}: {self._between}"
        else:
            found["neuron_logit_norms"] = _single(fourier_norms(W_L))

    @property
    def _between(self) -> str:
        return "another layer stands between first-layer neurons and logits"

    def _attention(self) -> None:
        pictures, rate = attention_pictures(self.probe), self.probe.config.attention_rate
        if pictures is None or not rate:
            linear = isinstance(self.probe.config, LinearConfig)
            why = "it has no attention" if linear else "at attention rate 0 all weights are 1"
            self.undefined |= dict.fromkeys(("attention", "attention_spectrum"), f"not defined for {self.name}: {why}")
            return
        softmax = (pictures - (1 - rate)) / rate
        self.arrays["attention"] = _half(softmax)
        self.arrays["attention_spectrum"] = _single(torch.stack([spectrum_2d(head) for head in softmax]))

    def _neurons(self) -> None:
        probe, W_L = self.probe, neuron_logit_map(self.probe)
        fit = fit_neurons(probe)
        self.arrays["neuron_fits"] = _single(_fit_table(fit))
        chosen = strongest_writers(probe, fit, W_L, NEURONS)
        self.arrays["neurons"] = chosen.cpu().numpy().astype(np.int32)
        h = torch.cat(
            [
                probe.network.neurons(probe.E_a[probe.a[at]], probe.E_b[probe.b[at]])[:, chosen]
                for at in probe.chunks(4096)
            ]
        )
        activations = ACTIVATIONS[probe.config.activation](h)
        self.arrays["neuron_pictures"] = _half(activations.T.reshape(-1, probe.p, probe.p))
        if self.result.evidence.neurons is None:
            self.undefined["neuron_fits"] = f"not defined for {self.name}: no neuron depends on the operands"
        phases = None if W_L is None else output_phases(fit, W_L)
        if phases is None:
            why = self._between if W_L is None else "no neuron writes at the frequency that it reads"
            self.undefined["output_phase"] = f"not defined for {self.name}: {why}"
            return
        self.arrays["neuron_output_phase"] = _single(phases.phase)
        self.arrays["neuron_output_weight"] = _single(phases.weight)
        self.tables["output_phase"] = {"agreement": phases.agreement, "same_frequency": phases.same_frequency}


def _fit_table(fit: Fit) -> Tensor:
    """Frequency, u, v, amplitude (root mean square of A and B) and R^2 of every neuron, (n, 5); R^2 0 of constants."""
    r2 = torch.where(fit.variance > 0, fit.first_order / fit.variance.clamp_min(1e-300), 0)
    amplitude = ((fit.A**2 + fit.B**2) / 2).sqrt()
    return torch.stack([fit.frequency.to(r2.dtype), fit.u, fit.v, amplitude, r2], dim=1)


def _half(values: Tensor) -> Array:
    """As float16, what is too large for it at its largest."""
    largest = float(np.finfo(np.float16).max)
    return values.detach().cpu().numpy().clip(-largest, largest).astype(np.float16)


def _single(values: Tensor) -> Array:
    return values.detach().cpu().numpy().astype(np.float32)
