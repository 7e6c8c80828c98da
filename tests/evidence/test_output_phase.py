"""Output phases of the hand-built networks, whose neurons read at u and write at 2 u."""

from __future__ import annotations

import pytest
import torch

from clockpizza.evidence import Probe
from clockpizza.evidence.fourier_norms import neuron_logit_map
from clockpizza.evidence.neuron_fits import fit_neurons
from clockpizza.evidence.output_phase import OutputPhases, output_phases, strongest_writers
from clockpizza.networks.ideal import ideal


def phases(kind: str, **arguments: object) -> OutputPhases:
    probe = Probe(ideal(kind, **arguments).network)  # type: ignore[arg-type]
    W_L = neuron_logit_map(probe)
    assert W_L is not None
    found = output_phases(fit_neurons(probe), W_L)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", ["pizza", "clock"])
def test_ideal_neurons_write_at_twice_the_phase_that_they_read(kind: str) -> None:
    found = phases(kind)
    assert found.agreement == pytest.approx(1, abs=1e-6)
    assert found.same_frequency == pytest.approx(1)
    assert float(found.weight.sum()) == pytest.approx(1)


def test_neurons_that_write_elsewhere_are_told_apart() -> None:
    probe = Probe(ideal("pizza", p=13, frequencies=[5, 2]).network)
    W_L, fit = neuron_logit_map(probe), fit_neurons(probe)
    assert W_L is not None
    turned, other = output_phases(fit, -W_L), output_phases(fit, W_L[(3 * torch.arange(13)) % 13])
    assert turned is not None and turned.agreement == pytest.approx(-1, abs=1e-6)
    assert other is None or other.same_frequency == pytest.approx(0, abs=1e-6)


def test_constant_neurons_have_no_phase() -> None:
    probe = Probe(ideal("pizza", p=13, frequencies=[5]).network)
    W_L = neuron_logit_map(probe)
    assert W_L is not None
    assert output_phases(fit_neurons(probe), torch.zeros_like(W_L)) is None


def test_the_strongest_writers_vary_and_reach_the_logits() -> None:
    probe = Probe(ideal("pizza").network)
    W_L, fit = neuron_logit_map(probe), fit_neurons(probe)
    assert W_L is not None
    chosen = strongest_writers(probe, fit, W_L, 16)
    assert len(set(chosen.tolist())) == 16
    assert bool((fit.variance[chosen] > 0).all())
    assert bool((W_L[:, chosen].norm(dim=0) > 0).all())
