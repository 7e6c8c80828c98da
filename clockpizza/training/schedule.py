"""At which epochs a run is looked at: dense where networks grok, log-spaced later."""

from __future__ import annotations

METRICS_GROWTH = 0.03  # of the epoch, from one look to the next: 270 looks in 20,000 epochs
SNAPSHOTS = 50  # of a run, the first and last included
FIRST_SNAPSHOT = 10  # the first epoch with one after the start


def metric_epochs(epochs: int) -> list[int]:
    """Epochs 0 .. `epochs` at which losses and accuracies are taken: all at first, then every 3 % of the way."""
    found, at = [], 0
    while at < epochs:
        found.append(at)
        at += max(1, int(at * METRICS_GROWTH))
    return [*found, epochs]


def snapshot_epochs(epochs: int, count: int = SNAPSHOTS) -> list[int]:
    """The start, the end, and `count` - 2 epochs between them at equal ratios from 10 on; all of them where fewer.

    Each is one of `metric_epochs`, so that a snapshot has its losses beside it.
    """
    looks = metric_epochs(epochs)
    if count >= len(looks):
        return looks
    ratio = (epochs / FIRST_SNAPSHOT) ** (1 / (count - 2)) if epochs > FIRST_SNAPSHOT else 1.0
    wanted = [FIRST_SNAPSHOT * ratio**i for i in range(count - 1)]
    nearest = {min(looks, key=lambda look: abs(look - each)) for each in wanted}
    return sorted({0, epochs} | nearest)
