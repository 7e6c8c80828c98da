"""Errors meant for people: one line that names the thing and the cure."""

from __future__ import annotations


class ClockpizzaError(Exception):
    """Anything a user can mend. ``str(error)`` is one line; the CLI prints it and exits with `exit_code`."""

    exit_code = 1


class BadInput(ClockpizzaError):
    """A file, option or config that cannot be used as given."""

    exit_code = 2


def visible(text: str) -> str:
    """`text` with what a terminal would obey rather than show (escapes, line ends, bidi marks) written as escapes."""
    return "".join(ch if ch.isprintable() else ch.encode("unicode_escape").decode() for ch in text)
