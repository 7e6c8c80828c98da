"""A bar on stderr for commands that go through networks one by one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from clockpizza.errors import visible


@contextmanager
def bar(total: int) -> Iterator[Callable[[str, int], None]]:
    """A bar while several networks, or one slow one, are worked on; silent where stderr is no terminal.

    What is yielded is called with the name of what is worked on, and how many are done since the last call.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Redirected, what is printed goes where the bar is, on stderr: only right where stdout is the same terminal.
    shared = sys.stdout.isatty()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal, redirect_stdout=shared
    ) as progress:
        task = progress.add_task("", total=total)
        yield lambda name, step: progress.update(task, description=visible(name), advance=step)
