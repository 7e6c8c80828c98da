"""The snapshots of a run as they are looked at: read once, kept as long as they are few megabytes."""

from __future__ import annotations

from collections import OrderedDict

from clockpizza.errors import BadInput, visible
from clockpizza.store import RunFolder, read_arrays
from tui.moment import Moment, of_arrays

MOST_BYTES = 32 << 20


class Snapshots:
    """Moments by epoch. `load` may run in another thread than `get`."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._kept: OrderedDict[int, Moment | str] = OrderedDict()

    def epochs(self) -> list[int]:
        """The epochs of which there is a snapshot now, in order."""
        return self.folder.snapshot_epochs()

    def get(self, epoch: int) -> Moment | str | None:
        """What was loaded of an epoch: a moment, or why it cannot be read; None where it was not."""
        return self._kept.get(epoch)

    def load(self, epoch: int) -> None:
        """Read the snapshot of an epoch, unless it is kept."""
        if epoch in self._kept:
            return
        found: Moment | str
        try:
            found = of_arrays(read_arrays(self.folder.snapshot_file(epoch)), epoch)
        except BadInput as error:
            found = visible(str(error))
        self._kept[epoch] = found
        while len(self._kept) > self.most(found):
            self._kept.popitem(last=False)

    @staticmethod
    def most(found: Moment | str) -> int:
        """How many such snapshots are kept."""
        return max(8, MOST_BYTES // (4 * found.p**2)) if isinstance(found, Moment) else 1000
