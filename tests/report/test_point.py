"""What a report takes from a run, and what it does not believe."""

from __future__ import annotations

from collections.abc import Callable

from clockpizza.report.point import point
from clockpizza.store import Row, State

MakeRow = Callable[..., Row]


def test_a_finished_run_has_its_verdict_and_exact_measures(row: MakeRow) -> None:
    found = point(row("pizza", 0.25, width=64, seed=3))
    assert (found.verdict, found.certainty, found.final, found.solved) == ("pizza", "clear", True, True)
    assert (found.attention_rate, found.width, found.layers, found.seed) == (0.25, 64, 1, 3)
    assert (found.symmetricity, found.irrelevance) == (0.99, 0.2)


def test_a_run_in_training_has_no_verdict_and_the_measures_of_its_last_snapshot(row: MakeRow) -> None:
    snapshot = {"gradient_symmetricity_100": 0.6, "distance_irrelevance": 0.5}
    given = {"state": State.RUNNING, "epoch": 900, "measures": snapshot}
    found = point(row("", **given, metrics={"test_accuracy": 0.95}))
    assert (found.verdict, found.final, found.solved, found.symmetricity) == ("", False, True, 0.6)
    assert not point(row("", **given, metrics={"test_accuracy": 0.89})).solved
    assert not point(row("", **given)).solved


def test_the_papers_rule_asks_for_more_than_995(row: MakeRow) -> None:
    assert point(row("clock", measures={"circularity": 0.995})).circular is False
    assert point(row("clock", measures={"circularity": 0.9951})).circular is True
    assert point(row("clock", measures={})).circular is None


def test_a_linear_model_has_no_rate_and_its_hidden_size_is_its_width(row: MakeRow) -> None:
    found = point(row("pizza", None))
    assert (found.model, found.attention_rate, found.width) == ("beta", None, 256)
    assert found.shape["width"] == 256


def test_a_file_that_lies_is_not_repeated(row: MakeRow) -> None:
    measures = {"gradient_symmetricity": 1e300, "distance_irrelevance": 0.5}
    found = point(row("refused", refused="\x1b[31m", certainty="great", measures=measures))
    assert (found.verdict, found.refused, found.certainty) == ("refused", "\\x1b[31m", "")
    assert found.measures == {"distance_irrelevance": 0.5}
    strange = row("clock")
    strange.verdict = "banana"
    assert point(strange).verdict == "refused"
