"""Lottery tickets, companions and pruning: the slides' conjecture, over many runs. docs/pruning.md has what was found.

A sweep is trained, with weights kept at every snapshot. Then each of its runs is trained twice more from the same seed,
as the sweep `<name>-masked`: once with its companions' frequencies masked at the start, and once, as a control, with as
many frequencies masked that were neither main circles nor companions.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from clockpizza.errors import BadInput
from clockpizza.experiments.chance import RankTest, rank_test
from clockpizza.experiments.pruning_run import MOMENTS, PruningRun, look
from clockpizza.report.interval import Share, share
from clockpizza.store import SweepFolder, read_spec
from clockpizza.sweep_spec import SweepSpec, expand, sweep_of

SMALL = {"attention_rate": [0.0, 0.5, 1.0], "seeds": 8, "epochs": 1_500}  # under an hour on two cores
FULL = {"attention_rate": [0.0, 0.25, 0.5, 0.75, 1.0], "seeds": 20, "epochs": 20_000}
COMPANIONS, CONTROL = "companions", "control"


@dataclass(frozen=True)
class Spread:
    """Mean, least and largest of a number over `runs` runs."""

    runs: int
    mean: float
    least: float
    most: float


@dataclass(frozen=True)
class Rate:
    """What the solved runs of one attention rate have in common.

    embedding, logits: places of the main circles at the start. strongest_wins: runs in which the strongest frequency of
    the first embedding becomes a main circle; by chance `strongest_by_chance`. doubled: main circles k whose double 2k
    is a main circle, too; by chance `doubled_by_chance`. after, never: of `pairs` of a main circle and its companion,
    those in which the companion is born later, or never. lag: median of the companion's birth
    over its main circle's, where both are born. shares: moment -> frequencies -> share of the embedding. even: the
    companions' share, were all frequencies alike. fell: runs whose companions hold less in the end than when the task
    was solved. accuracies: moment -> what is kept -> "every" or "blind" pairs -> accuracy. companions_better: moment ->
    runs in which companions add more on blind spots than as many other frequencies.
    """

    rate: float
    runs: int
    embedding: RankTest
    logits: RankTest
    strongest_wins: Share
    strongest_by_chance: float | None
    doubled: Share
    doubled_by_chance: float
    pairs: int
    after: Share
    never: Share
    lag: float | None
    epochs: dict[str, Spread]
    shares: dict[str, dict[str, Spread]]
    even: Spread | None
    fell: Share
    accuracies: dict[str, dict[str, dict[str, Spread]]]
    companions_better: dict[str, Share]


@dataclass(frozen=True)
class Masked:
    """What masking did at one attention rate. kind: what was masked, `COMPANIONS` or the `CONTROL`.

    won_again: main circles of the runs without a mask that are main circles with it, too. regrown: masked frequencies
    that are born all the same. masked_share: what they hold of the embedding in the end. later: runs that solve the
    task at a later snapshot than without the mask. delay: epochs to solve it over those without.
    """

    rate: float
    kind: str
    runs: int
    solved: int
    won_again: Share
    regrown: Share
    masked_share: Spread | None
    later: Share
    delay: Spread | None


@dataclass(frozen=True)
class Pruning:
    """All that was found. left_out: run -> why it is not counted."""

    sweep: str
    runs: list[PruningRun]
    masked_runs: list[PruningRun]
    left_out: dict[str, str]
    rates: list[Rate]
    masked: list[Masked]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        values = asdict(self)
        for name, runs in (("runs", self.runs), ("masked_runs", self.masked_runs)):
            values[name] = [_plain(run) for run in runs]
        return values


def masked_name(sweep: str) -> str:
    """The name of the sweep with masks."""
    return f"{sweep}-masked"


def asked(small: bool, given: dict[str, Any]) -> SweepSpec:
    """The sweep without masks: the small or the full one, but for what is `given` by keys of `expand`."""
    return expand({**(SMALL if small else FULL), **given})


def masked_spec(runs: Iterable[PruningRun]) -> SweepSpec | None:
    """The runs with masks; None where no run is solved and has companions."""
    configs = []
    for run in runs:
        companions = run.roles.companions
        if run.solved and companions:
            others = run.roles.others
            drawn = random.Random(run.config.seed).sample(others, min(len(companions), len(others)))
            configs += [replace(run.config, masked_frequencies=tuple(each)) for each in (companions, drawn) if each]
    return sweep_of(configs) if configs else None


def read(sweep: SweepFolder, *, weights: bool = True, tick: Callable[[str], None] = lambda _: None) -> list[PruningRun]:
    """The runs of a sweep that have snapshots. weights: as for `look`. tick: told of each run before it is read."""
    found = []
    for id, config in read_spec(sweep).runs.items():
        tick(id)
        try:
            found.append(look(sweep.run(id), config, weights=weights))
        except BadInput:
            continue
    return found


def pruning(sweep: str, runs: Sequence[PruningRun], masked_runs: Sequence[PruningRun] = ()) -> Pruning:
    """Count over runs, by attention rate. Runs that have not solved the task are left out."""
    left_out = {run.id: f"held-out accuracy below 99 % at epoch {run.epoch:,}" for run in runs if not run.solved}
    solved = [run for run in runs if run.solved]
    originals = {run.config: run for run in solved}
    rates = sorted({run.rate for run in solved})
    pairs = [
        (originals[config], run)
        for run in masked_runs
        if (config := replace(run.config, masked_frequencies=())) in originals
    ]
    masked = [
        _masked(rate, kind, some)
        for rate in rates
        for kind in (COMPANIONS, CONTROL)
        if (some := [pair for pair in pairs if pair[0].rate == rate and kind_of(*pair) == kind])
    ]
    return Pruning(
        sweep,
        list(runs),
        list(masked_runs),
        left_out,
        [_rate(rate, [run for run in solved if run.rate == rate]) for rate in rates],
        masked,
    )


def kind_of(original: PruningRun, masked: PruningRun) -> str:
    """What a run with a mask is for."""
    return COMPANIONS if set(masked.config.masked_frequencies) == set(original.roles.companions) else CONTROL


def _rate(rate: float, runs: list[PruningRun]) -> Rate:
    ranked = [run for run in runs if run.ranks]
    pairs = [(run.born[k], run.born[twice]) for run in runs for k, twice in run.roles.pairs()]
    mains = [len(run.roles.main) for run in runs]
    both = [(first, second) for first, second in pairs if first is not None and second is not None]
    companioned = [run for run in runs if run.roles.companions]
    moments = {name: [run for run in runs if name in run.moments] for name in MOMENTS}
    n = runs[0].ranked
    return Rate(
        rate=rate,
        runs=len(runs),
        embedding=rank_test([list(run.ranks.values()) for run in ranked], n),
        logits=rank_test([list(run.logit_ranks.values()) for run in ranked], n),
        strongest_wins=share(sum(1 in run.ranks.values() for run in ranked), len(ranked)),
        strongest_by_chance=statistics.fmean(len(run.ranks) / n for run in ranked) if ranked else None,
        doubled=share(sum(len(run.roles.doubled) for run in runs), sum(mains)),
        doubled_by_chance=sum(many * (many - 1) for many in mains) / sum(mains) / (n - 1),
        pairs=len(pairs),
        after=share(sum(second > first for first, second in both), len(pairs)),
        never=share(sum(second is None for _, second in pairs), len(pairs)),
        lag=statistics.median(second / max(first, 1) for first, second in both) if both else None,
        epochs={name: _spread([run.moments[name] for run in some]) for name, some in moments.items() if some},
        shares={
            name: {part: _spread([run.shares[name][part] for run in some]) for part in ("main", "companions", "others")}
            for name, some in moments.items()
            if some
        },
        even=_spread([len(run.roles.companions) / (run.roles.p // 2) for run in runs]) if runs else None,
        fell=share(
            sum(run.shares["end"]["companions"] < run.shares["solved"]["companions"] for run in companioned),
            len(companioned),
        ),
        accuracies={name: found for name in MOMENTS if (found := _accuracies(runs, name))},
        companions_better={
            name: share(sum(_better(run, name) for run in some), len(some))
            for name in MOMENTS
            if (some := [run for run in runs if {"both", "main_and_others"} <= set(run.accuracies.get(name, ()))])
        },
    )


def _accuracies(runs: list[PruningRun], moment: str) -> dict[str, dict[str, Spread]]:
    found: dict[str, dict[str, Spread]] = {}
    for part in ("main", "companions", "others", "both", "main_and_others", "all"):
        some = [run.accuracies[moment][part] for run in runs if part in run.accuracies.get(moment, ())]
        if some:
            found[part] = {"every": _spread([a.every for a in some]), "blind": _spread([a.blind for a in some])}
    return found


def _better(run: PruningRun, moment: str) -> bool:
    found = run.accuracies[moment]
    return found["both"].blind > found["main_and_others"].blind


def _masked(rate: float, kind: str, pairs: list[tuple[PruningRun, PruningRun]]) -> Masked:
    solved = [(before, run) for before, run in pairs if run.solved]
    won = [k in run.roles.main for before, run in solved for k in before.roles.main]
    regrown = [run.born[k] is not None for _, run in solved for k in run.config.masked_frequencies]
    delays = [run.moments["solved"] / before.moments["solved"] for before, run in solved]
    return Masked(
        rate=rate,
        kind=kind,
        runs=len(pairs),
        solved=len(solved),
        won_again=share(sum(won), len(won)),
        regrown=share(sum(regrown), len(regrown)),
        masked_share=_spread([run.shares["end"]["masked"] for _, run in solved]) if solved else None,
        later=share(sum(delay > 1 for delay in delays), len(delays)),
        delay=_spread(delays) if delays else None,
    )


def _spread(values: Sequence[float]) -> Spread:
    return Spread(len(values), statistics.fmean(values), min(values), max(values))


def _plain(run: PruningRun) -> dict[str, Any]:
    from clockpizza.run_config import run_to_dict

    values = asdict(run)
    return {**values, "config": run_to_dict(run.config), "roles": {**values["roles"], "others": run.roles.others}}
