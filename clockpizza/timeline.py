"""A run through time: what its snapshots and its log hold, by epoch. Never imports torch.

When is a circle born? At the first snapshot from which on its frequency holds more of the embedding's variance than
every frequency that is no circle in the end. Shares are of the whole, so at initialisation all are about even.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clockpizza.errors import BadInput, visible
from clockpizza.store import History, RunEvents, RunFolder, read_arrays
from clockpizza.store.event import number

SMALLEST_SHARE = 0.01  # of the embedding's variance that makes a circle, as in clockpizza.evidence

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Timeline:
    """A run's snapshots, n of them, in order.

    epochs: (n,). measures: by name, (n,), NaN where one is undefined. embedding_power, logit_power: shares at
    frequencies 1 .. p//2, (n, p//2). frames: each snapshot's arrays. metrics: of the log, by name, `epoch` among them.
    """

    p: int
    epochs: Array
    measures: dict[str, Array]
    embedding_power: Array
    logit_power: Array
    frames: list[dict[str, NDArray[Any]]]
    metrics: dict[str, Array]

    def circles(self) -> list[int]:
        """Frequencies with 1 % of the embedding's variance in the last snapshot, the largest first."""
        last = self.embedding_power[-1]
        found = [k for k in range(1, len(last) + 1) if last[k - 1] >= SMALLEST_SHARE]
        return sorted(found, key=lambda k: -last[k - 1])

    def born(self, k: int) -> int | None:
        """The epoch at which circle k is born; None where it never stands out."""
        others = [j - 1 for j in range(1, self.embedding_power.shape[1] + 1) if j not in self.circles()]
        if not others:
            return None
        ahead = self.embedding_power[:, k - 1] > self.embedding_power[:, others].max(axis=1)
        behind = np.flatnonzero(~ahead)
        first = int(behind[-1]) + 1 if len(behind) else 0
        return int(self.epochs[first]) if first < len(self.epochs) else None

    def rank_at_start(self, k: int) -> int:
        """Place of frequency k in the first snapshot's embedding, 1 the strongest."""
        first = self.embedding_power[0]
        return 1 + int((first > first[k - 1]).sum())


def read(run: RunFolder) -> Timeline:
    """The snapshots of a run; damaged ones are passed over.

    Raises:
        BadInput: there are none that can be read.
    """
    history, events = History(), RunEvents(run)
    while True:
        batch = events.read()
        history.add(batch)
        if not batch.more:
            break
    told = history.snapshots()
    epochs: list[int] = []
    frames: list[dict[str, NDArray[Any]]] = []
    for epoch in run.snapshot_epochs():
        try:
            arrays = read_arrays(run.snapshot_file(epoch))
        except BadInput:
            continue
        if _usable(arrays, frames[0] if frames else None):
            epochs.append(epoch)
            frames.append(arrays)
    if not frames:
        raise BadInput(
            visible(f"{run.path}: no snapshots; `clockpizza train` and `sweep` take them, 50 a run, as they train")
        )
    names: dict[str, None] = {}
    rows = []
    for epoch in epochs:
        measures = told.get(epoch, {}).get("measures")
        rows.append(measures if isinstance(measures, dict) else {})
        names |= dict.fromkeys(rows[-1])
    return Timeline(
        p=len(frames[0]["correct_logit"]),
        epochs=np.array(epochs, dtype=float),
        measures={
            name: np.array([np.nan if (x := number(row.get(name))) is None else x for row in rows]) for name in names
        },
        embedding_power=np.array([f["embedding_power"] for f in frames], dtype=float),
        logit_power=np.array([f["logit_power"] for f in frames], dtype=float),
        frames=frames,
        metrics=history.metrics(),
    )


def _usable(arrays: dict[str, NDArray[Any]], first: dict[str, NDArray[Any]] | None) -> bool:
    """Whether a snapshot has the arrays that it should, of the shapes that it should, the first one's p."""
    names = ("correct_logit", "embedding_power", "logit_power", "circle_frequencies", "circle_scores")
    if any(name not in arrays or arrays[name].dtype.kind not in "fiu" for name in names):
        return False
    p = arrays["correct_logit"].shape[0] if arrays["correct_logit"].ndim == 2 else 0
    n = arrays["circle_frequencies"].size
    shapes = ((p, p), (p // 2,), (p // 2,), (n,), (n, p, 2))
    if p < 3 or any(arrays[name].shape != shape for name, shape in zip(names, shapes, strict=True)):
        return False
    return first is None or first["correct_logit"].shape == (p, p)
