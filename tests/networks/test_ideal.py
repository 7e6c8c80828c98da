"""Networks built by hand solve the task, by the algorithm that they promise."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from clockpizza.errors import BadInput
from clockpizza.networks import Network
from clockpizza.networks.ideal import GAIN, KINDS, default_frequencies, ideal


def share_of(kind: str) -> dict[str, Any]:
    """What a kind needs to be told."""
    return {"pizza_share": 0.5} if kind == "blend" else {}


def logits_of(network: Network) -> Tensor:
    """All logits, (p, p, p) [a, b, c]."""
    p = network.config.p
    E_a, E_b = network.embeddings()
    return network.logits(E_a.repeat_interleave(p, 0), E_b.repeat(p, 1)).double().view(p, p, p)


def right(network: Network) -> Tensor:
    """Which pairs are answered rightly, (p, p)."""
    p = network.config.p
    answer = (torch.arange(p)[:, None] + torch.arange(p)) % p
    return logits_of(network).argmax(-1) == answer


def wave_by_difference(network: Network, k: int) -> list[float]:
    """Mean coefficient of cos(w (a + b - c)) for each a - b, one pair and logit at a time."""
    p, logits = network.config.p, logits_of(network).tolist()
    waves = [math.cos(2 * math.pi * k * t / p) for t in range(p)]
    totals = [0.0] * p
    for a in range(p):
        for b in range(p):
            totals[(a - b) % p] += sum(logits[a][b][c] * waves[(a + b - c) % p] for c in range(p)) * 2 / p / p
    return totals


def blind_spots(p: int, k: int) -> list[float]:
    """|cos(w d / 2)| for every difference d."""
    return [abs(math.cos(math.pi * k * d / p)) for d in range(p)]


@pytest.mark.parametrize("p", [3, 5, 7, 12, 13, 15, 30, 31, 59])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_solves_the_task_whatever_the_modulus(kind: str, p: int) -> None:
    network = ideal(kind, p=p, **share_of(kind)).network
    assert right(network).all()
    assert all(weight.dtype == torch.float32 for weight in network.weights.values())


@pytest.mark.parametrize("p", [7, 13, 15, 31])
def test_on_an_odd_modulus_a_pizza_needs_no_companions(p: int) -> None:
    assert right(ideal("pizza", p=p, companions=False).network).all()


def test_on_an_even_modulus_a_pizza_without_companions_cannot_tell_two_answers_half_a_turn_apart() -> None:
    """At a - b = p/2 circles of odd k write nothing, and those of even k write the same for c and c + p/2."""
    logits = logits_of(ideal("pizza", p=12, frequencies=[3, 1, 2], companions=False).network)
    opposite = logits[torch.arange(12), (torch.arange(12) + 6) % 12]  # (p, c)
    torch.testing.assert_close(opposite, opposite.roll(6, 1), rtol=0, atol=1e-4 * GAIN)
    assert right(ideal("pizza", p=12, frequencies=[3, 1, 2]).network).all()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "wide"])
def test_the_attention_rate_scales_uniform_attention_and_is_made_up_for(kind: str) -> None:
    without = logits_of(ideal(kind, p=7, attention_rate=0.0, **share_of(kind)).network)
    for rate in (0.3, 1.0):
        network = ideal(kind, p=7, attention_rate=rate, **share_of(kind)).network
        torch.testing.assert_close(logits_of(network), without, rtol=1e-4, atol=1e-3)


def test_a_clocks_waves_are_as_large_whatever_the_difference() -> None:
    network = ideal("clock", p=13, frequencies=[2, 5]).network
    for k in (2, 5):
        assert wave_by_difference(network, k) == pytest.approx(
            [GAIN] * 13, rel=0.03
        )  # harmonics of a handful of phases
    assert wave_by_difference(network, 3) == pytest.approx([0] * 13, abs=0.01 * GAIN)


def test_a_pizzas_waves_fade_where_its_vectors_cancel() -> None:
    network = ideal("pizza", p=13, frequencies=[2, 5], companions=False).network
    for k in (2, 5):
        cosine = blind_spots(13, k)
        peak = GAIN / (sum(cosine) / 13)
        assert wave_by_difference(network, k) == pytest.approx([peak * each for each in cosine], abs=0.02 * GAIN)


def test_a_companion_takes_twice_the_cosine_of_the_difference_off() -> None:
    alone = ideal("pizza", p=13, frequencies=[2], companions=False).network
    together = ideal("pizza", p=13, frequencies=[2], companions=True).network
    added = [x - y for x, y in zip(wave_by_difference(together, 2), wave_by_difference(alone, 2), strict=True)]
    peak = -added[0]
    assert peak > 0
    assert added == pytest.approx([-peak * math.cos(2 * math.pi * 2 * d / 13) for d in range(13)], abs=0.01 * peak)
    spread = [max(g) - min(g) for g in (wave_by_difference(together, 2), wave_by_difference(alone, 2))]
    assert spread[0] < 0.4 * spread[1]


def test_a_circle_at_a_third_of_p_would_be_its_own_companion_and_goes_without() -> None:
    network = ideal("pizza", p=15, frequencies=[5, 1]).network
    spectrum = torch.fft.rfft(network.W_E, dim=0).abs().sum(1)
    assert {k for k in range(1, 8) if spectrum[k] > 1e-3} == {1, 2, 5}
    cosine = blind_spots(15, 5)
    expected = [GAIN * each / (sum(cosine) / 15) for each in cosine]
    assert wave_by_difference(network, 5) == pytest.approx(expected, abs=0.03 * GAIN)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_a_blends_mean_amplitude_is_the_pizzas_by_its_share(share: float) -> None:
    network = ideal("blend", p=13, frequencies=[3], pizza_share=share, companions=False).network
    cosine, mean = blind_spots(13, 3), sum(blind_spots(13, 3)) / 13
    expected = [GAIN * ((1 - share) + share * each / mean) for each in cosine]
    assert wave_by_difference(network, 3) == pytest.approx(expected, abs=0.03 * GAIN)


def test_a_blend_of_none_is_a_clock_and_a_blend_of_all_a_pizza() -> None:
    for share, kind in ((0.0, "clock"), (1.0, "pizza")):
        blend = ideal("blend", p=13, pizza_share=share).network
        pure = ideal(kind, p=13).network
        assert torch.equal(logits_of(blend), logits_of(pure))


def test_a_lissajous_embedding_has_one_direction_a_frequency() -> None:
    network = ideal("lissajous", p=13, frequencies=[2, 5]).network
    spectrum = torch.fft.rfft(network.W_E, dim=0)
    for k in (2, 5):
        long, short = torch.linalg.svdvals(torch.stack([spectrum[k].real, spectrum[k].imag]))
        assert short < 0.05 * long


def test_a_memoriser_knows_the_pairs_it_was_shown_and_no_others() -> None:
    made = ideal("memoriser", p=13, train_fraction=0.8)
    assert made.training_pairs is not None
    assert len(made.training_pairs.unique()) == len(made.training_pairs) == round(0.8 * 169)
    known = right(made.network).flatten()
    seen = torch.zeros_like(known)
    seen[made.training_pairs] = True
    assert known[seen].all()
    assert known[~seen].float().mean() < 0.3
    unseen = logits_of(made.network).view(169, 13)[~seen]
    assert (unseen == 0).all()  # no neuron of another pair ever fires


def test_a_memorisers_pairs_and_weights_follow_from_its_seed() -> None:
    first, again, other = (ideal("memoriser", p=7, train_fraction=0.5, seed=seed) for seed in (3, 3, 4))
    assert first.training_pairs is not None and again.training_pairs is not None and other.training_pairs is not None
    assert torch.equal(first.training_pairs, again.training_pairs)
    assert all(torch.equal(w, again.network.weights[name]) for name, w in first.network.weights.items())
    assert not torch.equal(first.training_pairs, other.training_pairs)


def test_the_split_is_told_only_where_there_is_one() -> None:
    assert ideal("memoriser", p=7).training_pairs is None
    assert ideal("pizza", p=7).training_pairs is None


def test_three_frequencies_are_chosen_and_model_as_at_p_59() -> None:
    assert default_frequencies(59) == [17, 3, 15]
    for p in range(3, 130):
        chosen = default_frequencies(p)
        assert len(set(chosen)) == len(chosen) == min(3, (p - 1) // 2)
        assert all(1 <= k <= p // 2 for k in chosen)


def test_a_network_that_needs_more_room_than_it_is_given_is_made_larger_or_refused() -> None:
    assert ideal("memoriser", p=31, width=32).network.config.width == 93
    with pytest.raises(BadInput, match=r"^width 16 .*needs"):
        ideal("clock", p=13, width=16)
    with pytest.raises(BadInput, match=r"^width 8 is too small for this network"):
        ideal("pizza", p=13, width=8)
