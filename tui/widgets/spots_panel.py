"""What the diagram and the grid of runs have in common: a run under the cursor, and keys that move it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from tui import keys
from tui.spots import ORDER
from tui.widgets.panel import Panel

if TYPE_CHECKING:
    from tui.spots import Spot

Place = tuple[int, int]  # column and row of a cell


class SpotsPanel(Panel):
    """Runs in cells. `places` is filled by `draw`: the cell of each run that is shown, by its number."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("points")]

    class Moved(Message):
        """Another run is under the cursor."""

        def __init__(self, run: str) -> None:
            super().__init__()
            self.run = run

    class Opened(Message):
        """A click on the run under the cursor."""

    def __init__(self, title: str, *, id: str) -> None:
        super().__init__(title, id=id)
        self.spots: Sequence[Spot] = ()
        self.chosen = ""
        self.places: dict[int, Place] = {}

    @property
    def at(self) -> int | None:
        """The number of the run under the cursor, where it is shown."""
        return next((n for n in self.places if self.spots[n].run == self.chosen), None)

    def over(self, numbers: Sequence[int]) -> int:
        """Which of several runs in a cell is seen: the one under the cursor, else by verdict."""
        return max(numbers, key=lambda n: (self.spots[n].run == self.chosen, rank(self.spots[n].name)))

    def action_move(self, right: int, up: int) -> None:
        """To the nearest run in a direction: what lies aside counts twice."""
        at = self.at
        if at is None:
            self._choose(next(iter(self.places), None))
            return
        column, row = self.places[at]
        found = []
        for number, (c, r) in self.places.items():
            along = (c - column) * right + (row - r) * 2 * up  # a cell is twice as high as wide
            aside = abs((c - column) * up) + abs((row - r) * 2 * right)
            if along > 0:
                found.append((along + 2 * aside, number))
        self._choose(min(found)[1] if found else None)

    def action_next(self, step: int) -> None:
        """To the next run in the same cell."""
        at = self.at
        if at is not None:
            here = [number for number, place in self.places.items() if place == self.places[at]]
            self._choose(here[(here.index(at) + step) % len(here)])

    def on_click(self, event: events.Click) -> None:
        """The run nearest to the mouse, within two cells; a second click opens it."""
        offset = event.get_content_offset_capture(self)
        near = [(abs(c - offset.x) + 2 * abs(r - offset.y), n) for n, (c, r) in self.places.items()]
        if near and min(near)[0] <= 3:
            here = [n for far, n in sorted(near) if far == min(near)[0]]
            if self.at in here:
                self.post_message(self.Opened())
            else:
                self._choose(self.over(here))

    def _choose(self, number: int | None) -> None:
        if number is not None:
            self.post_message(self.Moved(self.spots[number].run))


def rank(name: str) -> int:
    """What lies over what."""
    return ORDER.index(name) if name in ORDER else 0
