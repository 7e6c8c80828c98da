"""Portraits of hand-built networks, of the authors' own, and of runs in progress."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from clockpizza.checkpoints import Checkpoint, read
from clockpizza.networks.ideal import ideal
from clockpizza.portrait import Portrait
from clockpizza.portrait.make import portrait


@pytest.fixture(scope="session")
def drawn() -> Callable[..., Portrait]:
    """The portrait of an ideal network at p 13."""

    @functools.cache
    def make(kind: str) -> Portrait:
        extra = {"train_fraction": 0.5} if kind == "memoriser" else {"frequencies": (5, 2)}
        made = ideal(kind, p=13, width=64, attention_rate=0.3, **extra)
        return portrait(Checkpoint(Path("made.pt"), "clockpizza", made.network, made.training_pairs))

    return make


@pytest.fixture(scope="session")
def of_authors() -> Callable[[str], Portrait]:
    """The portrait of one of the authors' networks, by its id."""
    folder = os.environ.get("CLOCKPIZZA_REFERENCE")
    if not folder:
        pytest.skip("CLOCKPIZZA_REFERENCE does not name the folder of published networks")

    @functools.cache
    def make(name: str) -> Portrait:
        return portrait(read(Path(folder) / "networks" / f"model_{name}.pt"))

    return make
