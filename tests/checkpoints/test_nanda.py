"""Nanda et al.'s files: one dict, with a config of a class that nobody else has."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from clockpizza.checkpoints import Overrides, read
from clockpizza.config import NetworkConfig, TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.networks import Network

Make = Callable[[NetworkConfig], Network]
CONFIG = TransformerConfig(p=7, width=8, heads=2, equals_token=True, causal=True)


def save(path: Path, network: Network, **more: Any) -> Path:
    weights = {**network.weights, "blocks.0.attn.mask": torch.ones(3, 3).tril()}
    torch.save({"model": weights, **more}, path)
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
    found = read(save(tmp_path / name, network, epoch=10_000, train_losses=[1.0, 0.5], test_loss=0.25))
    assert (found.format, found.network.config, found.training_pairs) == ("nanda", CONFIG, None)
    assert found.record == {"epoch": 10_000, "test_loss": 0.25}
    assert torch.equal(answers(found.network), answers(network))


def test_a_config_of_a_lost_class_tells_the_rest(
    tmp_path: Path, random_network: Make, object_of_a_lost_class: Any
) -> None:
    config = TransformerConfig(p=7, width=8, heads=2, equals_token=True, causal=True, activation="gelu")
    inside = object_of_a_lost_class(p=7, act_type="GeLU", lr=1e-3, device=torch.device("cuda"), fn_name="add")
    path = save(tmp_path / "run.pth", random_network(config), config=inside)
    del sys.modules["transformers_of_somebody"]
    found = read(path)
    assert found.network.config == config
    assert found.record == {"p": 7, "act_type": "GeLU", "lr": 1e-3, "fn_name": "add"}


def test_a_plain_config_is_as_good(tmp_path: Path, random_network: Make) -> None:
    found = read(save(tmp_path / "run.pth", random_network(CONFIG), config={"p": 7, "act_type": "ReLU"}))
    assert found.network.config == CONFIG


def test_an_activation_that_is_not_told_is_relu_or_what_the_user_says(tmp_path: Path, random_network: Make) -> None:
    path = save(tmp_path / "run.pth", random_network(CONFIG))
    assert read(path).network.config.activation == "relu"
    assert read(path, Overrides(activation="gelu")).network.config.activation == "gelu"


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
        ({"p": 8}, "its config says p 8, but embed.W_E has 7 tokens besides the equals token"),
        ({"act_type": "Swish"}, "its config says act_type 'Swish'; expected one of relu, gelu, tanh"),
        ({"use_ln": True}, "its config says use_ln: LayerNorm is not supported"),
    ],
)
def test_a_config_that_contradicts_the_weights_is_refused(
    config: dict[str, Any], words: str, tmp_path: Path, random_network: Make
) -> None:
    with pytest.raises(BadInput, match=words):
        read(save(tmp_path / "run.pth", random_network(CONFIG), config=config))


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (Overrides(p=8), "--p 8 contradicts .* 7"),
        (Overrides(attention_rate=0.5), "--attention-rate 0.5 contradicts .* 1.0"),
    ],
)
def test_overrides_do_not_change_what_the_layout_tells(
    overrides: Overrides, words: str, tmp_path: Path, random_network: Make
) -> None:
    with pytest.raises(BadInput, match=words):
        read(save(tmp_path / "run.pth", random_network(CONFIG)), overrides)


def test_two_positions_are_not_theirs(tmp_path: Path, random_network: Make) -> None:
    with pytest.raises(BadInput, match="who have 3 positions, and this one has 2; save the bare state dict"):
        read(save(tmp_path / "run.pth", random_network(TransformerConfig(p=7, width=8, heads=2))))
