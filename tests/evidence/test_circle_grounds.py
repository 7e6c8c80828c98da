"""What falls with which plane, and what else explains a network: measured on networks whose truth is known."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from clockpizza.evidence import Probe
from clockpizza.evidence.ablations import Ablations
from clockpizza.evidence.circle_grounds import CircleGrounds, circle_grounds
from clockpizza.evidence.planes import planes, without
from clockpizza.evidence.waves import amplitudes, waves
from clockpizza.networks import Network, Transformer
from clockpizza.networks.ideal import ideal
from clockpizza.roles import mains


def measured(network: Network) -> CircleGrounds:
    probe = Probe(network)
    return circle_grounds(Ablations(probe, waves(probe)), planes(probe))


def of(kind: str, **arguments: Any) -> CircleGrounds:
    return measured(ideal(kind, **arguments).network)


@pytest.mark.parametrize("p", [12, 13, 31])
def test_an_ideal_circles_plane_takes_its_own_wave_and_no_other(p: int) -> None:
    grounds = of("clock", p=p)
    assert len(grounds.waves) == 3
    for wave in grounds.waves:
        others = [wave.left[each.frequency - 1] for each in grounds.waves if each is not wave]
        assert wave.left[wave.frequency - 1] == pytest.approx(0, abs=0.01)
        assert others == pytest.approx([1, 1], abs=0.01)
        assert wave.effect == pytest.approx(wave.written, rel=0.05)
    assert sum(wave.share for wave in grounds.waves) == pytest.approx(1, abs=0.01)
    assert (grounds.kept_accuracy, grounds.kept_share) == (1, pytest.approx(1, abs=1e-4))


@pytest.mark.parametrize("one_hot", [True, False])
@pytest.mark.parametrize("p", [5, 7, 13, 31])
def test_in_a_lookup_table_all_waves_fall_alike_with_any_plane(p: int, one_hot: bool) -> None:
    grounds = of("lookup", p=p, one_hot=one_hot)
    assert [wave.frequency for wave in sorted(grounds.waves, key=lambda w: w.frequency)] == list(range(1, p // 2 + 1))
    for wave in grounds.waves:
        assert max(wave.left) - min(wave.left) < 1e-6
    assert mains(grounds.waves, p) == []


def test_an_ablation_is_what_it_says() -> None:
    network = ideal("pizza", p=13, frequencies=(5, 2), attention_rate=1.0).network
    probe = Probe(network)
    (wave, _) = circle_grounds(Ablations(probe, waves(probe)), planes(probe)).waves
    k = wave.frequency
    twice, half = {5: (3, 4), 2: (4, 1)}[k]

    def amplitude(*out: int) -> Any:
        E = without(probe.E_a, out)
        return pytest.approx(amplitudes(probe, probe.run(E, E, frozen=True))[:, k].tolist(), abs=1e-9)

    assert wave.amplitude == amplitude()
    assert wave.without_double == amplitude(twice)
    assert wave.without_half == amplitude(half)
    assert wave.without_both == amplitude(twice, half)


def test_the_pattern_of_attention_is_frozen_while_planes_are_out(random_network: Any) -> None:
    from clockpizza.config import TransformerConfig

    network = random_network(TransformerConfig(p=7, width=8, heads=2, attention_rate=0.7))
    probe = Probe(network)
    out = Ablations(probe, waves(probe)).out([2])
    E = without(probe.E_a, [2])
    frozen, live = (amplitudes(probe, probe.run(E, E, frozen=each)) for each in (True, False))
    torch.testing.assert_close(out.amplitude, frozen)
    assert float((frozen - live).abs().max()) > 1e-3


@pytest.mark.parametrize("p", [12, 13, 31])
@pytest.mark.parametrize("kind", ["number-line", "idle-circles", "lissajous"])
def test_a_number_line_is_found_by_its_multiplier(kind: str, p: int) -> None:
    line = of(kind, p=p, multiplier=5, offset=1).number_line
    assert line is not None
    assert line.multiplier == 5
    assert (line.with_ramp, line.with_sine < 0.9) == (1, True)


def test_a_ramp_that_holds_everything_has_all_the_variance_and_a_hidden_one_hardly_any() -> None:
    whole, hidden = of("number-line", p=31).number_line, of("idle-circles", p=31).number_line
    assert whole is not None and whole.variance == pytest.approx(1, abs=1e-6)
    assert hidden is not None and hidden.variance < 0.01


def test_round_planes_that_do_nothing_are_idle() -> None:
    assert of("idle-circles", p=31, frequencies=(9, 2)).idle == [2, 9]
    assert of("lissajous", p=31, frequencies=(9, 2)).idle == []  # these are lines
    assert of("lookup", p=31).idle == []  # each does little, all together everything


def test_circles_beside_a_lookup_table_that_does_not_read_them_are_idle() -> None:
    network = ideal("partial-lookup", p=13, lookup_share=0.99).network
    assert isinstance(network, Transformer)
    read_by = network.weights["blocks.0.mlp.b_in"] == 0  # the circles' neurons: those of the table have a bias
    weights = {name: w.clone() for name, w in network.weights.items()}
    weights["blocks.0.mlp.W_in"][read_by] = 0
    grounds = measured(Transformer(network.config, weights))
    assert (grounds.idle, grounds.number_line) == ([1, 3, 4], None)


def test_circles_are_not_asked_for_a_number_line() -> None:
    grounds = of("pizza", p=13)
    assert (grounds.number_line, grounds.idle) == (None, [])


@pytest.mark.parametrize("kind", ["lookup", "partial-lookup"])
def test_a_lookup_table_is_no_number_line(kind: str) -> None:
    assert of(kind, p=31).number_line is None
