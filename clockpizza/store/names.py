"""Names that may become paths: of sweeps, runs, stacks and hosts.

A name is letters, digits, dots, dashes and underscores, begins with a letter or digit and is at most 100 long. So it
is one path component on every system, never `..`, never hidden, and a terminal shows it as it is.
"""

from __future__ import annotations

import re
import unicodedata

from clockpizza.errors import BadInput, visible

LONGEST = 100
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST - 1}}}")


def is_name(text: str) -> bool:
    """Whether `text` may be a path component below a runs folder."""
    return _NAME.fullmatch(text) is not None and not text.endswith(".")


def check_name(text: str, what: str = "name") -> str:
    """`text`, where it is a name.

    Raises:
        BadInput: it is none; the message says what is allowed and proposes the nearest name.
    """
    if is_name(text):
        return text
    raise BadInput(
        f"{what} {visible(text)[:LONGEST]!r} cannot be used: letters, digits, . - and _, at most {LONGEST}, the first "
        f"a letter or digit; {sanitise(text)!r} would do"
    )


def sanitise(text: str) -> str:
    """The nearest name: accents are taken off, anything else that is not allowed becomes a dash."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    dashed = re.sub(r"[^A-Za-z0-9._]+", "-", plain).lstrip("._-")[:LONGEST].rstrip(".-")
    return dashed or "unnamed"
