"""Networks and logits built by hand, whose evidence theory gives."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from clockpizza.config import LinearConfig
from clockpizza.evidence import Probe
from clockpizza.networks import Linear, linear


@pytest.fixture
def embedded() -> Callable[..., Probe]:
    """A probe of a network with the embedding E (p, d); given E_b too, each operand has its own."""

    def make(E: Tensor, E_b: Tensor | None = None) -> Probe:
        p, d = E.shape
        config = LinearConfig("alpha" if E_b is None else "x", p=p, hidden=d)
        generator = torch.Generator().manual_seed(1)
        weights = {
            name: torch.randn(shape, generator=generator, dtype=torch.float64)
            for name, shape in linear.parameter_shapes(config).items()
        }
        weights |= {"embed.weight": E} if E_b is None else {"embed1.weight": E, "embed2.weight": E_b}
        return Probe(Linear(config, weights))

    return make


@pytest.fixture
def answering() -> Callable[[Tensor], Probe]:
    """A probe of a network that answers with given logits (p, p, p) [a, b, c]."""

    def make(logits: Tensor) -> Probe:
        config = LinearConfig("alpha", p=len(logits), hidden=2)
        weights = {name: torch.ones(shape) for name, shape in linear.parameter_shapes(config).items()}
        probe = Probe(Linear(config, weights))
        probe.logits = logits.double()
        return probe

    return make


@pytest.fixture
def waves() -> Callable[..., Tensor]:
    """Circles of unit radius, or ellipses: cos and sin of 2 pi k t / p for each k in turn, (p, 2n)."""

    def make(p: int, *frequencies: int, axes: tuple[float, float] = (1.0, 1.0)) -> Tensor:
        t = torch.arange(p, dtype=torch.float64)
        angles = [2 * math.pi * k * t / p for k in frequencies]
        return torch.stack([column for x in angles for column in (axes[0] * x.cos(), axes[1] * x.sin())], dim=1)

    return make


@pytest.fixture
def turned() -> Callable[[Tensor], Tensor]:
    """Rows (p, d) in a space of 3 d dimensions more, rotated there at random: what a measure must not depend on."""

    def make(E: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(2)
        Q = torch.linalg.qr(torch.randn(4 * E.shape[1], 4 * E.shape[1], generator=generator, dtype=torch.float64))[0]
        return E @ Q[: E.shape[1]] + 0.3

    return make
