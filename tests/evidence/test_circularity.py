"""Circularity of perfect circles, of lines, of noise, of two vocabularies and of circles that a PCA has mixed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from clockpizza.evidence import Probe
from clockpizza.evidence.circularity import Circularity, circularity
from clockpizza.evidence.components import principal_components

Embedded = Callable[..., Probe]
Waves = Callable[..., Tensor]
Turned = Callable[[Tensor], Tensor]


def measured(probe: Probe) -> Circularity:
    return circularity(probe, {name: principal_components(E) for name, E in probe.halves.items()})


@pytest.mark.parametrize("p", [12, 13, 15])
def test_perfect_circles_are_circular(p: int, embedded: Embedded, waves: Waves, turned: Turned) -> None:
    found = measured(embedded(turned(torch.cat([2 * waves(p, 5), waves(p, 2)], dim=1))))
    assert found.authors == pytest.approx(1)
    assert found.by_half == {"ab": pytest.approx(1)}
    assert (found.paper, found.by_circle, found.by_circle_least) == (pytest.approx(1),) * 3
    assert found.components == 4


def test_noise_is_not(embedded: Embedded) -> None:
    E = torch.randn(59, 64, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = measured(embedded(E))
    assert found.authors < 0.4
    assert found.by_circle < 0.4
    assert found.by_circle_least <= found.by_circle


def test_it_is_the_mean_share_of_the_strongest_frequency_over_four_components(embedded: Embedded, waves: Waves) -> None:
    """Components 3 and 4 are each three quarters one wave and one quarter another."""
    mixed = 0.75**0.5 * waves(13, 1) + 0.25**0.5 * waves(13, 6)
    E = torch.cat([3 * waves(13, 4), mixed * torch.tensor([1.0, 0.7])], dim=1)
    found = measured(embedded(E))
    assert found.authors == found.paper == pytest.approx((1 + 1 + 0.75 + 0.75) / 4)
    assert found.by_circle_least == pytest.approx(0.75)


def test_it_cannot_tell_lines_from_circles(embedded: Embedded, waves: Waves) -> None:
    lines = torch.stack([waves(13, k)[:, 0] * 0.8**k for k in (1, 2, 3, 4)], dim=1)
    assert measured(embedded(lines)).paper == pytest.approx(1)  # which is why circles have a roundness


def test_fifth_and_later_components_count_for_every_component_alone(embedded: Embedded, waves: Waves) -> None:
    rest = (waves(13, 1)[:, :1] + waves(13, 5)[:, :1]) / 2
    found = measured(embedded(torch.cat([3 * waves(13, 4), 2 * waves(13, 2), rest], dim=1)))
    assert found.paper == pytest.approx(1)
    assert (found.by_circle_least, found.components) == (pytest.approx(0.5), 5)
    assert found.by_circle == pytest.approx(4.5 / 5)


def test_separate_vocabularies_are_capped_by_the_authors_rule_and_judged_by_halves(
    embedded: Embedded, waves: Waves
) -> None:
    E_a = torch.cat([3 * waves(13, 4), 2 * waves(13, 2)], dim=1)
    found = measured(embedded(E_a, E_a.roll(3, 0)))
    assert found.authors == pytest.approx(0.5)
    assert found.by_half == {"a": pytest.approx(1), "b": pytest.approx(1)}
    assert found.paper == pytest.approx(1) and found.components == 8


def test_the_worse_half_counts(embedded: Embedded, waves: Waves) -> None:
    E = torch.cat([3 * waves(13, 4), 2 * waves(13, 2)], dim=1)
    noise = torch.randn(13, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = measured(embedded(E, noise))
    assert found.paper == found.by_half["b"] < found.by_half["a"]


def test_circles_of_one_size_that_a_pca_has_mixed_are_found_in_their_span(embedded: Embedded, waves: Waves) -> None:
    four, two = waves(13, 4).T, waves(13, 2).T
    mixtures = [four[0] + two[0], four[0] - two[0], four[1] + two[1], four[1] - two[1]]
    sizes = [1.006, 1.004, 1.002, 1.0]  # so that the components are these mixtures and no others
    found = measured(embedded(torch.stack([size * v for size, v in zip(sizes, mixtures, strict=True)], dim=1)))
    assert found.paper == pytest.approx(0.5)
    assert (found.by_circle, found.by_circle_least) == (pytest.approx(1), pytest.approx(1))


def test_mixtures_of_different_sizes_are_what_they_look_like(embedded: Embedded, waves: Waves) -> None:
    four, two = waves(13, 4).T, waves(13, 2).T
    found = measured(embedded(torch.stack([2 * (four[0] + two[0]), four[0] - two[0]], dim=1)))
    assert found.paper == pytest.approx(0.5)
    assert found.by_circle_least == pytest.approx(0.5)


def test_the_alternating_wave_of_an_even_modulus_is_a_circle_of_one_direction(embedded: Embedded, waves: Waves) -> None:
    found = measured(embedded(torch.cat([2 * waves(12, 6)[:, :1], waves(12, 1)], dim=1)))
    assert (found.paper, found.by_circle_least) == (pytest.approx(1), pytest.approx(1))
    assert found.components == 3
