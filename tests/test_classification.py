"""A checkpoint in, a verdict with its evidence out, and both as plain values."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch

import clockpizza
from clockpizza.checkpoints import Checkpoint
from clockpizza.classification import Classification, classify, plain, usable_device
from clockpizza.config import from_dict
from clockpizza.cuts import EDITION
from clockpizza.errors import BadInput
from clockpizza.grounds import from_dict as from_plain
from clockpizza.networks import Transformer
from clockpizza.networks.ideal import ideal
from clockpizza.verdict import judge


def checkpoint(kind: str, **arguments: Any) -> Checkpoint:
    made = ideal(kind, p=13, **arguments)
    return Checkpoint(Path("some/ideal.pt"), "clockpizza", made.network, made.training_pairs, {"seed": 3})


@pytest.fixture(scope="module")
def pizza() -> Classification:
    return classify(checkpoint("pizza", frequencies=(5, 2)))


def test_evidence_and_verdict_come_with_the_checkpoint(pizza: Classification) -> None:
    assert pizza.verdict.name == "pizza"
    assert {c.frequency for c in pizza.evidence.circles if c.role == "main"} == {5, 2}
    assert pizza.checkpoint.path == Path("some/ideal.pt")


def test_the_split_of_a_checkpoint_is_used() -> None:
    found = classify(checkpoint("memoriser", train_fraction=0.97))
    assert found.evidence.accuracy.training == 1
    assert found.verdict.refused is not None and "held-out" in found.verdict.refused


def test_plain_values_say_what_the_file_is(pizza: Classification) -> None:
    values = pizza.to_dict()
    assert {key: values[key] for key in ("schema", "clockpizza", "path", "format", "record")} == {
        "schema": 2,
        "clockpizza": clockpizza.__version__,
        "path": "some/ideal.pt",
        "format": "clockpizza",
        "record": {"seed": 3},
    }
    assert from_dict(values["network"]) == pizza.checkpoint.network.config


def test_plain_values_are_strict_json_and_hold_every_number(pizza: Classification) -> None:
    values = json.loads(json.dumps(pizza.to_dict(), allow_nan=False))
    evidence = values["evidence"]
    assert evidence["gradient_symmetricity"]["exact"] == pizza.evidence.gradient_symmetricity.exact
    assert evidence["accuracy_by_components"]["first"]["4"] == pizza.evidence.accuracy_by_components.first[4]
    assert [c["frequency"] for c in evidence["circles"]] == [c.frequency for c in pizza.evidence.circles]
    assert [c["wave"] for c in evidence["circles"]] == [c.wave for c in pizza.evidence.circles]
    assert [c["pizza_part"] for c in values["verdict"]["circles"]] == [c.pizza_part for c in pizza.verdict.circles]
    assert values["verdict"]["shares"] == vars(pizza.verdict.shares)
    assert values["verdict"]["edition"] == EDITION
    again = judge(from_plain(values["grounds"]))
    assert (again.name, again.certainty) == (pizza.verdict.name, pizza.verdict.certainty)
    assert values["verdict"]["reasons"] == pizza.verdict.reasons
    assert "pictures" not in evidence


def test_a_network_without_circles_or_gradients_is_plain_too() -> None:
    network = checkpoint("memoriser").network
    assert isinstance(network, Transformer)
    silent = Transformer(network.config, {name: torch.zeros_like(w) for name, w in network.weights.items()})
    found = classify(Checkpoint(Path("zeros.pt"), "clockpizza", silent))
    values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert values["verdict"]["name"] is None
    evidence = values["evidence"]
    assert (evidence["circles"], evidence["neurons"]) == ([], None)
    assert evidence["gradient_symmetricity"]["exact"] is None
    assert evidence["gradient_symmetricity"]["undefined"] == 13**3
    assert evidence["distance_irrelevance"] == {"correct": None, "top_wrong": None}


@dataclass
class Sample:
    number: float
    inside: list[float]


def test_what_is_not_finite_is_none() -> None:
    value = Sample(math.nan, [math.inf, -math.inf, 1.5])
    assert plain({3: value, "t": (1, True, None)}) == {
        "3": {"number": None, "inside": [None, None, 1.5]},
        "t": [1, True, None],
    }


def test_float32_reaches_the_same_verdict(pizza: Classification) -> None:
    single = classify(replace(pizza.checkpoint), precision="float32")
    assert (single.verdict.name, single.verdict.certainty) == (pizza.verdict.name, pizza.verdict.certainty)
    assert single.verdict.shares is not None and pizza.verdict.shares is not None
    assert vars(single.verdict.shares) == pytest.approx(vars(pizza.verdict.shares), abs=1e-4)
    assert single.evidence.pictures.correct_logit.dtype == torch.float32


@pytest.mark.parametrize(
    ("device", "precision", "words"),
    [
        ("cpu", "float16", "^precision is 'float16'; it must be float64 or float32$"),
        ("gpu", "float64", "^device 'gpu' cannot be used here .*clockpizza doctor"),
        ("cuda:99", "float64", "^device 'cuda:99' cannot be used here"),
        ("meta", "float64", "^device 'meta' computes nothing"),
    ],
)
def test_a_device_that_cannot_be_used_is_one_line(device: str, precision: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as refusal:
        usable_device(device, precision)
    assert "\n" not in str(refusal.value)


def test_progress_is_told(pizza: Classification) -> None:
    told: list[str] = []
    classify(pizza.checkpoint, tick=told.append)
    assert "gradients" in told and "logits" in told
