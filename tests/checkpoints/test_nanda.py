"""Nanda et al.'s files: one dict, with a config of a class that nobody else has."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from clockpizza.checkpoints import Overrides, read
from clockpizza.config import NetworkConfig, TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.networks import Network
from tests.checkpoints.made import adder

Make = Callable[[NetworkConfig], Network]
CONFIG = TransformerConfig(p=7, width=8, heads=2, equals_token=True, causal=True)


# What is in every file of theirs: an activation and a task by these names, and losses.
THEIRS: dict[str, Any] = {"config": {"act_type": "ReLU", "fn_name": "add"}, "train_losses": [1.0, 0.5]}


def save(path: Path, network: Network, **more: Any) -> Path:
    weights = {**network.weights, "blocks.0.attn.mask": torch.ones(3, 3).tril()}
    torch.save({"model": weights, **THEIRS, **more}, path)
    return path


@pytest.fixture
def object_of_a_lost_class() -> Any:
    """Makes objects with given attributes, whose class is gone once the test asks for `forget`."""
    module = types.ModuleType("transformers_of_somebody")

    class Config:
        def __init__(self, **values: Any):
            self.__dict__.update(values)

    Config.__qualname__, Config.__module__ = "Config", module.__name__
    module.Config = Config  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    yield Config
    sys.modules.pop(module.__name__, None)


@pytest.mark.parametrize("name", ["run.pth", "run.pt"])
def test_the_layout_tells_all_there_is(
    name: str, tmp_path: Path, random_network: Make, answers: Callable[[Network], Tensor]
) -> None:
    network = random_network(CONFIG)
    found = read(save(tmp_path / name, network, epoch=10_000, test_loss=0.25))
    assert (found.format, found.network.config, found.training_pairs) == ("nanda", CONFIG, None)
    assert found.record == {"epoch": 10_000, "test_loss": 0.25, "act_type": "ReLU", "fn_name": "add"}
    assert found.told["attention_rate"] == found.told["causal"] == "format"
    assert torch.equal(answers(found.network), answers(network))


def test_a_config_of_a_lost_class_tells_the_rest(
    tmp_path: Path, random_network: Make, object_of_a_lost_class: Any
) -> None:
    config = TransformerConfig(p=7, width=8, heads=2, equals_token=True, causal=True, activation="gelu")
    inside = object_of_a_lost_class(
        p=7, use_ln=False, num_layers=1, act_type="GeLU", lr=1e-3, device=torch.device("cuda"), fn_name="add"
    )
    path = save(tmp_path / "run.pth", random_network(config), config=inside)
    del sys.modules["transformers_of_somebody"]
    found = read(path)
    assert found.network.config == config
    assert found.record == {"p": 7, "use_ln": False, "num_layers": 1, "act_type": "GeLU", "lr": 1e-3, "fn_name": "add"}


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("left_out", ["config", "train_losses", "fn_name"])
def test_a_file_that_is_only_wrapped_like_theirs_tells_no_rate(
    left_out: str, layers: int, tmp_path: Path, random_network: Make
) -> None:
    path = save(tmp_path / "run.pth", random_network(replace(CONFIG, layers=layers)))
    content = torch.load(path, weights_only=True)
    for holds in (content, content["config"]):
        holds.pop(left_out, None)
    torch.save(content, path)
    with pytest.raises(BadInput, match=r"tell attention rate.*--attention-rate.* \(no reading solves the task"):
        read(path)


def test_an_option_goes_before_what_their_code_has_fixed(tmp_path: Path, random_network: Make) -> None:
    found = read(save(tmp_path / "run.pth", random_network(CONFIG)), Overrides(attention_rate=0.0))
    assert (found.network.config, found.told["attention_rate"]) == (replace(CONFIG, attention_rate=0.0), "option")
    with pytest.raises(BadInput, match="--activation gelu contradicts its config, which says act_type 'ReLU'"):
        read(save(tmp_path / "run.pth", random_network(CONFIG)), Overrides(activation="gelu"))


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_wrapped_file_of_either_rate_is_read_as_it_solves_the_task(rate: float, tmp_path: Path) -> None:
    network = adder(equals_token=True, attention_rate=rate)
    torch.save({"model": network.weights, "train_losses": [0.1], "test_losses": [0.1]}, tmp_path / "run.pth")
    found = read(tmp_path / "run.pth")
    assert (found.format, found.network.config) == ("nanda", network.config)


def test_the_training_split_is_kept(tmp_path: Path, random_network: Make) -> None:
    split = torch.randperm(49)[:15]
    found = read(save(tmp_path / "run.pth", random_network(CONFIG), train_indices=split))
    assert found.training_pairs is not None
    assert torch.equal(found.training_pairs, split)


@pytest.mark.parametrize(
    "split",
    [torch.tensor([0, 49]), torch.tensor([-1]), torch.tensor([3, 3]), torch.ones(3), torch.ones(3, 2).int(), [1]],
)
def test_indices_that_are_no_split_are_left_out(split: Any, tmp_path: Path, random_network: Make) -> None:
    assert read(save(tmp_path / "run.pth", random_network(CONFIG), train_indices=split)).training_pairs is None


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"p": 8}, "its config says p 8: but embed.W_E has 7 tokens besides the equals token"),
        ({"act_type": "Swish"}, "its config says act_type 'Swish': expected ReLU, GeLU or Tanh"),
        ({"use_ln": True}, "its config says use_ln True: a network with LayerNorm, which is not supported"),
        ({"num_layers": 2}, "its config says num_layers 2: but the weights have 1"),
    ],
)
def test_a_config_that_contradicts_the_weights_is_refused(
    config: dict[str, Any], words: str, tmp_path: Path, random_network: Make
) -> None:
    with pytest.raises(BadInput, match=words):
        read(save(tmp_path / "run.pth", random_network(CONFIG), config=config))


def test_p_does_not_change_what_the_tokens_tell(tmp_path: Path, random_network: Make) -> None:
    with pytest.raises(BadInput, match=r"embed.W_E has 7 tokens besides the equals token, which does not fit --p 8"):
        read(save(tmp_path / "run.pth", random_network(CONFIG)), Overrides(p=8))


def test_two_positions_are_read_too(tmp_path: Path, random_network: Make) -> None:
    config = TransformerConfig(p=7, width=8, heads=2, causal=True)
    assert read(save(tmp_path / "run.pth", random_network(config))).network.config == config
