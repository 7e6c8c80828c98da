"""The help: all keys, made from the live bindings, so that it cannot be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui import keys
from tui.themes import Palette

WIDTH = 17  # cells for the keys


class HelpScreen(ModalScreen[None]):
    """What every key does here, and below that what the keys of the other rooms do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,question_mark,f1,q", "dismiss", "Close"),
        ("j,down", "scroll(1)", "Down"),
        ("k,up", "scroll(-1)", "Up"),
    ]

    def __init__(self, room: str, own: Mapping[str, str], palette: Palette) -> None:
        """room: whose keys come first. own: keys that a person gave, by id."""
        super().__init__()
        self._table = words(room, own, palette)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            yield Static(self._table)

    def on_mount(self) -> None:
        """Name the frame."""
        frame = self.query_one("#help")
        frame.border_title, frame.border_subtitle = "Keys", "escape closes"
        frame.focus()

    def action_scroll(self, lines: int) -> None:
        """Scroll by a line."""
        self.query_one("#help").scroll_relative(y=lines, animate=False)


def words(room: str, own: Mapping[str, str], palette: Palette) -> Table:
    """All keys, those of `room` first."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", width=WIDTH)
    table.add_column()
    for place in sorted(keys.PLACES, key=lambda place: place != room):
        held = [key for key in keys.KEYS if key.where == place]
        if held:
            table.add_row(keys.PLACES[place], Text(), style=palette.colour("clock"))
        for key in held:
            table.add_row(
                f"  {keys.shown(own.get(key.id, key.keys))}", Text.assemble(key.help, (f"  {key.id}", palette.dim))
            )
        if held:
            table.add_row()
    hint = 'The words in grey are the names to remap keys by, as quit = "ctrl+q" under [tui.keys] in clockpizza.toml.'
    table.add_row("", Text(hint, palette.dim))
    return table
