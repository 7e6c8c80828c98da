"""What a network is: its task, its architecture and the numbers that its weights do not tell."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeAlias

from clockpizza.errors import BadInput

ACTIVATIONS = ("relu", "gelu", "tanh")
LINEAR_MODELS = ("alpha", "beta", "gamma", "delta", "x")
TYPES: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "bool": (bool,), "str": (str,)}


@dataclass(frozen=True)
class TransformerConfig:
    """The paper's transformer. Defaults are the paper's model B.

    Raises:
        BadInput: a value that no network can have, named with what is allowed.
    """

    p: int = 59
    attention_rate: float = 1.0
    width: int = 128  # d_model
    layers: int = 1
    heads: int = 4
    activation: str = "relu"
    separate_vocabularies: bool = False  # operand b has tokens p .. 2p-1 of its own
    equals_token: bool = False  # a third token "=", where the answer is read
    causal: bool = False  # Nanda et al.; the paper's networks attend both ways
    d_mlp: int = 0  # 0 stands for 4 * width
    d_vocab_out: int = 0  # columns of W_U; 0 stands for d_vocab. Only the first p are answers

    model = "transformer"

    def __post_init__(self) -> None:
        if not self.d_mlp:
            object.__setattr__(self, "d_mlp", 4 * self.width)
        if not self.d_vocab_out:
            object.__setattr__(self, "d_vocab_out", self.d_vocab)
        check_types(self)
        _at_least("p", self.p, 3)
        _at_least("layers", self.layers, 1)
        _at_least("heads", self.heads, 1)
        _at_least("width", self.width, self.heads, f"the number of heads ({self.heads})")
        _at_least("d_mlp", self.d_mlp, 1)
        _at_least("d_vocab_out", self.d_vocab_out, self.p, f"p ({self.p})")
        if not 0 <= self.attention_rate <= 1:
            raise BadInput(f"attention_rate is {self.attention_rate}; it must lie between 0 and 1")
        _one_of("activation", self.activation, ACTIVATIONS)

    @property
    def d_head(self) -> int:
        return self.width // self.heads

    @property
    def positions(self) -> int:
        return 3 if self.equals_token else 2

    @property
    def d_vocab(self) -> int:
        return self.p * (2 if self.separate_vocabularies else 1) + self.equals_token

    @property
    def equals_index(self) -> int:
        """The token "=" is the last one."""
        return self.d_vocab - 1

    def describe(self) -> str:
        """A few words for a title: what sets this network apart."""
        words = [f"p {self.p}", f"{self.layers} layer" + "s" * (self.layers > 1), f"width {self.width}"]
        words.append(f"attention rate {self.attention_rate:.4g}")
        if self.activation != "relu":
            words.append({"gelu": "GeLU", "tanh": "Tanh"}[self.activation])
        for flag, name in (
            (self.separate_vocabularies, "separate vocabularies"),
            (self.equals_token, "equals token"),
            (self.causal, "causal"),
        ):
            if flag:
                words.append(name)
        return ", ".join(words)


@dataclass(frozen=True)
class LinearConfig:
    """One of the paper's linear models: alpha, beta, gamma, delta, x."""

    model: str
    p: int = 59
    hidden: int = 256

    layers = 1
    attention_rate = None
    activation = "relu"

    def __post_init__(self) -> None:
        _one_of("model", self.model, LINEAR_MODELS)
        check_types(self)
        _at_least("p", self.p, 3)
        _at_least("hidden", self.hidden, 2)

    @property
    def d_embed(self) -> int:
        """Delta concatenates two embeddings, each half as wide."""
        return self.hidden // 2 if self.model == "delta" else self.hidden

    @property
    def width(self) -> int:
        return self.hidden

    @property
    def d_vocab_out(self) -> int:
        return self.p

    @property
    def separate_vocabularies(self) -> bool:
        return self.model == "x"

    def describe(self) -> str:
        """A few words for a title: what sets this network apart."""
        return f"p {self.p}, linear {self.model}, hidden {self.hidden}"


NetworkConfig: TypeAlias = TransformerConfig | LinearConfig


def to_dict(config: NetworkConfig) -> dict[str, Any]:
    """A config as plain values, `model` first; `from_dict` reads it back."""
    return {"model": config.model, **asdict(config)}


def from_dict(values: Mapping[str, Any]) -> NetworkConfig:
    """The config that `to_dict` wrote.

    Raises:
        BadInput: an unknown key (with the nearest known one) or a value out of range.
    """
    values = dict(values)
    model = values.pop("model", "transformer")
    cls: type[TransformerConfig] | type[LinearConfig]
    if model == "transformer":
        cls = TransformerConfig
    else:
        cls, values["model"] = LinearConfig, model
    known = [field.name for field in fields(cls)]
    for key in values:
        if key not in known:
            raise BadInput(f"unknown config key {key!r}{nearest(key, known)}")
    return cls(**values)


def nearest(word: str, known: list[str] | tuple[str, ...]) -> str:
    """`"; did you mean 'width'?"`, or nothing where no known word is near."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def check_types(config: Any) -> None:
    """Raise BadInput where a field of a config dataclass holds a value of another type than it says."""
    for field in fields(config):
        value = getattr(config, field.name)
        kind = TYPES.get(str(field.type))
        if kind and (not isinstance(value, kind) or (isinstance(value, bool) and field.type != "bool")):
            raise BadInput(f"{field.name} is {value!r}; expected {'a number' if field.type == 'float' else field.type}")


def _at_least(name: str, value: int, least: int, what: str = "") -> None:
    if value < least:
        raise BadInput(f"{name} is {value}; it must be at least {what or least}")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise BadInput(f"{name} is {value!r}; it must be one of {', '.join(allowed)}")
