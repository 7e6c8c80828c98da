"""A sweep in numbers."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from clockpizza.report import Report, gather
from clockpizza.store import Row

MakeRow = Callable[..., Row]


def test_every_run_is_counted_once(report: Report) -> None:
    assert report.states == {"finished": 22, "running": 2, "failed": 1, "queued": 1}
    assert report.reasons == {"loss is not a number at epoch 41": 1}
    tally = report.whole.tally
    assert (tally.runs, tally.refused, tally.failed, tally.unfinished) == (26, 1, 1, 3)
    assert {name: share.count for name, share in tally.verdicts.items()} == {
        "clock": 10,
        "pizza": 10,
        "non-circular": 1,
    }
    assert (tally.circular.count, tally.circular_by_circle.count, tally.circular.total) == (20, 21, 21)


def test_diagrams_show_what_is_solved_and_measured(report: Report) -> None:
    assert len(report.shown) == 22  # 21 verdicts and one run in training
    assert [each.run for each in report.begun] == ["r0.4-w128-s2", "r0.5-w128-s2"]


def test_the_boundary_rests_on_clocks_and_pizzas_alone(report: Report) -> None:
    clock = report.whole.clock
    assert clock is not None and (clock.status, clock.yes, clock.no) == ("found", 10, 10)
    assert clock.value == pytest.approx(0.45)
    assert clock.low is not None and clock.high is not None and clock.low < 0.4 and clock.high > 0.5
    assert report.whole.symmetricity == clock  # here the measures and the verdicts agree


def test_shapes_have_boundaries_of_their_own(row: MakeRow) -> None:
    rows = [
        row("clock" if rate > boundary else "pizza", rate, width=width, seed=n)
        for width, boundary in ((64, 0.45), (128, 0.75))
        for n, rate in enumerate((0.1, 0.3, 0.5, 0.7, 0.9))
    ]
    report = gather("two", [*rows, row("clock", 0.5, width=64, equals_token=True)])
    shapes = [(each.shape["width"], each.shape["equals_token"], each.tally.runs) for each in report.groups]
    assert shapes == [(64, False, 5), (64, True, 1), (128, False, 5)]
    values = [each.clock.value if each.clock else None for each in report.groups]
    assert values == [pytest.approx(0.4), None, pytest.approx(0.8)]


def test_a_sweep_with_one_rate_has_no_boundary(row: MakeRow) -> None:
    report = gather("deep", [row("clock", 1.0, layers=layers) for layers in (1, 2, 3)])
    assert (report.over, report.whole.clock, report.whole.symmetricity) == (["layers"], None, None)
    assert [each.low for each in report.bins["layers"]] == [1, 2, 3]


def test_the_json_says_all_of_it(report: Report) -> None:
    document = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert (document["schema"], document["sweep"], document["over"]) == (1, "paper", ["attention_rate"])
    assert document["epochs"] == {"finished": [20000, 20000], "unfinished": [300, 900]}
    assert document["whole"]["clock"]["value"] == pytest.approx(0.45)
    assert len(document["bins"]["attention_rate"]) == 10 and len(document["runs"]) == 26
    running = document["runs"][22]
    assert (running["state"], running["gradient_symmetricity"], running["gradient_symmetricity_100"]) == (
        *("running", None),
        0.6,
    )


def test_a_sweep_that_nobody_has_begun_is_no_error(row: MakeRow) -> None:
    report = gather("new", [row("", rate) for rate in (0.0, 1.0)])
    assert report.whole.clock is not None and report.whole.clock.status == "none"
    assert report.whole.tally.verdicts["clock"].value is None
    json.dumps(report.to_dict(), allow_nan=False)
