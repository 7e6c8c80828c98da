"""A sweep in numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

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
    assert document["epochs"] == {"finished": [20000, 20000], "unfinished": [300, 900], "paper": 20000, "short": 0}
    assert (document["edition"], document["draws"]) == (2, 1000)
    assert document["whole"]["clock_share"]["value"] == pytest.approx(0.452, abs=1e-3)
    assert document["bins"]["attention_rate"][0]["shares"]["pizza"]["value"] == pytest.approx(0.9)
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


def test_shares_are_means_by_bin_and_by_shape(report: Report) -> None:
    first = report.bins["attention_rate"][0]
    assert (first.shares["clock"].runs, first.shares["clock"].value) == (2, pytest.approx(0.04))
    middle = report.bins["attention_rate"][4]  # a clock, a pizza, and a run in training
    assert (middle.shares["clock"].runs, middle.shares["clock"].value) == (2, pytest.approx(0.47))
    assert report.whole.shares["pizza"].runs == 21
    passing = report.whole.clock_share
    assert passing is not None and (passing.status, passing.yes, passing.no) == ("found", 10, 11)
    assert report.whole == replace(report.groups[0], shape={})


def test_mixed_networks_move_the_rate_of_the_shares_alone(row: MakeRow) -> None:
    """A verdict turns at one half of a run's own shares; means do where runs that differ even out."""
    rows = [row("pizza", 0.0, seed=n, shares=(0.45, 0.55, 0, 0)) for n in range(4)]
    rows += [row("pizza", 0.5, seed=n, shares=(0.45, 0.55, 0, 0)) for n in range(3)]
    rows += [row("clock", 0.5, seed=3, shares=(1, 0, 0, 0))]
    rows += [row("clock", 1.0, seed=n, shares=(0.9, 0.1, 0, 0)) for n in range(4)]
    whole = gather("x", rows).whole
    assert whole.clock is not None and whole.clock.value is not None and whole.clock.value == 0.5
    assert whole.clock_share is not None and whole.clock_share.value is not None and whole.clock_share.value < 0.3


def test_results_of_an_older_edition_are_counted_apart(row: MakeRow, rows: list[Row]) -> None:
    older = [row("clock", tenth / 10, seed=9, edition=1) for tenth in range(10)]
    before, report = gather("x", rows), gather("x", [*rows, *older, row("refused", 0.4, seed=8, edition=1)])
    assert (report.edition, [each.edition for each in report.editions]) == (2, [2, 1])
    assert report.editions[1].verdicts == {"clock": 10, "pizza": 0, "non-circular": 0}
    assert report.editions[1].refused == 1
    tally = report.whole.tally
    assert (tally.runs, tally.older, tally.refused, tally.unfinished) == (37, 11, 1, 3)
    for name in ("verdicts", "circular"):
        assert getattr(tally, name) == getattr(before.whole.tally, name)
    for name in ("clock", "symmetricity", "clock_share", "shares"):
        assert getattr(report.whole, name) == getattr(before.whole, name)
    assert len(report.shown) == len(before.shown)
    document = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert document["editions"][1]["runs"] == 11 and document["whole"]["tally"]["older"] == 11
    assert document["runs"][-2]["verdict"] == "clock" and document["runs"][-2]["edition"] == 1


def test_if_all_are_of_an_older_edition_they_are_counted_and_have_no_shares(row: MakeRow) -> None:
    report = gather("x", [row("clock" if tenth > 5 else "pizza", tenth / 10, edition=1) for tenth in range(10)])
    assert report.edition == 1 and report.whole.tally.older == 0 and not report.has_shares
    assert report.whole.tally.verdicts["clock"].count == 4
    assert report.whole.clock_share is not None and report.whole.clock_share.status == "none"


def test_columns_for_programs_only_ever_grow_at_the_end(row: MakeRow) -> None:
    columns = list(gather("x", [row("non-circular", kind="number line")]).points[0].to_dict())
    assert columns[-8:] == [
        *("circularity", "circularity_by_circle"),
        *("clock_share", "pizza_share", "unlawful_share", "unaccounted_share", "kind", "edition"),
    ]
    found = gather("x", [row("non-circular", kind="number\x1bline")]).points[0].to_dict()
    assert (found["kind"], found["edition"], found["unaccounted_share"]) == ("number\\x1bline", 2, 0.8)
