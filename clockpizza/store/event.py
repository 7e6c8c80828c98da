"""One line of an event log: a JSON object with schema, seq, attempt, time and kind, and beside them what happened.

kind          beside it
started       epoch (resumed from; 0 when new), host, pid, device, versions
metrics       epoch, train_loss, test_loss, train_accuracy, test_accuracy, epochs_per_second
snapshot      epoch, file (in snapshots/), measures (name -> number), verdict, certainty (as far as it can be judged)
checkpoint    epoch, file
result        epoch, verdict, certainty; all else is in result.json
stopped       epoch; the run was asked to stop, and goes on from its checkpoint
failed        reason; epoch, where the loss was no number
note          text

Losses are nats per pair, accuracies shares of pairs, `time` seconds since 1970 by the writer's clock. A number that
is not finite is null. Readers pass over kinds and keys that they do not know.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from clockpizza.store.atomic import finite

SCHEMA = 1
LONGEST_LINE = 1 << 20  # bytes; what is longer is no event of ours
METRICS = ("train_loss", "test_loss", "train_accuracy", "test_accuracy", "epochs_per_second")
_parse = json.JSONDecoder().decode
_OWN = ("schema", "seq", "attempt", "time", "kind")
_FILE = re.compile(r"([0-9]{4,9})-([A-Za-z0-9][A-Za-z0-9._-]{0,63})-([0-9]{1,10})\.jsonl")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a run.

    attempt: which try at the run wrote it, from 1; by the file's name. seq: its number in its file, from 0.
    time: seconds since 1970 by the writer's clock. data: all else, as in the table above; nothing in it is trusted.
    """

    kind: str
    attempt: int
    seq: int = 0
    time: float = 0.0
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def epoch(self) -> float | None:
        """The epoch that it tells of."""
        return number(self.data.get("epoch"))

    def encode(self) -> bytes:
        """The event as a line.

        Raises:
            ValueError: its data uses a key of the line's own, or is too long for a line.
            TypeError: its data is not plain.
        """
        if taken := [key for key in _OWN if key in self.data]:
            raise ValueError(f"{taken[0]!r} is a key of the line's own")
        own = {
            "schema": SCHEMA,
            "seq": self.seq,
            "attempt": self.attempt,
            "time": round(self.time, 3),
            "kind": self.kind,
        }
        try:
            text = json.dumps({**own, **self.data}, allow_nan=False, separators=(",", ":"))
        except (ValueError, TypeError):  # a NaN, or a numpy number: rare enough to be copied only then
            text = json.dumps(finite({**own, **self.data}), allow_nan=False, separators=(",", ":"))
        line = text.encode() + b"\n"
        if len(line) > LONGEST_LINE:
            raise ValueError(
                f"an event of {len(line):,} bytes; the longest is {LONGEST_LINE:,}. Write arrays as snapshots"
            )
        return line


def decode(line: bytes, attempt: int) -> Event | None:
    """The event in a line; None where it is garbage or of a later schema than ours."""
    try:
        values = _parse(line.decode())  # twice as fast as json.loads of bytes
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or values.pop("schema", None) != SCHEMA:
        return None
    kind, seq, time = values.pop("kind", None), values.pop("seq", None), number(values.pop("time", None))
    if not isinstance(kind, str) or type(seq) is not int or time is None:
        return None
    values.pop("attempt", None)
    return Event(kind, attempt, seq, time, values)


def number(value: Any) -> float | None:
    """A finite number, or None for anything else."""
    if type(value) is float:
        return value if value - value == 0 else None
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            pass
    return None


def kind_mark(kind: str) -> bytes:
    """What a line of ours holds, if it is of that kind."""
    return f'"kind":"{kind}"'.encode()


def file_name(attempt: int, host: str, pid: int) -> str:
    """The name of the log of one process at one attempt."""
    return f"{attempt:04}-{host}-{pid}.jsonl"


def attempt_of(name: str) -> int | None:
    """The attempt in the name of a log; None where it is no log's name."""
    found = _FILE.fullmatch(name)
    return int(found[1]) if found else None
