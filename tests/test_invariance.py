"""What a verdict must not depend on: how the weights are written down, tokens' names, and small disturbances."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from clockpizza.checkpoints import read
from clockpizza.evidence import gather
from clockpizza.networks import Network, Transformer, build
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
from clockpizza.verdict import Verdict, judge

IDEALS: dict[str, tuple[str, dict[str, Any]]] = {
    "pizza": ("pizza", {"tied": True}),
    "clock": ("clock", {"attention_rate": 1.0}),
    "blend": ("blend", {"pizza_share": 0.35}),
    "turned pizza": ("pizza", {"turn": 1.5707963267948966}),
    "two vocabularies": ("blend", {"pizza_share": 0.6, "separate_vocabularies": True, "b_turn": 0.8}),
    "wide": ("wide", {"pizza_share": 0.2}),
    "number line": ("number-line", {"multiplier": 5, "offset": 3}),
    "idle circles": ("idle-circles", {}),
    "lookup": ("lookup", {}),
    "partial lookup": ("partial-lookup", {"on_circles": True}),
}


@functools.cache
def network(name: str) -> Network:
    kind, arguments = IDEALS[name]
    small = ideal(kind, p=13, **arguments).network
    return build(small.config, {key: w.double() for key, w in small.weights.items()})


@functools.cache
def verdict(name: str) -> Verdict:
    return judge(gather(network(name)).grounds)


def same(before: Verdict, changed: Network, *, within: float) -> Verdict:
    after = judge(gather(changed).grounds)
    assert (after.name, after.certainty, after.kind) == (before.name, before.certainty, before.kind)
    assert before.shares is not None and after.shares is not None
    assert asdict(after.shares) == pytest.approx(asdict(before.shares), abs=within)
    return after


def skewed(size: int, condition: float, seed: int = 0) -> torch.Tensor:
    """A matrix of that condition number: (size, size)."""
    stretch = torch.linspace(1, condition, size, dtype=torch.float64)
    return random_basis(size, seed) @ torch.diag(stretch) @ random_basis(size, seed + 1)


def stream(of: Network) -> int:
    return of.config.width if isinstance(of, Transformer) else of.W_E.shape[1]


@pytest.mark.parametrize("condition", [1.0, 1.06, 1.75, 2.0])
@pytest.mark.parametrize("name", IDEALS)
def test_another_basis_of_the_residual_stream_changes_nothing(name: str, condition: float) -> None:
    turned = change_basis(network(name), skewed(stream(network(name)), condition))
    after = same(verdict(name), turned, within=1e-6)
    assert {c.frequency for c in after.circles} == {c.frequency for c in verdict(name).circles}


@pytest.mark.parametrize("name", IDEALS)
def test_nor_does_the_order_of_neurons_and_heads_nor_their_scale(name: str) -> None:
    before = network(name)
    neurons = next(len(w) for key, w in before.weights.items() if key in ("blocks.0.mlp.W_in", "l1.weight"))
    order = torch.randperm(neurons, generator=torch.Generator().manual_seed(1)).tolist()
    same(verdict(name), permute_neurons(before, order), within=1e-9)
    factors = 2.0 ** torch.linspace(-2, 2, neurons, dtype=torch.float64)
    same(verdict(name), scale_neurons(before, factors), within=1e-9)
    if isinstance(before, Transformer):
        same(verdict(name), permute_heads(before, [2, 0, 3, 1]), within=1e-9)
        same(
            verdict(name), change_basis(before, 3.0 * torch.eye(before.config.width, dtype=torch.float64)), within=1e-9
        )


@pytest.mark.parametrize(("u", "v"), [(1, 4), (5, 0), (7, 2), (12, 1)])
@pytest.mark.parametrize("name", IDEALS)
def test_other_names_of_tokens_permute_the_frequencies(name: str, u: int, v: int) -> None:
    after = same(verdict(name), rename_tokens(network(name), u, v), within=1e-9)

    def renamed(k: int) -> set[int]:
        return {min(f * k % 13, -f * k % 13) for f in (u, pow(u, -1, 13))}

    assert all(any(renamed(c.frequency) & {each.frequency} for each in after.circles) for c in verdict(name).circles)


@pytest.mark.parametrize("name", ["wide", "two vocabularies", "pizza", "number line"])
def test_operands_may_be_swapped(name: str) -> None:
    same(verdict(name), swap_operands(network(name)), within=1e-6)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", [name for name in IDEALS if "line" not in name and name != "idle circles"])
def test_small_scalings_of_planes_change_no_name_and_hardly_a_share(name: str, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    same(verdict(name), scaled_planes(network(name), generator, 0.03), within=0.02)


@pytest.mark.parametrize("name", ["number line", "idle circles"])
def test_a_number_line_is_one_ramp_whose_planes_scale_together(name: str) -> None:
    """Independent scalings bend the ramp: of 3 %, to wrong answers. Together they are a change of basis."""
    same(verdict(name), scaled_planes(network(name), {k: 1.03 for k in range(1, 7)}), within=0.02)


@pytest.mark.parametrize("name", IDEALS)
def test_rounding_and_noise_change_no_name_and_no_certainty(name: str) -> None:
    same(verdict(name), noisy(network(name), 1e-4, seed=3), within=0.02)
    same(verdict(name), in_bfloat16(network(name)), within=0.02)


# ---- trained networks -----------------------------------------------------------------------------------------------

AUTHORS = ("p99zdpze5l", "l8k1hzciux", "2k4ohj6bhd", "18c9ev5v5p", "dy65ktpiij", "qlvxqhkvit")


@functools.cache
def published_network(name: str) -> Network:
    folder = os.environ.get("CLOCKPIZZA_REFERENCE")
    if not folder:
        pytest.skip("CLOCKPIZZA_REFERENCE does not name the folder of published networks")
    found = read(Path(folder) / "networks" / f"model_{name}.pt").network
    return build(found.config, {key: w.double() for key, w in found.weights.items()})


@functools.cache
def published_verdict(name: str) -> Verdict:
    return judge(gather(published_network(name)).grounds)


@pytest.mark.slow
@pytest.mark.parametrize("name", AUTHORS)
def test_trained_networks_in_another_basis_are_the_same(name: str) -> None:
    before = published_network(name)
    same(published_verdict(name), change_basis(before, skewed(stream(before), 2.0)), within=1e-6)


Disturb = Callable[[Network], Network]


@pytest.mark.slow
@pytest.mark.parametrize("name", AUTHORS)
@pytest.mark.parametrize(
    "disturb",
    [
        lambda n: scaled_planes(n, torch.Generator().manual_seed(1), 0.03),
        lambda n: noisy(n, 1e-4, seed=1),
        in_bfloat16,
    ],
    ids=["scaled planes", "noise", "bfloat16"],
)
def test_trained_networks_bear_small_disturbances(name: str, disturb: Disturb) -> None:
    same(published_verdict(name), disturb(published_network(name)), within=0.02)
