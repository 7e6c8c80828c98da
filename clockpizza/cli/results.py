"""How runs are told of in a line, and how a command tells how they ended."""

from __future__ import annotations

import json as json_module
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from clockpizza.cli.options import RUNS, again
from clockpizza.cuts import EDITION
from clockpizza.errors import BadInput, visible

if TYPE_CHECKING:
    from clockpizza.store import Row, SweepIndex

EACH = 20  # more runs than this are counted, not listed
MOST_NAMES = 4  # of sweeps that a command line is given
OLDER = "*"  # behind a verdict by an older edition of the rule


def verdict_of(row: Row) -> str:
    """A run's verdict in a word or two, with OLDER behind it where an older edition judged; "" while there is none."""
    from clockpizza.store import State

    if row.state is State.FAILED:
        return "failed"
    return in_words(row.verdict, row.certainty, row.refused) + (OLDER if is_older(row) else "")


def in_words(name: str | None, certainty: str | None, refused: str | None) -> str:
    """A verdict in a word or two: `pizza (clear)`, `refused`."""
    if refused:
        return "refused"
    return f"{name} ({certainty})" if certainty else name or ""


def is_older(row: Row) -> bool:
    """Whether an older edition of the rule judged a run."""
    return row.edition is not None and row.edition < EDITION


def older_note(rows: Iterable[Row], runs: Path = RUNS) -> str:
    """What OLDER means in a list of `rows`, and what helps; "" where none is so."""
    older = [row for row in rows if is_older(row)]
    names = list(dict.fromkeys(row.sweep for row in older))
    which = " ".join(names) if len(names) <= MOST_NAMES else "NAME"
    return f"{older_briefly(older)} of the rule; `{again('rejudge', which, runs)}` judges again" if older else ""


def older_briefly(rows: Iterable[Row]) -> str:
    """`judged by edition 1`, of those of `rows` that an older edition judged; "" where none is so."""
    editions = sorted({row.edition for row in rows if is_older(row) and row.edition is not None})
    return f"judged by edition {' and '.join(map(str, editions))}" if editions else ""


def counts(rows: Iterable[Row]) -> str:
    """How many are in which state, and the finished ones by verdict: `3 finished (2 clock, 1 pizza), 5 queued`."""
    from clockpizza.store import State

    rows = list(rows)
    states = Counter(row.state for row in rows)
    verdicts = Counter(row.verdict or "refused" for row in rows if row.state is State.FINISHED)
    words = []
    for state in (State.FINISHED, *(each for each in State if each is not State.FINISHED)):
        if states[state]:
            words.append(f"{states[state]:,} {state.value}")
        if state is State.FINISHED and verdicts:
            words[-1] += f" ({', '.join(f'{count:,} {name}' for name, count in verdicts.most_common())})"
    return ", ".join(words)


def exit_code(rows: Iterable[Row]) -> int:
    """Of a command whose runs have all ended: 1 where one failed, 3 where one was refused a verdict, else 0."""
    from clockpizza.store import State

    rows = list(rows)
    if any(row.state is State.FAILED for row in rows):
        return 1
    return 3 if any(row.refused for row in rows) else 0


def print_results(index: SweepIndex, *, json: bool) -> None:
    """How runs have ended, on stdout: as JSON lines, a few lines each, or counted if they are many."""
    from clockpizza.store import ENDED

    if not json and len(index.rows) > EACH:
        typer.echo(visible(f"{index.name}: {counts(index.rows.values())}"))
        return
    for id, row in index.rows.items():
        if row.state not in ENDED:
            continue
        result, path = _result(row), row.folder.weights_file
        if json:
            typer.echo(json_module.dumps({"sweep": index.name, "run": id, "path": str(path), **result}))
        elif result["status"] == "failed":
            typer.echo(visible(f"{id}: failed: {result.get('reason')}"))
        else:
            verdict = result["verdict"]
            if verdict["name"] is None:
                typer.echo(visible(f"{id}: refused: {verdict['refused']}."))
            else:
                typer.echo(visible(f"{id}: {verdict['name']} ({verdict['certainty']}). {verdict['reasons']}"))
            typer.echo(visible(f"  clockpizza classify {path}"))


def _result(row: Row) -> dict[str, Any]:
    """What result.json says; of a run that failed and has none that can be read, the reason for that."""
    from clockpizza.store import read_result

    try:
        found = read_result(row.folder)
    except BadInput:
        found = None
    return found or {"status": "failed", "reason": row.reason}
