"""What can be chosen for an ideal network, and for which kind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

from clockpizza.errors import BadInput

KINDS = (
    "clock",
    "pizza",
    "blend",
    "lissajous",
    "idle-circles",
    "number-line",
    "memoriser",
    "lookup",
    "partial-lookup",
    "wide",
)
_PIZZAS = ("pizza", "blend", "partial-lookup")
_CIRCLES = ("clock", *_PIZZAS)
_LINES = ("lissajous", "idle-circles", "number-line")
_PLANES = (*_CIRCLES, "lissajous", "idle-circles")
_TRANSFORMERS = tuple(kind for kind in KINDS if kind != "wide")

_NAMES = {
    "idle-circles": "a network of idle circles",
    "number-line": "a number line",
    "partial-lookup": "a partial lookup",
    "wide": "a wide network",
}
# What a message calls an option, and the kinds that have it; an option that is not here is every kind's.
_CHOICES: dict[str, tuple[str, tuple[str, ...]]] = {
    "attention_rate": ("attention rate", _TRANSFORMERS),
    "equals_token": ("equals token", _TRANSFORMERS),
    "own_planes": ("planes of operand b's own", _TRANSFORMERS),
    "b_shift": ("shift of operand b", (*_PLANES, "number-line", "wide")),
    "b_turn": ("turn of operand b", (*_PLANES, "wide")),
    "frequencies": ("frequencies", (*_PLANES, "wide")),
    "pizza_share": ("pizza share", ("blend", "partial-lookup", "wide")),
    "turn": ("turn", (*_PIZZAS, "wide")),
    "companions": ("companions", (*_CIRCLES, "wide")),
    "companion_size": ("companion size", _PIZZAS),
    "companion_lines": ("companion lines", _PIZZAS),
    "tied": ("radii", _PLANES),
    "radii": ("radii", _PLANES),
    "overlap": ("overlap", _PLANES),
    "multiplier": ("multiplier", _LINES),
    "offset": ("offset", _LINES),
    "one_hot": ("one-hot embedding", ("memoriser", "lookup", "partial-lookup")),
    "on_circles": ("lookup on circles", ("partial-lookup",)),
    "lookup_share": ("lookup share", ("partial-lookup",)),
    "lookup_size": ("lookup size", ("partial-lookup",)),
    "train_fraction": ("train fraction", ("memoriser",)),
}


@dataclass(frozen=True)
class Options:
    """The arguments of `ideal`, checked; see there what each means.

    Raises:
        BadInput: an argument that no such network can have.
    """

    kind: str
    p: int = 59
    width: int = 128
    attention_rate: float = 0.0
    equals_token: bool = False
    separate_vocabularies: bool = False
    b_shift: float = 0.0
    b_turn: float = 0.0
    own_planes: bool = False
    frequencies: Sequence[int] | None = None
    pizza_share: float | Sequence[float] | None = None
    turn: float | None = None
    companions: bool | None = None
    companion_size: float = 0.6
    companion_lines: bool = False
    tied: bool = False
    radii: Sequence[float] | None = None
    overlap: float = 0.0
    multiplier: int = 1
    offset: int = 0
    one_hot: bool = False
    on_circles: bool = False
    lookup_share: float = 0.9
    lookup_size: float = 20.0
    train_fraction: float = 1.0
    noise: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadInput(f"no ideal network is called {self.kind!r}; there are {', '.join(KINDS)}")
        if self.p < 3:
            raise BadInput(f"p is {self.p}; it must be at least 3")
        if self.kind == "blend" and self.pizza_share is None:
            raise BadInput("a blend needs a pizza share")
        for name in self.chosen:
            words, kinds = _CHOICES.get(name, (name, KINDS))
            if self.kind not in kinds:
                raise BadInput(f"{_NAMES.get(self.kind, f'a {self.kind}')} has no {words} to choose")
        if not self.separate_vocabularies and (self.b_shift or self.b_turn or self.own_planes):
            raise BadInput("operand b is shifted, turned or given planes of its own only with separate vocabularies")
        self._check_frequencies()
        self._check_shares()
        self._check_radii()
        self._check_numbers()

    @property
    def chosen(self) -> list[str]:
        """Names of the options, the kind apart, that differ from their defaults."""
        return [f.name for f in fields(self) if f.name != "kind" and getattr(self, f.name) != f.default]

    @property
    def ks(self) -> list[int]:
        """The main frequencies: three, or every one in a wide network, where they are not given."""
        if self.frequencies is not None:
            return list(self.frequencies)
        return list(range(1, self.p // 2 + 1)) if self.kind == "wide" else default_frequencies(self.p)

    @property
    def shares(self) -> list[float]:
        """Each circle's pizza share."""
        own = {"pizza": 1.0, "wide": 1.0}.get(self.kind, 0.0)
        share = own if self.pizza_share is None else self.pizza_share
        return [float(share)] * len(self.ks) if isinstance(share, (int, float)) else list(share)

    @property
    def sizes(self) -> list[float]:
        """Each circle's radius. Unless chosen they differ, as equal circles would mix in a PCA."""
        n = len(self.ks)
        if self.radii is not None:
            return list(self.radii)
        fall = 0.0 if self.tied else 0.3 / max(n, 3) if self.kind in _LINES else 0.1 / n
        return [1 - fall * i for i in range(n)]

    @property
    def has_companions(self) -> bool:
        """Whether circles at 2k fill blind spots; in a wide network an even p has some that nothing else fills."""
        if self.companions is None:
            return self.kind != "wide" or self.p % 2 == 0
        return self.companions

    @property
    def whole_shift(self) -> int:
        """The shift of operand b along a number line, in tokens. Raises BadInput where it is no whole number."""
        if self.b_shift != round(self.b_shift):
            raise BadInput(f"operand b's shift is {self.b_shift}; along a number line it is a whole number of tokens")
        return round(self.b_shift)

    def phi(self, k: int) -> float:
        """The angle by which operand b's circle at k is turned, radians."""
        return 2 * math.pi * k / self.p * self.b_shift + self.b_turn

    def _check_frequencies(self) -> None:
        ks = self.ks
        if bad := [k for k in ks if not 1 <= k <= self.p // 2]:
            raise BadInput(f"frequency {bad[0]} is not between 1 and {self.p // 2}")
        if not ks or len(set(ks)) < len(ks):
            raise BadInput("frequencies must be one or more different numbers")

    def _check_shares(self) -> None:
        shares = self.shares
        if bad := [share for share in shares if not 0 <= share <= 1]:
            raise BadInput(f"pizza share is {bad[0]}; it must lie between 0 and 1")
        if len(shares) != len(self.ks):
            raise BadInput(
                f"there are {len(shares)} pizza shares for {len(self.ks)} circles; give one, or one for each"
            )

    def _check_radii(self) -> None:
        if self.radii is not None:
            if self.tied:
                raise BadInput("tied circles have one radius; choose either tied or radii")
            if len(self.radii) != len(self.ks):
                raise BadInput(f"there are {len(self.radii)} radii for {len(self.ks)} circles; give one for each")
            if bad := [r for r in self.radii if not 0 < r < math.inf]:
                raise BadInput(f"radius {bad[0]} is not above 0")
        if self.companions is False and (self.companion_lines or "companion_size" in self.chosen):
            raise BadInput("without companions there is no size or shape of companions to choose")
        n = len(self.ks)
        if self.overlap and n == 1:
            raise BadInput("one plane overlaps with no other; an overlap takes two frequencies or more")
        if self.overlap and not -1 / (n - 1) < self.overlap < 1:
            raise BadInput(f"overlap is {self.overlap}; for {n} planes it must lie between {-1 / (n - 1):.3g} and 1")

    def _check_numbers(self) -> None:
        for name, words in (("companion_size", "companion size"), ("lookup_size", "lookup size")):
            if not 0 < getattr(self, name) < math.inf:
                raise BadInput(f"{words} is {getattr(self, name)}; it must lie above 0")
        if not 0 < self.lookup_share < 1:
            raise BadInput(f"lookup share is {self.lookup_share}; it must lie between 0 and 1, and a lookup stores all")
        if not 0 < self.train_fraction <= 1:
            raise BadInput(f"train fraction is {self.train_fraction}; it must lie above 0 and not above 1")
        if not 0 <= self.noise < math.inf:
            raise BadInput(f"noise is {self.noise}; it must not be negative")
        if self.one_hot and self.on_circles:
            raise BadInput("a lookup reads circles or a one-hot embedding; choose either")
        for name in ("b_turn", "turn", "b_shift"):
            if not math.isfinite(getattr(self, name) or 0):
                raise BadInput(f"{name.replace('_', ' ')} is {getattr(self, name)}; it must be a finite number")


def default_frequencies(p: int) -> list[int]:
    """Three frequencies; 17, 3 and 15 at p = 59, as in the paper's model A, and about as far apart elsewhere."""
    wanted = [max(1, round(p * share)) for share in (17 / 59, 3 / 59, 15 / 59)]
    spare = [k for k in range(1, (p - 1) // 2 + 1) if k not in wanted]
    chosen: list[int] = []
    for k in wanted:
        chosen += [k] if k not in chosen else spare[:1]
        spare = [other for other in spare if other not in chosen]
    return chosen
