"""The paper's tables, as `inspect` shows them of the authors' own networks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clockpizza.inspection.blocks import Table, Words
from clockpizza.inspection.views import views
from clockpizza.portrait import Portrait

pytestmark = pytest.mark.slow
Authors = Callable[[str], Portrait]
MODEL_A, MODEL_B = "p99zdpze5l", "l8k1hzciux"


def rows(portrait: Portrait, view: str, table: int = 0) -> dict[str, list[str]]:
    """A table of a view by its first cells; a row without one belongs to the row above it."""
    found = [block for block in views(portrait, [view])[0].blocks if isinstance(block, Table)][table]
    named: dict[str, list[str]] = {}
    last = ""
    for row in found.rows[1:]:
        last = row[0].strip() or last + "'"
        named[last] = list(row[1:])
    return named


def test_model_as_measures(of_authors: Authors) -> None:
    found = rows(of_authors(MODEL_A), "measures")
    assert found["gradient symmetricity, all triples"][0] == "0.99376"
    assert found["the paper's 100 triples"][0] == "0.99367"
    assert found["distance irrelevance, correct logit"][0] == "0.17174"
    assert found["largest wrong logit"][0] == "0.22181"
    assert found["circularity, authors' rule"][0] == "0.99782"


def test_model_as_variance_explained(of_authors: Authors) -> None:
    assert rows(of_authors(MODEL_A), "fve") == {
        "k 17, delta 7, main": ["75.41", "99.18", ""],
        "k 3, delta 20, main": ["75.62", "99.18", ""],
        "k 15, delta 4, main": ["75.38", "99.28", ""],
        "k 25, delta 26, comp.": ["", "", "97.56"],
        "k 6, delta 10, comp.": ["", "", "97.23"],
        "k 29, delta 2, comp.": ["", "", "97.69"],
    }


def test_model_as_accuracy_by_components(of_authors: Authors) -> None:
    found = rows(of_authors(MODEL_A), "accuracy")
    kept = [found[f"first {n}"][0] for n in (2, 4, 6, 12)]
    assert kept == ["34.82", "91.44", "99.66", "100.00"]
    assert found["companions'"][0] == "16.72"
    by_circles = rows(of_authors(MODEL_A), "accuracy", 1)
    assert by_circles["both"][0] == "100.00"
    assert float(by_circles["all main"][0]) == pytest.approx(99.66, abs=0.05)  # planes, not components
    assert float(by_circles["all companions"][0]) == pytest.approx(16.72, abs=0.3)


def test_model_as_companions_hide_it(of_authors: Authors) -> None:
    """Pizza parts of .06 to .07 in the full logits, and of 1 with the planes at 2k and k/2 out."""
    found = rows(of_authors(MODEL_A), "amplitude")
    assert [found[k][5] for k in ("17", "3", "15")] == ["0.067", "0.066", "0.069"]
    assert [found[f"{k}'"][5] for k in ("17", "3", "15")] == ["1.000", "1.000", "1.000"]
    assert [found[f"{k}'"][0] for k in ("17", "3", "15")] == ["without 21, 25", "without 6, 28", "without 22, 29"]
    assert {(k, row[0]) for k, row in rows(of_authors(MODEL_A), "companions").items()} == {
        ("17", "25"),
        ("3", "6"),
        ("15", "29"),
    }
    words = [block.text for block in views(of_authors(MODEL_A), ["companions"])[0].blocks if isinstance(block, Words)]
    assert words == ["Companions hold 25.8 % of the embedding's variance."]


def test_model_as_gradients_are_alike_and_model_bs_are_not(of_authors: Authors) -> None:
    for name, least, most in ((MODEL_A, 0.99, 1.0), (MODEL_B, -1.0, 0.9)):
        cosines = [each["cosine"] for each in of_authors(name).document["tables"]["component_gradients"]]
        assert len(cosines) == 4 and all(least < cosine < most for cosine in cosines)


def test_model_bs_small_circle(of_authors: Authors) -> None:
    found = rows(of_authors(MODEL_B), "amplitude")
    assert found["21"][1:3] == ["6.16", "0.97"]
    assert found["21'"] == ["without 17, 19", "0.00", "10.23", "0.00", "0.19", "1.000"]
    fve = rows(of_authors(MODEL_B), "fve")
    assert [fve[name][0] for name in list(fve)[:3]] == ["76.62", "5.14", "-59.87"]
    assert rows(of_authors(MODEL_B), "accuracy")["first 4"][0] == "100.00"


def test_neurons_of_models_a_and_b(of_authors: Authors) -> None:
    first, second = "first order: one wave in a, one in b", "second order: products at (f, f)"
    a, b = (rows(of_authors(name), "second-order") for name in (MODEL_A, MODEL_B))
    assert (a[first], a[second]) == (["0.983"], ["0.000"])
    assert (b[first], b[second]) == (["0.965"], ["0.023"])


def test_both_models_write_at_twice_the_phase_that_they_read(of_authors: Authors) -> None:
    for name in (MODEL_A, MODEL_B):
        assert of_authors(name).document["tables"]["output_phase"]["agreement"] > 0.99


def test_the_main_circles_waves_are_all_that_either_needs(of_authors: Authors) -> None:
    for name in (MODEL_A, MODEL_B):
        losses = of_authors(name).document["tables"]["progress_losses"]
        assert losses["restricted"] < 1e-6 and losses["excluded"] > 4.08


def test_a_linear_models_portrait_says_what_it_lacks(of_authors: Authors) -> None:
    undefined = of_authors("p71frej8t7").document["undefined"]
    assert undefined["attention"] == "not defined for p 59, linear beta, hidden 256: it has no attention"
    assert "another layer stands between" in undefined["output_phase"]


def test_deltas_phases_are_a_torus_and_model_as_a_disc(of_authors: Authors) -> None:
    delta, a = (of_authors(name).document["classification"]["evidence"]["neurons"] for name in ("qlvxqhkvit", MODEL_A))
    assert abs(delta["phase_agreement"]) < 0.05 and a["phase_agreement"] > 0.999


def test_separate_vocabularies_companions_are_found_turned(of_authors: Authors) -> None:
    found = rows(of_authors("18c9ev5v5p"), "fve")
    assert min(float(row[2]) for name, row in found.items() if name.endswith("comp.")) > 96
