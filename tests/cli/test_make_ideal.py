"""`clockpizza make-ideal`: networks of known algorithm, as files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from clockpizza import settings
from clockpizza.checkpoints import read
from clockpizza.cli import main
from clockpizza.cli.make_ideal import Kind
from clockpizza.networks.ideal import KINDS, ideal


@pytest.fixture(autouse=True)
def nobodys_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def test_every_kind_can_be_asked_for() -> None:
    assert tuple(kind.value for kind in Kind) == KINDS


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "blend"])
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


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        (
            "blend",
            "--frequencies 3,6 --pizza-share 1,0.25 --radii 1,0.5 --turn 0.3 --companion-size 2 --overlap 0.1",
            {
                "frequencies": [3, 6],
                "pizza_share": [1, 0.25],
                "radii": [1, 0.5],
                "turn": 0.3,
                "companion_size": 2,
                "overlap": 0.1,
            },
        ),
        (
            "pizza",
            "--tied --companion-lines --noise 0.01 --seed 3",
            {"tied": True, "companion_lines": True, "noise": 0.01, "seed": 3},
        ),
        (
            "pizza",
            "--separate-vocabularies --b-shift 2.5 --b-turn 0.5 --own-planes --equals-token",
            {"separate_vocabularies": True, "b_shift": 2.5, "b_turn": 0.5, "own_planes": True, "equals_token": True},
        ),
        ("idle-circles", "--multiplier 5 --offset 2", {"multiplier": 5, "offset": 2}),
        (
            "partial-lookup",
            "--one-hot --lookup-share 0.7 --lookup-size 9 --pizza-share 1",
            {"one_hot": True, "lookup_share": 0.7, "lookup_size": 9, "pizza_share": 1},
        ),
        ("partial-lookup", "--on-circles", {"on_circles": True}),
        ("wide", "--companions --pizza-share 0.5", {"companions": True, "pizza_share": 0.5}),
    ],
)
def test_so_does_every_other_choice(kind: str, options: str, expected: dict[str, Any]) -> None:
    assert main(["make-ideal", kind, "--p", "13", *options.split(), "--out", "it.pt"]) == 0
    found, network = read("it.pt"), ideal(kind, p=13, **expected).network
    assert found.network.config == network.config
    assert all(torch.equal(found.network.weights[name], w) for name, w in network.weights.items())
    assert found.record.items() >= expected.items()  # what it was asked for is told, too


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
        (["blend", "--pizza-share", "half"], "--pizza-share is 'half'; expected numbers such as 0.3 or 1,0,0.4"),
        (["clock", "--radii", "1,,2"], "--radii is '1,,2'; expected numbers such as 1,0.5,2"),
        (["clock", "--b-shift", "2"], "only with separate vocabularies"),
        (["clock", "--equals-token"], "give an attention rate above 0"),
        (["number-line", "--p", "12", "--multiplier", "3"], "multiplier 3 shares a factor with 12"),
        (["wide", "--attention-rate", "0.5"], "a wide network has no attention rate to choose"),
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
