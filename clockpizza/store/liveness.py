"""Whether the owner of a lock lives, as far as can be told from here.

On the same host the kernel is asked: pid, start time and boot id. Of another host, or another container, only the
heartbeat is seen, and what counts is whether it changes between two looks by the reader's own monotonic clock: no two
clocks are compared, so a wrong one does no harm. A first look has nothing to compare; it gives the benefit of the
doubt, unless the beat is old by the wall clock, and is never reason enough to take a lock over, nor to say that the
owner lives.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clockpizza.store import heartbeat
from clockpizza.store.heartbeat import Beat
from clockpizza.store.process import Life, Owner

SILENT_HERE = 15.0  # seconds without a beat until a living process counts as stalled
SILENT_ELSEWHERE = 75.0  # NFS clients may show others a file as it was a minute ago
LEASE = 180.0  # seconds without a beat until an owner elsewhere counts as dead
STUCK = 300.0  # seconds in which neither epoch nor activity changes
OLD = 600.0  # seconds by the wall clock: at a first look, an older beat is suspect
ABANDONED = 86_400.0  # and one older than this left by the dead (a folder copied from elsewhere)


@dataclass(frozen=True)
class Standing:
    """What is known of an owner.

    dead: it is, beyond doubt. gone: it seems so; for showing, not for taking over. silent: alive perhaps, but stalled.
    alive: it is, beyond doubt; where neither this nor dead holds, looking on for a lease will tell. how: that in words,
    for a person. beat: its last.
    """

    dead: bool
    gone: bool
    silent: bool
    alive: bool
    how: str
    beat: Beat


@dataclass
class _Seen:
    content: bytes
    changed_at: float  # by the watch's clock
    progress: tuple[int, str]
    progressed_at: float
    looked_at: float = 0.0
    ever_changed: bool = False
    beating_at: float = -math.inf  # when it had last changed within a short while


class Watch:
    """Remembers heartbeats between looks. One for as long as a reader lives.

    Args:
        clock: monotonic seconds. wall: seconds since 1970. Both for tests.
        lease: seconds without a beat after which an owner elsewhere is dead.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        lease: float = LEASE,
    ) -> None:
        self._clock, self._wall, self.lease = clock, wall, lease
        self._seen: dict[Path, _Seen] = {}

    def look(self, lock: Path, owner: Owner) -> Standing:
        """Look at the heartbeat beside a lock file, and judge."""
        content, beat = heartbeat.read(lock.with_suffix(".beat"))
        seen = self._remember(lock, content, beat)
        life = owner.life()
        if life is Life.DEAD:
            return Standing(True, True, False, False, "which is dead", beat)
        now = self._clock()
        if life is Life.ALIVE:
            quiet = heartbeat.boottime() - beat.boottime if beat.boottime else now - seen.changed_at
            if quiet > SILENT_HERE:
                return Standing(False, False, True, True, f"alive, but without a heartbeat for {_span(quiet)}", beat)
            return self._moving(seen, beat, now, True, "alive")
        return self._elsewhere(seen, beat, now)

    def _elsewhere(self, seen: _Seen, beat: Beat, now: float) -> Standing:
        quiet = now - seen.changed_at
        if quiet >= self.lease:
            return Standing(True, True, False, False, f"silent for the {_span(quiet)} that it was watched", beat)
        age = self._wall() - beat.time
        if quiet > SILENT_ELSEWHERE:
            return Standing(False, False, True, False, f"elsewhere, silent for {_span(quiet)}", beat)
        if not seen.ever_changed and beat.time and age > OLD:
            how = f"elsewhere, whose last heartbeat was {_span(age)} ago by its clock"
            return Standing(False, age > ABANDONED, age <= ABANDONED, False, how, beat)
        how = "elsewhere, alive" if seen.ever_changed else "elsewhere, presumed alive until watched for longer"
        return self._moving(seen, beat, now, now - seen.beating_at <= SILENT_ELSEWHERE, how)

    def _moving(self, seen: _Seen, beat: Beat, now: float, alive: bool, how: str) -> Standing:
        still = now - seen.progressed_at
        if still > STUCK:
            stuck = f"alive, but no further than epoch {beat.epoch} for {_span(still)}"
            return Standing(False, False, True, alive, stuck, beat)
        return Standing(False, False, False, alive, how, beat)

    def _remember(self, lock: Path, content: bytes, beat: Beat) -> _Seen:
        now = self._clock()
        seen = self._seen.get(lock)
        if seen is None:
            if len(self._seen) > 10_000:  # locks of long ago
                self._seen.clear()
            seen = self._seen[lock] = _Seen(content, now, beat.progress, now)
        elif content != seen.content:
            seen.content, seen.changed_at, seen.ever_changed = content, now, True
            if now - seen.looked_at <= SILENT_ELSEWHERE:  # after a longer while it may have beaten, and died since
                seen.beating_at = now
            if beat.progress != seen.progress:
                seen.progress, seen.progressed_at = beat.progress, now
        seen.looked_at = now
        return seen


def _span(seconds: float) -> str:
    """About how long: 40 s, 5 min, 3 h, 2 days."""
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
