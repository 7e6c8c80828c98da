"""Which frequencies played which part in a run, seen from its end. Never imports torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clockpizza.frequency import double
from clockpizza.timeline import SMALLEST_SHARE, Timeline

MAIN_SHARE = 0.01  # of the logits' power at all frequencies: what a circle must write to count as a main circle
BORN = 1.5  # times the even share 1 / (p//2): 5.7 standard deviations above it at the start, at width 128
BLIND = 0.1  # of the differences a - b

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Roles:
    """Frequencies by the last snapshot.

    main: those with 1 % of the embedding's variance and 1 % of the logits' power, the strongest writer first.
    companions: 2k mod p of each main circle k, but for those that are main circles themselves, strong or not.
    others: all the rest.
    """

    p: int
    main: tuple[int, ...]
    companions: tuple[int, ...]

    @property
    def others(self) -> tuple[int, ...]:
        return tuple(k for k in range(1, self.p // 2 + 1) if k not in (*self.main, *self.companions))

    @property
    def doubled(self) -> tuple[int, ...]:
        """The main circles whose double is a main circle, too."""
        return tuple(k for k in self.main if double(k, self.p) in self.main)

    def pairs(self) -> list[tuple[int, int]]:
        """Main circles, each with its companion; those whose double is a main circle are left out."""
        return [(k, double(k, self.p)) for k in self.main if double(k, self.p) in self.companions]


def roles(history: Timeline) -> Roles:
    """The parts that frequencies play in the last snapshot."""
    embedding, logits = history.embedding_power[-1], history.logit_power[-1]
    strong = [k + 1 for k in range(len(embedding)) if embedding[k] >= SMALLEST_SHARE and logits[k] >= MAIN_SHARE]
    main = sorted(strong, key=lambda k: -logits[k - 1])
    doubles = dict.fromkeys(twice for k in main if (twice := double(k, history.p)))
    return Roles(history.p, tuple(main), tuple(k for k in doubles if k not in main))


def born(history: Timeline, k: int) -> int | None:
    """The epoch from which on frequency k held `BORN` times the even share of the embedding, up to its peak.

    None where it never did. What came after the peak does not count: a circle that is pruned was born all the same.
    """
    shares = history.embedding_power[:, k - 1]
    peak = int(np.nanargmax(shares)) if np.isfinite(shares).any() else 0
    above = shares[: peak + 1] >= BORN / history.embedding_power.shape[1]
    if not above[-1]:
        return None
    below = np.flatnonzero(~above)
    return int(history.epochs[below[-1] + 1 if len(below) else 0])


def blind_spots(main: tuple[int, ...], logit_power: Array, p: int) -> NDArray[np.bool_]:
    """Which differences d = a - b the main circles see least: a tenth of all, (p,).

    A pizza circle k writes |cos(w_k d / 2)| at difference d. Seen is the sum of that over the main circles, each times
    its amplitude, the root of its share in `logit_power` (p//2,).
    """
    d = np.arange(p)
    seen = sum(np.sqrt(logit_power[k - 1]) * np.abs(np.cos(np.pi * k * d / p)) for k in main)
    blind = np.zeros(p, dtype=bool)
    half = sorted(range(1, p // 2 + 1), key=lambda at: (np.round(seen[at], 12), at))[: max(1, round(BLIND * p / 2))]
    blind[half] = True
    blind[[p - at for at in half]] = True  # d and -d are seen alike
    return blind
