"""Fourier planes of an embedding: how large and round, and the embedding without them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from clockpizza.evidence import Probe
from clockpizza.evidence.planes import only, planes, without

Embedded = Callable[..., Probe]
Waves = Callable[..., Tensor]
Turned = Callable[[Tensor], Tensor]


def test_variance_and_roundness_are_those_of_the_ellipses(embedded: Embedded, waves: Waves, turned: Turned) -> None:
    E = torch.cat([2 * waves(13, 5), waves(13, 2, axes=(1.0, 0.4)), 0.05 * waves(13, 1)], dim=1)
    found = planes(embedded(turned(E)))
    total = 8 + 1.16 + 2 * 0.05**2
    assert (found.variance[5], found.variance[2]) == (pytest.approx(8 / total), pytest.approx(1.16 / total))
    assert (found.roundness[5], found.roundness[2]) == (pytest.approx(1), pytest.approx(0.4))
    assert sum(found.variance) == pytest.approx(1)


def test_half_of_an_even_modulus_is_as_round_as_it_can_be(embedded: Embedded, waves: Waves) -> None:
    found = planes(embedded(torch.cat([2 * waves(12, 1), waves(12, 6)[:, :1]], dim=1)))
    assert (found.roundness[6], found.variance[6]) == (1, pytest.approx(1 / 5))


def test_of_two_vocabularies_the_less_round_half_counts(embedded: Embedded, waves: Waves) -> None:
    found = planes(embedded(waves(13, 5), waves(13, 5, axes=(1.0, 0.6)).roll(2, 0)))
    assert found.roundness[5] == pytest.approx(0.6)


@pytest.mark.parametrize("p", [12, 13])
def test_planes_are_taken_out_and_everything_else_stays(p: int, waves: Waves, turned: Turned) -> None:
    both, rest = torch.cat([waves(p, 5), 2 * waves(p, 1)], 1), torch.cat([0 * waves(p, 5), 2 * waves(p, 1)], 1)
    torch.testing.assert_close(without(turned(both), [5]), turned(rest))
    torch.testing.assert_close(without(turned(both), []), turned(both))


@pytest.mark.parametrize("p", [10, 11])
def test_keeping_frequencies_keeps_the_mean_and_these_alone(p: int) -> None:
    E = torch.randn(p, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    kept, whole = (torch.fft.rfft(each, dim=0) for each in (only(E, [2, p // 2]), E))
    assert torch.allclose(kept[[0, 2, p // 2]], whole[[0, 2, p // 2]])
    assert float(kept[[1, 3, 4]].abs().max()) < 1e-12
    assert torch.allclose(only(E, range(1, p // 2 + 1)), E)


def test_taking_out_is_the_same_in_every_basis(waves: Waves) -> None:
    E = torch.cat([waves(13, 5), waves(13, 2, axes=(1.0, 0.3))], dim=1)
    M = torch.randn(4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    torch.testing.assert_close(without(E @ M, [5]), without(E, [5]) @ M)
