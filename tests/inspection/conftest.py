"""Portraits of hand-built networks, of the authors' own, and of runs in progress."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clockpizza.checkpoints import Checkpoint, read
from clockpizza.networks.ideal import ideal
from clockpizza.portrait import Portrait
from clockpizza.portrait.make import portrait


@pytest.fixture(scope="session")
def drawn() -> Callable[..., Portrait]:
    """The portrait of an ideal network: by its kind, or `turned`, a pizza with separate vocabularies; p 13, or 31."""

    @functools.cache
    def make(kind: str) -> Portrait:
        extras: dict[str, dict[str, Any]] = {
            "memoriser": {"train_fraction": 0.5},
            "lookup": {},
            "number-line": {"multiplier": 5, "offset": 3},
            "wide": {"p": 31},
            "turned": {"kind": "pizza", "frequencies": (5, 2), "separate_vocabularies": True, "b_turn": 0.6},
        }
        extra = extras.get(kind, {"frequencies": (5, 2)})
        if kind != "wide":
            extra |= {"width": 64, "attention_rate": 0.3}
        made = ideal(**{"kind": kind, "p": 13, **extra})
        told = {"p": "file", "separate_vocabularies": "file"}
        return portrait(Checkpoint(Path("made.pt"), "clockpizza", made.network, made.training_pairs, told=told))

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
