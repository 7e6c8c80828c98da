"""Loops in C++: what torch computes, where it can be built, and a reason where it cannot."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.kernel import evidence, library
from clockpizza.kernel import training as kernel
from clockpizza.networks.one_hidden import one_hidden
from clockpizza.run_config import RunConfig
from clockpizza.threads import Threads
from clockpizza.training.engine import Engine
from clockpizza.training.pair_loss import PairLoss

SMALL = TransformerConfig(p=13, width=24)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Every test looks for a compiler anew."""
    for function in (kernel.load, kernel.found, evidence.load, evidence.found):
        function.cache_clear()
    yield
    for function in (kernel.load, kernel.found, evidence.load, evidence.found):
        function.cache_clear()


@pytest.fixture
def built() -> kernel.Kernel:
    try:
        return kernel.load()
    except library.Unavailable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    "network",
    [
        replace(SMALL, attention_rate=0.0),
        replace(SMALL, attention_rate=0.7),
        replace(SMALL, attention_rate=0.7, equals_token=True, d_vocab_out=0),
        replace(SMALL, attention_rate=0.7, separate_vocabularies=True, d_vocab_out=0),
        replace(SMALL, attention_rate=0.7, width=30, d_mlp=0),
        LinearConfig("delta", p=13, hidden=37),
    ],
    ids=lambda network: network.describe(),
)
@pytest.mark.parametrize(("precision", "close"), [("float64", 1e-13), ("float32", 3e-5)])
@pytest.mark.parametrize("block", [13, 4])
def test_the_kernel_gives_the_loss_and_gradients_of_torch(
    network: NetworkConfig, precision: str, close: float, block: int, built: kernel.Kernel
) -> None:
    engine = Engine([RunConfig(network, seed=5, precision=precision)])
    for _ in range(3):
        engine.step()
    weights = {name: w[None] for name, w in engine.weights(0).items()}
    tables = one_hidden(network, weights, engine.rate)
    arguments = (network.d_vocab_out, "relu", engine.target, block)
    loss, gradient = PairLoss(*arguments, kernel=built).loss_and_gradients(tables, engine.weight)
    expected_loss, expected = PairLoss(*arguments).loss_and_gradients(tables, engine.weight)
    assert float(loss) == pytest.approx(float(expected_loss), rel=1e-6 if precision == "float32" else 1e-14)
    for one, other in zip(gradient.tensors, expected.tensors, strict=True):
        assert float((one - other).norm()) <= close * float(other.norm())


@pytest.mark.parametrize(
    "network",
    [
        replace(SMALL, attention_rate=0.7),
        replace(SMALL, attention_rate=0.0),
        replace(SMALL, attention_rate=0.0, layers=2),
        replace(SMALL, attention_rate=0.7, activation="gelu", width=30, d_mlp=0),
        replace(SMALL, attention_rate=1.0, separate_vocabularies=True, d_vocab_out=0),
        replace(SMALL, attention_rate=0.7, layers=2),
        replace(SMALL, attention_rate=0.7, layers=3, causal=True, separate_vocabularies=True, d_vocab_out=0),
    ],
    ids=lambda network: network.describe(),
)
@pytest.mark.parametrize(("precision", "close"), [("float64", 1e-12), ("float32", 3e-5)])
@pytest.mark.parametrize("parts", [1, 3, 7])
def test_the_first_block_and_its_gradients_are_those_of_torch(
    network: NetworkConfig, precision: str, close: float, parts: int, built: kernel.Kernel
) -> None:
    engine = Engine([RunConfig(network, seed=5, precision=precision)])
    for _ in range(3):
        engine.step()
    leaves = {name: w[None].requires_grad_() for name, w in engine.weights(0).items()}
    made = one_hidden(network, leaves, engine.rate, kernel.Shared(built, parts, Threads(2).map))
    expected = one_hidden(network, leaves, engine.rate)
    generator = torch.Generator().manual_seed(1)
    given = [torch.randn(each.shape, generator=generator, dtype=each.dtype) for each in expected.tensors]
    assert made.back
    gradients = made.back(made.made_of(given))
    by_autograd = torch.autograd.grad(expected.tensors, list(leaves.values()), given, allow_unused=True)
    theirs = {name: each for name, each in zip(leaves, by_autograd, strict=True) if each is not None}
    assert gradients.keys() == theirs.keys()
    pairs = [*zip(made.tensors, expected.tensors, strict=True), *((gradients[name], theirs[name]) for name in theirs)]
    for one, other in pairs:
        assert float((one - other).detach().norm()) <= close * float(other.detach().norm())


def test_a_run_without_attention_may_be_stacked_with_one_that_has_it(built: kernel.Kernel) -> None:
    configs = [RunConfig(replace(SMALL, attention_rate=rate), seed=5, precision="float64") for rate in (0.0, 0.7)]
    stacked, alone = Engine(configs, batch=1), Engine(configs[:1])
    assert stacked.kernel is built
    losses, gradients = stacked.loss_and_gradients()
    loss, gradient = alone.loss_and_gradients()
    torch.testing.assert_close(losses[:1], loss, rtol=1e-13, atol=0)
    torch.testing.assert_close(gradients[:1], gradient, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize(
    "network",
    [
        replace(SMALL, layers=2, attention_rate=0.0),
        replace(SMALL, layers=2, attention_rate=0.7, equals_token=True, d_vocab_out=0),
        replace(SMALL, layers=3, attention_rate=0.7, causal=True),
        replace(SMALL, layers=2, attention_rate=1.0, width=30, d_mlp=0),
    ],
    ids=lambda network: network.describe(),
)
@pytest.mark.parametrize(("precision", "close"), [("float64", 1e-12), ("float32", 3e-5)])
@pytest.mark.parametrize("block", [13, 4])
def test_layers_before_and_after_others_are_those_of_torch(
    network: NetworkConfig, precision: str, close: float, block: int, built: kernel.Kernel
) -> None:
    engine = Engine([RunConfig(network, seed=5, precision=precision)])
    assert engine.kernel is built
    engine.block = block
    for _ in range(3):
        engine.step()
    loss, gradient = engine.loss_and_gradients()
    metrics = engine.metrics()
    engine.kernel = None
    expected_loss, expected = engine.loss_and_gradients()
    assert float(loss) == pytest.approx(float(expected_loss), rel=1e-6 if precision == "float32" else 1e-14)
    for name, one, other in zip(
        engine.shapes, *(each.split(engine.sizes, 1) for each in (gradient, expected)), strict=True
    ):
        assert float((one - other).norm()) <= close * float(expected.norm()), name
    torch.testing.assert_close(metrics.test_loss, engine.metrics().test_loss, rtol=close, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_products_over_active_neurons_are_those_of_torch(
    share: float, dtype: torch.dtype, built: kernel.Kernel
) -> None:
    generator = torch.Generator().manual_seed(1)
    G = torch.randn(11, 37, generator=generator, dtype=dtype)
    W = torch.randn(37, 21, generator=generator, dtype=dtype)
    active = torch.rand(5, 37, generator=generator) < share
    found = evidence.load().masked_product(G.T, W, G @ W, active)
    expected = (G * active[:, None]) @ W
    assert float((found - expected).abs().max()) <= (1e-12 if dtype == torch.float64 else 1e-4)


def test_what_is_not_a_number_is_not_taken_for_inactive(built: kernel.Kernel) -> None:
    engine = Engine([RunConfig(LinearConfig("alpha", p=5, hidden=8), seed=5)])
    tables = one_hidden(engine.network, {name: w[None] * torch.nan for name, w in engine.weights(0).items()}, None)
    pair_loss = PairLoss(5, "relu", engine.target, 5, kernel=built)
    finite = replace(tables, M=torch.zeros_like(tables.M))  # nothing but the activations can tell
    loss, gradient = pair_loss.loss_and_gradients(finite, engine.weight)
    assert loss.isnan().all() and gradient.M.isnan().any()


def test_a_kernel_is_built_once_and_kept(built: kernel.Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kernel.load.cache_clear()
    kernel.load()
    (made,) = (tmp_path / "clockpizza").iterdir()
    before = made.stat()
    kernel.load.cache_clear()
    kernel.load()
    assert [each.name for each in (tmp_path / "clockpizza").iterdir()] == [made.name]
    assert made.stat().st_mtime_ns == before.st_mtime_ns


def test_only_networks_of_relu_use_it(built: kernel.Kernel) -> None:
    assert PairLoss(13, "gelu", torch.zeros(169), 13, kernel=built).kernel is None


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"CLOCKPIZZA_KERNEL": "off"}, "CLOCKPIZZA_KERNEL is off"),
        ({"PATH": "/nonexistent"}, "no C\\+\\+ compiler found; install g\\+\\+ or clang"),
        ({"CXX": "false"}, "false does not run"),
        ({"CXX": "echo"}, "cannot be built"),
    ],
)
def test_without_one_there_is_a_reason_and_training_goes_on(
    variables: dict[str, str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(library.Unavailable, match=reason):
        kernel.load()
    engine = Engine([RunConfig(SMALL, seed=5)])
    assert engine.pair_loss.kernel is None
    first = engine.metrics().train_loss
    for _ in range(20):
        engine.step()
    assert engine.metrics().train_loss < first


def test_a_compiler_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "compiler"
    script.write_text('#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "error: no space for heroes" >&2\nexit 1\n')
    script.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CXX", str(script))
    with pytest.raises(library.Unavailable, match="cannot build it: error: no space for heroes"):
        kernel.load()
    assert list((tmp_path / "cache" / "clockpizza").iterdir()) == []


def test_a_folder_that_others_can_write_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if subprocess.run(["c++", "--version"], capture_output=True).returncode:
        pytest.skip("no compiler")
    (tmp_path / "clockpizza").mkdir()
    (tmp_path / "clockpizza").chmod(0o777)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(library.Unavailable, match="can be written by others"):
        kernel.load()
