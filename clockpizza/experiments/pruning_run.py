"""One run's part in the question of main circles, companions and pruning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from clockpizza import timeline
from clockpizza.experiments.roles import Roles, blind_spots, born, roles
from clockpizza.run_config import RunConfig
from clockpizza.store import RunFolder

if TYPE_CHECKING:
    from clockpizza.experiments.kept import PartAccuracy

LEVELS = {"half": 0.5, "most": 0.9, "solved": 0.99}  # of held-out accuracy, first reached at a snapshot
MOMENTS = ("start", *LEVELS, "end")


@dataclass(frozen=True)
class PruningRun:
    """What a run's snapshots say.

    epoch: of the last snapshot. moments: the epochs of `MOMENTS`, as far as there are such. roles: by the last
    snapshot. blind_spots: differences a - b. ranks, logit_ranks: at epoch 0, of the main circles, 1 the strongest of
    `ranked` frequencies (those not masked), by embedding power and by the logits' power; empty without a snapshot of
    epoch 0. born: of main circles, companions and masked frequencies, None where never. shares: of the embedding's
    variance at each moment, of the `main` circles, their `companions`, the `others`, and what was `masked`. peak: where
    and how large the companions' share was at its largest. accuracies: at each moment by what is kept
    (`kept.kept_accuracies`); empty where no weights were kept.
    """

    id: str
    config: RunConfig
    epoch: int
    moments: dict[str, int]
    roles: Roles
    blind_spots: list[int]
    ranked: int
    ranks: dict[int, int]
    logit_ranks: dict[int, int]
    born: dict[int, int | None]
    shares: dict[str, dict[str, float]]
    peak: tuple[int, float]
    accuracies: dict[str, dict[str, PartAccuracy]] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """The attention rate; 0 for linear models."""
        return self.config.network.attention_rate or 0.0

    @property
    def solved(self) -> bool:
        return "solved" in self.moments and bool(self.roles.main)


def look(run: RunFolder, config: RunConfig, *, weights: bool = True) -> PruningRun:
    """Read a run, finished or not. weights: also those that it kept on the way, which takes torch and some seconds.

    Raises:
        BadInput: it has no snapshots.
    """
    history = timeline.read(run)
    parts = roles(history)
    blind = blind_spots(parts.main, history.logit_power[-1], history.p)
    moments = _moments(history)
    free = [k for k in range(1, history.p // 2 + 1) if k not in config.masked_frequencies]
    at_start = history.epochs[0] == 0
    rows = {name: int(np.flatnonzero(history.epochs == epoch)[0]) for name, epoch in moments.items()}
    companions = _share(history.embedding_power, parts.companions)
    peak = int(companions.argmax())
    groups = {"main": parts.main, "companions": parts.companions, "others": parts.others}
    groups["masked"] = config.masked_frequencies
    accuracies: dict[str, dict[str, PartAccuracy]] = {}
    if weights and run.kept_epochs():
        from clockpizza.experiments.kept import kept_accuracies

        kept = kept_accuracies(run, parts, blind, moments.values())
        accuracies = {name: kept[epoch] for name, epoch in moments.items() if epoch in kept}
    return PruningRun(
        id=run.id,
        config=config,
        epoch=int(history.epochs[-1]),
        moments=moments,
        roles=parts,
        blind_spots=np.flatnonzero(blind).tolist(),
        ranked=len(free),
        ranks=_ranks(history.embedding_power[0], parts.main, free) if at_start else {},
        logit_ranks=_ranks(history.logit_power[0], parts.main, free) if at_start else {},
        born={k: born(history, k) for k in {*parts.main, *parts.companions, *config.masked_frequencies}},
        shares={
            moment: {name: float(_share(history.embedding_power[row : row + 1], ks)[0]) for name, ks in groups.items()}
            for moment, row in rows.items()
        },
        peak=(int(history.epochs[peak]), float(companions[peak])),
        accuracies=accuracies,
    )


def _moments(history: timeline.Timeline) -> dict[str, int]:
    """Epochs of snapshots: the first, those where held-out accuracy first reaches each level, and the last."""
    held_out = dict(zip(history.metrics["epoch"], history.metrics["test_accuracy"], strict=True))
    found = {"start": int(history.epochs[0])}
    for name, level in LEVELS.items():
        reached = (epoch for epoch in history.epochs if held_out.get(epoch, np.nan) >= level)
        if (first := next(reached, None)) is not None:
            found[name] = int(first)
    return {**found, "end": int(history.epochs[-1])}


def _share(power: timeline.Array, frequencies: tuple[int, ...]) -> timeline.Array:
    """Of the embedding's variance, at each snapshot."""
    return np.nan_to_num(power[:, [k - 1 for k in frequencies]].sum(axis=1))


def _ranks(power: timeline.Array, main: tuple[int, ...], free: list[int]) -> dict[int, int]:
    """Places of main circles among the frequencies `free`; a masked one has none."""
    return {k: 1 + sum(bool(power[j - 1] > power[k - 1]) for j in free) for k in main if k in free}
