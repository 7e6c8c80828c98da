"""What the parts of the screen tell each other."""

from __future__ import annotations

from textual.message import Message


class LibraryChanged(Message):
    """The runs, or what is known of them, have changed; the active screen is told, at most once a tick."""

    def can_replace(self, message: Message) -> bool:
        """One that is still waiting is superseded."""
        return isinstance(message, LibraryChanged)
