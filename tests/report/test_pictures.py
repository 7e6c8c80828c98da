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
    assert sum(len(each.findall(f"{SVG}circle")) for each in groups) == 3 * 10 + 10 + 1  # diagrams, shares, legend
    words = [each.text or "" for each in picture.iter(f"{SVG}text")]
    assert words.count("attention rate") == 3 and "Verdicts by attention rate" in words
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
    assert page.startswith("<!doctype html>") and page.count("<svg") == 1 and page.count("<table>") == 2
    assert "<td>67 % (21-94)</td>" in page
    assert page.count("http") == 1 and 'xmlns="http://www.w3.org/2000/svg"' in page
    assert all(word not in page for word in ("<script", "src=", "@import", "url("))


def test_an_empty_sweep_is_a_picture_too(row: MakeRow) -> None:
    words = [each.text or "" for each in drawn(gather("new", [row("", 0.5)])).iter(f"{SVG}text")]
    assert words[0] == "new" and any("Nothing has been trained yet." in word for word in words)
