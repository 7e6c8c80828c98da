"""What a person may set about the screen itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tui.themes import DARK

FPS = 4.0


@dataclass(frozen=True)
class Options:
    """How the screen is shown.

    ascii: draw with ASCII alone. mouse: take the mouse's clicks. fps: most updates a second of what changes by itself.
    theme: one of `themes.NAMES`. keys: keys of a person's own, by the ids in `keys.py`.
    """

    ascii: bool = False
    mouse: bool = True
    fps: float = FPS
    theme: str = DARK
    keys: Mapping[str, str] = field(default_factory=dict)


def cache_folder() -> Path:
    """Where the screen keeps what it can do without: what was copied last, evidence computed of networks."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "clockpizza"
