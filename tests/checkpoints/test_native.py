"""Our own files: what goes in comes out, bit for bit, and a file is whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import clockpizza
from clockpizza.checkpoints import Overrides, read, write
from clockpizza.config import LINEAR_MODELS, LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.errors import BadInput, ClockpizzaError
from clockpizza.networks import Network

Make = Callable[[NetworkConfig], Network]
CONFIG = TransformerConfig(p=7, width=8, heads=2, attention_rate=0.3)


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        TransformerConfig(p=7, width=11, heads=3, layers=2, causal=True, equals_token=True, d_vocab_out=7),
        TransformerConfig(p=7, width=8, heads=2, separate_vocabularies=True, activation="tanh", d_mlp=3),
        *(LinearConfig(model, p=7, hidden=6) for model in LINEAR_MODELS),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_a_network_comes_back_bit_for_bit(
    config: NetworkConfig, dtype: torch.dtype, tmp_path: Path, random_network: Make
) -> None:
    network = random_network(config)
    network.weights = {name: weight.to(dtype) for name, weight in network.weights.items()}
    split = torch.randperm(49)[:39]
    record = {"seed": 3, "lr": 1e-3, "betas": [0.9, 0.98], "device": "cpu", "resumed": False, "note": None}
    write(tmp_path / "a.pt", network, split, record)
    found = read(tmp_path / "a.pt")
    assert (found.format, found.network.config, found.record) == ("clockpizza", config, record)
    assert found.training_pairs is not None
    assert torch.equal(found.training_pairs, split)
    assert list(found.network.weights) == list(network.weights)
    for name, weight in network.weights.items():
        assert found.network.weights[name].dtype == dtype
        assert torch.equal(found.network.weights[name], weight)


def test_the_file_is_plain_values_and_tensors(tmp_path: Path, random_network: Make) -> None:
    write(tmp_path / "a.pt", random_network(CONFIG))
    holds = torch.load(tmp_path / "a.pt", weights_only=True)
    assert (holds["format"], holds["schema"], holds["clockpizza"]) == ("clockpizza", 1, clockpizza.__version__)
    assert (holds["config"]["model"], holds["training_pairs"], holds["record"]) == ("transformer", None, {})


def test_views_are_written_without_the_memory_they_look_into(tmp_path: Path, random_network: Make) -> None:
    network = random_network(CONFIG)
    big = torch.zeros(1000, 1000)
    network.weights["blocks.0.mlp.b_in"] = big[0, :32]
    network.weights["unembed.W_U"] = torch.randn(7, 8, requires_grad=True).T
    write(tmp_path / "a.pt", network)
    assert (tmp_path / "a.pt").stat().st_size < 20_000
    assert torch.equal(read(tmp_path / "a.pt").network.weights["unembed.W_U"], network.weights["unembed.W_U"])


def test_the_same_network_makes_the_same_file(tmp_path: Path, random_network: Make) -> None:
    write(tmp_path / "a.pt", random_network(CONFIG))
    write(tmp_path / "b.pt", random_network(CONFIG))
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()


def test_a_file_is_replaced_only_when_that_is_asked(tmp_path: Path, random_network: Make) -> None:
    path = tmp_path / "a.pt"
    path.write_text("precious")
    with pytest.raises(BadInput, match=r"a.pt: exists already; --force overwrites it$"):
        write(path, random_network(CONFIG))
    assert path.read_text() == "precious"
    write(path, random_network(CONFIG), overwrite=True)
    assert read(path).network.config == CONFIG
    assert os.listdir(tmp_path) == ["a.pt"]


def test_places_that_cannot_be_written_are_named(tmp_path: Path, random_network: Make) -> None:
    network = random_network(CONFIG)
    with pytest.raises(BadInput, match=r"a.pt: there is no folder .*missing$"):
        write(tmp_path / "missing" / "a.pt", network)
    with pytest.raises(BadInput, match="a folder; name a file in it"):
        write(tmp_path, network, overwrite=True)
    with pytest.raises(ClockpizzaError, match="cannot be written: File name too long"):
        write(tmp_path / ("long" * 100), network)
    assert os.listdir(tmp_path) == []


def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, random_network: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a.pt").write_text("precious")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ClockpizzaError, match=r"a.pt: cannot be written: the disk is full") as error:
        write(tmp_path / "a.pt", random_network(CONFIG), overwrite=True)
    assert error.value.exit_code == 1
    assert os.listdir(tmp_path) == ["a.pt"]
    assert (tmp_path / "a.pt").read_text() == "precious"


def test_files_are_as_readable_as_any_other(tmp_path: Path, random_network: Make) -> None:
    (tmp_path / "other").touch()
    write(tmp_path / "a.pt", random_network(CONFIG))
    assert (tmp_path / "a.pt").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize(
    ("split", "record", "words"),
    [
        (torch.tensor([0, 49]), {}, "training_pairs must be distinct whole numbers from 0 to 48"),
        (torch.tensor([1, 1]), {}, "training_pairs must be distinct"),
        (None, {"loss": float("nan")}, "record holds a float that is no plain JSON value"),
        (None, {"loss": torch.ones(1)}, "record holds a Tensor"),
        (None, {3: "three"}, "record holds a dict"),
        (None, {"losses": [0.5] * 20_000}, "record holds more than 10,000 values"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(
    split: Tensor | None, record: dict[Any, Any], words: str, tmp_path: Path, random_network: Make
) -> None:
    with pytest.raises(BadInput, match=words):
        write(tmp_path / "a.pt", random_network(CONFIG), split, record)
    assert os.listdir(tmp_path) == []


def endless() -> list[Any]:
    """A list that holds itself twice, sixty times over."""
    value: list[Any] = []
    for _ in range(60):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"schema": 2, "clockpizza": "9.1"},
            "its schema is 2, and clockpizza .* reads schema 1; it needs clockpizza 9.1",
        ),
        ({"schema": torch.ones(2)}, "its schema is None"),
        ({"config": None}, "holds a NoneType, not a state dict"),
        ({"config": {}}, "weight embed.W_E has shape"),
        ({"config": {"widht": 8}}, "unknown config key 'widht'; did you mean 'width'"),
        ({"config": {"p": "7"}}, "."),
        ({"config": {"p": torch.ones(2)}}, "."),
        ({"config": {"p": 2**70, "width": 8, "heads": 2}}, "weight embed.W_E has shape"),
        ({"config": {"layers": 10**9}}, "its config says 1000000000 layers, but there are 11 weights"),
        ({"config": {"model": "omega"}}, "model is 'omega'; it must be one of"),
        ({"config": {"attention_rate": float("nan")}}, "attention_rate is nan"),
        ({"weights": {}}, "its config says 1 layers, but there are 0 weights|is missing"),
        ({"weights": {"embed.W_E": 3}}, "weight embed.W_E is a int"),
        ({"training_pairs": torch.tensor([49])}, "training_pairs must be distinct whole numbers from 0 to 48"),
        ({"training_pairs": [1]}, "training_pairs must be"),
        ({"training_pairs": torch.ones(3).to_sparse()}, "training split is sparse"),
        ({"record": [1]}, "record is a list, not a dict"),
        ({"record": {"a": torch.ones(1)}}, "record holds a Tensor"),
        ({"record": {"a": endless()}}, "record holds more than 10,000 values, or is more than 20 deep"),
    ],
)
def test_a_file_that_is_not_as_we_write_it_is_refused(
    change: dict[str, Any], words: str, tmp_path: Path, random_network: Make
) -> None:
    path = tmp_path / "a.pt"
    write(path, random_network(CONFIG))
    torch.save(torch.load(path, weights_only=True) | change, path)
    with pytest.raises(BadInput, match=words) as error:
        read(path)
    assert str(error.value).isprintable()


@pytest.mark.parametrize("key", ["config", "weights"])
def test_a_file_that_lacks_something_is_refused(key: str, tmp_path: Path, random_network: Make) -> None:
    path = tmp_path / "a.pt"
    write(path, random_network(CONFIG))
    holds = torch.load(path, weights_only=True)
    del holds[key]
    torch.save(holds, path)
    with pytest.raises(BadInput, match=f"{key} is missing"):
        read(path)


def test_overrides_do_not_change_what_the_file_tells(tmp_path: Path, random_network: Make) -> None:
    write(tmp_path / "a.pt", random_network(CONFIG))
    assert read(tmp_path / "a.pt", Overrides(p=7, attention_rate=0.3)).network.config == CONFIG
    with pytest.raises(BadInput, match=r"--attention-rate 1.0 contradicts .* 0.3"):
        read(tmp_path / "a.pt", Overrides(attention_rate=1.0))


def test_a_linear_model_has_no_attention_for_an_override_to_contradict(tmp_path: Path, random_network: Make) -> None:
    write(tmp_path / "a.pt", random_network(LinearConfig("beta", p=7, hidden=6)))
    assert read(tmp_path / "a.pt", Overrides(attention_rate=1.0)).network.config.model == "beta"
