"""Distance irrelevance on logits built to depend on the sum, on the difference, or on both."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from clockpizza.evidence import Probe
from clockpizza.evidence.distance_irrelevance import distance_irrelevance

Answering = Callable[[Tensor], Probe]


def correct_logits(p: int, law: Callable[[int, int], float], base: float = 0.0) -> Tensor:
    """law(a + b, a - b) on the answer, `base` on everything else."""
    logits = torch.full((p, p, p), base, dtype=torch.float64)
    for a in range(p):
        for b in range(p):
            logits[a, b, (a + b) % p] = law((a + b) % p, (a - b) % p)
    return logits


def wave(k: int, t: int, p: int) -> float:
    return math.cos(2 * math.pi * k * t / p)


@pytest.mark.parametrize("p", [12, 13, 15])
def test_it_is_1_where_the_difference_does_not_matter_and_0_where_nothing_else_does(
    p: int, answering: Answering
) -> None:
    by_sum = distance_irrelevance(answering(correct_logits(p, lambda s, d: wave(1, s, p))))
    assert by_sum.correct == pytest.approx(1)
    by_difference = distance_irrelevance(answering(correct_logits(p, lambda s, d: wave(1, d, p))))
    assert by_difference.correct == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("p", [12, 13])
@pytest.mark.parametrize(("by_sum", "by_difference"), [(3, 4), (1, 1), (12, 5)])
def test_independent_parts_count_by_their_standard_deviations(
    by_sum: int, by_difference: int, p: int, answering: Answering
) -> None:
    law = correct_logits(p, lambda s, d: by_sum * wave(1, s, p) + by_difference * wave(2, d, p))
    expected = by_sum / math.hypot(by_sum, by_difference)
    assert distance_irrelevance(answering(law)).correct == pytest.approx(expected)


def test_spread_within_a_difference_is_averaged_as_a_standard_deviation_and_not_as_a_variance(
    answering: Answering,
) -> None:
    """L = g(d) cos(w s): std over s is |g| / sqrt 2, and std of all is sqrt(mean g^2 / 2)."""
    g = [abs(wave(1, d, 26)) for d in range(13)]
    found = distance_irrelevance(answering(correct_logits(13, lambda s, d: g[d] * wave(3, s, 13))))
    assert found.correct == pytest.approx((sum(g) / 13) / math.sqrt(sum(x * x for x in g) / 13))


def test_the_largest_wrong_logit_is_another_measure(answering: Answering) -> None:
    logits = correct_logits(13, lambda s, d: 50 + wave(1, s, 13), base=-50.0)
    for a in range(13):
        for b in range(13):
            logits[a, b, (a + b + 4) % 13] = wave(2, a - b, 13)  # the runner-up
            logits[a, b, (a + b + 5) % 13] = -10 + 5 * wave(2, a + b, 13)  # never the largest
    found = distance_irrelevance(answering(logits))
    assert found.correct == pytest.approx(1)
    assert found.top_wrong == pytest.approx(0, abs=1e-12)


def test_a_wrong_logit_is_the_largest_of_all_others_even_above_the_right_one(answering: Answering) -> None:
    logits = correct_logits(5, lambda s, d: wave(1, d, 5))
    for a in range(5):
        for b in range(5):
            logits[a, b, (a + b + 1) % 5] = 10 + wave(1, a + b, 5)
    assert distance_irrelevance(answering(logits)).top_wrong == pytest.approx(1)


def test_logits_that_never_change_have_none(answering: Answering) -> None:
    found = distance_irrelevance(answering(torch.zeros(5, 5, 5)))
    assert (found.correct, found.top_wrong) == (None, None)


def test_units_and_offsets_do_not_matter(answering: Answering) -> None:
    logits = torch.randn(7, 7, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    one, other = (distance_irrelevance(answering(each)) for each in (logits, 3 * logits - 2))
    assert (other.correct, other.top_wrong) == (pytest.approx(one.correct), pytest.approx(one.top_wrong))
