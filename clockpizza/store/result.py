"""`result.json`: how a run ended. Its being there is what ends a run; it is written last.

schema, status ("finished" or "failed"), reason (of a failure), attempt, epoch, metrics (the last, by their names),
verdict (what `clockpizza.verdict.Verdict` holds, as plain values), measures (name -> number), grounds (what
`clockpizza.grounds` reads), and what else the worker adds. What a later judgement replaces is kept in `judged_before`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from clockpizza.errors import BadInput, ClockpizzaError, visible
from clockpizza.store.atomic import json_text, reason, write_text
from clockpizza.store.layout import RunFolder, read_text

SCHEMA = 1
STATUSES = ("finished", "failed")
LARGEST = 4 << 20  # bytes
Stamp = tuple[int, int, int]  # inode, size and time of a file: what tells it from what replaced it


def write_result(run: RunFolder, status: str, *, attempt: int, epoch: int, **rest: Any) -> None:
    """End a run: `status` is "finished" or "failed", `rest` as in the module's table.

    Raises:
        ClockpizzaError: it cannot be written; then the run has not ended, and a resume ends it.
    """
    if status not in STATUSES:
        raise ValueError(f"status is {status!r}; it must be one of {', '.join(STATUSES)}")
    values = {"schema": SCHEMA, "status": status, "attempt": attempt, "epoch": epoch, **rest}
    write_text(run.result_file, _text(run, values))


def replace_result(run: RunFolder, values: Mapping[str, Any], seen: Stamp | None) -> None:
    """Put `values` in the place of the result that had the stamp `seen`.

    Raises:
        ClockpizzaError: it is no longer that result, or cannot be written; then what is there stays.
    """
    text = _text(run, values)
    if result_stamp(run) != seen:
        raise ClockpizzaError(visible(f"{run.result_file}: changed meanwhile, and left as it is now"))
    write_text(run.result_file, text)


def result_stamp(run: RunFolder) -> Stamp | None:
    """Of the result that is there; None where there is none."""
    try:
        status = os.lstat(run.result_file)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _text(run: RunFolder, values: Mapping[str, Any]) -> str:
    """A result as text that `read_result` takes: what is too much is left out, what was judged long ago first.

    Raises:
        ClockpizzaError: it is too large even so.
    """
    text, values = json_text(values), dict(values)
    while len(text) > LARGEST:
        if before := values.get("judged_before"):
            values["judged_before"] = before[len(before) // 8 + 1 :]  # one by one, a long list would take too long
        elif values.pop("grounds", None) is None:
            raise ClockpizzaError(visible(f"{run.result_file}: would be larger than {LARGEST >> 20} MiB"))
        text = json_text(values)
    return text


def read_result(run: RunFolder) -> dict[str, Any] | None:
    """How a run ended; None while it has not.

    Raises:
        BadInput: there is a file, but not one of ours.
    """
    if not has_ended(run):
        return None
    text = read_text(run.result_file, LARGEST)
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(visible(f"{run.result_file}: not JSON: {error}")) from error
    if not isinstance(values, dict) or values.get("schema") != SCHEMA or values.get("status") not in STATUSES:
        raise BadInput(visible(f"{run.result_file}: not a result of schema {SCHEMA}"))
    return values


def has_ended(run: RunFolder) -> bool:
    """Whether there is a result, be it a damaged one: a run without one is what remains to be done."""
    return run.result_file.exists() or run.result_file.is_symlink()


def clear_result(run: RunFolder) -> None:
    """Let a run go on that had ended, as a resume does with failed ones. Raises ClockpizzaError where it cannot."""
    try:
        with suppress(FileNotFoundError):
            run.result_file.unlink()
    except OSError as error:
        raise ClockpizzaError(visible(f"{run.result_file}: cannot be removed: {reason(error)}")) from error


def table(result: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A table of a result, empty where it has none."""
    found = result.get(name)
    return found if isinstance(found, dict) else {}
