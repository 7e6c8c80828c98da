"""What a run is: one network, one seed, one recipe; and its TOML, in and out."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig, check_types, from_dict, nearest, to_dict
from clockpizza.errors import BadInput

PRECISIONS = ("float32", "tf32", "float64")
MOST_EPOCHS = 10_000_000


@dataclass(frozen=True)
class RunConfig:
    """One network's training. Defaults are the paper's (Zhong et al. 2023, appendix, and the code published with it).

    seed: of the initialisation and of the split, each from a generator of its own, so that neither depends on what else
        is trained beside this run.
    epochs: full-batch steps of AdamW.
    train_fraction: share of all p^2 pairs that are trained on.
    learning_rate, weight_decay: AdamW's, decoupled.
    precision: of parameters and matrix products; the loss is float64 in any case.
    masked_frequencies: of the embedding over tokens, 1 .. p//2, taken out before the first step; they may grow again.

    Raises:
        BadInput: a value that no training can have, named with what is allowed.
    """

    network: NetworkConfig = field(default_factory=TransformerConfig)
    seed: int = 0
    epochs: int = 20_000
    train_fraction: float = 0.8
    learning_rate: float = 1e-3
    weight_decay: float = 2.0
    precision: str = "float32"
    masked_frequencies: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_types(self)
        object.__setattr__(self, "masked_frequencies", _frequencies(self.masked_frequencies, self.network.p))
        if not 0 <= self.seed < 2**63:
            raise BadInput(f"seed is {self.seed}; it must lie between 0 and 2^63 - 1")
        if not 1 <= self.epochs <= MOST_EPOCHS:
            raise BadInput(f"epochs is {self.epochs}; it must lie between 1 and {MOST_EPOCHS:,}")
        if not 0 < self.train_fraction < 1:
            raise BadInput(f"train_fraction is {self.train_fraction}; it must lie between 0 and 1, both excluded")
        if not 1 <= self.training_pairs < self.network.p**2:
            raise BadInput(
                f"train_fraction {self.train_fraction} of {self.network.p**2} pairs leaves none to train on "
                "or none to hold out"
            )
        if not (0 < self.learning_rate < math.inf):
            raise BadInput(f"learning_rate is {self.learning_rate}; it must be above 0")
        if not (0 <= self.weight_decay < math.inf):
            raise BadInput(f"weight_decay is {self.weight_decay}; it must not be below 0")
        if self.precision not in PRECISIONS:
            raise BadInput(f"precision is {self.precision!r}; it must be one of {', '.join(PRECISIONS)}")

    @property
    def training_pairs(self) -> int:
        """How many pairs are trained on: as the authors round, downwards."""
        return int(self.network.p**2 * self.train_fraction)

    @property
    def betas(self) -> tuple[float, float]:
        """AdamW's; the authors gave their linear models torch's defaults."""
        return (0.9, 0.999) if isinstance(self.network, LinearConfig) else (0.9, 0.98)

    @property
    def warmup(self) -> int:
        """Steps over which the learning rate grows linearly from 0."""
        return 0 if isinstance(self.network, LinearConfig) else 10

    def describe(self) -> str:
        """A few words for a title."""
        words = f"{self.network.describe()}, seed {self.seed}, {self.epochs:,} epochs"
        masked = ", ".join(map(str, self.masked_frequencies))
        return f"{words}, masked frequencies {masked}" if masked else words


def run_to_dict(config: RunConfig) -> dict[str, Any]:
    """A run's config as plain values: a table `network`, and the rest; `run_from_dict` reads it back."""
    rest = asdict(config)
    del rest["network"]
    return {**rest, "network": to_dict(config.network)}


def run_from_dict(values: Mapping[str, Any]) -> RunConfig:
    """The config that `run_to_dict` wrote.

    Raises:
        BadInput: an unknown key (with the nearest known one) or a value out of range.
    """
    values = dict(values)
    network = values.pop("network", {})
    if not isinstance(network, Mapping):
        raise BadInput("network must be a table")
    known = [each.name for each in fields(RunConfig)]
    for key in values:
        if key not in known:
            raise BadInput(f"unknown config key {key!r}{nearest(key, known)}")
    return RunConfig(from_dict(network), **values)


def to_toml(config: RunConfig) -> str:
    """A run's config as TOML."""
    values = run_to_dict(config)
    network = values.pop("network")
    lines = [f"{key} = {_toml(value)}" for key, value in values.items()]
    lines += ["", "[network]", *(f"{key} = {_toml(value)}" for key, value in network.items())]
    return "\n".join(lines) + "\n"


def from_toml(text: str) -> RunConfig:
    """The config that `to_toml` wrote. Raises BadInput where it is no TOML or no config."""
    try:
        return run_from_dict(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"not valid TOML: {error}") from error


def _frequencies(given: Any, p: int) -> tuple[int, ...]:
    """Frequencies in order, as TOML or a person gives them."""
    if not isinstance(given, (list, tuple)) or any(type(k) is not int or not 1 <= k <= p // 2 for k in given):
        raise BadInput(f"masked_frequencies is {given!r}; expected a list of whole numbers from 1 to {p // 2}")
    return tuple(sorted(set(given)))


def _toml(value: Any) -> str:
    return repr(value) if isinstance(value, float) else json.dumps(value)  # JSON's strings and booleans are TOML's
