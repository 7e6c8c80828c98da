"""`clockpizza convert`: any known file in, one of ours out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from clockpizza.checkpoints import read
from clockpizza.cli import main
from clockpizza.config import LinearConfig, TransformerConfig
from clockpizza.networks import linear, transformer

CONFIG = TransformerConfig(p=7, width=8, heads=2, attention_rate=0.25)


@pytest.fixture(autouse=True)
def authors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file model_x.pt in the current folder, without its config."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    torch.save({name: torch.randn(shape) for name, shape in transformer.parameter_shapes(CONFIG).items()}, "model_x.pt")
    return Path("model_x.pt")


def beside(**more: object) -> None:
    Path("config_x.json").write_text(json.dumps({"C": 7, "attn_coeff": 0.25, "act_fn": "ReLU", **more}))


def test_it_writes_a_file_that_tells_all_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    beside(frac=0.8)
    assert main(["convert", "model_x.pt", "x.pt"]) == 0
    line = "model_x.pt (authors) -> x.pt: p 7, 1 layer, width 8, attention rate 0.25\n"
    assert capsys.readouterr() == (line, "")
    before, after = read("model_x.pt"), read("x.pt")
    assert (after.format, after.network.config) == ("clockpizza", CONFIG)
    assert after.record == before.record | {"read_as": before.reading()}
    assert "config beside it" in after.record["read_as"]
    E_a, E_b = before.network.embeddings()
    assert torch.equal(after.network.logits(E_a, E_b), before.network.logits(E_a, E_b))


def test_its_json_twin(capsys: pytest.CaptureFixture[str]) -> None:
    beside()
    assert main(["convert", "model_x.pt", "x.pt", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["path"], document["format"], document["out"]) == ("model_x.pt", "authors", "x.pt")
    assert (document["network"]["p"], document["training_pairs"], document["record"]["C"]) == (7, None, 7)


def test_options_say_what_the_file_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "model_x.pt", "x.pt"]) == 2
    assert "config_x.json beside it or give --attention-rate, --activation" in capsys.readouterr().err
    assert main(["convert", "model_x.pt", "x.pt", "--attention-rate", "0.25", "--activation", "relu", "--p", "7"]) == 0
    assert read("x.pt").network.config == CONFIG


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--attention-rate", "2"], "attention_rate is 2.0; it must lie between 0 and 1"),
        (["--activation", "swish"], "activation is 'swish'; it must be one of relu, gelu, tanh"),
        (["--p", "8"], "embed.W_E has 7 tokens, which does not fit --p 8"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", "model_x.pt", "x.pt", "--attention-rate", "1", "--activation", "relu", *options]) == 2
    assert words in capsys.readouterr().err
    assert not Path("x.pt").exists()


def test_a_file_is_overwritten_by_force_alone(capsys: pytest.CaptureFixture[str]) -> None:
    beside()
    assert main(["convert", "model_x.pt", "model_x.pt"]) == 2
    assert capsys.readouterr().err == "clockpizza: model_x.pt: exists already; --force overwrites it\n"
    assert main(["convert", "model_x.pt", "model_x.pt", "--force"]) == 0
    assert read("model_x.pt").format == "clockpizza"


def test_what_cannot_be_read_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "gone\n.pt", "x.pt"]) == 2
    assert capsys.readouterr() == ("", "clockpizza: gone\\n.pt: no such file\n")


def test_linear_models_are_converted_too(capsys: pytest.CaptureFixture[str]) -> None:
    shapes = linear.parameter_shapes(LinearConfig("gamma", p=7, hidden=6))
    torch.save({name: torch.randn(shape) for name, shape in shapes.items()}, "model_y.pt")
    Path("config_y.json").write_text('{"C": 7, "model_type": "C"}')
    assert main(["convert", "model_y.pt", "y.pt"]) == 0
    assert capsys.readouterr().out == "model_y.pt (authors) -> y.pt: p 7, linear gamma, hidden 6\n"
