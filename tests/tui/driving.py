"""Pressing keys and reading the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.pilot import Pilot

PATIENCE_SECONDS = 60


async def until(pilot: Pilot[None], condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a condition holds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "\n" + screen(pilot)
        await pilot.pause(0.05)


def screen(pilot: Pilot[None]) -> str:
    """The screen as plain lines."""
    return "\n".join(line.text.rstrip() for line in pilot.app.screen._compositor.render_strips())


async def write(pilot: Pilot[None], text: str) -> None:
    """Type a text."""
    names = {" ": "space", ".": "full_stop", ":": "colon", ">": "greater_than_sign", "=": "equals_sign"}
    names |= {"-": "minus", ",": "comma"}
    await pilot.press(*(names.get(each, each) for each in text))
