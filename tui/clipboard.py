"""Copying over SSH: OSC 52 asks the terminal to take a text into its clipboard, and a file keeps it in any case.

tmux passes the sequence on when it is wrapped, with its escapes doubled; screen likewise. Terminals drop long ones, so
what is longer goes to the file alone.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tui.settings import cache_folder

if TYPE_CHECKING:
    from textual.app import App

LONGEST = 74_000  # bytes of text: 100,000 of base64 is what xterm, and tmux, take
FILE = "copied.txt"


def copy(app: App[None], text: str) -> str:
    """Copy a text to the terminal's clipboard and to a file, and say in a sentence where it went."""
    data = text.encode()
    path = _keep(data)
    kept = f"kept in {path}" if path else "no file could be written"
    lines = len(text.splitlines())
    what = f"{lines:,} lines" if lines > 1 else f"“{text.strip()[:40]}”"
    if len(data) > LONGEST:
        return f"{what}, too long for the terminal's clipboard; {kept}"
    if app._driver is not None:
        app._driver.write(sequence(data))
    return f"Copied {what}; {kept}"


def sequence(data: bytes, environment: os._Environ[str] | dict[str, str] = os.environ) -> str:
    """What to write to the terminal so that it takes `data` into its clipboard."""
    code = f"\x1b]52;c;{base64.b64encode(data).decode()}\x07"
    if environment.get("TMUX"):
        doubled = code.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{doubled}\x1b\\"
    if environment.get("STY"):
        return f"\x1bP{code}\x1b\\"
    return code


def _keep(data: bytes) -> Path | None:
    path = cache_folder() / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError:
        return None
    return path
