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


@pytest.mark.parametrize(
    "kind", ["pizza", "clock", "lissajous", "memoriser", "lookup", "number-line", "wide", "turned"]
)
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
    for kind in ("pizza", "clock", "lissajous", "memoriser", "lookup", "number-line", "wide", "turned"):
        for view in views(drawn(kind)):
            for block in view.blocks:
                if isinstance(block, Table):
                    assert len({len(row) for row in block.rows}) == 1


def table(portrait: Portrait, view: str, at: int = 0) -> list[list[str]]:
    """The rows of a view's table."""
    found = [block for block in views(portrait, [view])[0].blocks if isinstance(block, Table)]
    return [list(row) for row in found[at].rows]


def said(portrait: Portrait, view: str) -> str:
    return "\n".join(block.text for block in views(portrait, [view])[0].blocks if isinstance(block, Words))


def test_the_verdict_shows_all_four_shares_of_the_network_and_three_of_each_circle(drawn: Drawn) -> None:
    header, every, *circles = table(drawn("pizza"), "verdict")
    assert header == ["", "clock", "pizza", "unlawful", "unaccounted"]
    assert sum(float(cell) for cell in every[1:]) == pytest.approx(100, abs=0.02)
    assert [row[0] for row in circles] == ["circle 5", "circle 2"] and {row[4] for row in circles} == {""}
    for column in (1, 2, 3):
        assert sum(float(row[column]) for row in circles) == pytest.approx(float(every[column]), abs=0.02)
    assert "Read as p 13, one vocabulary" in said(drawn("pizza"), "verdict")


@pytest.mark.parametrize(("kind", "what"), [("lookup", "lookup or broad"), ("number-line", "number line")])
def test_what_is_no_circles_says_what_it_is_and_has_no_laws(kind: str, what: str, drawn: Drawn) -> None:
    assert said(drawn(kind), "verdict").startswith(f"Non-circular: {what}, clear. It")
    assert table(drawn(kind), "verdict")[1:] == [["all", "0.00", "0.00", "0.00", "100.00"]]
    assert {row[2] for row in table(drawn(kind), "circles")[1:]} == {"idle"}
    for view in ("fve", "amplitude", "companions"):
        (words,) = views(drawn(kind), [view])[0].blocks
        assert isinstance(words, Words) and words.text.endswith("no circle is at work in its logits")
    for name in ("amplitudes", "amplitudes_out"):
        assert name not in drawn(kind).arrays


def test_laws_are_shown_with_their_phase_and_what_they_leave(drawn: Drawn) -> None:
    header, full, out, *_ = table(drawn("turned"), "amplitude")
    assert header == ["k", "logits", "b0", "b1", "phase", "left %", "pizza part"]
    assert (full[0], full[1], out[0], out[1]) == ("2", "full", "", "without 1, 4")
    circle = drawn("turned").document["classification"]["verdict"]["circles"][0]
    assert [out[2], out[3], out[4]] == [f"{circle['law'][name]:.2f}" for name in ("b0", "b1", "phase")]
    assert float(out[4]) == pytest.approx(np.pi - 0.3, abs=0.02)
    assert float(out[6]) > 0.99 > float(full[6])  # its companion hides the pizza in the full logits
    assert out[5] == f"{100 * circle['unlawful_part']:.2f}"


def test_of_many_circles_all_are_in_tables_and_some_are_drawn(drawn: Drawn) -> None:
    wide = drawn("wide")
    assert len(table(wide, "circles")) == 1 + 15 and len(table(wide, "amplitude")) == 1 + 2 * 15
    assert wide.arrays["amplitudes"].shape == wide.arrays["amplitudes_out"].shape == (15, 31)
    for view, kind in (("circles", Plane), ("amplitude", Curves)):
        assert "Drawn: the first 8 of 15" in said(wide, view)
        assert sum(isinstance(block, kind) for block in views(wide, [view])[0].blocks) == 8
    assert "Drawn" not in said(drawn("pizza"), "circles")
    assert table(wide, "losses")[2][0] == "restricted to k = 1, 2, 3, 4, 5, 6 and 9 more"


def test_amplitudes_are_those_that_laws_were_read_from(drawn: Drawn) -> None:
    from clockpizza.law import fit_law

    for kind in ("pizza", "turned"):
        arrays, document = drawn(kind).arrays, drawn(kind).document["classification"]
        assert len(arrays["amplitudes"]) == len(document["verdict"]["circles"])
        for at, circle in enumerate(document["verdict"]["circles"]):
            assert int(arrays["circle_frequencies"][at]) == circle["frequency"]
            law = fit_law(arrays["amplitudes_out"][at].tolist(), circle["frequency"], free_phase=kind == "turned")
            assert (law.b1, law.phase) == (pytest.approx(circle["law"]["b1"], rel=1e-3), circle["law"]["phase"])


def test_a_warning_is_short_though_the_refusal_tells_how_the_file_was_read(drawn: Drawn) -> None:
    assert "as read with" in said(drawn("memoriser"), "verdict")
    for view in views(drawn("memoriser")):
        assert "as read with" not in view.warning
        assert not view.warning or view.warning.endswith("below 0.95")


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
