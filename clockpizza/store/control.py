"""Requests to workers, as files: anyone who may write to the folder can make one, on any host.

`control/stop` asks all workers of a sweep to checkpoint and leave, `control/stop.<name>` those that train the run or
stack of that name. A request stands until it is withdrawn, as a resume does.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress

from clockpizza.errors import ClockpizzaError, visible
from clockpizza.store.atomic import reason, write_json
from clockpizza.store.layout import SweepFolder, listing, make_folder
from clockpizza.store.names import check_name
from clockpizza.store.process import Owner

STOP = "stop"


def ask_stop(sweep: SweepFolder, names: Iterable[str] = ()) -> None:
    """Ask the workers that train any of `names` (runs or stacks) to stop, or all of the sweep's where none is given.

    Raises:
        BadInput: a name that is none. ClockpizzaError: the request cannot be written.
    """
    files = [f"{STOP}.{check_name(name)}" for name in names] or [STOP]
    make_folder(sweep.control)
    owner = Owner.me()
    for file in files:
        write_json(sweep.control / file, {"host": owner.host, "pid": owner.pid, "time": time.time()})


def withdraw_stop(sweep: SweepFolder, names: Iterable[str] | None = None) -> None:
    """Withdraw requests: those for `names`, or all. Raises ClockpizzaError where one cannot be."""
    wanted = None if names is None else {f"{STOP}.{name}" for name in names}
    for file in _files(sweep):
        if wanted is None or file in wanted:
            try:
                with suppress(FileNotFoundError):
                    (sweep.control / file).unlink()
            except OSError as error:
                raise ClockpizzaError(visible(f"{sweep.control / file}: cannot be removed: {reason(error)}")) from error


def stop_requests(sweep: SweepFolder) -> frozenset[str]:
    """The names that were asked to stop; "" stands for the whole sweep. One listing, cheap enough for every second."""
    return frozenset(file.partition(".")[2] for file in _files(sweep))


def asked(requests: frozenset[str], *names: str) -> bool:
    """Whether `requests` ask any of `names` to stop, or all of the sweep."""
    return "" in requests or not requests.isdisjoint(names)


def _files(sweep: SweepFolder) -> list[str]:
    try:
        return [name for name in listing(sweep.control) if name == STOP or name.startswith(f"{STOP}.")]
    except OSError:
        return []
