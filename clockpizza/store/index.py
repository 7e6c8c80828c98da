"""All sweeps and runs of a folder, listed fast and kept up to date.

A first look parses each sweep.toml, reads each result.json, and of each unfinished run the end of its log; later
looks read what has changed. A look can be cut into pieces of a few milliseconds (`budget_seconds`), for a screen that
must not stand still.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from clockpizza.errors import BadInput
from clockpizza.run_config import RunConfig
from clockpizza.store import control
from clockpizza.store.holder import Holder, holders
from clockpizza.store.layout import RunFolder, SweepFolder, find_sweeps
from clockpizza.store.liveness import Standing, Watch
from clockpizza.store.row import Row, RowReader
from clockpizza.store.state import State
from clockpizza.store.sweep import read_spec

if TYPE_CHECKING:
    from clockpizza.sweep_spec import SweepSpec


class SweepIndex:
    """One sweep and its runs.

    spec: None where sweep.toml cannot be read; `error` says why. rows: by run id, in the spec's order.
    owners: who holds its locks, with what is known of each; dead ones included.
    """

    def __init__(self, name: str, folder: SweepFolder, watch: Watch) -> None:
        self.name, self.folder = name, folder
        self.spec: SweepSpec | None = None
        self.error = ""
        self.rows: dict[str, Row] = {}
        self.owners: list[tuple[Holder, Standing]] = []
        self._watch = watch
        self._readers: list[RowReader] = []
        self._spec_seen: tuple[int, int, int] | None = None

    def counts(self) -> dict[State, int]:
        """How many runs are in each state; only states that occur."""
        found: dict[State, int] = {}
        for row in self.rows.values():
            found[row.state] = found.get(row.state, 0) + 1
        return found

    def steps(self) -> Iterator[None]:
        """Look at everything once; a step is a run, or the spec."""
        if self._read_spec():
            yield
        self.owners = [(each, self._watch.look(each.path, each.owner)) for each in holders(self.folder).values()]
        by_run = {run: owned for owned in self.owners for run in owned[0].runs}
        requests = control.stop_requests(self.folder)
        for reader in self._readers:
            owner, standing = by_run.get(reader.row.id, (None, None))
            asked = bool(requests) and control.asked(requests, reader.row.id, owner.name if owner else "")
            while reader.look(owner, standing, asked):
                yield
            yield

    def _read_spec(self) -> bool:
        """Read sweep.toml where it has changed, and say whether it had."""
        try:
            status = os.lstat(self.folder.spec_file)
            seen = (status.st_ino, status.st_size, status.st_mtime_ns)
        except OSError:
            seen = None
        if seen == self._spec_seen and (seen or self.error):
            return False
        self._spec_seen = seen
        try:
            self.spec, self.error = read_spec(self.folder), ""
        except BadInput as error:
            self.spec, self.error = None, str(error)
        runs = self.spec.runs if self.spec else {}
        kept = {reader.row.id: reader for reader in self._readers}
        self._readers = [
            kept[id] if id in kept and kept[id].row.config == config else RowReader(self._row(id, config))
            for id, config in runs.items()
        ]
        self.rows = {reader.row.id: reader.row for reader in self._readers}
        return True

    def _row(self, id: str, config: RunConfig) -> Row:
        return Row(self.name, id, config, RunFolder(self.folder.runs / id))


class Index:
    """All sweeps in some folders of runs.

    Args:
        folders: of runs; where two have a sweep of one name, the first one's counts.
        watch: what is known of heartbeats, for others to share.
    """

    def __init__(self, *folders: Path, watch: Watch | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.folders, self.watch = folders, watch or Watch()
        self.sweeps: dict[str, SweepIndex] = {}
        self._clock = clock
        self._steps: Iterator[None] | None = None

    def refresh(self, budget_seconds: float | None = None) -> bool:
        """Look at everything, or go on looking until the budget is spent; say whether the look is unfinished.

        Never raises for what is in the folders, or is not.
        """
        deadline = None if budget_seconds is None else self._clock() + budget_seconds
        if self._steps is None:
            self._steps = self._look()
        for _ in self._steps:
            if deadline is not None and self._clock() >= deadline:
                return True
        self._steps = None
        return False

    def rows(self) -> list[Row]:
        """All runs, by sweep, in the order of their specs."""
        return [row for sweep in self.sweeps.values() for row in sweep.rows.values()]

    def _look(self) -> Iterator[None]:
        found: dict[str, SweepFolder] = {}
        for folder in self.folders:
            found = {**dict(find_sweeps(folder)), **found}
        self.sweeps = {
            name: known
            if (known := self.sweeps.get(name)) and known.folder == folder
            else SweepIndex(name, folder, self.watch)
            for name, folder in sorted(found.items())
        }
        for sweep in list(self.sweeps.values()):
            yield from sweep.steps()
