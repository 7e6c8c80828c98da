"""What a sweep will take: disk within 20 % of what runs were measured to take, time by what is timed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from clockpizza.store import create_sweep
from clockpizza.sweep_spec import expand
from clockpizza.worker import estimate
from clockpizza.worker.stack import Options
from clockpizza.worker.work import Outcome
from tests.worker.small import Nobody, do


@pytest.mark.parametrize(
    "given", [{"p": 31, "width": 64}, pytest.param({"p": 59, "width": 128}, marks=pytest.mark.slow)]
)
def test_a_run_takes_what_was_estimated_and_while_it_trains_no_more_than_that(
    given: dict[str, int], tmp_path: Path
) -> None:
    spec = expand({**given, "epochs": 40})
    sweep = create_sweep(tmp_path, "s", spec)
    (id,) = spec.runs
    most = 0

    class Looker(Nobody):
        def judging(self, run: str) -> None:
            nonlocal most
            saved = sweep.run(id).checkpoint_file.stat().st_size  # parameters and two moments
            most = blocks(sweep.run(id).path) + saved // 3  # for the weights that come now

    assert do(sweep, Options(torch.device("cpu")), Looker()) == Outcome()
    assert blocks(sweep.run(id).path) == pytest.approx(estimate.disk(spec).final, rel=0.2)
    assert most == pytest.approx(estimate.disk(spec).peak, rel=0.2)


def blocks(folder: Path) -> int:
    """What a folder takes on a disk that allots 4 kB at a time."""
    sizes = [4096 if path.is_dir() else path.stat().st_size for path in (folder, *folder.rglob("*"))]
    return sum(-(-size // 4096) * 4096 for size in sizes)


def test_a_run_of_the_papers_takes_less_than_a_megabyte_and_a_half() -> None:
    assert 1_400_000 < estimate.disk(expand({})).final < 1_500_000


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
