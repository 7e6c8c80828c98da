"""Numbers in the words of a report, the same on a terminal, on a page and on the screen."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clockpizza.cuts import EDITION
from clockpizza.errors import visible
from clockpizza.report.bins import Bin
from clockpizza.report.bootstrap import DRAWS, FEWEST
from clockpizza.report.crossing import Crossing
from clockpizza.report.group import Group
from clockpizza.report.interval import Share
from clockpizza.report.point import VERDICTS
from clockpizza.report.report import PAPER_EPOCHS, Judged, Report
from clockpizza.report.shares import Mean
from clockpizza.report.tally import Tally


@dataclass(frozen=True)
class Turn:
    """Something that happens at some attention rate, in words: what, briefly, and why its rate cannot be told.

    `{n}` is how many runs tell of it, `{yes}` how many have turned.
    """

    what: str
    short: str
    counts: str
    no_rise: str


CLOCKS = Turn(
    "half of the clocks and pizzas are clocks",
    "half of {n} clocks and pizzas are clocks",
    "{yes} of {n} are clocks",
    "clocks do not grow more frequent with the rate",
)
CLOCK_SHARE = Turn(
    "the mean clock share passes the mean pizza share",
    "mean clock share passes pizza share",
    "the clock share is the larger one in {yes} of {n} runs",
    "the clock share does not grow with the rate from below the pizza share to above it",
)
SYMMETRICITY = Turn(
    "half of the runs circular by the paper's rule have gradient symmetricity below .9",
    "half of {n} circular runs have GS below .9",
    "{yes} of {n} have",
    "they do not grow more frequent with the rate",
)


def percent(share: Share | Mean) -> str:
    """`34 % (30-39)`; `34 %` where there is no interval; or nothing."""
    if share.value is None:
        return ""
    interval = ""
    if share.low is not None and share.high is not None:
        interval = f" ({100 * share.low:.0f}-{100 * share.high:.0f})"
    return f"{100 * share.value:.0f} %{interval}"


def rate(found: Crossing | None) -> str:
    """`0.562 (0.546-0.580)`, short, for a table."""
    if found is None:
        return ""
    if found.value is None:
        return {"all yes": "all", "all no": "none"}.get(found.status, "-")
    low, high = ("" if end is None else f"{end:.3f}" for end in (found.low, found.high))
    interval = f"{low}-{high}" if low and high else f"from {low}" if low else f"to {high}" if high else "no interval"
    return f"{found.value:.3f} ({interval})"


def turning(found: Crossing, turn: Turn, how: str, left: str) -> str:
    """A sentence on where something happens.

    Args:
        how: how the rate was fitted. left: which runs tell nothing of it.
    """
    if found.value is None:
        known = f" ({left})" if left else ""
        if found.status == "outside":
            return f"The attention rate at which {turn.what} lies beyond the rates that were tried{known}."
        return f"The attention rate at which {turn.what} cannot be told: {_why(found, turn)}{known}."
    said = [_interval(found), how, left]
    return f"{_capital(turn.what)} at attention rate {found.value:.3f} ({'; '.join(each for each in said if each)})."


def briefly(found: Crossing, turn: Turn) -> str:
    """The same in few words, for where there is little room."""
    if found.value is None:
        return f"{turn.what}: {rate_or_why(found, turn)}"
    return f"{turn.short.format(n=f'{found.yes + found.no:,}')} at {rate(found)}"


def rate_or_why(found: Crossing, turn: Turn) -> str:
    """The rate, or the reason why it cannot be told."""
    if found.value is not None:
        return rate(found)
    return "beyond the rates tried" if found.status == "outside" else _why(found, turn)


def _why(found: Crossing, turn: Turn) -> str:
    """Why there is no rate."""
    why = {
        "all yes": turn.counts,
        "all no": turn.counts,
        "none": "there are none",
        "one x": "all {n} have one rate",
        "no rise": turn.no_rise,
    }
    return why[found.status].format(n=f"{found.yes + found.no:,}", yes=f"{found.yes:,}")


def _interval(found: Crossing) -> str:
    if found.low is None and found.high is None:
        few = found.yes + found.no < FEWEST
        return f"{found.yes + found.no} runs give no interval" if few else "95 %: any rate that was tried"
    low = "below those tried" if found.low is None else f"{found.low:.3f}"
    high = "above those tried" if found.high is None else f"{found.high:.3f}"
    return f"95 %: {low} to {high}"


def boundaries(report: Report) -> list[str]:
    """Where half turn clock, by verdicts and by shares, and which runs tell nothing of it."""
    clock, clock_share = report.whole.clock, report.whole.clock_share
    words = []
    if clock and report.finished:
        how = f"{_fit(clock)}; {clock.yes:,} of {clock.yes + clock.no:,} are"
        noncircular = {"non-circular": report.whole.tally.verdicts["non-circular"].count}
        words.append(turning(clock, CLOCKS, how, _left(report, clock, noncircular, "without attention")))
    if clock_share and report.has_shares:
        how = f"{_fit(clock_share)}; {clock_share.yes + clock_share.no:,} runs"
        left = _left(report, clock_share, {}, "without attention or without shares")
        words.append(turning(clock_share, CLOCK_SHARE, how, left))
    return words


def boundaries_briefly(report: Report) -> list[str]:
    """The same in few words."""
    found = [(report.whole.clock, CLOCKS)] if report.finished else []
    found += [(report.whole.clock_share, CLOCK_SHARE)] if report.has_shares else []
    return [briefly(crossing, turn) for crossing, turn in found if crossing is not None]


def _fit(found: Crossing) -> str:
    return "halfway between the two, which do not overlap" if found.status == "separate" else "logistic fit"


def _left(report: Report, found: Crossing, besides: dict[str, int], rest: str) -> str:
    """How many runs tell nothing of something, and why: `left out: 24 non-circular, 2 unfinished`."""
    tally = report.whole.tally
    counts = {
        **besides,
        "refused": tally.refused,
        "failed": tally.failed,
        "unfinished": tally.unfinished,
        "of an older edition": tally.older,
    }
    counts[rest] = tally.runs - sum(counts.values()) - found.yes - found.no
    words = [f"{count:,} {what}" for what, count in counts.items() if count]
    return f"left out: {', '.join(words)}" if words else ""


def sentences(report: Report) -> list[str]:
    """What the sweep says as a whole, with what is left out of each number."""
    tally, symmetricity, shares = report.whole.tally, report.whole.symmetricity, report.whole.shares
    words = boundaries(report)
    if symmetricity and report.finished:
        how = f"{_fit(symmetricity)}; {symmetricity.yes:,} of {symmetricity.yes + symmetricity.no:,} have"
        left = _left(report, symmetricity, {}, "not circular by it")
        words.append(turning(symmetricity, SYMMETRICITY, how, left))
        if len(report.groups) > 1:
            words.append("These take all shapes together; the boundary moves with the shape: see the table by shape.")
    if report.has_shares:
        runs = shares["clock"].runs
        words.append(
            f"Of what the logits vary, clocks write {percent(shares['clock'])} and pizzas {percent(shares['pizza'])}, "
            f"as the mean over {runs:,} run{'s' * (runs != 1)}; {percent(_neither(shares))} is neither's."
        )
    if judged := tally.circular.total:
        words.append(
            f"Of {judged:,} finished and solved, {percent(tally.circular)} are circular by the paper's rule "
            "(circularity above .995)."
        )
    if tally.circular_by_circle.total:
        words[-1] += (
            f" When every component with 1 % of the variance counts, and near-ties as one, it is "
            f"{percent(tally.circular_by_circle)}."
        )
    return words


def _neither(shares: dict[str, Mean]) -> Mean:
    """What neither clocks nor pizzas write, without an interval."""
    unlawful, unaccounted = shares["unlawful"], shares["unaccounted"]
    value = None if unlawful.value is None or unaccounted.value is None else unlawful.value + unaccounted.value
    return Mean(unlawful.runs, value, None, None)


def left_out(report: Report) -> str:
    """Which runs no diagram and no share has, and why; "" where there are none."""
    tally = report.whole.tally
    waiting = [each for each in report.points if not each.final and each.state != "failed"]
    counts = {
        "refused a verdict (unsolved, their measures mean nothing)": tally.refused,
        "failed": tally.failed,
        "not trained yet": sum(each.epoch == 0 for each in waiting),
        "not solving the task yet": sum(each.epoch > 0 and not each.solved for each in waiting),
        "not measured yet": sum(each.epoch > 0 and each.solved and each.symmetricity is None for each in waiting),
        "judged by an older edition": tally.older,
    }
    words = [f"{count:,} {what}" for what, count in counts.items() if count]
    return f"Left out of the diagrams: {', '.join(words)}." if words else ""


def editions(report: Report) -> list[str]:
    """Which runs an older edition of the rule has judged, and what helps."""
    if not report.editions:
        return []
    newest, *older = report.editions
    cure = f"`{rejudge(report)}` judges them by edition {max(EDITION, newest.edition)}."
    words = [
        f"Counted apart: {each.runs:,} run{'s' * (each.runs != 1)} judged by edition {each.edition} of the rule "
        f"({_verdicts(each)}). {cure}"
        for each in older
    ]
    if newest.edition < EDITION:
        words.append(
            f"{'The other' if older else 'All'} {newest.runs:,} finished runs were judged by edition {newest.edition} "
            f"of the rule, which gives no shares of what the logits vary. {cure}"
        )
    return words


def editions_briefly(report: Report) -> str:
    """The same in a line; "" where the newest edition has judged all."""
    if not report.editions:
        return ""
    newest, *older = report.editions
    if older:
        return f"{sum(each.runs for each in older):,} older: {rejudge(report)}"
    return f"edition {newest.edition}: {rejudge(report)}" if newest.edition < EDITION else ""


def rejudge(report: Report) -> str:
    """The command that judges a sweep's runs anew."""
    return f"clockpizza rejudge {shlex.quote(visible(report.sweep))}"


def _verdicts(judged: Judged) -> str:
    counts = {**judged.verdicts, "refused": judged.refused}
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def short_of_paper(report: Report) -> str:
    """That runs were trained for less than the paper's, "" where they were not."""
    if not report.short:
        return ""
    had, paper = _ends([each.epoch for each in report.short]), f"{PAPER_EPOCHS:,}"
    if len(report.short) == len(report.finished):
        return f"Trained for {had} epochs; the paper trains {paper}."
    return f"{len(report.short):,} of the finished runs were trained for {had} epochs; the paper trains {paper}."


def epochs(report: Report) -> str:
    """How long the runs were trained."""
    words = []
    if report.finished:
        words.append(f"finished runs had {_ends([each.epoch for each in report.finished])} epochs")
    if report.begun:
        at, last = (_ends(values) for values in zip(*((each.epoch, each.epochs) for each in report.begun), strict=True))
        words.append(f"{len(report.begun):,} unfinished at epoch {at} of {last}")
    text = "; ".join(words) or "nothing has been trained yet"
    return f"{_capital(text)}."


def share_table(found: Sequence[Bin], name: str) -> list[list[str]]:
    """Verdicts by bin: a header and rows of cells."""
    others = _others([each.tally for each in found])
    rows = [[name.split()[-1], "runs", *VERDICTS, *others[0]]]
    for each, rest in zip(found, others[1:], strict=True):
        shares = [percent(each.tally.verdicts[verdict]) for verdict in VERDICTS]
        rows.append([_range(each.low, each.high), f"{each.tally.runs:,}", *shares, *rest])
    return rows


def mean_table(found: Sequence[Bin], name: str) -> list[list[str]]:
    """Mean shares by bin: a header and rows of cells."""
    rows = [[name.split()[-1], "runs", "clock", "pizza", "neither"]]
    for each in found:
        clock, pizza = each.shares["clock"], each.shares["pizza"]
        means = [percent(mean) for mean in (clock, pizza, _neither(each.shares))]
        rows.append([_range(each.low, each.high), f"{clock.runs:,}", *means])
    return rows


def bootstrapped(found: Sequence[Bin]) -> str:
    """How the intervals of mean shares came about."""
    few = any(0 < each.shares["clock"].runs < FEWEST for each in found)
    return f"bootstrap over runs, {DRAWS:,} draws" + f"; no interval of fewer than {FEWEST} runs" * few


def shape_table(report: Report) -> list[list[str]]:
    """Runs by shape: a header and rows of cells."""
    others = _others([each.tally for each in report.groups])
    rows = [[*_names(report), "runs", *VERDICTS, *others[0], "circular"]]
    for group, rest in zip(report.groups, others[1:], strict=True):
        tally = group.tally
        verdicts = [_count(tally.verdicts[verdict].count) for verdict in VERDICTS]
        rows.append([*_shape(group), f"{tally.runs:,}", *verdicts, *rest, percent(tally.circular)])
    return rows


def turning_table(report: Report) -> list[list[str]]:
    """The rates at which half turn, by shape: a header and rows of cells; nothing of one shape, or one rate."""
    rows = [
        [*_shape(group), rate(group.clock), rate(group.clock_share) * report.has_shares, rate(group.symmetricity)]
        for group in report.groups
        if group.clock is not None
    ]
    header = [*_names(report), "half are clocks at", "clock share passes at", "half have GS < .9 at"]
    return [header, *rows] if rows and len(report.groups) > 1 else []


def _names(report: Report) -> list[str]:
    return [key.replace("_", " ") for key in report.groups[0].shape]


def _shape(group: Group) -> list[str]:
    return [_range(*value) if isinstance(value, list) else _value(value) for value in group.shape.values()]


def _others(tallies: Sequence[Tally]) -> list[list[str]]:
    """Runs without a verdict that counts: a header and rows of cells. Older ones are rare, and have a column if any."""
    older = any(tally.older for tally in tallies)
    rows = [["refused", "open", "older"]]
    rows += [[_count(each.refused), _count(each.unfinished + each.failed), _count(each.older)] for each in tallies]
    return [row if older else row[:-1] for row in rows]


def _range(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g}-{high:g}"


def _value(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _count(count: int) -> str:
    return f"{count:,}" if count else ""


def _ends(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
