"""A line of the list of runs: what is known of one, gathered from its files, and kept up to date."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from clockpizza.errors import BadInput, visible
from clockpizza.run_config import RunConfig
from clockpizza.run_ids import flat
from clockpizza.store.event import METRICS, Event, attempt_of, number
from clockpizza.store.event_file import EventFile
from clockpizza.store.holder import Holder
from clockpizza.store.layout import RunFolder, listing
from clockpizza.store.liveness import Standing
from clockpizza.store.result import read_result, table
from clockpizza.store.state import LIVE, State, derive

TOLD = ("started", "metrics", "snapshot")
FIRST_EDITION = 1  # of the rule; its results do not name it
MOST_BLOCKS = 4  # of a log that a later look reads; the rest waits for its turn


@dataclass(slots=True)
class Row:
    """One run, as lists show it. What is not known (yet) is None or "".

    epoch: the last that is known of; epochs: how many there shall be. attempt: 0 before the first. metrics, measures:
    the last known, by name. verdict, certainty: final, or as far as snapshots tell. refused: why there is no verdict.
    kind: what a verdict says beside its name ("number line" ...). edition: of the rule that judged a finished run; None
    while it has not finished.
    owner: who trains it. changed: seconds since 1970 of its last event, by its writer's clock.
    """

    sweep: str
    id: str
    config: RunConfig
    folder: RunFolder
    state: State = State.QUEUED
    reason: str = ""
    epoch: int = 0
    attempt: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    measures: dict[str, float] = field(default_factory=dict)
    verdict: str = ""
    certainty: str = ""
    refused: str = ""
    owner: Holder | None = None
    changed: float = 0.0
    kind: str = ""
    edition: int | None = None

    @property
    def epochs(self) -> int:
        return self.config.epochs

    @property
    def name(self) -> str:
        """The run's full name: sweep and id."""
        return f"{self.sweep}/{self.id}"

    @property
    def live(self) -> bool:
        """Whether somebody trains it, or may."""
        return self.state in LIVE

    def to_dict(self) -> dict[str, Any]:
        """Plain values for `--json`."""
        plain = (
            "sweep",
            "id",
            "state",
            "reason",
            "epoch",
            "epochs",
            "attempt",
            "verdict",
            "certainty",
            "refused",
            "kind",
            "edition",
            "changed",
        )
        owner = (
            {}
            if self.owner is None
            else {"host": self.owner.owner.host, "pid": self.owner.owner.pid, "lock": self.owner.name}
        )
        values = {name: getattr(self, name) for name in plain}
        return {
            **values,
            "config": flat(self.config),
            "metrics": self.metrics,
            "measures": self.measures,
            "owner": owner,
        }


class RowReader:
    """Keeps one row up to date: a look costs two stats where nothing has changed.

    A log is read from near its end only: what happened long ago is for `History`.
    """

    def __init__(self, row: Row) -> None:
        self.row = row
        self._result_path = str(row.folder.result_file)  # a Path takes longer to make than to look at
        self._events_path = str(row.folder.events)
        self._result: dict[str, Any] | None = None
        self._result_seen: tuple[int, int, int] | None = None
        self._damage = ""
        self._names: frozenset[str] = frozenset()
        self._log: EventFile | None = None
        self._last_kind: str | None = None
        self._reason = ""
        self._metrics_at = self._measures_at = 0  # epochs that the row's metrics and measures are of

    def look(self, owner: Holder | None, standing: Standing | None, stop_asked: bool) -> bool:
        """Bring the row up to date, and say whether there is more to read at once."""
        row, more = self.row, False
        self._read_result()
        if self._result is None and not self._damage:
            more = self._read_logs()
        row.owner = owner
        row.state, row.reason = derive(
            self._result,
            standing,
            self._last_kind,
            stop_asked=stop_asked,
            damage=self._damage,
            reason=self._reason,
        )
        if row.live and standing is not None:
            # One heartbeat for the whole stack, and more often than its logs are written.
            row.epoch = min(max(row.epoch, standing.beat.epoch), row.epochs)
        return more

    def _read_result(self) -> None:
        seen: tuple[int, int, int] | None
        try:
            status = os.lstat(self._result_path)
            seen = (status.st_ino, status.st_size, status.st_mtime_ns)
        except OSError:
            seen = None
        if seen == self._result_seen:
            return
        if self._result_seen is not None:
            self._clear()
        self._result_seen, self._result, self._damage = seen, None, ""
        if self.row.folder.path.is_symlink():
            self._damage = f"{visible(str(self.row.folder.path))}: a symbolic link, and those are not followed"
            return
        if seen is None:
            return
        try:
            self._result = read_result(self.row.folder)
        except BadInput as error:
            self._damage = str(error)
        if self._result is not None:
            self._take_result(self._result)

    def _take_result(self, result: dict[str, Any]) -> None:
        row = self.row
        row.epoch, row.attempt = (int(number(result.get(key)) or 0) for key in ("epoch", "attempt"))
        row.changed = number(result.get("time")) or (self._result_seen or (0, 0, 0))[2] / 1e9
        row.metrics, row.measures = numbers(table(result, "metrics")), numbers(table(result, "measures"))
        verdict = table(result, "verdict")
        row.verdict, row.certainty, row.refused = (text(verdict.get(key)) for key in ("name", "certainty", "refused"))
        row.kind = text(verdict.get("kind"))
        row.edition = edition_of(verdict) if result["status"] == "finished" else None  # else nobody has judged

    def _read_logs(self) -> bool:
        try:
            found = listing(self._events_path)
        except OSError:
            found = []
        names = frozenset(name for name in found if attempt_of(name) is not None)
        if names != self._names:
            if not names >= self._names:
                self._clear()
            self._names = names
            self._change_log()
        return self._log is not None and self._read(self._log)

    def _change_log(self) -> None:
        """Follow the log of the highest attempt."""
        order = sorted(self._names, key=lambda name: (attempt_of(name) or 0, name))
        logs = [EventFile(self.row.folder.events / name, attempt_of(name) or 0) for name in order[-2:]]
        if logs and (self._log is None or self._log.path != logs[-1].path):
            for log in logs:  # the last may have nothing to tell yet, and the one before it much
                for event in log.skim(TOLD):
                    self._take(event)
            self._log = logs[-1]

    def _read(self, log: EventFile) -> bool:
        more = True
        blocks = 0
        while more and blocks < MOST_BLOCKS:
            events, more = log.read()
            blocks += 1
            if log.restarted:
                self._forget()
            for event in events:
                self._take(event)
        return more

    def _take(self, event: Event) -> None:
        row, data = self.row, event.data
        row.attempt, row.changed = event.attempt, event.time
        if event.epoch is not None and event.kind != "note":
            row.epoch = int(event.epoch)
        if event.kind == "metrics":
            row.metrics, self._metrics_at = numbers({name: data.get(name) for name in METRICS}), row.epoch
        elif event.kind == "snapshot":
            row.measures, self._measures_at = numbers(table(data, "measures")), row.epoch
            row.verdict, row.certainty = text(data.get("verdict")), text(data.get("certainty"))
        elif event.kind == "started":  # what an earlier attempt told of later epochs did not happen
            if self._metrics_at > row.epoch:
                row.metrics = {}
            if self._measures_at > row.epoch:
                row.measures, row.verdict, row.certainty = {}, "", ""
        elif event.kind == "failed":
            self._reason = text(data.get("reason"))
        if event.kind != "note":
            self._last_kind = event.kind

    def _clear(self) -> None:
        self._names, self._log = frozenset(), None
        self._forget()

    def _forget(self) -> None:
        row, self._last_kind, self._reason = self.row, None, ""
        row.epoch, row.attempt, row.metrics, row.measures, row.changed = 0, 0, {}, {}, 0.0
        row.verdict = row.certainty = row.refused = row.kind = ""
        row.edition = None


def numbers(values: dict[str, Any]) -> dict[str, float]:
    """Those values that are finite numbers."""
    return {key: found for key, value in values.items() if (found := number(value)) is not None}


def edition_of(verdict: dict[str, Any]) -> int:
    """The edition of the rule that a verdict comes from: the first where it names none."""
    edition = verdict.get("edition")
    return edition if type(edition) is int and edition > 0 else FIRST_EDITION


def text(value: Any) -> str:
    """A short text, or "" for anything else."""
    return value[:1000] if isinstance(value, str) else ""
