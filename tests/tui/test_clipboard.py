"""Copying over SSH."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tui.clipboard import LONGEST, copy, sequence


class Driver:
    def __init__(self) -> None:
        self.written = ""

    def write(self, text: str) -> None:
        self.written += text


class Terminal:
    def __init__(self) -> None:
        self._driver = Driver()


def test_a_text_goes_to_the_terminal_and_to_a_file() -> None:
    app: Any = Terminal()
    assert copy(app, "k 12\n") == "Copied “k 12”; kept in " + str(Path("cache").absolute() / "clockpizza/copied.txt")
    assert app._driver.written == f"\x1b]52;c;{base64.b64encode(b'k 12' + bytes([10])).decode()}\x07"
    assert Path("cache/clockpizza/copied.txt").read_text() == "k 12\n"


def test_tmux_and_screen_pass_it_on_when_it_is_wrapped() -> None:
    assert sequence(b"x", {"TMUX": "/tmp/tmux"}) == "\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\"
    assert sequence(b"x", {"STY": "1.pts"}) == "\x1bP\x1b]52;c;eA==\x07\x1b\\"
    assert sequence(b"x", {}) == "\x1b]52;c;eA==\x07"


def test_what_is_too_long_for_a_terminal_goes_to_the_file_alone() -> None:
    app: Any = Terminal()
    words = copy(app, "line\n" * (LONGEST // 5 + 1))
    assert "too long for the terminal's clipboard; kept in" in words
    assert app._driver.written == ""
    assert Path("cache/clockpizza/copied.txt").stat().st_size > LONGEST


def test_a_full_or_forbidden_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("taken").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", "taken")
    app: Any = Terminal()
    assert copy(app, "x") == "Copied “x”; no file could be written"
    assert "eA==" in app._driver.written
