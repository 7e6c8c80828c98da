"""The app: the library, the rooms, and what holds in all of them. All state is on disk; nothing is lost with it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.notifications import SeverityLevel
from textual.screen import Screen

from clockpizza.errors import visible
from clockpizza.store import Row
from tui import keys, themes
from tui.ascii import AsciiOnly
from tui.helper import Portraits
from tui.jobs import Jobs
from tui.library import Library
from tui.messages import LibraryChanged
from tui.screens.base import LabScreen
from tui.screens.runs import RunsScreen
from tui.settings import Options


class ClockpizzaApp(App[None]):
    """The screen over a folder of runs.

    Args:
        runs: the folder. open: a checkpoint to look at first. options: how it is shown.
    """

    TITLE = "clockpizza"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("app")]

    def __init__(self, runs: Path, open: Path | None = None, options: Options | None = None) -> None:
        super().__init__()
        self.runs, self.options = runs, options or Options()
        self.library, self.jobs, self.portraits = Library(runs), Jobs(), Portraits()
        self.here: Row | None = None  # the run last looked at, which the rooms of sweep and network show
        self._open = open
        self._version = -1
        self._terminal = os.isatty(0)
        for theme in themes.THEMES:
            self.register_theme(theme)
        self.palette = themes.Palette(self.options.theme, ascii=self.options.ascii)
        self.set_keymap(self.options.keys)
        if self.options.ascii:
            self._filters.append(AsciiOnly())

    def get_default_screen(self) -> LabScreen:
        """The room at the bottom of the stack, which is never left."""
        return RunsScreen()

    def on_mount(self) -> None:
        """Begin to look at the runs."""
        self.theme = self.options.theme
        self.library.start()
        self.set_interval(1 / self.options.fps, self._tick)
        if self._open is not None:
            self.open_checkpoint(self._open)

    def on_unmount(self) -> None:
        """Look no more. Workers do not notice."""
        self.library.close()

    def watch_theme(self, name: str) -> None:
        """Draw in the colours of another theme."""
        self.palette = themes.Palette(name, ascii=self.options.ascii)

    def _tick(self) -> None:
        """Tell the active room when something has changed, and of workers that could not begin."""
        if self._terminal and not os.isatty(0):
            self.exit(return_code=1)  # it is gone without a SIGHUP; Textual would read its end over and over
        for words in self.jobs.reap():
            self.notify(words, severity="error", timeout=15)
        if self._version != self.library.version:
            self._version = self.library.version
            self.screen.post_message(LibraryChanged())

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Textual's, but that names out of files are never taken for markup."""
        super().notify(visible(message), title=title, severity=severity, timeout=timeout, markup=False)

    def open_run(self, row: Row) -> None:
        """Look into a run's network."""
        from tui.screens.network import NetworkScreen

        self.here = row
        self.push_screen(NetworkScreen(row))

    def open_sweep(self, name: str) -> None:
        """Look at a sweep."""
        from tui.screens.sweep import SweepScreen

        self.push_screen(SweepScreen(name))

    def open_checkpoint(self, path: Path) -> None:
        """Look into the network of a file."""
        from tui.screens.network import NetworkScreen

        self.push_screen(NetworkScreen(path))

    def action_room(self, room: str) -> None:
        """Go to a room. Sweep and network show the run last looked at, or the first there is."""
        row = self.here or next(iter(self.library.rows()), None)
        if room in ("sweep", "network") and row is None:
            self.notify("There are no runs yet; 4 starts one.", severity="warning")
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if room == "sweep" and row is not None:
            self.open_sweep(row.sweep)
        elif room == "network" and row is not None:
            self.open_run(row)
        elif room in ("start", "machine"):
            if not self.is_screen_installed(room):
                self.install_screen(self._room(room), room)  # kept: what is half typed shall not be lost
            self.push_screen(room)

    def _room(self, room: str) -> LabScreen:
        if room == "start":
            from tui.screens.start import StartScreen

            return StartScreen()
        from tui.screens.machine import MachineScreen

        return MachineScreen()

    def _quick(self) -> None:
        """The form, with the quick training filled in."""
        from tui.screens.start import StartScreen

        self.action_room("start")
        if isinstance(self.screen, StartScreen):
            self.screen.call_after_refresh(self.screen.action_fill, "quick")

    def show_started(self, name: str) -> None:
        """Go to the list of runs, to the sweep that has just been started."""
        self.action_room("runs")
        self.library.look_now()
        if isinstance(self.screen, RunsScreen):
            self.screen.select(name)

    def action_next_theme(self) -> None:
        """The next of our own themes."""
        names = themes.NAMES
        self.theme = names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else names[0]

    def action_help(self) -> None:
        """Show all keys."""
        from tui.screens.help import HelpScreen

        room = self.screen.ROOM if isinstance(self.screen, LabScreen) else ""
        self.push_screen(HelpScreen(room, self.options.keys, self.palette))

    def get_key_display(self, binding: Binding) -> str:
        """A key as people call it."""
        return keys.shown(binding.key)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every key's action, for the palette, and a training to begin with."""
        yield SystemCommand("Start the quick training", "Fills in the form; ctrl+s there starts it", self._quick)
        for active in screen.active_bindings.values():
            key = keys.by_id().get(active.binding.id or "")
            if key is not None and active.enabled and key.id != "palette":
                run = partial(self.run_action, active.binding.action, active.node)
                yield SystemCommand(key.help.rstrip("."), f"key {self.get_key_display(active.binding)}", run)
