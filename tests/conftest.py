"""What tests of several parts share: networks, evidence that is gathered once, a disk that fills up."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from clockpizza.checkpoints import read
from clockpizza.config import NetworkConfig
from clockpizza.evidence import Evidence, gather
from clockpizza.networks import Network, build, parameter_shapes
from clockpizza.networks.ideal import ideal


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """The networks of most tests are so small that threads would wait for one another, minutes on a busy machine."""
    torch.set_num_threads(1)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of half a megabyte, where this machine lets us have one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk can only be mounted as root")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def random_network() -> Callable[[NetworkConfig], Network]:
    """Weights in float64, so large that attention is far from uniform and every activation is far from linear."""

    def make(config: NetworkConfig) -> Network:
        generator = torch.Generator().manual_seed(1)
        weights = {
            name: torch.randn(shape, generator=generator, dtype=torch.float64) / shape[-1] ** 0.5
            for name, shape in parameter_shapes(config).items()
        }
        return build(config, weights)

    return make


@pytest.fixture(scope="session")
def published() -> Callable[[str], Evidence]:
    """Evidence on one of the authors' published networks, by its id."""
    folder = os.environ.get("CLOCKPIZZA_REFERENCE")
    if not folder:
        pytest.skip("CLOCKPIZZA_REFERENCE does not name the folder of published networks")

    @functools.cache
    def evidence(name: str) -> Evidence:
        checkpoint = read(Path(folder) / "networks" / f"model_{name}.pt")
        return gather(checkpoint.network, training_pairs=checkpoint.training_pairs)

    return evidence


@pytest.fixture(scope="session")
def ideal_evidence() -> Callable[..., Evidence]:
    """Evidence on a network built by hand, by the arguments of `ideal`."""

    @functools.cache
    def evidence(kind: str, **arguments: Any) -> Evidence:
        made = ideal(kind, **arguments)
        return gather(made.network, training_pairs=made.training_pairs)

    return evidence
