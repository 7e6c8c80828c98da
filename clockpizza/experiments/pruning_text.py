"""The experiment's tables in words: views that `clockpizza.inspection.text` draws."""

from __future__ import annotations

from clockpizza.experiments.chance import RankTest
from clockpizza.experiments.pruning import Pruning, Rate, Spread, kind_of
from clockpizza.experiments.pruning_run import LEVELS, MOMENTS, PruningRun
from clockpizza.experiments.roles import BORN
from clockpizza.inspection.blocks import Table, View
from clockpizza.report.interval import Share

SOURCE = "docs/pruning.md"
PARTS = {
    "main": "main circles",
    "companions": "companions",
    "others": "others",
    "both": "main + companions",
    "main_and_others": "main + others",
    "all": "all",
}


def views(found: Pruning) -> list[View]:
    """What was found, question by question; questions without data say so."""
    if not found.rates:
        return [_runs(found)]
    return [_runs(found), _lottery(found), _births(found), _accuracy(found), _shares(found), _masked(found)]


def _runs(found: Pruning) -> View:
    rows = [["rate", "runs", "seeds", *(f"{100 * level:.0f} % at" for level in LEVELS.values()), "last"]]
    for rate in found.rates:
        seeds = {run.config.seed for run in found.runs if run.rate == rate.rate and run.solved}
        epochs = [_epochs(rate.epochs.get(name)) for name in (*LEVELS, "end")]
        rows.append([f"{rate.rate:g}", str(rate.runs), str(len(seeds)), *epochs])
    says = "Epochs at which held-out accuracy was first seen at a level, and of the last snapshot: mean and range over "
    says += "runs. Main circles are those of the last snapshot, companions their doubles."
    if found.left_out:
        says += f" Left out, since they have not solved the task: {_many(len(found.left_out))}."
    return View("runs", f"{found.sweep}: {_many(len(found.runs))}", says, SOURCE, [Table(rows)])


def _many(count: int) -> str:
    return f"{count:,} run{'s' * (count != 1)}"


def _lottery(found: Pruning) -> View:
    rows = [["rate", "circles", "embedding", "p", "logits", "p", "by chance", "strongest wins", "by chance"]]
    for rate in found.rates:
        embedding, logits = rate.embedding, rate.logits
        rows.append([f"{rate.rate:g}", str(embedding.winners)])
        rows[-1] += [_number(embedding.place), _p(embedding), _number(logits.place), _p(logits)]
        rows[-1].append(f"{_number(embedding.low)} to {_number(embedding.high)}")
        rows[-1] += [_share(rate.strongest_wins), _percent(rate.strongest_by_chance)]
    says = (
        "Where the final main circles stood before the first step, by power in the embedding and in the logits: 0 the "
    )
    says += "strongest frequency, 1 the weakest, .5 by chance with 95 % of its range. p is two-sided. And in how many "
    says += "runs the embedding's strongest frequency won. Runs of one seed start alike, so rates are not independent."
    return View("lottery", "1. Lottery tickets", says, SOURCE, [Table(rows)])


def _births(found: Pruning) -> View:
    rows = [["rate", "double is main", "by chance", "pairs", "companion born later", "never", "lag"]]
    for rate in found.rates:
        lag = "-" if rate.lag is None else f"{rate.lag:.2f}"
        rows.append([f"{rate.rate:g}", _share(rate.doubled), _percent(rate.doubled_by_chance)])
        rows[-1] += [str(rate.pairs), _share(rate.after), _share(rate.never), lag]
    says = "How many main circles have a double that is a main circle itself; and of the other pairs, in how many the "
    says += "companion is born after its main circle, or never. Born is the snapshot from which on a frequency holds "
    says += f"{BORN:g} times the even share of the embedding, up to its peak. lag: median of the companion's epoch of "
    says += "birth over its main circle's, where both are born."
    return View("births", "2. Births", says, SOURCE, [Table(rows)])


def _accuracy(found: Pruning) -> View:
    tables = []
    for rate in found.rates:
        moments = [name for name in rate.accuracies if name != "start"]  # where all is chance
        if not moments:
            continue
        rows = [["kept", *moments]]
        for part, words in PARTS.items():
            cells = (rate.accuracies[name].get(part) for name in moments)
            rows.append([words, *(f"{_mean(c['every'])} / {_mean(c['blind'])}" if c else "-" for c in cells)])
        better = [_share(rate.companions_better[name]) if name in rate.companions_better else "-" for name in moments]
        rows.append(["companions better", *better])
        tables.append(Table(rows, f"rate {rate.rate:g}"))
    says = "Accuracy in % with only these frequencies of the embedding, mean over runs: over all pairs / over blind "
    says += "spots, the tenth of the differences a - b that the main circles see least. others: as many other "
    says += "frequencies, the strongest then. companions better: runs in which they add more than others, blind spots."
    if not tables:
        says = "Not recorded: these runs kept no weights on the way (--keep-checkpoints)."
    return View("accuracy", "3. Who knows what", says, SOURCE, tables)


def _shares(found: Pruning) -> View:
    rows = [["rate", "even", *MOMENTS, "fell after solving"]]
    for rate in found.rates:
        even = "-" if rate.even is None else _mean(rate.even)
        rows.append([f"{rate.rate:g}", even, *(_companions(rate, name) for name in MOMENTS), _share(rate.fell)])
    says = "The companions' share of the embedding's variance in %, mean and range over runs; even: were all "
    says += "frequencies alike. Pruning would show as a fall after the task is solved."
    return View("shares", "4. Are companions pruned?", says, SOURCE, [Table(rows)])


def _companions(rate: Rate, moment: str) -> str:
    each = rate.shares.get(moment, {}).get("companions")
    return "-" if each is None else f"{_mean(each)} ({100 * each.least:.0f}-{100 * each.most:.0f})"


def _masked(found: Pruning) -> View:
    title = "5. With companions masked at the start"
    if not found.masked:
        return View("masked", title, "Not done yet: `clockpizza experiment pruning` trains them next.", SOURCE)
    rows = [["rate", "masked", "runs", "solved", "same circles win", "masked are born", "hold %", "epochs to solve"]]
    for each in found.masked:
        rows.append([f"{each.rate:g}", each.kind, str(each.runs), str(each.solved)])
        rows[-1] += [_share(each.won_again), _share(each.regrown)]
        rows[-1].append("-" if each.masked_share is None else _mean(each.masked_share))
        delay = each.delay
        rows[-1].append("-" if delay is None else f"x {delay.mean:.2f} ({delay.least:.2f}-{delay.most:.2f})")
    by_run = [["rate", "seed", "masked", "frequencies", "main circles before", "with the mask"]]
    originals = {(run.rate, run.config.seed): run for run in found.runs}
    for run in found.masked_runs:
        if run.solved and (before := originals.get((run.rate, run.config.seed))) is not None:
            by_run.append(_by_run(before, run))
    says = "Against the same seed without a mask: the share of its main circles that win again, of masked frequencies "
    says += "that are born all the same, what they hold in the end, and epochs to solve the task, times those without. "
    says += "control: as many frequencies masked that were neither."
    return View("masked", title, says, SOURCE, [Table(rows), Table(by_run, "run by run")])


def _by_run(before: PruningRun, run: PruningRun) -> list[str]:
    frequencies = (run.config.masked_frequencies, before.roles.main, run.roles.main)
    words = [" ".join(map(str, sorted(each))) for each in frequencies]
    return [f"{run.rate:g}", str(run.config.seed), kind_of(before, run), *words]


def _share(each: Share) -> str:
    if each.value is None or each.low is None or each.high is None:
        return "-"
    return f"{each.count}/{each.total} ({100 * each.low:.0f}-{100 * each.high:.0f} %)"


def _epochs(each: Spread | None) -> str:
    if each is None:
        return "-"
    return f"{each.mean:,.0f}" + (f" ({each.least:,.0f}-{each.most:,.0f})" if each.most > each.least else "")


def _mean(each: Spread) -> str:
    return f"{100 * each.mean:.1f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"


def _p(test: RankTest) -> str:
    return "-" if test.p_value is None else f"{test.p_value:.1g}"
