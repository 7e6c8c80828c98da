"""The SVG and the page: well-formed, self-contained, and with every run that is shown."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

from clockpizza.plots.marks import MARKS
from clockpizza.report import Report, gather, html, svg
from clockpizza.store import Row

MakeRow = Callable[..., Row]
SVG = "{http://www.w3.org/2000/svg}"


def drawn(report: Report) -> ElementTree.Element:
    return ElementTree.fromstring(svg(report))


def test_each_run_is_a_shape_of_its_verdict_in_each_diagram(report: Report) -> None:
    picture = drawn(report)
    groups = [each for each in picture.iter(f"{SVG}g") if each.get("fill") == MARKS["clock"].paper]
    circles = sum(len(each.findall(f"{SVG}circle")) for each in groups)
    assert circles == 3 * 10 + 2 * 10 + 1  # in the diagrams, in verdicts and shares by rate, in the legend
    words = [each.text or "" for each in picture.iter(f"{SVG}text")]
    assert words.count("attention rate") == 4
    assert "Verdicts by attention rate" in words and "Mean shares by attention rate" in words
    assert [word for word in words if word in ("0", "0.2", "0.4", "0.6", "0.8", "1")] != []
    assert any(word.startswith("Dashed lines with grey bands: the rates at which half") for word in words)


def test_mixed_verdicts_are_hollow(row: MakeRow) -> None:
    picture = drawn(gather("x", [row("clock", certainty="mixed")]))
    (group,) = [each for each in picture.iter(f"{SVG}g") if each.get("fill") == "white" and len(each) == 1][:1]
    assert group.get("stroke") == MARKS["clock"].paper


def test_boundaries_by_width_are_lozenges(row: MakeRow) -> None:
    rows = [row("clock" if rate > 5 else "pizza", rate / 10, width=width) for rate in range(10) for width in (64, 128)]
    words = [each.text or "" for each in drawn(gather("x", rows)).iter(f"{SVG}text")]
    assert "Attention rate against width" in words
    assert any(word.startswith("Lozenges with whiskers") for word in words)


def test_names_cannot_break_out(row: MakeRow) -> None:
    rows = [row("clock", reason="<script>alert(1)</script>\x1b[2J")]
    name = "</svg><script>&"
    assert drawn(gather(name, rows)).findtext(f"{SVG}title") == name
    page = html(gather(name, rows))
    assert "<script" not in page and "\x1b" not in page and "&lt;script&gt;alert(1)" in page


def test_the_page_has_the_picture_the_tables_and_nothing_from_elsewhere(report: Report) -> None:
    page = html(report)
    assert page.startswith("<!doctype html>") and page.count("<svg") == 1 and page.count("<table>") == 3
    assert "<title>paper</title>" in page and "<h1>paper</h1>" in page
    assert "<td>67 % (21-94)</td>" in page
    assert "<caption>Mean shares of what the logits vary, by attention rate (bootstrap over runs, 1,000 draws; " in page
    assert "<td>62 % (5-90)</td>" in page  # two pizzas and a network of neither kind
    assert page.count("http") == 1 and 'xmlns="http://www.w3.org/2000/svg"' in page
    assert all(word not in page for word in ("<script", "src=", "@import", "url("))


def test_an_empty_sweep_is_a_picture_too(row: MakeRow) -> None:
    words = [each.text or "" for each in drawn(gather("new", [row("", 0.5)])).iter(f"{SVG}text")]
    assert words[0] == "new" and any("Nothing has been trained yet." in word for word in words)


def test_means_have_whiskers_where_there_are_enough_runs_and_the_rate_at_which_they_pass(row: MakeRow) -> None:
    def panel(seeds: int) -> str:
        rows = [row("clock" if n > 5 else "pizza", n / 10, seed=seed) for n in range(11) for seed in range(seeds)]
        return svg(gather("x", rows)).split("Mean shares by attention rate")[1].split("\n</g>")[0]

    assert panel(2).count('stroke-width="1.5"') == 0 and panel(3).count('stroke-width="1.5"') == 2 * 11
    assert panel(3).count("stroke-dasharray") == 1 and panel(3).count("<polyline") == 2


def test_a_page_tells_older_editions_and_short_trainings(row: MakeRow) -> None:
    page = html(gather("x", [row("clock", 0.1, epoch=300), row("pizza", 0.2), row("clock", 0.3, edition=1)]))
    assert "Counted apart: 1 run judged by edition 1 of the rule (1 clock)." in page
    assert "1 of the finished runs were trained for 300 epochs; the paper trains 20,000." in page
    page = html(gather("x", [row("clock", rate / 10, edition=1) for rate in range(4)]))
    assert "which gives no shares of what the logits vary." in page and "Mean shares" not in page
