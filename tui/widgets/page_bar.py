"""Names of groups of panels, where not all panels fit at once: the one that is seen is marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

if TYPE_CHECKING:
    from tui.app import ClockpizzaApp


class PageBar(Widget):
    """A line of names; a click chooses one."""

    DEFAULT_CSS = "PageBar { height: 1; padding: 0 1; }"
    app: ClockpizzaApp

    class Chosen(Message):
        """A click on a name."""

        def __init__(self, page: int) -> None:
            super().__init__()
            self.page = page

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.names: Sequence[str] = ()
        self.page = 0
        self.words = ""

    def show(self, names: Sequence[str], page: int, words: str) -> None:
        """Show the names of all pages, and which is seen; `words` at the right, where there is room."""
        if (names, page, words) != (self.names, self.page, self.words):
            self.names, self.page, self.words = names, page, words
            self.display = len(names) > 1
            self.refresh()

    def render(self) -> Text:
        line = Text(no_wrap=True, overflow="ellipsis")
        for number, name in enumerate(self.names):
            line.append(f" {name} ", "reverse" if number == self.page else self.app.palette.dim)
        if (room := self.size.width - line.cell_len - len(self.words)) > 1:
            line.append(" " * room).append(self.words, self.app.palette.dim)
        return line

    def on_click(self, event: events.Click) -> None:
        """Choose the name under the mouse."""
        start = 1
        for number, name in enumerate(self.names):
            if start <= event.x < start + len(name) + 2:
                self.post_message(self.Chosen(number))
            start += len(name) + 2
