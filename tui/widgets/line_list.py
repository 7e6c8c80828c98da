"""A list of which only the lines in sight are ever made: ten thousand items cost what twenty do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import reactive

from tui import keys
from tui.widgets.panel import Panel

Draw = Callable[[int, int], Text]
WHEEL = 3  # lines a turn of the mouse's wheel


class LineList(Panel):
    """Items by their keys, one under the cursor. The cursor stays on its item when the order changes.

    Args:
        draw: the line of the item of a number, for a width.
        header: the line above the items, for a width.

    title: of the frame; written at the next redraw.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("list")]
    cursor: reactive[int] = reactive(0)

    class OfItem(Message):
        """Something about the item under the cursor."""

        def __init__(self, list: LineList, key: str) -> None:
            super().__init__()
            self.list, self.key = list, key

        @property
        def control(self) -> LineList:
            return self.list

    class Moved(OfItem):
        """The cursor is on another item, or the item has come to be."""

    class Chosen(OfItem):
        """Enter, or a click on the item under the cursor."""

    def __init__(self, title: str, draw: Draw, header: Callable[[int], Text] | None = None, *, id: str) -> None:
        self._drawn: dict[int, Text] = {}  # lines in the width of the last drawing, by their items' numbers
        super().__init__(title, id=id)
        self.title = title
        self._draw_item, self._header = draw, header
        self._keys: Sequence[str] = ()
        self._top = 0
        self._width = 0

    @property
    def key(self) -> str:
        """The key of the item under the cursor, "" where there is none."""
        return self._keys[self.cursor] if self._keys else ""

    def show(self, keys: Sequence[str], at: str = "") -> None:
        """Show the items of these keys, the cursor on `at`, else on the item that it was on."""
        before = self.key
        self._keys = keys
        self._drawn.clear()
        wanted = at or before
        if wanted in keys:
            self.set_reactive(LineList.cursor, keys.index(wanted))
        else:
            self.set_reactive(LineList.cursor, max(0, min(self.cursor, len(keys) - 1)))
        if self.key != before:
            self.post_message(self.Moved(self, self.key))
        self.redraw()

    def draw(self, width: int, height: int) -> Text | list[Text]:
        lines = [self._header(width)] if self._header else []
        room = max(1, height - len(lines))
        self._top = max(min(self._top, self.cursor, max(0, len(self._keys) - room)), self.cursor - room + 1)
        count = len(self._keys)
        self.caption(self.title, f"{self.cursor + 1:,} of {count:,}" if count > room else "")
        if width != self._width:
            self._drawn.clear()
            self._width = width
        if not count:
            return []
        return lines + [self._item_line(number) for number in range(self._top, min(count, self._top + room))]

    def _item_line(self, number: int) -> Text:
        line = self._drawn.get(number)
        if line is None:
            line = self._drawn[number] = self._draw_item(number, self._width)
            line.truncate(self._width, pad=True)
        if number == self.cursor:
            line = line.copy()
            line.style = self.app.palette.under_cursor
        return line

    def notify_style_update(self) -> None:
        """A change of theme changes the colours of all lines."""
        self._drawn.clear()
        super().notify_style_update()

    def watch_cursor(self) -> None:
        """Show where it is, and tell."""
        self.redraw()
        self.post_message(self.Moved(self, self.key))

    def action_move(self, lines: int) -> None:
        """Up or down."""
        self.cursor = max(0, min(len(self._keys) - 1, self.cursor + lines))

    def action_page(self, pages: int) -> None:
        """Up or down by what is in sight."""
        self.action_move(pages * max(1, self.size.height - 2))

    def action_end(self, last: int) -> None:
        """To the first or the last item."""
        self.cursor = max(0, len(self._keys) - 1) if last else 0

    def action_choose(self) -> None:
        """Take the item under the cursor."""
        if self._keys:
            self.post_message(self.Chosen(self, self.key))

    def on_click(self, event: events.Click) -> None:
        """To the item clicked on; another click takes it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        number = self._top + offset.y - (self._header is not None)
        if not 0 <= number < len(self._keys) or (self._header and not offset.y):
            return
        if number == self.cursor:
            self.action_choose()
        else:
            self.cursor = number

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Down a few lines."""
        event.stop()
        self.action_move(WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Up a few lines."""
        event.stop()
        self.action_move(-WHEEL)
