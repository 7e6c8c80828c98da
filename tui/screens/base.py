"""What all rooms share: a title line, a bar of keys, and the keys that hold in every room."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widget import Widget

from tui import keys
from tui.clipboard import copy
from tui.messages import LibraryChanged
from tui.widgets.bars import KeyBar, TitleBar
from tui.widgets.panel import Panel

if TYPE_CHECKING:
    from tui.app import ClockpizzaApp


class LabScreen(Screen[None]):
    """A room. Subclasses set ROOM, say what stands in it (`compose_room`), and answer LibraryChanged.

    LibraryChanged comes when the runs have changed, and whenever the room is entered.
    """

    ROOM: ClassVar[str] = ""  # the word for it in the title line; a key of keys.PLACES
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("screen")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012, as Textual declares them
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    ALLOW_IN_MAXIMIZED_VIEW = "TitleBar, KeyBar"
    ESCAPE_TO_MINIMIZE = False  # action_back does it

    app: ClockpizzaApp

    def compose(self) -> ComposeResult:
        yield TitleBar(self.ROOM)
        yield from self.compose_room()
        yield KeyBar()

    def compose_room(self) -> ComposeResult:
        """What stands between the title line and the bar of keys."""
        raise NotImplementedError

    def set_title(self, words: str) -> None:
        """What the title line says after the name of the room."""
        self.query_one(TitleBar).words = words

    def on_screen_resume(self) -> None:
        """Bring a room that was covered up to date."""
        self.post_message(LibraryChanged())

    def action_back(self) -> None:
        """Out of a full-screen panel, else out of the room."""
        if self.maximized is not None:
            self.minimize()
        elif len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    def action_zoom(self) -> None:
        """Show the focused panel on the whole screen, and back."""
        panel = self.panel()
        if self.maximized is not None:
            self.minimize()
        elif panel is not None:
            self.maximize(panel, container=False)

    def action_copy(self) -> None:
        """Copy what the focused panel shows."""
        panel = self.panel()
        text = panel.copy_text() if panel is not None else ""
        if not text:
            self.notify("Nothing to copy here; tab goes to another panel.", severity="warning")
            return
        self.notify(copy(self.app, text))

    def action_save_screen(self) -> None:
        """Save the screen as SVG and as text in the current folder."""
        stem = Path(f"clockpizza-{self.ROOM}-{time.strftime('%Y%m%d-%H%M%S')}")
        try:
            stem.with_suffix(".svg").write_text(self.app.export_screenshot(simplify=True), encoding="utf-8")
            stem.with_suffix(".txt").write_text(self.text(), encoding="utf-8")
        except OSError as error:
            self.notify(f"{stem.absolute().parent}: cannot be written: {error.strerror}", severity="error")
            return
        self.notify(f"Saved {stem}.svg and .txt")

    def action_redraw(self) -> None:
        """Draw everything anew, for a terminal that somebody else wrote to."""
        self.refresh(layout=True, repaint=True)

    def text(self) -> str:
        """The screen as plain lines."""
        lines = self._compositor.render_strips()
        return "\n".join(line.text.rstrip() for line in lines) + "\n"

    def panel(self) -> Panel | None:
        """The panel that has the focus, or holds what has it."""
        at: Widget | None = self.focused
        while at is not None and not isinstance(at, Panel):
            at = at.parent if isinstance(at.parent, Widget) else None
        return at
