"""The title line of a room, and the bar of its keys at the bottom. Both are a line each, made anew when they change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from clockpizza.errors import visible
from tui import keys

if TYPE_CHECKING:
    from tui.app import ClockpizzaApp

ROOMS = ("runs", "sweep", "network", "start", "machine")


class TitleBar(Widget):
    """The rooms with their numbers, the one we are in marked, and what it shows."""

    DEFAULT_CSS = "TitleBar { height: 1; dock: top; background: $panel; color: $foreground; }"
    words: reactive[str] = reactive("")
    app: ClockpizzaApp

    def __init__(self, room: str) -> None:
        super().__init__()
        self._room = room

    def render(self) -> Text:
        line = Text(" ", no_wrap=True, overflow="ellipsis")
        for number, room in enumerate(ROOMS, 1):
            if room == self._room:
                line.append(f" {number} {room} ", "reverse bold")
            else:
                line.append(f" {number} {room} ", self.app.palette.dim)
        line.append(f"  {visible(self.words)}")
        return line


class KeyBar(Widget):
    """The keys that do something here, as many as there is room for; at the right those that always do."""

    DEFAULT_CSS = "KeyBar { height: 1; dock: bottom; background: $panel; color: $foreground; }"
    app: ClockpizzaApp

    def on_mount(self) -> None:
        """Follow what the focused widget binds."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.refresh())

    def render(self) -> Text:
        known = keys.by_id()
        shown: dict[str, tuple[str, str]] = {}
        for active in self.screen.active_bindings.values():
            key = known.get(active.binding.id or "")
            # The title line has the rooms.
            if key is not None and key.short and active.enabled and not key.id.startswith("room_"):
                shown.setdefault(key.id, (self.app.get_key_display(active.binding), key.short))
        everywhere = self._line([each for id, each in shown.items() if known[id].where == "app"], self.size.width)
        here = sorted((id for id in shown if known[id].where != "app"), key=lambda id: known[id].where == "screen")
        line = self._line([shown[id] for id in here], self.size.width - everywhere.cell_len)
        line.pad_right(self.size.width - line.cell_len - everywhere.cell_len)
        return line.append_text(everywhere)

    def _line(self, shown: list[tuple[str, str]], width: int) -> Text:
        """As many as there is room for."""
        line = Text(no_wrap=True)
        for key, short in shown:
            if line.cell_len + len(key) + len(short) + 3 > width:
                break
            line.append(f" {key}", "bold").append(f" {short} ", self.app.palette.dim)
        return line
