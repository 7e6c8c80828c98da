"""The real command in a real terminal: it draws, leaves, and lets workers live when the connection is lost."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clockpizza.store import Watch, create_sweep, owners
from clockpizza.sweep_spec import expand
from clockpizza.worker.launch import launch

ROOT = Path(__file__).parents[2]


class Terminal:
    """A process on a terminal of its own."""

    def __init__(self, *arguments: str, size: tuple[int, int] = (80, 24), **environment: str) -> None:
        self.master, side = pty.openpty()
        self.resize(*size)
        self.text = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "clockpizza", "tui", *arguments],
            stdin=side,
            stdout=side,
            stderr=side,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "TERM": "xterm-256color", **environment},
        )
        os.close(side)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def until(self, words: str, seconds: float = 60) -> None:
        """Read until `words` have been drawn."""
        deadline = time.monotonic() + seconds
        while words not in self.text:
            assert time.monotonic() < deadline, self.text[-3000:]
            self.read(0.2)

    def read(self, seconds: float) -> bool:
        """Read what there is; False at its end."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 65536).decode(errors="replace")
        except OSError:
            return False
        self.text += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", data)
        return bool(data)

    def end(self, seconds: float = 30) -> int:
        """Read to the end, and return the exit code."""
        deadline = time.monotonic() + seconds
        while self.read(0.2):
            assert time.monotonic() < deadline, self.text[-3000:]
        return self.process.wait(seconds)

    def leave(self) -> int:
        """Quit, and return the exit code."""
        self.press("q")
        return self.end()

    def rest(self, seconds: float) -> None:
        """Read whatever comes in that time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.read(0.05)


Start = Callable[..., Terminal]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start the command; what still runs when a test ends is killed."""
    started: list[Terminal] = []

    def run(*arguments: str, size: tuple[int, int] = (80, 24), **environment: str) -> Terminal:
        started.append(Terminal(*arguments, size=size, **environment))
        return started[-1]

    yield run
    for terminal in started:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()


def test_it_shows_the_runs_and_leaves_when_asked(examples: Path, start: Start) -> None:
    terminal = start()
    terminal.until("● clock")
    terminal.until("test 1.94e-07")
    assert terminal.leave() == 0
    assert "Traceback" not in terminal.text


@pytest.mark.parametrize("term", ["screen", "xterm", "xterm-256color", "linux", "tmux-256color", "vt100", "unheard-of"])
def test_it_draws_on_terminals_of_many_kinds(examples: Path, start: Start, term: str) -> None:
    terminal = start(TERM=term)
    terminal.until("examples/pizza")
    assert terminal.leave() == 0
    assert "Traceback" not in terminal.text


def test_without_utf8_it_draws_in_ascii(examples: Path, start: Start) -> None:
    terminal = start(LC_ALL="C", size=(120, 40))
    terminal.until("C clock")
    terminal.until("P pizza")
    terminal.until("train 1.38e-07")
    assert terminal.leave() == 0
    assert terminal.text.isascii(), sorted(set(re.findall(r"[^\x00-\x7f]", terminal.text)))


def test_a_storm_of_sizes_does_not_upset_it(examples: Path, start: Start) -> None:
    terminal = start()
    terminal.until("● clock")
    for number, (columns, rows) in enumerate([(10, 3), (200, 60), (1, 1), (3, 1), (80, 24), (37, 9), (500, 150)] * 3):
        terminal.resize(columns, rows)
        terminal.process.send_signal(signal.SIGWINCH)
        terminal.press("145"[number % 3])
        terminal.read(0.05)
    terminal.press("\x1b")
    terminal.rest(1)  # else escape and what follows would be one key
    terminal.press("1")
    terminal.rest(0.5)
    assert terminal.leave() == 0
    assert "Traceback" not in terminal.text


def test_where_it_cannot_draw_it_says_so_in_a_line(tmp_path: Path, start: Start) -> None:
    terminal = start(TERM="dumb")
    assert terminal.end() == 2
    assert terminal.text.strip() == (
        "clockpizza: tui cannot draw on a terminal whose TERM is 'dumb'; `clockpizza watch` gives plain lines"
    )
    piped = subprocess.run(
        [sys.executable, "-m", "clockpizza", "tui"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert piped.returncode == 2 and len(piped.stderr.splitlines()) == 1
    assert "tui needs a terminal" in piped.stderr


def test_options_and_keys_come_from_the_config_file(examples: Path, start: Start) -> None:
    Path("clockpizza.toml").write_text('[tui]\nascii = true\n[tui.keys]\nquit = "Q"\n')
    terminal = start()
    terminal.until("C clock")
    terminal.press("q")
    terminal.rest(1)
    assert terminal.process.poll() is None
    terminal.press("Q")
    assert terminal.end() == 0
    Path("clockpizza.toml").write_text('[tui.keys]\nqit = "Q"\n')
    terminal = start()
    terminal.until("clockpizza.toml: [tui.keys]: no key is called 'qit'; did you mean 'quit'?")
    assert terminal.process.wait(30) == 2


def test_a_theme_that_there_is_not_and_a_file_that_is_not_there(tmp_path: Path, start: Start) -> None:
    terminal = start("--theme", "blue")
    terminal.until("theme is 'blue'; it must be one of dark, light, 16-colours")
    assert terminal.process.wait(30) == 2
    terminal = start("nothing.pt")
    terminal.until("nothing.pt: there is no such file")
    assert terminal.process.wait(30) == 2


def test_a_terminal_that_goes_without_a_signal_ends_it(examples: Path, start: Start) -> None:
    terminal = start()
    terminal.until("examples/clock")
    os.close(terminal.master)  # no session has it as its own: nobody is told
    assert terminal.process.wait(30) == 1


@pytest.mark.slow
def test_a_lost_connection_ends_the_screen_and_not_the_worker(tmp_path: Path, start: Start) -> None:
    spec = expand({"p": 7, "width": 8, "heads": 2, "epochs": 5_000_000})
    sweep = create_sweep(tmp_path / "runs", "long", spec)
    terminal = start()
    terminal.until("queued")
    worker = launch(sweep, device="cpu")
    try:
        terminal.until("running")
        os.killpg(terminal.process.pid, signal.SIGHUP)
        os.close(terminal.master)
        assert terminal.process.wait(10) != 0
        assert worker.poll() is None
        assert [holder.owner.pid for holder in owners(sweep, Watch())] == [worker.pid]
        again = start()
        again.until("running")
        assert again.leave() == 0
        assert worker.poll() is None
    finally:
        worker.kill()
        worker.wait()


def test_torch_is_never_imported(examples: Path) -> None:
    code = """
import asyncio, sys
from pathlib import Path
from tui.app import ClockpizzaApp

async def main():
    app = ClockpizzaApp(Path("runs"))
    async with app.run_test(size=(120, 40)) as pilot:
        for key in ("j", "a", "4", "ctrl+n", "escape", "5", "1", "question_mark", "escape", "2", "1", "3"):
            await pilot.press(key)
            await pilot.pause(0.2)
asyncio.run(main())
assert "tui.screens.machine" in sys.modules and "tui.screens.start" in sys.modules
print("torch" in sys.modules)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == "False", done.stderr
