"""Numbers in the words of a report, the same on a terminal and on a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clockpizza.report.bins import Bin
from clockpizza.report.crossing import Crossing
from clockpizza.report.group import Group
from clockpizza.report.interval import Share
from clockpizza.report.point import VERDICTS
from clockpizza.report.report import Report
from clockpizza.report.tally import Tally

NEVER = {
    "all yes": "cannot be told, as all do",
    "all no": "cannot be told, as none does",
    "none": "cannot be told, as there are none",
    "one x": "cannot be told, as all have one rate",
    "no rise": "cannot be told, as the share does not grow with the rate",
    "outside": "lies beyond the rates that were tried",
}


def percent(share: Share) -> str:
    """`34 % (30-39)`, or nothing."""
    if share.value is None or share.low is None or share.high is None:
        return ""
    return f"{share.value:.0%} ({100 * share.low:.0f}-{100 * share.high:.0f})".replace("%", " %")


def rate(found: Crossing | None) -> str:
    """`0.562 (0.546-0.580)`, short, for a table."""
    if found is None:
        return ""
    if found.value is None:
        return {"all yes": "all", "all no": "none"}.get(found.status, "-")
    low, high = ("" if end is None else f"{end:.3f}" for end in (found.low, found.high))
    interval = f"{low}-{high}" if low and high else f"from {low}" if low else f"to {high}" if high else "no interval"
    return f"{found.value:.3f} ({interval})"


def turning(found: Crossing, who: str, did: str) -> str:
    """A sentence on where half of `who` have done `did`."""
    counts = f"{found.yes:,} of {found.yes + found.no:,} {did.split()[0]}"
    if found.value is None:
        return f"The attention rate at which half of the {who} {did} {NEVER[found.status]} ({counts})."
    low = "below those tried" if found.low is None else f"{found.low:.3f}"
    high = "above those tried" if found.high is None else f"{found.high:.3f}"
    how = "halfway between the two, which do not overlap" if found.status == "separate" else "logistic fit"
    return f"Half of the {who} {did} at attention rate {found.value:.3f} (95 %: {low} to {high}; {how}; {counts})."


def sentences(report: Report) -> list[str]:
    """What the sweep says as a whole, with what is left out of each number."""
    tally, clock, symmetricity = report.whole.tally, report.whole.clock, report.whole.symmetricity
    words = []
    if clock and symmetricity and report.finished:
        circular = "runs circular by the paper's rule"
        words.append(turning(clock, "clocks and pizzas", "are clocks"))
        words.append(turning(symmetricity, circular, "have gradient symmetricity below .9"))
        if len(report.groups) > 1:
            words.append("Both take all shapes together; the boundary moves with the shape: see the table by shape.")
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
    }
    words = [f"{count:,} {what}" for what, count in counts.items() if count]
    noncircular = tally.verdicts["non-circular"].count
    text = f"Left out of the diagrams: {', '.join(words)}." if words else ""
    if report.whole.clock and noncircular:
        text += f" Left out of the rates at which half are clocks, besides: {noncircular:,} non-circular."
    return text.strip()


def epochs(report: Report) -> str:
    """How long the runs were trained."""
    words = []
    if report.finished:
        words.append(f"finished runs had {_ends([each.epoch for each in report.finished])} epochs")
    if report.begun:
        at, last = (_ends(values) for values in zip(*((each.epoch, each.epochs) for each in report.begun), strict=True))
        words.append(f"{len(report.begun):,} unfinished at epoch {at} of {last}")
    text = "; ".join(words) or "nothing has been trained yet"
    return f"{text[:1].upper()}{text[1:]}."


def share_table(found: Sequence[Bin], name: str) -> list[list[str]]:
    """Verdicts by bin: a header and rows of cells."""
    rows = [[name.split()[-1], "runs", *VERDICTS, "refused", "open"]]
    for each in found:
        tally = each.tally
        shares = [percent(tally.verdicts[verdict]) for verdict in VERDICTS]
        rows.append([_range(each.low, each.high), f"{tally.runs:,}", *shares, *_others(tally)])
    return rows


def shape_table(report: Report) -> list[list[str]]:
    """Runs by shape: a header and rows of cells."""
    rows = [[*_names(report), "runs", *VERDICTS, "refused", "open", "circular"]]
    for group in report.groups:
        tally = group.tally
        verdicts = [_count(tally.verdicts[verdict].count) for verdict in VERDICTS]
        rows.append([*_shape(group), f"{tally.runs:,}", *verdicts, *_others(tally), percent(tally.circular)])
    return rows


def turning_table(report: Report) -> list[list[str]]:
    """The rates at which half turn, by shape: a header and rows of cells; nothing of one shape, or one rate."""
    rows = [
        [*_shape(group), rate(group.clock), rate(group.symmetricity)]
        for group in report.groups
        if group.clock is not None
    ]
    several = rows and len(report.groups) > 1
    return [[*_names(report), "half are clocks at", "half have GS < .9 at"], *rows] if several else []


def _names(report: Report) -> list[str]:
    return [key.replace("_", " ") for key in report.groups[0].shape]


def _shape(group: Group) -> list[str]:
    return [_range(*value) if isinstance(value, list) else _value(value) for value in group.shape.values()]


def _others(tally: Tally) -> list[str]:
    return [_count(tally.refused), _count(tally.unfinished + tally.failed)]


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
