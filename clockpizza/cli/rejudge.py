"""`clockpizza rejudge`: finished runs are judged again, by the rule as it is now."""

from __future__ import annotations

import json as json_module
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clockpizza.cli.options import RUNS, QuietOption, RunsOption, index_of, sweep_or_run
from clockpizza.cli.results import EACH, in_words
from clockpizza.errors import visible

if TYPE_CHECKING:
    from clockpizza.rejudge import Case

NAMED = 3  # runs that a line names where many share a fate
LINE_SECONDS = 10.0  # between lines on progress where there is no terminal


def rejudge(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Sweeps, or runs as SWEEP/RUN.")],
    force: Annotated[bool, typer.Option("--force", help="Also those that this edition has judged.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be judged again, and do nothing.")] = False,
    runs: RunsOption = RUNS,
    quiet: QuietOption = False,
    json: Annotated[bool, typer.Option("--json", help="A JSON object a line, one a run.")] = False,
) -> None:
    """Judge finished runs again that an older edition of the rule has judged.

    A run's weights are measured again; where there are none, the grounds of the verdict in its result.json are judged.
    The old verdict stays in result.json. What has not finished is left alone. Exit code 1: a run could not be judged
    again.
    """
    from clockpizza.rejudge import Outcome, judge_again

    cases = _cases(names, runs, force)
    due = [each for each in cases if each.outcome is Outcome.DUE]
    tell = _tell_json if json else _tell if len(due) <= EACH else _tell_nothing
    for each in cases:
        if dry_run or each.outcome is not Outcome.DUE:
            tell(each)
    if not dry_run:
        judged: dict[str, Case] = {}
        try:
            with _progress(len(due), quiet or json) as advance:
                for each in due:
                    advance(each.row.name, 0)
                    judged[each.row.name] = judge_again(each)
                    tell(judged[each.row.name])
                    advance(each.row.name, 1)
        except KeyboardInterrupt:
            typer.echo("each result is whole; the same command goes on with the rest", err=True)
            raise
        cases = [judged.get(each.row.name, each) for each in cases]
    for line in [] if json else _summary(cases):
        typer.echo(visible(line))
    for line in _troubles(cases):
        typer.echo(f"clockpizza: {visible(line)}", err=True)
    if any(each.outcome is Outcome.IMPOSSIBLE for each in cases):
        raise typer.Exit(1)


def _cases(names: Sequence[str], runs: Path, force: bool) -> list[Case]:
    """All runs that are named, each once. Raises BadInput before anything is done."""
    from clockpizza.rejudge import case

    asked: dict[str, list[str]] = {}
    for name in names:
        sweep, _, run = sweep_or_run(runs, name)
        asked.setdefault(sweep, []).append(run)
    found = []
    for sweep, ids in asked.items():
        index = index_of(runs, sweep)
        wanted = index.rows if "" in ids else dict.fromkeys(ids)
        found += [case(index.folder, index.rows[id], force=force) for id in wanted]
    return found


@contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Callable[[str, int], None]]:
    """A bar on stderr, or a line every ten seconds."""
    began = told = time.monotonic()
    done = 0

    def line(name: str, step: int) -> None:
        nonlocal done, told
        done += step
        now = time.monotonic()
        if step and done < total and now - told >= LINE_SECONDS:
            from clockpizza.cli.progress import span

            told = now
            typer.echo(
                f"judged {done:,} of {total:,} again, {span((now - began) / done * (total - done))} left", err=True
            )

    if quiet:
        yield lambda name, step: None
    elif sys.stderr.isatty():
        from clockpizza.cli.bar import bar

        with bar(total) as advance:
            yield advance
    else:
        yield line


def _tell_nothing(case: Case) -> None:
    """Of many runs, the summary tells."""


def _tell_json(case: Case) -> None:
    values = {
        "sweep": case.row.sweep,
        "run": case.row.id,
        "outcome": case.outcome,
        "from": case.source or None,
        "why": case.why,
        "before": case.before,
        "verdict": case.after,
    }
    print(json_module.dumps(values, default=str), flush=True)


def _tell(case: Case) -> None:
    """A line on a run that is judged again, or would be."""
    from clockpizza.rejudge import Outcome

    before = _words(case.before)
    if case.outcome is Outcome.JUDGED:
        words = f"{_words(case.after)}, " + ("as before" if _words(case.after) == before else f"was {before}")
    elif case.outcome is Outcome.DUE:
        words = f"{before} by edition {case.edition}, can be judged again from its {case.source}"
    else:
        return
    print(visible(f"{case.row.name}: {words}"), flush=True)


def _words(verdict: Mapping[str, Any] | None) -> str:
    return in_words(*((verdict or {}).get(key) for key in ("name", "certainty", "refused"))) or "no verdict"


def _summary(cases: Sequence[Case]) -> Iterator[str]:
    """How many runs were judged again, how many verdicts differ, and what became of the others."""
    from clockpizza.cuts import EDITION
    from clockpizza.rejudge import Outcome

    by = {outcome: [each for each in cases if each.outcome is outcome] for outcome in Outcome}
    for outcome, did in ((Outcome.JUDGED, "judged again"), (Outcome.DUE, "can be judged again")):
        if by[outcome]:
            sources = Counter(each.source for each in by[outcome])
            how = ", ".join(f"{count:,} from {source}" for source, count in sources.items())
            yield f"{len(by[outcome]):,} {did} by edition {EDITION} of the rule ({how})"
    changes = Counter((_words(each.before), _words(each.after)) for each in by[Outcome.JUDGED])
    if len(by[Outcome.JUDGED]) > EACH:
        for (before, after), count in changes.most_common():
            yield f"  {count:,} {after}, " + ("as before" if after == before else f"was {before}")
    if current := len(by[Outcome.CURRENT]):
        yield f"{current:,} judged by edition {EDITION} already"
    if later := len(by[Outcome.LATER]):
        yield f"{later:,} judged by a later edition, which this clockpizza does not know: left as they are"
    if unfinished := Counter(each.row.state.value for each in by[Outcome.UNFINISHED]):
        states = ", ".join(f"{count:,} {state}" for state, count in unfinished.items())
        yield f"{unfinished.total():,} not finished ({states}): left alone"
    if failed := len(by[Outcome.FAILED]):
        yield f"{failed:,} failed: there is nothing to judge"


def _troubles(cases: Sequence[Case]) -> Iterator[str]:
    """A line on each run that cannot be judged again, or on many that share the reason."""
    from clockpizza.rejudge import NOT_WRITABLE, Outcome

    groups: dict[tuple[str, str], list[Case]] = {}
    for each in cases:
        if each.outcome is Outcome.IMPOSSIBLE:
            groups.setdefault((each.row.sweep, each.why), []).append(each)
    for (sweep, why), group in groups.items():
        if why == NOT_WRITABLE:
            yield _not_writable(group)
        elif len(group) > EACH:
            ids = ", ".join(each.row.id for each in group[:NAMED])
            yield f"{sweep}: {len(group):,} runs ({ids} and {len(group) - NAMED:,} more) each {why}"
        else:
            for each in group:
                named = why.startswith(str(each.row.folder.path))
                yield why if named else f"{each.row.name}: {why}"


def _not_writable(group: Sequence[Case]) -> str:
    from clockpizza.cli.examples import SOURCE

    folder = group[0].row.folder.path
    if len(group) > 1:
        folder = folder.parent
    if SOURCE.resolve() in folder.resolve().parents:
        cure = "`clockpizza examples` copies the examples to where they can be judged again"
    else:
        cure = "copy the sweep to where you may write"
    many = f"{len(group):,} runs keep their verdicts" if len(group) > 1 else "the run keeps its verdict"
    return f"{folder}: cannot be written to, and {many}; {cure}"
