"""TransformerLens's networks: the same names in another layout, and what the paper's equations cannot express."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

Make = Callable[[NetworkConfig], Network]
CONFIG = TransformerConfig(p=7, width=8, heads=2, equals_token=True, causal=True, d_vocab_out=7)
RELU = Overrides(activation="relu")


def theirs(network: Network) -> dict[str, Tensor]:
    """A HookedTransformer's state dict for the same network."""
    config = network.config
    assert isinstance(config, TransformerConfig)
    weights: dict[str, Tensor] = {"unembed.b_U": torch.zeros(config.d_vocab_out)}
    for name, weight in network.weights.items():
        match name.rpartition(".")[2]:
            case "W_E" | "W_in" | "W_out":
                weight = weight.T
            case "W_Q" | "W_K" | "W_V":
                weight = weight.transpose(1, 2)
            case "W_O":
                weight = weight.T.unflatten(0, (config.heads, config.d_head))
        weights[name] = weight.contiguous()
    for i in range(config.layers):
        heads = {f"blocks.{i}.attn.b_{name}": torch.zeros(config.heads, config.d_head) for name in "QKV"}
        mask = torch.ones(config.positions, config.positions, dtype=torch.bool)
        weights |= heads | {
            f"blocks.{i}.attn.b_O": torch.zeros(config.width),
            f"blocks.{i}.attn.mask": mask.tril() if config.causal else mask,
            f"blocks.{i}.attn.IGNORE": torch.tensor(-torch.inf),
        }
    return weights


def save(path: Path, weights: Mapping[str, Tensor], **more: Any) -> Path:
    torch.save({"model": dict(weights), **more} if more else dict(weights), path)
    return path


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        replace(CONFIG, layers=2),
        replace(CONFIG, d_vocab_out=8),
        replace(CONFIG, causal=False, layers=2),
        # Sizes that coincide: nothing but the axes of W_O tells the layouts apart.
        TransformerConfig(p=7, width=8, heads=2, equals_token=True, causal=True, d_mlp=8),
        TransformerConfig(p=7, width=8, heads=1, equals_token=True, causal=True, d_mlp=8, d_vocab_out=8),
        TransformerConfig(p=7, width=3, heads=3, equals_token=True, causal=True, d_mlp=3),
        TransformerConfig(p=7, width=8, heads=2, causal=True),
        TransformerConfig(p=7, width=8, heads=2, causal=True, separate_vocabularies=True, d_vocab_out=7),
        TransformerConfig(
            p=7, width=8, heads=2, causal=True, separate_vocabularies=True, equals_token=True, d_vocab_out=7
        ),
    ],
)
def test_a_network_answers_the_same_in_either_layout(
    config: TransformerConfig, tmp_path: Path, random_network: Make, answers: Callable[[Network], Tensor]
) -> None:
    network = random_network(config)
    found = read(save(tmp_path / "a.pt", theirs(network)), RELU)
    assert (found.format, found.network.config) == ("transformer_lens", config)
    assert all(torch.equal(found.network.weights[name], weight) for name, weight in network.weights.items())
    assert torch.equal(answers(found.network), answers(network))


def test_a_run_with_its_config_tells_the_activation_and_the_split(tmp_path: Path, random_network: Make) -> None:
    config = {"act_fn": "gelu", "normalization_type": None, "attn_scale": 2.0, "seed": 999, "d_vocab_out": 7}
    split = torch.randperm(49)[:15]
    weights = theirs(random_network(CONFIG))
    found = read(save(tmp_path / "a.pth", weights, config=config, train_indices=split, epochs=25_000))
    assert found.network.config == replace(CONFIG, activation="gelu")
    assert found.training_pairs is not None
    assert torch.equal(found.training_pairs, split)
    assert found.record["seed"] == 999
    assert found.record["epochs"] == 25_000


def test_attention_both_ways_is_told_by_the_config_or_the_mask(tmp_path: Path, random_network: Make) -> None:
    weights = theirs(random_network(CONFIG))
    path = save(tmp_path / "a.pt", weights, config={"act_fn": "relu", "attention_dir": "bidirectional"})
    assert read(path).network.config == replace(CONFIG, causal=False)
    weights = {name: weight for name, weight in weights.items() if not name.endswith("mask")}
    assert read(save(tmp_path / "b.pt", weights), RELU).network.config == CONFIG


def test_without_biases_and_masks_it_is_read_too(tmp_path: Path, random_network: Make) -> None:
    weights = {k: v for k, v in theirs(random_network(CONFIG)).items() if k in random_network(CONFIG).weights}
    assert read(save(tmp_path / "a.pt", weights), RELU).network.config == CONFIG


def test_an_activation_that_is_not_told_is_asked_for(tmp_path: Path, random_network: Make) -> None:
    with pytest.raises(BadInput, match="whose file does not tell the activation; give --activation"):
        read(save(tmp_path / "a.pt", theirs(random_network(CONFIG))))


def test_p_that_is_not_told_is_asked_for(tmp_path: Path, random_network: Make) -> None:
    network = random_network(TransformerConfig(p=7, width=8, heads=2, separate_vocabularies=True, causal=True))
    path = save(tmp_path / "a.pt", theirs(network))
    with pytest.raises(BadInput, match="the weights do not tell whether p is 14 or 7; give --p"):
        read(path, RELU)
    assert read(path, Overrides(p=7, activation="relu")).network.config == network.config


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"blocks.0.attn.b_V": torch.ones(2, 4)}, r"attention or unembedding biases \(blocks.0.attn.b_V\)"),
        ({"blocks.0.attn.b_O": torch.full((8,), torch.nan)}, r"biases \(blocks.0.attn.b_O\)"),
        ({"unembed.b_U": torch.ones(7)}, r"biases \(unembed.b_U\)"),
        ({"blocks.0.ln1.w": torch.ones(8)}, r"with LayerNorm \(blocks.0.ln1.w\), which is not supported"),
        ({"ln_final.w": torch.ones(8)}, r"with LayerNorm \(ln_final.w\)"),
        ({"blocks.0.mlp.W_gate": torch.ones(8, 32)}, "weight blocks.0.mlp.W_gate is not one of this network's"),
        ({"blocks.0.attn.W_Q": torch.ones(2, 4, 8)}, r"W_Q has shape \(2, 4, 8\), expected \(heads, 8, d_head\)"),
        ({"blocks.0.attn.W_Q": torch.ones(8, 8)}, r"W_Q has shape \(8, 8\), expected \(heads, 8, d_head\)"),
        ({"blocks.0.attn.W_O": torch.ones(8, 8)}, r"W_Q has shape \(2, 8, 4\), expected \(heads, d_head, 8\)"),
        ({"blocks.0.attn.W_O": torch.ones(2, 8, 4)}, r"W_O has shape \(2, 8, 4\), expected \(heads, d_head, 8\)"),
        ({"blocks.0.mlp.W_in": torch.ones(32, 8)}, r"W_in has shape \(32, 8\), expected \(8, d_mlp\)"),
        ({"embed.W_E": torch.ones(8, 9)}, r"embed.W_E has shape \(8, 9\), expected \(d_vocab, 8\)"),
    ],
)
def test_what_the_equations_cannot_express_is_refused_by_name(
    change: dict[str, Tensor], words: str, tmp_path: Path, random_network: Make
) -> None:
    with pytest.raises(BadInput, match=words):
        read(save(tmp_path / "a.pt", theirs(random_network(CONFIG)) | change), RELU)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"normalization_type": "LNPre"}, "says normalization_type 'LNPre', which is not supported"),
        ({"positional_embedding_type": "rotary"}, "says positional_embedding_type 'rotary'"),
        ({"attn_scale": 1.0}, "says attn_scale 1.0"),
        ({"attn_scale": "much"}, "says attn_scale 'much'"),
        ({"parallel_attn_mlp": True}, "says parallel_attn_mlp True"),
        ({"act_fn": "gelu_new"}, "its config says act_fn 'gelu_new'; expected one of relu, gelu, tanh"),
    ],
)
def test_settings_that_change_the_equations_are_refused_by_name(
    config: dict[str, Any], words: str, tmp_path: Path, random_network: Make
) -> None:
    with pytest.raises(BadInput, match=words):
        read(save(tmp_path / "a.pt", theirs(random_network(CONFIG)), config={"act_fn": "relu"} | config))
