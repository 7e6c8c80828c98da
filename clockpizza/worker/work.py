"""A worker: takes the stacks of a sweep one by one, until all have ended, it shall stop, or others hold the rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from clockpizza.run_config import RunConfig
from clockpizza.store import Held, Holder, SweepFolder, Watch, asked, claim, read_result, read_spec, stop_requests
from clockpizza.sweep_spec import Stack, SweepSpec
from clockpizza.worker.stack import Options, Watcher, train_stack

LOOK_SECONDS = 1.0  # between looks at the control folder


@dataclass
class Outcome:
    """How a worker's job ended: whether it was stopped, and who holds what it could not take."""

    stopped: bool = False
    held: list[Holder] = field(default_factory=list)


def work(
    sweep: SweepFolder,
    watcher: Watcher,
    options: Options,
    *,
    watch: Watch,
    stop: Callable[[], bool] = lambda: False,
    details: dict[str, str] | None = None,
) -> Outcome:
    """Train what is left of a sweep.

    Args:
        stop: asked after every epoch, beside the requests in the sweep's control folder.
        details: of this worker, for people: device, log file.
    """
    spec, outcome = read_spec(sweep), Outcome()
    for stack in spec.stacks():
        if stop():
            outcome.stopped = True
            break
        if _ended(sweep, stack):
            continue
        try:
            lock = claim(sweep, stack.name, stack.runs, watch=watch, details=details)
        except Held as held:
            outcome.held.append(held.holder)
            continue
        with lock:
            lock.keep_beating()
            requests = _Requests(sweep, stack, stop)
            done = train_stack(sweep, _configs(spec, stack), lock, watcher, options, requests)
        if not done:
            outcome.stopped = True
            if stop() or requests.whole_sweep:
                break
    return outcome


def _ended(sweep: SweepFolder, stack: Stack) -> bool:
    return all(read_result(sweep.run(id)) is not None for id in stack.runs)


def _configs(spec: SweepSpec, stack: Stack) -> dict[str, RunConfig]:
    return {id: spec.runs[id] for id in stack.runs}


class _Requests:
    """Whether this stack shall stop: a signal at once, the control folder looked at once a second."""

    def __init__(self, sweep: SweepFolder, stack: Stack, stop: Callable[[], bool]):
        self.sweep, self.names, self.stop = sweep, (stack.name, *stack.runs), stop
        self.whole_sweep = False
        self._at, self._asked = 0.0, False

    def __call__(self) -> bool:
        if not self._asked and time.monotonic() - self._at >= LOOK_SECONDS:
            requests = stop_requests(self.sweep)
            self._asked, self.whole_sweep = asked(requests, *self.names), "" in requests
            self._at = time.monotonic()
        return self._asked or self.stop()
