"""What a sweep will take: disk within 20 % of what runs were measured to take, time by what is timed."""

from __future__ import annotations

import pytest
import torch

from clockpizza.sweep_spec import expand
from clockpizza.worker import estimate


def test_a_run_of_the_papers_takes_what_one_was_measured_to_take() -> None:
    spec = expand({"epochs": 6000})
    assert estimate.disk(spec).final == pytest.approx(1488 * 1024, rel=0.05)  # du of one that was trained


def test_while_it_trains_each_run_of_a_stack_has_three_times_its_weights_more() -> None:
    one, many = expand({}), expand({"seeds": 20, "stack_size": 5})
    more = estimate.disk(one).peak - estimate.disk(one).final
    assert more == 3 * 4 * (2 * 59 * 128 + 2 * 128 + 4 * 128 * 128 + 2 * 512 * 128 + 512 + 128)
    assert estimate.disk(many).final == 20 * estimate.disk(one).final
    assert estimate.disk(many, workers=2).peak - estimate.disk(many).final == 10 * more


def test_kept_checkpoints_are_counted() -> None:
    spec = expand({})
    assert estimate.disk(spec, keep_checkpoints=True).final > 40 * 850_000


def test_time_is_told_of_a_few_shapes_only() -> None:
    small = {"p": 7, "heads": 2, "epochs": 10}
    few = estimate.seconds(expand({**small, "width": "8,16"}), torch.device("cpu"))
    assert few is not None and few > 0
    assert estimate.seconds(expand({**small, "width": "8:16:9"}), torch.device("cpu")) is None
