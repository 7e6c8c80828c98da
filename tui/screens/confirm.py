"""A question before something that cannot be taken back."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from clockpizza.errors import visible
from tui import keys


class ConfirmScreen(ModalScreen[bool]):
    """Asks; y says yes, anything that leaves says no.

    Args:
        title: what would be done. words: what that means.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("dialog")]

    def __init__(self, title: str, words: str) -> None:
        super().__init__()
        self._title, self._words = title, words

    def compose(self) -> ComposeResult:
        with Vertical(id="question"):
            yield Static(Text(visible(self._words)))
            yield Static(Text.assemble(("y", "bold"), " yes    ", ("n", "bold"), " no"), id="answers")

    def on_mount(self) -> None:
        """Name the frame."""
        self.query_one("#question").border_title = self._title

    def action_answer(self, yes: int) -> None:
        """Leave with an answer."""
        self.dismiss(bool(yes))
