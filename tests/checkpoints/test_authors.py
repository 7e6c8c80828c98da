"""The paper authors' files: what the weights tell, what the config tells, and what has to be asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from clockpizza.checkpoints import Overrides, read
from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.networks import Network

Make = Callable[[NetworkConfig], Network]
SMALL = TransformerConfig(p=7, width=8, heads=2, attention_rate=0.25)
KNOWN = {"C": 7, "attn_coeff": 0.25, "act_fn": "ReLU"}


def save(path: Path, network: Network, **config: Any) -> Path:
    """An authors' pair of files; without `config` there is only one."""
    weights = dict(network.weights)
    if isinstance(network.config, TransformerConfig):
        weights |= {f"blocks.{i}.attn.mask": torch.ones(2, 2).tril() for i in range(network.config.layers)}
    torch.save(weights, path)
    if config:
        path.with_name(path.name.replace("model_", "config_")).with_suffix(".json").write_text(json.dumps(config))
    return path


@pytest.mark.parametrize(
    ("config", "file"),
    [
        (SMALL, {}),
        (replace(SMALL, layers=3), {"n_layers": 3, "n_heads": 2, "d_model": 8}),
        (replace(SMALL, activation="gelu"), {"act_fn": "GeLU"}),
        (replace(SMALL, activation="tanh"), {"act_fn": "Tanh"}),
        (replace(SMALL, attention_rate=0.0), {"attn_coeff": 0}),
        (replace(SMALL, width=11, heads=3, d_mlp=5), {}),
        (TransformerConfig(p=7, width=8, heads=2, attention_rate=0.25, separate_vocabularies=True), {"diff_vocab": 1}),
        (TransformerConfig(p=7, width=8, heads=2, attention_rate=0.25, equals_token=True), {"eqn_sign": True}),
        (
            TransformerConfig(
                p=7, width=8, heads=2, attention_rate=0.25, equals_token=True, separate_vocabularies=True
            ),
            {"eqn_sign": 1, "diff_vocab": True},
        ),
    ],
)
def test_weights_and_config_together_tell_the_transformer(
    config: TransformerConfig, file: dict[str, Any], tmp_path: Path, random_network: Make
) -> None:
    network = random_network(config)
    found = read(save(tmp_path / "model_abc.pt", network, **(KNOWN | file)))
    assert (found.format, found.network.config, found.training_pairs) == ("authors", config, None)
    assert all(torch.equal(found.network.weights[name], weight) for name, weight in network.weights.items())


@pytest.mark.parametrize(
    ("model", "letter"), [("alpha", "A"), ("beta", "B"), ("gamma", "C"), ("delta", "D"), ("x", "X"), ("alpha", None)]
)
def test_linear_models_are_told_by_their_shapes_and_model_type(
    model: str, letter: str | None, tmp_path: Path, random_network: Make, answers: Callable[[Network], Tensor]
) -> None:
    network = random_network(LinearConfig(model, p=7, hidden=6))
    config = {"C": 7, "model_type": letter} if letter else {}
    found = read(save(tmp_path / "model_abc.pt", network, **config))
    assert found.network.config == network.config
    assert torch.equal(answers(found.network), answers(network))


def test_the_record_keeps_plain_values_and_no_source_code(tmp_path: Path, random_network: Make) -> None:
    more = {"frac": 0.8, "epoch": 20000, "runid": "abc", "func": None, "funcs": "lambda x: exit()", "betas": [0.9]}
    found = read(save(tmp_path / "model_abc.pt", random_network(SMALL), **KNOWN, **more))
    assert found.record == KNOWN | {"frac": 0.8, "epoch": 20000, "runid": "abc"}


@pytest.mark.parametrize("name", ["net.json", "config_net.json"])
def test_other_names_have_their_config_beside_them_too(name: str, tmp_path: Path, random_network: Make) -> None:
    path = save(tmp_path / "net.pt", random_network(SMALL))
    (tmp_path / name).write_text(json.dumps(KNOWN))
    assert read(path).network.config == SMALL


def test_overrides_stand_in_for_a_missing_config(tmp_path: Path, random_network: Make) -> None:
    path = save(tmp_path / "model_abc.pt", random_network(SMALL))
    assert read(path, Overrides(attention_rate=0.25, activation="relu")).network.config == SMALL


def test_overrides_may_repeat_a_config_and_not_contradict_it(tmp_path: Path, random_network: Make) -> None:
    path = save(tmp_path / "model_abc.pt", random_network(SMALL), **KNOWN)
    assert read(path, Overrides(7, 0.25, "relu")).network.config == SMALL
    for overrides, words in [
        (Overrides(p=14), "--p 14 contradicts config_abc.json, which says C 7"),
        (Overrides(attention_rate=0.5), "--attention-rate 0.5 contradicts config_abc.json, which says attn_coeff 0.25"),
        (Overrides(activation="gelu"), "--activation gelu contradicts config_abc.json, which says act_fn 'ReLU'"),
    ]:
        with pytest.raises(BadInput, match=words):
            read(path, overrides)


@pytest.mark.parametrize(
    ("config", "overrides", "asked"),
    [
        (SMALL, Overrides(), r"do not tell attention rate and activation; put config_a.json beside it or give --att"),
        (
            SMALL,
            Overrides(activation="relu"),
            r"tell attention rate; put config_a.json beside it or give --attention-ra",
        ),
        (
            replace(SMALL, p=10, d_vocab_out=10),
            Overrides(),
            r"do not tell attention rate, activation and p; put .* --p \(no reading solves the task",
        ),
        (replace(SMALL, p=10, d_vocab_out=10), Overrides(None, 1.0, "relu"), r"do not tell p; put .* give --p \("),
        (
            TransformerConfig(p=7, width=8, heads=2, separate_vocabularies=True, equals_token=True),
            Overrides(None, 1.0, "relu"),
            r"do not tell p; ",
        ),
        (
            TransformerConfig(p=7, width=8, heads=2, layers=2, equals_token=True),
            Overrides(7, 1.0, "relu"),
            r"do not tell causal attention or not; put config_a.json with attention_dir beside it \(no reading",
        ),
        (LinearConfig("beta", p=7, hidden=6), Overrides(), "do not tell model beta from gamma; put config_a.json"),
    ],
)
def test_what_nothing_tells_is_asked_for_and_nothing_else(
    config: NetworkConfig, overrides: Overrides, asked: str, tmp_path: Path, random_network: Make
) -> None:
    with pytest.raises(BadInput, match=asked):
        read(save(tmp_path / "model_a.pt", random_network(config)), overrides)


def test_a_config_that_lacks_something_is_named(tmp_path: Path, random_network: Make) -> None:
    path = save(tmp_path / "model_a.pt", random_network(SMALL), C=7, act_fn="ReLU")
    with pytest.raises(
        BadInput, match=r"neither the weights nor config_a.json tell attention rate; give --attention-rate \("
    ):
        read(path)


def test_p_settles_how_an_even_vocabulary_is_read(tmp_path: Path, random_network: Make) -> None:
    config = TransformerConfig(p=7, width=8, heads=2, separate_vocabularies=True)
    path = save(tmp_path / "model_a.pt", random_network(config))
    assert read(path, Overrides(7, 1.0, "relu")).network.config == config
    together = read(path, Overrides(14, 1.0, "relu")).network.config
    assert (together.p, together.separate_vocabularies) == (14, False)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ({"C": 8}, "config_a.json says C 8: but embed.W_E has 7 tokens"),
        ({"diff_vocab": 1}, "config_a.json says diff_vocab 1: but embed.W_E has 7 tokens"),
        ({"eqn_sign": 1}, "config_a.json says eqn_sign 1: but pos_embed.W_pos has 2 positions"),
        ({"n_layers": 2}, "config_a.json says n_layers 2: but the weights have 1"),
        ({"n_heads": 4}, "config_a.json says n_heads 4: but the weights have 2"),
        ({"d_model": 9}, "config_a.json says d_model 9: but the weights have 8"),
        ({"C": 7.5}, "config_a.json says C 7.5: expected a whole number"),
        ({"C": "7"}, "config_a.json says C '7': expected a whole number"),
        ({"C": True}, "config_a.json says C True: expected a whole number"),
        ({"diff_vocab": 2}, "config_a.json says diff_vocab 2: expected true or false"),
        ({"attn_coeff": 1.5}, "config_a.json says attn_coeff 1.5: expected a number between 0 and 1"),
        ({"attn_coeff": "1"}, "config_a.json says attn_coeff '1': expected a number"),
        ({"act_fn": "Swish"}, "config_a.json says act_fn 'Swish': expected ReLU, GeLU or Tanh"),
        ({"act_fn": ["ReLU"]}, "config_a.json says act_fn"),
        ({"use_linear": True}, "config_a.json says use_linear True: which is not supported"),
    ],
)
def test_a_config_that_contradicts_the_weights_is_named_with_both(
    file: dict[str, Any], words: str, tmp_path: Path, random_network: Make
) -> None:
    path = save(tmp_path / "model_a.pt", random_network(SMALL), **(KNOWN | file))
    with pytest.raises(BadInput, match=words) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("model", "file", "words"),
    [
        ("alpha", {"C": 8}, "config_a.json says C 8: but embed.weight has 7 rows"),
        ("alpha", {"model_type": "D"}, "says model_type 'D': but the weights are those of model alpha"),
        ("delta", {"model_type": "A"}, "says model_type 'A': but the weights are those of model delta"),
        ("gamma", {"model_type": "X"}, "says model_type 'X': but the weights are those of model beta or gamma"),
        ("x", {"model_type": ["X"]}, "says model_type .* expected one of A, B, C, D, X"),
    ],
)
def test_a_linear_config_that_contradicts_the_weights_is_named_with_both(
    model: str, file: dict[str, Any], words: str, tmp_path: Path, random_network: Make
) -> None:
    path = save(tmp_path / "model_a.pt", random_network(LinearConfig(model, p=7, hidden=6)), **file)
    with pytest.raises(BadInput, match=words):
        read(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"{", "config_a.json: not valid JSON"),
        (b"", "config_a.json: empty"),
        (b"[1]", "config_a.json: a list, not a JSON object"),
        (b'{"C": NaN}', "config_a.json: not valid JSON: NaN is no JSON value"),
        (b'{"C": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "config_a.json: nested too deeply"),
        (b'{"C": ' + b"1" * 10_000 + b"}", "config_a.json: not valid JSON"),
        (b'{"C": "\xff"}', "config_a.json: not valid JSON"),
        (b" " * 2**20 + b"{}", "config_a.json: larger than 1 MiB"),
    ],
)
def test_a_broken_config_is_named(text: bytes, words: str, tmp_path: Path, random_network: Make) -> None:
    path = save(tmp_path / "model_a.pt", random_network(SMALL))
    (tmp_path / "config_a.json").write_bytes(text)
    with pytest.raises(BadInput, match=words):
        read(path, Overrides(7, 0.25, "relu"))


def test_a_config_that_is_a_folder_or_a_dead_link_is_not_passed_over(tmp_path: Path, random_network: Make) -> None:
    path = save(tmp_path / "model_a.pt", random_network(SMALL))
    (tmp_path / "config_a.json").symlink_to("nowhere")
    with pytest.raises(BadInput, match=r"config_a.json: no such file"):
        read(path)
    (tmp_path / "config_a.json").unlink()
    (tmp_path / "config_a.json").mkdir()
    with pytest.raises(BadInput, match=r"config_a.json: a folder"):
        read(path)


W_Q, W_O = "blocks.0.attn.W_Q", "blocks.0.attn.W_O"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({W_Q: None}, "weight blocks.0.attn.W_Q is missing"),
        ({"blocks.0.mlp.b_in": None}, "weight blocks.0.mlp.b_in is missing"),
        ({W_O: None}, "weight blocks.0.attn.W_O is missing"),
        ({"extra": torch.ones(1)}, "weight extra is not one of this network's"),
        ({"blocks.0.mlp.b_in": torch.ones(31)}, r"b_in has shape \(31,\), expected \(32,\)"),
        ({"embed.W_E": torch.ones(7, 8)}, r"embed.W_E has shape \(7, 8\), expected \(8, d_vocab\)"),
        ({"embed.W_E": torch.ones(8)}, r"embed.W_E has shape \(8,\), expected \(8, d_vocab\)"),
        ({"embed.W_E": torch.ones(8, 0)}, r"embed.W_E has shape \(8, 0\), expected"),
        ({W_Q: torch.ones(2, 8, 4)}, r"W_Q has shape \(2, 8, 4\), expected \(heads, d_head, 8\)"),
        ({W_Q: torch.ones(0, 4, 8)}, r"W_Q has shape \(0, 4, 8\), expected"),
        ({W_Q: torch.ones(2, 5, 8)}, r"W_Q has shape \(2, 5, 8\), expected \(2, 4, 8\)"),
        ({"pos_embed.W_pos": torch.ones(5, 8)}, "has 5 positions; expected 2, or 3"),
        ({W_Q: "text"}, "weight blocks.0.attn.W_Q is a str, not a tensor"),
        ({W_Q: [1.0]}, "weight blocks.0.attn.W_Q is a list, not a tensor"),
        ({W_Q: torch.ones(2, 4, 8, dtype=torch.int64)}, "W_Q is int64; expected a floating point tensor"),
        ({W_Q: torch.ones(2, 4, 8, dtype=torch.complex64)}, "W_Q is complex64; expected"),
        ({W_Q: torch.ones(2, 4, 8, dtype=torch.float64)}, r"weights of different types: .* float32 but .* float64"),
        ({W_Q: torch.full((2, 4, 8), torch.nan)}, "W_Q holds NaN or infinite values"),
        ({W_Q: torch.full((2, 4, 8), torch.inf)}, "W_Q holds NaN or infinite values"),
        ({W_Q: torch.ones(2, 4, 8).to_sparse()}, "W_Q is sparse, quantized, nested or without data"),
        ({W_Q: torch.ones(2, 4, 8, device="meta")}, "W_Q is sparse, quantized, nested or without data"),
        ({W_Q: torch.ones(1).expand(2, 4, 8)}, r"W_Q claims shape \(2, 4, 8\), which is more than the file holds"),
        ({3: torch.ones(1)}, "a key of type int"),
    ],
)
def test_weights_that_do_not_fit_are_named(
    change: dict[str, Any], words: str, tmp_path: Path, random_network: Make
) -> None:
    path = save(tmp_path / "model_a.pt", random_network(SMALL), **KNOWN)
    weights = torch.load(path, weights_only=True) | change
    torch.save({name: weight for name, weight in weights.items() if weight is not None}, path)
    with pytest.raises(BadInput, match=words) as error:
        read(path)
    assert "\n" not in str(error.value)


def test_p_2_is_no_modulus(tmp_path: Path, random_network: Make) -> None:
    weights = dict(random_network(SMALL).weights)
    weights |= {"embed.W_E": torch.ones(8, 2), "unembed.W_U": torch.ones(8, 2)}
    torch.save(weights, tmp_path / "model_a.pt")
    (tmp_path / "config_a.json").write_text(json.dumps(KNOWN | {"C": 2}))
    with pytest.raises(BadInput, match="p is 2; it must be at least 3"):
        read(tmp_path / "model_a.pt")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_keep_their_precision(dtype: torch.dtype, tmp_path: Path, random_network: Make) -> None:
    network = random_network(SMALL)
    network.weights = {name: weight.to(dtype) for name, weight in network.weights.items()}
    found = read(save(tmp_path / "model_a.pt", network, **KNOWN)).network
    assert all(torch.equal(found.weights[name], weight) for name, weight in network.weights.items())


def test_parameters_are_read_as_tensors(tmp_path: Path, random_network: Make) -> None:
    network = random_network(SMALL)
    network.weights = {name: torch.nn.Parameter(weight) for name, weight in network.weights.items()}
    found = read(save(tmp_path / "model_a.pt", network, **KNOWN)).network
    assert not any(weight.requires_grad for weight in found.weights.values())


@pytest.mark.parametrize(
    ("name", "words", "accuracy"),
    [
        ("p99zdpze5l", "p 59, 1 layer, width 128, attention rate 0", 1),
        ("l8k1hzciux", "p 59, 1 layer, width 128, attention rate 1", 1),
        ("2k4ohj6bhd", "p 59, 1 layer, width 128, attention rate 0.8042", 1),
        ("18c9ev5v5p", "p 59, 1 layer, width 128, attention rate 0.004067, separate vocabularies", 1),
        ("h9m153uuh9", "p 59, 2 layers, width 128, attention rate 0.006645", 1),
        ("dy65ktpiij", "p 59, 1 layer, width 128, attention rate 0, GeLU", 0.9684),
        ("n9n7h3p965", "p 59, 1 layer, width 128, attention rate 0.03334", 0.5826),
        ("p71frej8t7", "p 59, linear beta, hidden 256", 1),
        ("qlvxqhkvit", "p 59, linear delta, hidden 256", 1),
    ],
)
def test_the_published_networks_answer_as_they_did_for_their_authors(
    name: str, words: str, accuracy: float, reference: Path, answers: Callable[[Network], Tensor]
) -> None:
    network = read(reference / f"model_{name}.pt").network
    assert network.config.describe() == words
    labels = (torch.arange(59).repeat_interleave(59) + torch.arange(59).repeat(59)) % 59
    right = (answers(network).argmax(-1) == labels).double().mean().item()
    assert right == pytest.approx(accuracy, abs=1e-4)
