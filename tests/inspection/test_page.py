"""The page: self-contained, small, well formed, and safe with names from files."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from clockpizza.inspection.page import page
from clockpizza.inspection.views import views
from clockpizza.portrait import Portrait
from clockpizza.timeline import Timeline

Drawn = Callable[[str], Portrait]
VOID = {"meta", "img", "input", "circle", "rect", "line", "path"}


class Balanced(HTMLParser):
    """Fails where tags are not closed in their order; gathers what the page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "href") and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def checked(html: str) -> Balanced:
    parser = Balanced()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


@pytest.mark.parametrize("kind", ["pizza", "clock", "lissajous", "memoriser", "wide", "turned"])
def test_the_page_is_one_well_formed_file_that_loads_nothing(kind: str, drawn: Drawn) -> None:
    html = page(drawn(kind), views(drawn(kind)))
    assert all(address.startswith(("#", "data:image/png;base64,")) for address in checked(html).loads)
    assert len(html) < 3 << 20
    assert "url(" not in html and "@import" not in html


def test_every_view_has_its_place_and_its_entry(drawn: Drawn) -> None:
    html = page(drawn("pizza"), views(drawn("pizza")))
    for view in views(drawn("pizza")):
        assert f'<section id="{view.name}">' in html and f'<a href="#{view.name}">' in html
    assert "snapshots are taken by <code>clockpizza train</code>" in html


def test_names_from_files_are_escaped(drawn: Drawn) -> None:
    document = {**drawn("clock").document, "describe": "<script>alert(1)</script>"}
    document["source"] = {"path": "/x/<img src=y>\x1b.pt", "format": "<b>"}
    html = page(Portrait(document, drawn("clock").arrays), views(drawn("clock")))
    assert "<script>" not in html and "<img src=y" not in html and "\x1b" not in html


def test_an_unsolved_networks_page_warns(drawn: Drawn) -> None:
    html = page(drawn("memoriser"), views(drawn("memoriser")))
    assert html.count('class="warning"') > 5
    assert re.search(r"<td>0\.\d+!</td>", html)


@pytest.fixture
def history() -> Timeline:
    """Two circles that grow out of even noise, at p 13."""
    power = np.full((5, 6), 1 / 6)
    for i in range(5):
        power[i, 1] += 0.1 * i
        power[i, 4] += 0.05 * (i - 1)
    power /= power.sum(1, keepdims=True)
    points = np.stack([np.cos(np.arange(13)), np.sin(np.arange(13))], axis=1)
    frame: dict[str, NDArray[Any]] = {
        "circle_frequencies": np.array([2, 5], np.int32),
        "circle_scores": np.stack([points, points]).astype(np.float16),
        "correct_logit": np.eye(13, dtype=np.float16),
    }
    epochs = np.array([0.0, 10, 100, 1000, 5000])
    measures = {"circularity": np.linspace(0, 1, 5), "restricted_loss": np.array([np.nan, 3, 2, 1, 0.1])}
    metrics = {"epoch": epochs, "train_loss": np.ones(5), "test_loss": np.ones(5)}
    return Timeline(13, epochs, measures, power, power, [frame] * 5, metrics)


def test_a_runs_page_has_a_slider_over_its_snapshots(history: Timeline, drawn: Drawn) -> None:
    html = page(drawn("pizza"), views(drawn("pizza")), history)
    checked(html)
    assert '<input id="at" type="range"' in html and '"epochs":[0,10,100,1000,5000]' in html
    assert "NaN" not in html and "<td>5,000</td>" not in html
    assert dataclasses.replace(history).circles() == history.circles()


def test_a_slider_of_many_snapshots_stays_small(history: Timeline, drawn: Drawn) -> None:
    many = dataclasses.replace(
        history,
        epochs=np.arange(1000.0),
        measures={},
        embedding_power=np.tile(history.embedding_power[:1], (1000, 1)),
        logit_power=np.tile(history.logit_power[:1], (1000, 1)),
        frames=history.frames[:1] * 1000,
    )
    html = page(drawn("pizza"), views(drawn("pizza")), many)
    assert len(html) < 3 << 20 and html.count('"picture"') == 200
