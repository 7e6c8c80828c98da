"""`clockpizza make-ideal`: networks of known algorithm, as files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from clockpizza import settings
from clockpizza.checkpoints import read
from clockpizza.cli import main
from clockpizza.networks.ideal import ideal


@pytest.fixture(autouse=True)
def nobodys_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", ["clock", "pizza", "lissajous", "memoriser"])
def test_the_file_holds_the_network_of_that_kind(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["make-ideal", kind, "--p", "7"]) == 0
    found, expected = read(f"ideal-{kind}.pt"), ideal(kind, p=7)
    assert capsys.readouterr() == (f"ideal {kind} -> ideal-{kind}.pt: {expected.network.config.describe()}\n", "")
    assert found.format == "clockpizza"
    assert found.network.config == expected.network.config
    assert all(torch.equal(found.network.weights[name], w) for name, w in expected.network.weights.items())
    assert found.record["made_by"] == "make-ideal" and found.record["kind"] == kind


def test_every_choice_reaches_the_network() -> None:
    sizes = ["--p", "13", "--width", "200", "--attention-rate", "0.5"]
    choices = ["--frequencies", "5,2", "--pizza-share", "0.25", "--no-companions"]
    assert main(["make-ideal", "blend", *sizes, *choices, "--out", "b.pt"]) == 0
    found = read("b.pt")
    expected = ideal(
        "blend", p=13, width=200, attention_rate=0.5, frequencies=[5, 2], pizza_share=0.25, companions=False
    )
    assert found.network.config == expected.network.config
    assert all(torch.equal(found.network.weights[name], w) for name, w in expected.network.weights.items())
    assert found.record["pizza_share"] == 0.25


def test_a_memorisers_file_tells_its_split() -> None:
    assert main(["make-ideal", "memoriser", "--p", "7", "--train-fraction", "0.6", "--seed", "5"]) == 0
    expected = ideal("memoriser", p=7, train_fraction=0.6, seed=5).training_pairs
    found = read("ideal-memoriser.pt").training_pairs
    assert found is not None and expected is not None
    assert torch.equal(found, expected)


def test_its_json_twin(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["make-ideal", "clock", "--p", "7", "--out", "c.pt", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["path"], document["kind"], document["network"]["p"]) == ("c.pt", "clock", 7)


def test_what_it_makes_is_classified_as_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    for kind in ("clock", "pizza"):
        assert main(["make-ideal", kind, "--p", "13", "--frequencies", "5,2"]) == 0
    capsys.readouterr()
    assert main(["classify", ".", "--quiet"]) == 0
    assert capsys.readouterr().out == "ideal-clock.pt: clock (clear)\nideal-pizza.pt: pizza (clear)\n"


def test_a_file_is_overwritten_by_force_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["make-ideal", "clock", "--p", "7", "--out", "x.pt"]) == 0
    assert main(["make-ideal", "pizza", "--p", "7", "--out", "x.pt"]) == 2
    assert capsys.readouterr().err == "clockpizza: x.pt: exists already; --force overwrites it\n"
    assert read("x.pt").record["kind"] == "clock"
    assert main(["make-ideal", "pizza", "--p", "7", "--out", "x.pt", "--force"]) == 0
    assert read("x.pt").record["kind"] == "pizza"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["clock", "--p", "2"], "p is 2; it must be at least 3"),
        (["clock", "--frequencies", "5,two"], "--frequencies is '5,two'; expected whole numbers such as 17,3,15"),
        (["clock", "--frequencies", "30"], "frequency 30 is not between 1 and 29"),
        (["blend"], "a blend needs a pizza share"),
        (["pizza", "--pizza-share", "0.5"], "a pizza has no pizza share to choose"),
        (["clock", "--attention-rate", "-1"], "attention_rate is -1.0; it must lie between 0 and 1"),
        (["clock", "--width", "8"], "width 8"),
        (["square"], "square"),
    ],
)
def test_what_cannot_be_made_is_a_line_and_exit_code_2(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["make-ideal", *arguments, "--out", "x.pt"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and words in err and err.count("\n") == 1
    assert not Path("x.pt").exists()
