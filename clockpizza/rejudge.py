"""Judges finished runs again by the rule as it is now: from their weights, else from the grounds in their results.

A worker leaves runs that have a result alone (`worker/stack.py`), so what lives in a sweep does not matter here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from clockpizza import __version__
from clockpizza.cuts import EDITION
from clockpizza.errors import BadInput, ClockpizzaError
from clockpizza.store import Row, RunFolder, State, SweepFolder, read_result, replace_result, result_stamp
from clockpizza.store.event import attempt_of, number
from clockpizza.store.event_file import EventFile
from clockpizza.store.layout import listing
from clockpizza.store.result import Stamp, table
from clockpizza.store.row import edition_of, text

NOTHING_KEPT = "kept neither weights nor the grounds of its verdict, and would have to be trained anew"
NOT_WRITABLE = "its folder cannot be written to"


class Outcome(StrEnum):
    """What becomes of a run."""

    DUE = "due"  # it can be judged again, and has not been yet
    JUDGED = "judged"
    CURRENT = "current"  # judged by this edition already
    LATER = "later"  # judged by an edition that this clockpizza does not know
    UNFINISHED = "unfinished"
    FAILED = "failed"  # the run failed: there is no network to judge
    IMPOSSIBLE = "impossible"  # `Case.why` says why


@dataclass(frozen=True)
class Case:
    """A run and what becomes of it.

    source: of a run that is judged, "weights" or "grounds". why: of one that cannot be. before, after: the verdicts as
    result.json holds them; `after` of a run that was judged. seen: the stamp of the result that has `before`.
    """

    row: Row
    outcome: Outcome
    source: str = ""
    why: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    seen: Stamp | None = None

    @property
    def edition(self) -> int:
        """Of the verdict before."""
        return edition_of(dict(self.before or {}))


def case(sweep: SweepFolder, row: Row, *, force: bool = False) -> Case:
    """What can be done for a run; nothing is done yet.

    force: judge also what this edition has judged.
    """
    seen = result_stamp(row.folder)
    try:
        sweep.run(row.id)  # refuses links
        result = read_result(row.folder)
    except BadInput as error:
        return Case(row, Outcome.IMPOSSIBLE, why=str(error))
    if result is None:
        return Case(row, Outcome.FAILED if row.state is State.FAILED else Outcome.UNFINISHED)
    if result["status"] == "failed":
        return Case(row, Outcome.FAILED)
    before = table(result, "verdict")
    edition = edition_of(before)
    if edition > EDITION:
        return Case(row, Outcome.LATER, before=before)
    if edition == EDITION and not force:
        return Case(row, Outcome.CURRENT, before=before)
    source = "weights" if weights_of(row.folder, result) else "grounds" if table(result, "grounds") else ""
    if not source:
        return Case(row, Outcome.IMPOSSIBLE, why=NOTHING_KEPT, before=before)
    if not os.access(row.folder.path, os.W_OK | os.X_OK):
        return Case(row, Outcome.IMPOSSIBLE, source, NOT_WRITABLE, before)
    return Case(row, Outcome.DUE, source, before=before, seen=seen)


def judge_again(due: Case) -> Case:
    """Judge a run that is due, and put the new verdict in the place of the old one, which its result.json keeps.

    Never raises for what is in the folder: what went wrong is the case's `why`.
    """
    run = due.row.folder
    try:
        seen = result_stamp(run)
        result = read_result(run)
        if result is None:
            raise ClockpizzaError(f"{run.result_file}: removed meanwhile")
        if seen != due.seen and edition_of(table(result, "verdict")) == EDITION:  # somebody else was quicker
            return Case(due.row, Outcome.CURRENT, before=table(result, "verdict"))
        new = _from_weights(due.row, result) if due.source == "weights" else _from_grounds(result)
        replace_result(run, _replaced(run, result, seen, new, due.source), seen)
    except ClockpizzaError as error:
        return Case(due.row, Outcome.IMPOSSIBLE, due.source, str(error), due.before)
    except Exception as error:  # grounds that somebody wrote by hand, weights of which evidence cannot be had
        why = f"its {due.source} cannot be judged: {type(error).__name__}: {error}"
        return Case(due.row, Outcome.IMPOSSIBLE, due.source, why, due.before)
    return Case(due.row, Outcome.JUDGED, due.source, before=due.before, after=new["verdict"])


def weights_of(run: RunFolder, result: Mapping[str, Any]) -> Path | None:
    """The weights that a result is about: the final ones, or those that were kept of its epoch."""
    epoch = result.get("epoch")
    kept = [run.weights_at(epoch)] if type(epoch) is int else []
    return next((path for path in (run.weights_file, *kept) if path.is_file()), None)


def _from_weights(row: Row, result: Mapping[str, Any]) -> dict[str, Any]:
    from clockpizza.checkpoints import read  # torch takes seconds to load, and grounds are judged without
    from clockpizza.classification import classify

    path = weights_of(row.folder, result)
    if path is None:
        raise ClockpizzaError(f"{row.folder.weights_file}: removed meanwhile")
    checkpoint = read(path)
    if checkpoint.network.config != row.config.network:
        raise BadInput(f"{path}: holds another network than the run's; remove it to judge by the grounds alone")
    return classify(checkpoint).of_run()


def _from_grounds(result: Mapping[str, Any]) -> dict[str, Any]:
    from clockpizza.grounds import from_dict
    from clockpizza.verdict import judge, share_measures

    verdict = judge(from_dict(table(result, "grounds")))
    return {"verdict": asdict(verdict), "measures": {**table(result, "measures"), **share_measures(verdict)}}


def _replaced(
    run: RunFolder, result: Mapping[str, Any], seen: Stamp | None, new: Mapping[str, Any], source: str
) -> dict[str, Any]:
    """A result with a new verdict in it, and the old one behind those that were before."""
    old, before = table(result, "verdict"), result.get("judged_before")
    version, judged_at = _judged(run, result)
    ended = number(result.get("time")) or judged_at or (seen[2] / 1e9 if seen else None)
    entry = {
        "edition": edition_of(old),
        "verdict": old,
        "measures": table(result, "measures"),
        "clockpizza": version,
        "time": judged_at,
    }
    return {
        **result,
        "time": ended,  # so that lists go on to tell when the run ended, and not when it was judged
        **new,
        "judged": {"clockpizza": __version__, "time": round(time.time(), 3), "from": source},
        "judged_before": [*(before if isinstance(before, list) else []), entry],
    }


def _judged(run: RunFolder, result: Mapping[str, Any]) -> tuple[str | None, float | None]:
    """Which clockpizza gave the verdict in a result, and when, where the result or the run's last log tells."""
    if judged := table(result, "judged"):
        return text(judged.get("clockpizza")) or None, number(judged.get("time"))
    try:
        attempts = {name: attempt for name in listing(run.events) if (attempt := attempt_of(name)) is not None}
    except OSError:
        return None, None
    if not attempts:
        return None, None
    name = max(attempts, key=lambda each: (attempts[each], each))
    log = run.events / name
    began = [event for event in EventFile(log, attempts[name]).read()[0] if event.kind == "started"]
    ended = [event for event in EventFile(log, attempts[name]).skim(("result",)) if event.kind == "result"]
    version = text(table(began[-1].data, "versions").get("clockpizza")) if began else ""
    return version or None, ended[-1].time if ended else None
