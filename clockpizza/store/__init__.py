"""The store: run folders, their event logs, locks and derived states. Plain files; never imports torch.

Writers (the worker)     create_sweep, begin_run, claim -> Lock, EventWriter, write_arrays, atomic, write_result,
                         replace_result
Readers (CLI, screen)    Index -> Row, parse -> Query, RunEvents -> History, read_arrays, read_result
Both                     SweepFolder and RunFolder (paths), ask_stop and stop_requests, Watch (who lives)

docs/run-folder.md says what each file holds.
"""

from clockpizza.store.arrays import read_arrays, write_arrays
from clockpizza.store.control import ask_stop, asked, stop_requests, withdraw_stop
from clockpizza.store.event import Event
from clockpizza.store.event_writer import EventWriter, last_attempt
from clockpizza.store.history import History
from clockpizza.store.holder import Holder, holders
from clockpizza.store.index import Index, SweepIndex
from clockpizza.store.layout import RunFolder, SweepFolder, find_sweeps, sweep_folder
from clockpizza.store.liveness import Standing, Watch
from clockpizza.store.lock import Held, Lock, LockLost, claim
from clockpizza.store.query import Query, parse
from clockpizza.store.result import clear_result, has_ended, read_result, replace_result, result_stamp, write_result
from clockpizza.store.row import Row
from clockpizza.store.run_events import Batch, RunEvents
from clockpizza.store.state import ENDED, LIVE, RESUMABLE, State
from clockpizza.store.sweep import (
    begin_run,
    create_sweep,
    open_sweep,
    owners,
    read_config,
    read_spec,
    remove_run,
    remove_sweep,
)

__all__ = [
    "ENDED",
    "LIVE",
    "RESUMABLE",
    "Batch",
    "Event",
    "EventWriter",
    "Held",
    "History",
    "Holder",
    "Index",
    "Lock",
    "LockLost",
    "Query",
    "Row",
    "RunEvents",
    "RunFolder",
    "Standing",
    "State",
    "SweepFolder",
    "SweepIndex",
    "Watch",
    "ask_stop",
    "asked",
    "begin_run",
    "claim",
    "clear_result",
    "create_sweep",
    "find_sweeps",
    "has_ended",
    "holders",
    "last_attempt",
    "open_sweep",
    "owners",
    "parse",
    "read_arrays",
    "read_config",
    "read_result",
    "read_spec",
    "remove_run",
    "remove_sweep",
    "replace_result",
    "result_stamp",
    "stop_requests",
    "sweep_folder",
    "withdraw_stop",
    "write_arrays",
    "write_result",
]
