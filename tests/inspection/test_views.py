"""Views of hand-built networks: every one has a sentence and a source, and shows what theory says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clockpizza.checkpoints import Checkpoint
from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.inspection.blocks import Curves, Dots, Picture, Plane, Table, Words, doubtful
from clockpizza.inspection.page import page
from clockpizza.inspection.views import views
from clockpizza.networks import Network
from clockpizza.portrait import Portrait
from clockpizza.portrait.make import portrait

Drawn = Callable[[str], Portrait]


@pytest.mark.parametrize("kind", ["pizza", "clock", "lissajous", "memoriser"])
def test_every_view_has_a_sentence_a_source_and_something_to_show(kind: str, drawn: Drawn) -> None:
    found = views(drawn(kind))
    assert len(found) == 18 and len({view.name for view in found}) == 18
    for view in found:
        assert view.says.endswith(".") and view.source and view.blocks


def test_views_of_a_solved_network_carry_no_warning(drawn: Drawn) -> None:
    assert {view.warning for view in views(drawn("pizza"))} == {""}


def test_numbers_of_an_unsolved_network_are_marked_where_they_mean_nothing(drawn: Drawn) -> None:
    warned = {view.name for view in views(drawn("memoriser")) if view.warning}
    assert {"measures", "fve", "amplitude", "companions", "losses", "verdict"} <= warned
    assert not {"accuracy", "fourier", "neurons"} & warned
    assert doubtful(["k 3", "0.41", "", "-1.5", ">= .98", "a", "inf%"]) == [
        "k 3",
        "0.41!",
        "",
        "-1.5!",
        ">= .98",
        "a",
        "inf%",
    ]


def test_an_ideal_pizza_by_its_views(drawn: Drawn) -> None:
    by_name = {view.name: view for view in views(drawn("pizza"))}
    planes = [block for block in by_name["circles"].blocks if isinstance(block, Plane)]
    assert [plane.title for plane in planes[:2]] == ["k 5, delta 5, main", "k 2, delta 6, main"]
    radii = np.hypot(*planes[0].points.T)
    assert radii.std() / radii.mean() < 1e-3
    (curve, _) = [block for block in by_name["amplitude"].blocks if isinstance(block, Curves)]
    d, g = curve.lines["without 3, 4"]
    assert np.corrcoef(g, np.abs(np.cos(5 * np.pi * d / 13)))[0, 1] > 0.99
    (dots,) = [block for block in by_name["output-phase"].blocks if isinstance(block, Dots)]
    for points in dots.series.values():
        assert np.cos(points[:, 0] - points[:, 1]).min() > 0.999
    pictures = [block for block in by_name["isolation"].blocks if isinstance(block, Picture)]
    assert len(pictures) == 4


def test_single_views_can_be_asked_for(drawn: Drawn) -> None:
    assert [view.name for view in views(drawn("clock"), ["losses", "fve"])] == ["fve", "losses"]
    with pytest.raises(BadInput, match=r"no view is called 'fwe'; did you mean 'fve'\?; there are verdict, measures"):
        views(drawn("clock"), ["fwe"])


def test_what_a_network_lacks_is_said(drawn: Drawn) -> None:
    by_name = {view.name: view for view in views(drawn("clock"))}
    assert list(by_name["companions"].blocks) == [Words("No main circle k has a companion at 2k.")]
    lissajous = {view.name: view for view in views(drawn("lissajous"))}
    (words,) = lissajous["fve"].blocks
    assert isinstance(words, Words) and words.text.startswith("not defined for p 13")


def test_tables_have_as_many_cells_in_every_row(drawn: Drawn) -> None:
    for kind in ("pizza", "clock", "lissajous", "memoriser"):
        for view in views(drawn(kind)):
            for block in view.blocks:
                if isinstance(block, Table):
                    assert len({len(row) for row in block.rows}) == 1


@pytest.mark.parametrize(
    "config",
    [
        TransformerConfig(p=7, width=16, layers=2, attention_rate=0.5, activation="gelu"),
        TransformerConfig(p=7, width=16, equals_token=True, causal=True),
        TransformerConfig(p=8, width=16, separate_vocabularies=True, activation="tanh"),
        LinearConfig("gamma", p=12, hidden=10),
        LinearConfig("delta", p=9, hidden=10),
        LinearConfig("x", p=3, hidden=8),
    ],
    ids=lambda config: config.describe(),
)
def test_every_architecture_can_be_inspected(
    config: NetworkConfig, random_network: Callable[[NetworkConfig], Network]
) -> None:
    found = portrait(Checkpoint(Path("made.pt"), "clockpizza", random_network(config)))
    shown = views(found)
    assert len(shown) == 18 and page(found, shown)
    for why in found.document["undefined"].values():
        assert why.startswith("not defined")
