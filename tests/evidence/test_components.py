"""Principal components of embeddings made of known waves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from clockpizza.evidence.components import frequency_shares, principal_components

Waves = Callable[..., Tensor]
Turned = Callable[[Tensor], Tensor]


@pytest.mark.parametrize("p", [12, 13, 15])
def test_circles_come_out_in_pairs_largest_first_with_their_frequencies(p: int, waves: Waves, turned: Turned) -> None:
    E = turned(torch.cat([2 * waves(p, 5), 3 * waves(p, 1), waves(p, 4)], dim=1))
    found = principal_components(E)
    assert found.frequency[:6] == [1, 1, 5, 5, 4, 4]
    assert found.purity[:6] == pytest.approx([1] * 6)
    assert found.variance[:6].tolist() == pytest.approx([9 / 28, 9 / 28, 4 / 28, 4 / 28, 1 / 28, 1 / 28])
    assert found.large == 6
    assert [found.of_frequency(k) for k in (1, 5, 4, 3)] == [[0, 1], [2, 3], [4, 5], []]


def test_components_below_a_hundredth_of_the_variance_are_not_looked_at(waves: Waves) -> None:
    E = torch.cat([waves(13, 5), 0.09 * waves(13, 2)], dim=1)  # 0.8 %
    found = principal_components(E)
    assert (found.large, found.of_frequency(2)) == (2, [])
    assert principal_components(torch.cat([waves(13, 5), 0.15 * waves(13, 2)], dim=1)).of_frequency(2) == [2, 3]


def test_keeping_a_circle_gives_that_circle_about_the_mean(waves: Waves, turned: Turned) -> None:
    large, small = torch.cat([2 * waves(13, 5), 0 * waves(13, 1)], 1), torch.cat([0 * waves(13, 5), waves(13, 1)], 1)
    E = turned(large + small)
    found = principal_components(E)
    torch.testing.assert_close(found.keep([0, 1]), turned(large))
    torch.testing.assert_close(found.remove(E, [0, 1]), turned(small))
    torch.testing.assert_close(found.keep([]), E.mean(0).expand_as(E))


def test_all_components_together_are_the_embedding() -> None:
    E = torch.randn(9, 20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = principal_components(E)
    torch.testing.assert_close(found.keep(list(range(9))), E)
    torch.testing.assert_close(found.tokens.T @ found.tokens, torch.eye(9, dtype=torch.float64))
    assert float(found.variance.sum()) == pytest.approx(1)


@pytest.mark.parametrize("p", [12, 13])
def test_power_is_shared_out_completely_the_half_frequency_included(p: int) -> None:
    vectors = torch.randn(p, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    vectors = torch.nn.functional.normalize(vectors - vectors.mean(0), dim=0)
    assert frequency_shares(vectors).sum(0).tolist() == pytest.approx([1] * 4)
    if p == 12:
        alternating = (-1.0) ** torch.arange(12, dtype=torch.float64)[:, None] / 12**0.5
        assert frequency_shares(alternating)[:, 0].tolist() == pytest.approx([0] * 5 + [1])


def test_an_embedding_that_says_nothing_has_no_components() -> None:
    found = principal_components(torch.ones(7, 3, dtype=torch.float64))
    assert (found.large, found.of_frequency(1)) == (0, [])
