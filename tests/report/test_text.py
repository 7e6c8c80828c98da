"""The report on a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable

from clockpizza.report import Report, gather, text
from clockpizza.store import Row

MakeRow = Callable[..., Row]


def plain(report: Report, columns: int = 80, *, ascii: bool = False) -> str:
    return text(report, "the counts", columns=columns, ascii=ascii).plain


def flat(words: str) -> str:
    return re.sub(r"\s+", " ", words)


def test_it_says_what_was_found_and_what_is_left_out(report: Report) -> None:
    said = flat(plain(report))
    for sentence in (
        "26 runs such as p 59, 1 layer, width 128, attention rate 0, seed 0, 20,000 epochs the counts",
        "Finished runs had 20,000 epochs; 2 unfinished at epoch 300 to 900 of 20,000.",
        "Left out of the diagrams: 1 refused a verdict (unsolved, their measures mean nothing), 1 failed, "
        "1 not trained yet, 1 not solving the task yet.",
        "1 of them: loss is not a number at epoch 41",
        "Half of the clocks and pizzas are clocks at attention rate 0.450 (95 %:",
        "logistic fit; 10 of 20 are; left out: 1 non-circular, 1 refused, 1 failed, 3 unfinished).",
        "The mean clock share passes the mean pizza share at attention rate 0.452 (95 %:",
        "logistic fit; 21 runs; left out: 1 refused, 1 failed, 3 unfinished).",
        "Of what the logits vary, clocks write 45 % (25-61) and pizzas 45 % (29-66), as the mean over 21 runs; 10 % is "
        "neither's.",
        "Of 21 finished and solved, 95 % (77-99) are circular by the paper's rule (circularity above .995). When every "
        "component with 1 % of the variance counts, and near-ties as one, it is 100 % (85-100).",
        "● 10 clock ▲ 10 pizza ■ 1 non-circular · 1 unfinished, by their last snapshots a cell shows one run",
    ):
        assert sentence in said


def test_it_draws_both_measures_against_the_rate_and_each_other(report: Report) -> None:
    lines = plain(report).split("\n")
    titles = [line for line in lines if " against " in line]
    assert titles == [
        "Gradient symmetricity against attention rate",
        "Distance irrelevance against attention rate",
        "Gradient symmetricity against distance irrelevance",
    ]
    top = lines.index(titles[0]) + 2  # the row of symmetricity 1
    assert lines[top].count("▲") == 6 and "●" not in lines[top]
    assert max(map(len, lines)) <= 80


def test_shares_stand_in_a_table_with_bars(report: Report) -> None:
    counts, means = [line for line in plain(report, 100).split("\n") if line.strip().startswith("0.2 ")]
    assert flat(counts).strip() == "0.2 3 0 % (0-56) 67 % (21-94) 33 % (6-79) ▲▲▲▲▲▲▲▲▲▲▲▲▲■■■■■■■"
    assert flat(means).strip() == "0.2 3 4 % (4-5) 62 % (5-90) 34 % ●▲▲▲▲▲▲▲▲▲▲▲▲"
    assert "Intervals: bootstrap over runs, 1,000 draws; no interval of fewer than 3 runs." in flat(plain(report))


def test_where_there_is_room_diagrams_stand_side_by_side(report: Report) -> None:
    lines = plain(report, 130).split("\n")
    (line,) = [line for line in lines if line.startswith("Gradient symmetricity against attention rate")]
    assert line.endswith("Distance irrelevance against attention rate")


def test_ascii_is_ascii(report: Report) -> None:
    drawn = plain(report, ascii=True)
    assert drawn.isascii() and "C 10 clock   P 10 pizza   N 1 non-circular\n. 1 unfinished" in drawn


def test_what_the_runs_cannot_tell_is_said(row: MakeRow) -> None:
    said = flat(plain(gather("x", [row("pizza", rate / 10) for rate in range(5)])))
    assert "rate at which half of the clocks and pizzas are clocks cannot be told: 0 of 5 are clocks." in said
    said = flat(plain(gather("x", [row("clock" if rate > 2 else "pizza", rate / 4) for rate in range(5)])))
    assert "at attention rate 0.625 (95 %: 0.347 to 0.930; halfway between the two, which do not" in said


def test_a_sweep_that_nobody_has_begun_is_told_in_a_few_lines(row: MakeRow) -> None:
    assert plain(gather("new", [row("", rate) for rate in (0.0, 1.0)])).split("\n") == [
        "new",
        "2 runs such as p 59, 1 layer, width 128, attention rate 0, seed 0, 20,000 epochs",
        "the counts",
        "Nothing has been trained yet.",
        "Left out of the diagrams: 2 not trained yet.",
    ]


def test_a_sweep_over_widths_draws_against_them(row: MakeRow) -> None:
    rows = [row("pizza", 0.5, width=width, seed=seed) for width in (32, 64, 256) for seed in range(3)]
    drawn = plain(gather("wide", rows))
    assert "Gradient symmetricity against width" in drawn and "attention rate\n" not in drawn
    assert re.search(r"\n +32 +64 +256", drawn)  # the ruler names the widths themselves


def test_sentences_say_among_which_runs_and_what_is_left_out(row: MakeRow) -> None:
    rows = [row("clock", 0.8 + n / 10) for n in range(3)] + [row("non-circular", n / 40) for n in range(31)]
    said = flat(plain(gather("x", rows)))
    assert "clocks and pizzas are clocks cannot be told: 3 of 3 are clocks (left out: 31 non-circular)." in said
    said = flat(plain(gather("x", [row("non-circular", n / 4) for n in range(4)])))
    assert "clocks and pizzas are clocks cannot be told: there are none (left out: 4 non-circular)." in said
    said = flat(plain(gather("x", [row("clock", 0.5), row("pizza", 0.5), row("", 0.6), row("pizza", None)])))
    assert "cannot be told: all 2 have one rate (left out: 1 unfinished, 1 without attention)." in said
    said = flat(plain(gather("x", [row("pizza", 0.0), row("clock", 1.0)])))
    assert "the mean pizza share at attention rate 0.519 (2 runs give no interval; logistic fit; 2 runs)." in said
    said = flat(plain(gather("x", [row("clock", 0.0), row("clock", 1.0)])))
    assert "cannot be told: the clock share is the larger one in 2 of 2 runs." in said
    said = flat(plain(gather("x", [row("refused", 0.0), row("refused", 1.0)])))
    assert "cannot be told: there are none (left out: 2 refused)." in said and "clock share" not in said


def test_runs_shorter_than_the_papers_are_told(row: MakeRow) -> None:
    said = flat(plain(gather("x", [row("clock", 0.1, epoch=3000), row("pizza", 0.2, epoch=3000)])))
    assert "Trained for 3,000 epochs; the paper trains 20,000." in said
    said = flat(plain(gather("x", [row("clock", 0.1, epoch=3000), row("pizza", 0.2), row("", 0.3)])))
    assert "1 of the finished runs were trained for 3,000 epochs; the paper trains 20,000." in said
    assert "the paper trains" not in plain(gather("x", [row("clock", 0.1), row("", 0.2, epoch=3)]))


def test_runs_of_an_older_edition_are_told_with_the_cure(row: MakeRow) -> None:
    older = [row(verdict, 0.7, seed=n, edition=1) for n, verdict in enumerate(("clock", "clock", "non-circular"))]
    newer = [row("clock" if rate > 4 else "pizza", rate / 10) for rate in range(10)]
    said = flat(plain(gather("my sweep", [*newer, *older])))
    assert (
        "Counted apart: 3 runs judged by edition 1 of the rule (2 clock, 1 non-circular). "
        "`clockpizza rejudge 'my sweep'` judges them by edition 2."
    ) in said
    assert "5 of 10 are; left out: 3 of an older edition)." in said
    assert "Left out of the diagrams: 3 judged by an older edition." in said
    said = flat(plain(gather("old", older)))
    assert (
        "All 3 finished runs were judged by edition 1 of the rule, which gives no shares of what the logits vary. "
        "`clockpizza rejudge old` judges them by edition 2."
    ) in said
    assert "● 2 clock ■ 1 non-circular" in said and "share passes" not in said and "Mean shares" not in said
