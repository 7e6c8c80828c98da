"""Runs with some of the embedding's frequencies masked at the start: in TOML, in ids, and in the first weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.run_config import RunConfig, from_toml, to_toml
from clockpizza.sweep_spec import from_toml as sweep_from_toml
from clockpizza.sweep_spec import sweep_of
from clockpizza.training.engine import Engine
from clockpizza.training.initial import initial_weights

PLAIN = RunConfig(TransformerConfig(p=13, width=8, heads=2), seed=3)
MASKED = replace(PLAIN, masked_frequencies=(6, 2, 6))


def test_they_are_written_in_order_and_read_back() -> None:
    assert MASKED.masked_frequencies == (2, 6)
    assert "masked_frequencies = [2, 6]" in to_toml(MASKED)
    assert from_toml(to_toml(MASKED)) == MASKED
    assert from_toml(to_toml(PLAIN).replace("masked_frequencies = []\n", "")) == PLAIN  # as older versions wrote it


@pytest.mark.parametrize("wrong", [[0], [7], [1.0], [True], 3, ["2"]])
def test_only_frequencies_can_be_masked(wrong: Any) -> None:
    with pytest.raises(BadInput, match="expected a list of whole numbers from 1 to 6"):
        replace(PLAIN, masked_frequencies=wrong)


def test_ids_name_them_and_they_share_a_stack() -> None:
    spec = sweep_of([PLAIN, MASKED, replace(PLAIN, masked_frequencies=(5,))])
    assert list(spec.runs) == ["r1.00-w8-l1-s3", "r1.00-w8-l1-mask2.6-s3", "r1.00-w8-l1-mask5-s3"]
    assert list(sweep_of([MASKED]).runs) == ["r1.00-w8-l1-mask2.6-s3"]
    assert len(spec.stacks()) == 1
    assert sweep_from_toml(spec.to_toml()) == spec


@pytest.mark.parametrize(
    ("network", "name"),
    [
        (TransformerConfig(p=13, width=8, heads=2, equals_token=True), "embed.W_E"),
        (TransformerConfig(p=12, width=8, heads=2, separate_vocabularies=True), "embed.W_E"),
        (LinearConfig("beta", p=13, hidden=8), "embed.weight"),
        (LinearConfig("x", p=13, hidden=8), "embed2.weight"),
    ],
)
def test_the_embedding_loses_them_and_nothing_else_changes(network: NetworkConfig, name: str) -> None:
    whole, masked = initial_weights(network, 3), initial_weights(network, 3, (2, 6))
    for each in whole:
        assert torch.equal(whole[each], masked[each]) == (not each.startswith("embed")), each
    before, after = (w[name].T if name == "embed.W_E" else w[name] for w in (whole, masked))
    for start in (0, 12) if network.separate_vocabularies and name == "embed.W_E" else (0,):
        a, b = (torch.fft.rfft(E[start : start + network.p], dim=0) for E in (before, after))
        assert float(b[[2, 6]].abs().max()) < 1e-5
        assert torch.allclose(a[[0, 1, 3, 4, 5]], b[[0, 1, 3, 4, 5]], atol=1e-5)
    assert torch.equal(
        before[26:] if name == "embed.W_E" else before[13:], after[26:] if name == "embed.W_E" else after[13:]
    )


def test_the_engine_starts_from_them() -> None:
    plain, masked = (Engine([config]).weights(0)["embed.W_E"] for config in (PLAIN, MASKED))
    assert float(torch.fft.rfft(plain, dim=1)[:, 2].abs().max()) > 0.1
    assert float(torch.fft.rfft(masked, dim=1)[:, 2].abs().max()) < 1e-5
