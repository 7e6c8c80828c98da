"""Evidence on the authors' networks and on ideal ones, gathered once for every test that asks for it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from clockpizza.checkpoints import read
from clockpizza.evidence import Evidence, gather
from clockpizza.networks.ideal import ideal


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """The networks of most tests are so small that threads would wait for one another, minutes on a busy machine."""
    torch.set_num_threads(1)


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
