"""A worker: takes the stacks of a sweep one by one, until all have ended, it shall stop, or others hold the rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from clockpizza.errors import BadInput, visible
from clockpizza.store import Held, Holder, LockLost, SweepFolder, Watch, asked, claim, has_ended, read_spec
from clockpizza.store.control import stop_requests
from clockpizza.store.layout import is_sweep
from clockpizza.sweep_spec import Stack
from clockpizza.worker.stack import Options, Watcher, told, train_stack

LOOK_SECONDS = 1.0  # between looks at the control folder, and at owners that may be dead


@dataclass
class Outcome:
    """How a worker's job ended: whether it was stopped, why stacks had to be given up, and who holds the rest."""

    stopped: bool = False
    failed: dict[str, str] = field(default_factory=dict)
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

    An error ends its own stack alone. When nothing is free, stacks of the dead are taken over, and those whose owners
    may be dead are watched until that is certain: the lease of `watch` at most.

    Args:
        stop: asked after every epoch, beside the requests in the sweep's control folder.
        details: of this worker, for people: device, log file.

    Raises:
        BadInput: the sweep's folder cannot be read, or was removed.
    """
    spec, outcome = read_spec(sweep), Outcome()
    doubted: set[Path] = set()
    while True:
        outcome.held, idle = [], True
        for stack in spec.stacks():
            if not is_sweep(sweep.path):
                raise BadInput(visible(f"{sweep.path}: the sweep was removed"))
            if stack.name in outcome.failed or all(has_ended(sweep.run(id)) for id in stack.runs):
                continue
            requests = _Requests(sweep, stack, stop)
            done = False
            if not requests():
                try:
                    with claim(sweep, stack.name, stack.runs, watch=watch, details=details) as lock:
                        idle = False
                        lock.keep_beating()
                        configs = {id: spec.runs[id] for id in stack.runs}
                        done = train_stack(sweep, configs, lock, watcher, options, requests)
                except Held as held:
                    outcome.held.append(held.holder)
                    continue
                except LockLost as lost:
                    idle = False
                    watcher.trouble(str(lost))
                    continue
                except Exception as error:
                    outcome.failed[stack.name] = f"{stack.name}: {told(error)}"
                    watcher.trouble(outcome.failed[stack.name])
                    continue
            if not done:
                outcome.stopped = True
                if requests.leave:
                    return outcome
        doubtful = [held for held in outcome.held if not watch.look(held.path, held.owner).alive]
        if idle and not doubtful:
            return outcome
        for holder in doubtful:
            if holder.path not in doubted:
                watcher.trouble(f"{holder.name} is held by {holder}, and whether that one lives remains to be seen")
        doubted |= {holder.path for holder in doubtful}
        if idle:
            time.sleep(LOOK_SECONDS)


class _Requests:
    """Whether this stack shall stop: a signal at once, the control folder looked at once a second.

    leave: whether the other stacks shall stop, too.
    """

    def __init__(self, sweep: SweepFolder, stack: Stack, stop: Callable[[], bool]):
        self.sweep, self.names, self.stop = sweep, (stack.name, *stack.runs), stop
        self._at, self._asked, self._whole_sweep = -LOOK_SECONDS, False, False

    def __call__(self) -> bool:
        if not self._asked and time.monotonic() - self._at >= LOOK_SECONDS:
            requests = stop_requests(self.sweep)
            self._asked, self._whole_sweep = asked(requests, *self.names), "" in requests
            self._at = time.monotonic()
        return self._asked or self.stop()

    @property
    def leave(self) -> bool:
        return self._whole_sweep or self.stop()
