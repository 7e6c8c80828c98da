"""What a run starts from: the paper's scales, and the seed alone."""

from __future__ import annotations

import math

import pytest
import torch

from clockpizza.config import LinearConfig, TransformerConfig
from clockpizza.task import answers, training_split
from clockpizza.training.initial import initial_weights


def test_a_transformers_weights_have_the_papers_scales() -> None:
    weights = initial_weights(TransformerConfig(width=128, layers=2), seed=0)
    one_over_root_width = 1 / math.sqrt(128)
    for name, expected in {
        "embed.W_E": one_over_root_width,
        "blocks.1.attn.W_Q": one_over_root_width,
        "blocks.0.attn.W_O": one_over_root_width,
        "blocks.0.mlp.W_out": one_over_root_width,
        "blocks.1.mlp.W_in": 1 / math.sqrt(512),
        "unembed.W_U": 1 / math.sqrt(59),
    }.items():
        assert float(weights[name].std()) == pytest.approx(expected, rel=0.05), name
    assert not weights["blocks.0.mlp.b_in"].any() and not weights["blocks.1.mlp.b_out"].any()


def test_a_linear_models_weights_have_the_papers_scales() -> None:
    weights = initial_weights(LinearConfig("beta"), seed=0)
    assert float(weights["embed.weight"].std()) == pytest.approx(1 / math.sqrt(128), rel=0.05)
    assert float(weights["unembed.weight"].std()) == pytest.approx(1 / math.sqrt(256), rel=0.05)
    assert float(weights["l1.weight"].abs().max()) == pytest.approx(1 / 16, rel=0.01)
    assert float(weights["l2.bias"].abs().max()) <= 1 / 16


def test_the_seed_decides_and_nothing_else() -> None:
    config = TransformerConfig(p=13, width=24)
    torch.manual_seed(1)
    first = initial_weights(config, seed=5)
    torch.manual_seed(2)
    assert all(torch.equal(first[name], w) for name, w in initial_weights(config, seed=5).items())
    assert not torch.equal(first["embed.W_E"], initial_weights(config, seed=6)["embed.W_E"])


def test_a_split_is_a_sample_without_repetition_that_the_seed_decides() -> None:
    split = training_split(59, 2784, seed=7)
    assert len(split.unique()) == 2784 and int(split.max()) < 59**2
    assert torch.equal(split, training_split(59, 2784, seed=7))
    assert not torch.equal(split, training_split(59, 2784, seed=8))


def test_answers_are_sums_modulo_p() -> None:
    assert answers(5).view(5, 5)[3].tolist() == [3, 4, 0, 1, 2]
