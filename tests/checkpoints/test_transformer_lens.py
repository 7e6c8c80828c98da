"""TransformerLens's networks: the same names in another layout, and what the paper's equations cannot express."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from clockpizza.checkpoints import Overrides, read
from clockpizza.config import NetworkConfig, TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.networks import Network
from tests.checkpoints.made import lens_weights

Make = Callable[[NetworkConfig], Network]
CONFIG = TransformerConfig(p=7, width=8, heads=2, equals_token=True, causal=True, d_vocab_out=7)
CFG = {"act_fn": "relu", "normalization_type": None}
RATE = Overrides(attention_rate=1.0)


def save(path: Path, weights: Mapping[str, Tensor], **more: Any) -> Path:
    """A run with its config, which tells all that the weights do not."""
    torch.save({"model": dict(weights), "config": CFG, **more}, path)
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
    found = read(save(tmp_path / "a.pt", lens_weights(network)), RATE)
    assert (found.format, found.network.config) == ("transformer_lens", config)
    assert all(torch.equal(found.network.weights[name], weight) for name, weight in network.weights.items())
    assert torch.equal(answers(found.network), answers(network))


def test_a_run_with_its_config_tells_the_activation_and_the_split(tmp_path: Path, random_network: Make) -> None:
    config = {"act_fn": "gelu", "normalization_type": None, "attn_scale": 2.0, "seed": 999, "d_vocab_out": 7}
    split = torch.randperm(49)[:15]
    weights = lens_weights(random_network(CONFIG))
    found = read(save(tmp_path / "a.pth", weights, config=config, train_indices=split, epochs=25_000), RATE)
    assert found.network.config == replace(CONFIG, activation="gelu")
    assert found.training_pairs is not None
    assert torch.equal(found.training_pairs, split)
    assert found.record["seed"] == 999
    assert found.record["epochs"] == 25_000


def test_attention_both_ways_is_told_by_the_config_or_the_mask(tmp_path: Path, random_network: Make) -> None:
    weights = lens_weights(random_network(CONFIG))
    found = read(save(tmp_path / "a.pt", weights, config=CFG | {"attention_dir": "bidirectional"}), RATE)
    assert found.network.config == replace(CONFIG, causal=False)
    both_ways = {name: torch.ones_like(w) if name.endswith("mask") else w for name, w in weights.items()}
    found = read(save(tmp_path / "b.pt", both_ways), RATE)
    assert (found.network.config, found.told["causal"]) == (replace(CONFIG, causal=False), "file")


@pytest.mark.parametrize(
    "mask", [None, torch.ones(3, 3).tril(), torch.zeros(3, 3, dtype=torch.bool), torch.ones(3) > 0]
)
def test_without_biases_and_a_mask_that_tells_it_is_read_too(
    mask: Tensor | None, tmp_path: Path, random_network: Make
) -> None:
    weights = {k: v for k, v in lens_weights(random_network(CONFIG)).items() if k in random_network(CONFIG).weights}
    weights |= {} if mask is None else {"blocks.0.attn.mask": mask}
    found = read(save(tmp_path / "a.pt", weights), RATE)
    assert (found.network.config, found.told["causal"]) == (replace(CONFIG, causal=False), "makes no difference")


def test_a_hooked_transformers_own_config_tells_all_but_the_rate(tmp_path: Path, random_network: Make) -> None:
    # As HookedTransformerConfig has it after __post_init__.
    config = {
        **{"n_layers": 1, "d_model": 8, "n_ctx": 3, "d_head": 4, "model_name": "custom", "n_heads": 2, "d_mlp": 32},
        **{"act_fn": "gelu", "d_vocab": 8, "eps": 1e-05, "use_attn_result": False, "use_attn_scale": True},
        **{"attn_scale": np.sqrt(4), "use_local_attn": False, "window_size": None, "normalization_type": None},
        **{"attention_dir": "causal", "attn_only": False, "positional_embedding_type": "standard", "final_rms": False},
        **{"d_vocab_out": 7, "parallel_attn_mlp": False, "attn_scores_soft_cap": -1.0, "dtype": torch.float32},
        **{
            "output_logits_soft_cap": -1.0,
            "scale_attn_by_inverse_layer_idx": False,
            "initializer_range": np.float64(1),
        },
    }
    found = read(save(tmp_path / "a.pt", lens_weights(random_network(CONFIG)), config=config), RATE)
    assert found.network.config == replace(CONFIG, activation="gelu")
    told = 'p 7, one vocabulary, GeLU, "=" as third token, causal attention, no LayerNorm (file)'
    assert found.reading() == f"{told}; attention rate 1 (option)"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"blocks.0.attn.b_V": torch.ones(2, 4)}, r"attention or unembedding biases \(blocks.0.attn.b_V\)"),
        ({"blocks.0.attn.b_O": torch.full((8,), torch.nan)}, r"biases \(blocks.0.attn.b_O\)"),
        ({"unembed.b_U": torch.ones(7)}, r"biases \(unembed.b_U\)"),
        ({"blocks.0.ln1.w": torch.ones(8)}, r"with LayerNorm \(RMS: blocks.0.ln1.w\), which is not supported"),
        ({"ln_final.w": torch.ones(8)}, r"with LayerNorm \(RMS: ln_final.w\)"),
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
        read(save(tmp_path / "a.pt", lens_weights(random_network(CONFIG)) | change), RATE)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            {"normalization_type": "LNPre"},
            "says normalization_type 'LNPre': a network with LayerNorm, which is not supported",
        ),
        ({"positional_embedding_type": "rotary"}, "says positional_embedding_type 'rotary'"),
        ({"attn_scale": 1.0}, "says attn_scale 1.0"),
        ({"attn_scale": "much"}, "says attn_scale 'much'"),
        ({"parallel_attn_mlp": True}, "says parallel_attn_mlp True"),
        ({"act_fn": "gelu_new"}, "its config says act_fn 'gelu_new': expected ReLU, GeLU or Tanh"),
    ],
)
def test_settings_that_change_the_equations_are_refused_by_name(
    config: dict[str, Any], words: str, tmp_path: Path, random_network: Make
) -> None:
    with pytest.raises(BadInput, match=words):
        read(save(tmp_path / "a.pt", lens_weights(random_network(CONFIG)), config=CFG | config), RATE)
