"""The engine is the plain implementation, faster: same loss, same gradients, same networks after many steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from benchmarks.plain import Plain
from clockpizza.config import LINEAR_MODELS, LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.run_config import RunConfig
from clockpizza.training.engine import Engine, shape_of

SMALL = TransformerConfig(p=13, width=24)
VARIANTS: dict[str, TransformerConfig] = {
    "one layer": SMALL,
    "a width that the heads do not divide": replace(SMALL, width=30, d_mlp=0),
    "even p": replace(SMALL, p=12, d_vocab_out=0),
    "gelu": replace(SMALL, activation="gelu"),
    "tanh": replace(SMALL, activation="tanh"),
    "separate vocabularies": replace(SMALL, separate_vocabularies=True, d_vocab_out=0),
    "equals token": replace(SMALL, equals_token=True, d_vocab_out=0),
    "equals token, causal": replace(SMALL, equals_token=True, causal=True, d_vocab_out=0),
    "two layers": replace(SMALL, layers=2),
    "two layers, causal, gelu": replace(SMALL, layers=2, causal=True, activation="gelu"),
    "three layers, equals token, separate vocabularies": replace(
        SMALL, layers=3, equals_token=True, separate_vocabularies=True, d_vocab_out=0
    ),
    "four layers, equals token, causal, tanh": replace(
        SMALL, layers=4, equals_token=True, causal=True, activation="tanh", d_vocab_out=0
    ),
}
CASES: list[NetworkConfig] = [replace(each, attention_rate=r) for each in VARIANTS.values() for r in (0.0, 0.3, 1.0)]
CASES += [LinearConfig(model, p=13, hidden=32) for model in LINEAR_MODELS]
ALL = pytest.mark.parametrize("network", CASES, ids=[each.describe() for each in CASES])


def configs(network: NetworkConfig, precision: str = "float64", runs: int = 2) -> list[RunConfig]:
    return [RunConfig(network, seed=seed, precision=precision) for seed in range(3, 3 + runs)]


def plain(engine: Engine, run: int) -> Plain:
    """The plain implementation at the weights where a run of the engine stands."""
    return Plain(engine.configs[run], engine.weights(run), engine.training_pairs[run].cpu(), engine.device)


def plain_gradients(implementation: Plain) -> tuple[Tensor, dict[str, Tensor]]:
    loss, _ = implementation.loss(implementation.train, implementation.train_answers)
    weights = implementation.weights
    gradients = torch.autograd.grad(loss, list(weights.values()), allow_unused=True, materialize_grads=True)
    return loss.detach(), dict(zip(weights, gradients, strict=True))


def by_name(engine: Engine, rows: Tensor, run: int) -> dict[str, Tensor]:
    parts = rows[run].split(engine.sizes)
    return {name: part.view(shape) for (name, shape), part in zip(engine.shapes.items(), parts, strict=True)}


def whole(gradients: dict[str, Tensor]) -> Tensor:
    return torch.cat([g.flatten().double() for g in gradients.values()])


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """Sets how many threads engines have that are made after it."""
    yield torch.set_num_threads
    torch.set_num_threads(1)


@ALL
@pytest.mark.parametrize(("batch", "count"), [(1, 1), (2, 1), (1, 3)])
def test_loss_and_gradients_are_the_plain_ones(
    network: NetworkConfig, batch: int, count: int, threads: Callable[[int], None]
) -> None:
    threads(count)
    engine = Engine(configs(network), batch=batch)
    losses, rows = engine.loss_and_gradients()
    for run in range(2):
        loss, expected = plain_gradients(plain(engine, run))
        assert float(losses[run]) == pytest.approx(float(loss), rel=1e-12)
        floor = 1e-12 * float(whole(expected).norm())
        for name, gradient in by_name(engine, rows, run).items():
            error = float((gradient - expected[name]).norm())
            assert error <= 1e-10 * float(expected[name].norm()) + floor, name


@ALL
def test_in_float32_they_agree_to_rounding_at_the_start(network: NetworkConfig) -> None:
    exact, single = Engine(configs(network)), Engine(configs(network, "float32"))
    losses, rows = single.loss_and_gradients()
    assert losses.dtype == torch.float64
    _, expected = exact.loss_and_gradients()
    assert float((rows - expected).norm() / expected.norm()) < 1e-5


def test_in_float32_they_agree_as_well_as_plain_float32_does_at_trained_weights() -> None:
    network = replace(SMALL, attention_rate=0.5)
    exact = Engine(configs(network, runs=1))
    for _ in range(600):
        exact.step()
    assert float(exact.metrics().train_accuracy) == 1
    state = exact.state()
    single = Engine(configs(network, "float32", runs=1))
    single.load({name: t if name == "steps" else t.float() for name, t in state.items()})
    exact.load({name: t if name == "steps" else t.float().double() for name, t in state.items()})
    expected = whole(plain_gradients(plain(exact, 0))[1])
    _, rows = single.loss_and_gradients()
    ours = float((rows[0].double() - expected).norm() / expected.norm())
    theirs = float((whole(plain_gradients(plain(single, 0))[1]) - expected).norm() / expected.norm())
    assert ours <= max(10 * theirs, 1e-3)


@pytest.mark.parametrize(
    "network",
    [
        *(replace(SMALL, attention_rate=rate) for rate in (0.0, 0.3, 1.0)),
        replace(SMALL, layers=2, attention_rate=0.7),
        replace(SMALL, equals_token=True, causal=True, d_vocab_out=0),
        LinearConfig("beta", p=13, hidden=32),
        LinearConfig("delta", p=13, hidden=32),
    ],
    ids=lambda network: network.describe(),
)
def test_after_200_steps_of_adamw_the_parameters_are_the_plain_ones(network: NetworkConfig) -> None:
    engine = Engine(configs(network), batch=1)
    implementations = [plain(engine, run) for run in range(2)]
    for _ in range(200):
        engine.step()
        for implementation in implementations:
            implementation.epoch()
    for run, implementation in enumerate(implementations):
        for name, weight in engine.weights(run).items():
            assert float((weight - implementation.weights[name].detach()).abs().max()) < 1e-8, name


def test_learning_rate_and_weight_decay_are_each_runs_own() -> None:
    runs = [
        RunConfig(SMALL, precision="float64", learning_rate=lr, weight_decay=decay)
        for lr, decay in ((1e-3, 2.0), (3e-3, 0.5))
    ]
    engine = Engine(runs)
    implementations = [plain(engine, run) for run in range(2)]
    for _ in range(30):
        engine.step()
        for implementation in implementations:
            implementation.epoch()
    for run, implementation in enumerate(implementations):
        for name, weight in engine.weights(run).items():
            assert float((weight - implementation.weights[name].detach()).abs().max()) < 1e-9, name


@ALL
def test_metrics_are_the_plain_ones(network: NetworkConfig) -> None:
    engine = Engine(configs(network), batch=1)
    metrics = engine.metrics()
    for run in range(2):
        train_loss, train_accuracy, test_loss, test_accuracy = plain(engine, run).epoch()
        assert float(metrics.train_loss[run]) == pytest.approx(train_loss, rel=1e-10)
        assert float(metrics.test_loss[run]) == pytest.approx(test_loss, rel=1e-10)
        assert float(metrics.train_accuracy[run]) == pytest.approx(train_accuracy, abs=1e-12)
        assert float(metrics.test_accuracy[run]) == pytest.approx(test_accuracy, abs=1e-12)


def test_a_run_starts_from_the_same_weights_and_split_whatever_it_is_stacked_with() -> None:
    alone, stacked = Engine(configs(SMALL, runs=1)), Engine(list(reversed(configs(SMALL, runs=3))))
    assert torch.equal(alone.parameters[0], stacked.parameters[2])
    assert torch.equal(alone.training_pairs[0], stacked.training_pairs[2])
    assert not torch.equal(stacked.training_pairs[0], stacked.training_pairs[1])


def test_the_attention_rate_is_each_runs_own() -> None:
    rates = (0.0, 0.25, 1.0)
    stacked = Engine([RunConfig(replace(SMALL, attention_rate=rate), precision="float64") for rate in rates])
    losses, rows = stacked.loss_and_gradients()
    for run, config in enumerate(stacked.configs):
        loss, gradient = Engine([config]).loss_and_gradients()
        assert float(losses[run]) == pytest.approx(float(loss[0]), rel=1e-12)
        assert torch.allclose(rows[run], gradient[0], rtol=1e-10, atol=1e-14)


def test_a_run_that_blows_up_leaves_the_others_alone() -> None:
    stacked, alone = Engine(configs(SMALL)), Engine(configs(SMALL, runs=1))
    stacked.parameters[1] = float("nan")
    for _ in range(3):
        losses = stacked.step()
        alone.step()
    assert torch.isfinite(losses).tolist() == [True, False]
    assert torch.allclose(stacked.parameters[0], alone.parameters[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("batch", [1, 3])
def test_a_stack_goes_on_from_its_state_bit_for_bit(batch: int) -> None:
    network = replace(SMALL, attention_rate=0.5)
    unbroken = Engine(configs(network, "float32", runs=3), batch=batch)
    for _ in range(10):
        unbroken.step()
    resumed = Engine(configs(network, "float32", runs=3), batch=batch)
    resumed.load(unbroken.state())
    for _ in range(10):
        unbroken.step()
        resumed.step()
    assert torch.equal(unbroken.parameters, resumed.parameters)


def test_runs_of_different_shapes_are_not_stacked() -> None:
    with pytest.raises(BadInput, match="different shapes cannot be stacked"):
        Engine([RunConfig(SMALL), RunConfig(replace(SMALL, width=28, d_mlp=0))])
    with pytest.raises(BadInput, match="no runs"):
        Engine([])
    assert shape_of(RunConfig(SMALL, seed=1)) == shape_of(RunConfig(replace(SMALL, attention_rate=0.2), seed=2))


@pytest.fixture
def cuda() -> Iterator[Callable[[list[RunConfig]], Engine]]:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA card here")
    yield lambda runs: Engine(runs, "cuda")


@ALL
def test_on_cuda_the_gradients_are_those_of_the_cpu(network: NetworkConfig, cuda: Callable[..., Engine]) -> None:
    losses, rows = cuda(configs(network)).loss_and_gradients()
    expected_losses, expected = Engine(configs(network)).loss_and_gradients()
    assert torch.allclose(losses.cpu(), expected_losses, rtol=1e-11)
    assert float((rows.cpu() - expected).norm() / expected.norm()) < 1e-10


def test_on_cuda_a_captured_step_is_a_step(cuda: Callable[..., Engine]) -> None:
    from clockpizza.training.cuda_graph import captured
    from clockpizza.training.device import fit

    runs = configs(replace(SMALL, attention_rate=0.5), runs=5)
    engine, expected = cuda(runs), Engine(runs)
    fit(engine)
    step = captured(engine)
    for _ in range(20):
        step()
        expected.step()
    assert float(engine.optimiser.steps) == 20
    assert torch.allclose(engine.parameters.cpu(), expected.parameters, atol=1e-8)
