"""Symmetries leave every logit where it was, after renaming, on random networks of every variant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.networks import Linear, Network, Transformer, build
from clockpizza.networks.ideal import ideal
from clockpizza.networks.symmetries import (
    change_basis,
    in_bfloat16,
    noisy,
    permute_heads,
    permute_neurons,
    random_basis,
    rename_tokens,
    scale_neurons,
    scaled_planes,
    swap_operands,
)

Make = Callable[[NetworkConfig], Network]
P = 7
BASE: dict[str, Any] = {"p": P, "width": 12, "attention_rate": 0.3}
TRANSFORMERS = {
    "plain": TransformerConfig(**BASE),
    "no attention": TransformerConfig(**{**BASE, "attention_rate": 0.0}),
    "full attention": TransformerConfig(**{**BASE, "attention_rate": 1.0}),
    "two blocks": TransformerConfig(**BASE, layers=2),
    "tanh": TransformerConfig(**BASE, activation="tanh"),
    "gelu": TransformerConfig(**BASE, activation="gelu"),
    "separate": TransformerConfig(**BASE, separate_vocabularies=True),
    "equals": TransformerConfig(**BASE, equals_token=True),
    "equals, separate": TransformerConfig(**BASE, equals_token=True, separate_vocabularies=True),
    "equals, two blocks": TransformerConfig(**BASE, equals_token=True, layers=2),
    "causal": TransformerConfig(**BASE, equals_token=True, causal=True, d_vocab_out=P),
    "causal, two blocks": TransformerConfig(**BASE, equals_token=True, causal=True, layers=2),
    "even p": TransformerConfig(**{**BASE, "p": 8}, heads=3),
}
LINEARS = {model: LinearConfig(model, p=P, hidden=10) for model in ("alpha", "beta", "gamma", "delta", "x")}
ALL: dict[str, NetworkConfig] = {**TRANSFORMERS, **LINEARS}


def logits_of(network: Network) -> Tensor:
    """All logits, (p, p, p) [a, b, c]."""
    p = network.config.p
    E_a, E_b = network.embeddings()
    return network.logits(E_a.repeat_interleave(p, 0), E_b.repeat(p, 1)).view(p, p, p)


def same(found: Tensor, expected: Tensor) -> None:
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12 * max(1.0, float(expected.abs().max())))


@pytest.fixture(params=ALL)
def network(request: pytest.FixtureRequest, random_network: Make) -> Network:
    return random_network(ALL[request.param])


@pytest.fixture(params=TRANSFORMERS)
def transformer(request: pytest.FixtureRequest, random_network: Make) -> Transformer:
    made = random_network(TRANSFORMERS[request.param])
    assert isinstance(made, Transformer)
    return made


@pytest.mark.parametrize("orthogonal", [True, False])
def test_another_basis_of_the_stream_changes_no_logit(network: Network, orthogonal: bool) -> None:
    size = network.config.d_embed if isinstance(network, Linear) else network.config.width
    turned = change_basis(network, random_basis(size, 3, orthogonal=orthogonal))
    assert not torch.allclose(turned.W_E, network.W_E)
    same(logits_of(turned), logits_of(network))


def test_a_rotation_keeps_lengths_and_a_stretch_does_not() -> None:
    for orthogonal in (True, False):
        M = random_basis(6, 1, orthogonal=orthogonal)
        assert torch.allclose(M @ M.T, torch.eye(6, dtype=torch.float64)) == orthogonal


def test_heads_in_another_order_change_no_logit(transformer: Transformer) -> None:
    order = list(range(transformer.config.heads))[::-1]
    for layer in range(transformer.config.layers):
        moved = permute_heads(transformer, order, layer)
        name = f"blocks.{layer}.attn.W_V"
        assert torch.equal(moved.weights[name][0], transformer.weights[name][-1])
        same(logits_of(moved), logits_of(transformer))


def layers_of(network: Network) -> int:
    if isinstance(network, Linear):
        return 2 if network.config.model in ("beta", "gamma") else 1
    return network.config.layers


def test_neurons_in_another_order_change_no_logit(network: Network) -> None:
    for layer in range(layers_of(network)):
        size = network.config.hidden if isinstance(network, Linear) else network.config.d_mlp
        order = torch.randperm(size, generator=torch.Generator().manual_seed(1)).tolist()
        same(logits_of(permute_neurons(network, order, layer)), logits_of(network))


def test_relu_neurons_can_be_scaled(network: Network) -> None:
    size = network.config.hidden if isinstance(network, Linear) else network.config.d_mlp
    factors = torch.linspace(0.3, 4, size, dtype=torch.float64)
    for layer in range(layers_of(network)):
        if network.config.activation == "relu":
            scaled = scale_neurons(network, factors, layer)
            assert all(w.dtype == torch.float64 for w in scaled.weights.values())
            same(logits_of(scaled), logits_of(network))
            with pytest.raises(BadInput, match=r"^a neuron cannot be scaled by -1.0: with relu it must be above 0$"):
                scale_neurons(network, -1.0, layer)
        else:
            with pytest.raises(BadInput, match=r"^a neuron cannot be scaled by 0\.3.*it must be 1"):
                scale_neurons(network, factors, layer)


def test_a_tanh_neuron_can_change_its_sign(random_network: Make) -> None:
    network = random_network(TRANSFORMERS["tanh"])
    same(logits_of(scale_neurons(network, -1.0)), logits_of(network))


@pytest.mark.parametrize(("u", "v"), [(3, 0), (-1, 0), (1, 2), (5, 6), (3, -20)])
def test_tokens_can_be_renamed(network: Network, u: int, v: int) -> None:
    p, separate = network.config.p, network.config.separate_vocabularies
    v_b = v + 3 if separate else v
    old, new = logits_of(network), logits_of(rename_tokens(network, u, v, v_b))
    for a in range(p):
        for b in range(p):
            for c in range(p):
                expected = old[(u * a + v) % p, (u * b + v_b) % p, (u * c + v + v_b) % p]
                assert float(new[a, b, c]) == pytest.approx(float(expected), abs=1e-12)


def test_renaming_keeps_answers_right() -> None:
    network = rename_tokens(ideal("clock", p=13).network, 5, 3)
    answers = logits_of(network).argmax(-1)
    assert torch.equal(answers, (torch.arange(13)[:, None] + torch.arange(13)) % 13)


@pytest.mark.parametrize(
    "name", ["no attention", "equals", "equals, separate", "equals, two blocks", "causal", *LINEARS]
)
def test_operands_can_be_swapped(name: str, random_network: Make) -> None:
    network = random_network(ALL[name])
    same(logits_of(swap_operands(network)), logits_of(network).transpose(0, 1))


@pytest.mark.parametrize("kept", ["W_Q", "W_K"])
@pytest.mark.parametrize("separate", [True, False])
def test_operands_can_be_swapped_under_uniform_attention(kept: str, separate: bool, random_network: Make) -> None:
    network = random_network(TransformerConfig(**BASE, separate_vocabularies=separate))
    assert isinstance(network, Transformer)
    name = f"blocks.0.attn.{kept}"
    network = Transformer(network.config, {**network.weights, name: 0 * network.weights[name]})
    same(logits_of(swap_operands(network)), logits_of(network).transpose(0, 1))


def test_an_ideal_network_can_be_swapped_though_its_heads_are_narrower_than_its_stream() -> None:
    for kind in ("clock", "pizza"):
        network = ideal(kind, p=13, width=98, attention_rate=0.3).network
        network = build(network.config, {name: w.double() for name, w in network.weights.items()})
        same(logits_of(swap_operands(network)), logits_of(network).transpose(0, 1))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("plain", "operands cannot be swapped where operand b's query decides on attention"),
        ("two blocks", "operands cannot be swapped in several blocks without an equals token"),
        (
            "causal, two blocks",
            "operand a cannot see operand b in a causal network of several blocks: no swap of operands",
        ),
    ],
)
def test_a_swap_that_the_network_cannot_express_is_refused(name: str, words: str, random_network: Make) -> None:
    with pytest.raises(BadInput) as refusal:
        swap_operands(random_network(ALL[name]))
    assert str(refusal.value) == words


def test_heads_too_narrow_for_a_swap_are_told(random_network: Make) -> None:
    network = random_network(TransformerConfig(p=13, width=15, heads=4, attention_rate=0.0))
    with pytest.raises(BadInput, match=r"^operands cannot be swapped: it takes 15 directions .* the heads have 12$"):
        swap_operands(network)


def test_what_is_no_symmetry_is_refused(random_network: Make) -> None:
    network = random_network(TRANSFORMERS["plain"])
    assert isinstance(network, Transformer)
    for attempt, words in (
        (lambda: change_basis(network, torch.eye(3)), r"^the matrix is \(3, 3\); .* is \(12, 12\)$"),
        (lambda: change_basis(network, torch.zeros(12, 12)), "^the matrix has no inverse"),
        (lambda: permute_heads(network, [0, 0, 1, 2]), "^the order of heads must name each of 0 to 3 once$"),
        (lambda: permute_neurons(network, [0]), "^the order of neurons must name each of 0 to 47 once$"),
        (lambda: permute_heads(network, [0, 1, 2, 3], 1), "^there is no layer 1; this network has 1"),
        (lambda: rename_tokens(network, 14), r"^14 has no inverse modulo 7: tokens cannot be renamed t -> 14 t \+ 0$"),
        (
            lambda: rename_tokens(network, 1, 2, 3),
            "^operands that share tokens share their shift: v_b is 3, and v is 2",
        ),
        (lambda: scaled_planes(network, {4: 1.0}), "^frequency 4 is not between 0 and 3$"),
    ):
        with pytest.raises(BadInput, match=words):
            attempt()


def test_planes_are_scaled_each_by_its_own_factor(network: Network) -> None:
    factors = {0: 2.0, 1: 0.5, network.config.p // 2: 3.0}
    scaled = scaled_planes(network, factors)
    for old, new in zip(network.embeddings(), scaled.embeddings(), strict=True):
        before, after = torch.fft.rfft(old, dim=0), torch.fft.rfft(new, dim=0)
        for k in range(network.config.p // 2 + 1):
            torch.testing.assert_close(after[k], factors.get(k, 1.0) * before[k], rtol=0, atol=1e-12)
    kept = [name for name in network.weights if "embed" not in name or name.startswith(("pos", "unembed"))]
    assert all(torch.equal(scaled.weights[name], network.weights[name]) for name in kept)


def test_random_factors_follow_from_their_generator(network: Network) -> None:
    first, again = (scaled_planes(network, torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(first.W_E, again.W_E)
    assert not torch.allclose(first.W_E, network.W_E)
    none = scaled_planes(network, torch.Generator().manual_seed(4), sd=0.0)
    torch.testing.assert_close(none.W_E, network.W_E, rtol=0, atol=1e-12)


def test_the_equals_token_is_no_part_of_a_plane(random_network: Make) -> None:
    network = random_network(TRANSFORMERS["equals"])
    assert torch.equal(scaled_planes(network, {1: 2.0}).W_E[P], network.W_E[P])


def test_noise_is_relative_to_each_matrix(network: Network) -> None:
    disturbed, again = (noisy(network, 0.01, seed=5) for _ in range(2))
    for name, w in network.weights.items():
        assert torch.equal(disturbed.weights[name], again.weights[name])
        added = (disturbed.weights[name] - w).square().mean().sqrt() / w.square().mean().sqrt()
        assert 0.003 < float(added) < 0.03
    assert torch.equal(noisy(network, 0.0).W_E, network.W_E)


def test_half_precision_keeps_eight_bits(network: Network) -> None:
    rounded = in_bfloat16(network)
    for name, w in network.weights.items():
        assert rounded.weights[name].dtype == w.dtype
        torch.testing.assert_close(rounded.weights[name], w, rtol=2**-8, atol=0)
        assert torch.equal(rounded.weights[name], rounded.weights[name].bfloat16().double())
