"""`clockpizza tui`: the screen."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clockpizza.cli.options import RUNS, RunsOption
from clockpizza.errors import BadInput, visible

if TYPE_CHECKING:
    from clockpizza.settings import Settings


def tui(
    ctx: typer.Context,
    checkpoint: Annotated[
        Path | None, typer.Argument(metavar="[CKPT]", help="A network to look into first, of any format known.")
    ] = None,
    runs: RunsOption = RUNS,
    ascii: Annotated[
        bool | None,
        typer.Option("--ascii/--no-ascii", help="Draw with ASCII alone.", show_default="where there is no UTF-8"),
    ] = None,
    mouse: Annotated[bool, typer.Option("--mouse/--no-mouse", help="Take the mouse's clicks.")] = True,
    fps: Annotated[float, typer.Option("--fps", help="The most updates a second.", min=0.1, max=60)] = 4.0,
    theme: Annotated[
        str | None, typer.Option("--theme", help="dark, light or 16-colours.", show_default="dark, or what fits")
    ] = None,
) -> None:
    """Watch runs live, start and stop them, and look into networks, full screen.

    Nothing is lost when it is left, or its connection is: workers go on by themselves, and the next start shows them.
    Keys are shown by ?, and remapped under [tui.keys] in clockpizza.toml.
    """
    term = os.environ.get("TERM", "")
    if not (sys.stdin.isatty() and sys.stderr.isatty()):  # Textual draws on stderr
        raise BadInput("tui needs a terminal as its input and for its errors; `clockpizza watch` gives plain lines")
    if term in ("", "dumb"):
        raise BadInput(f"tui cannot draw on a terminal whose TERM is {term!r}; `clockpizza watch` gives plain lines")
    if checkpoint is not None and not checkpoint.exists():
        raise BadInput(visible(f"{checkpoint}: there is no such file"))

    from clockpizza import doctor
    from tui import keys, themes
    from tui.app import ClockpizzaApp
    from tui.settings import Options

    if theme is not None and theme not in themes.NAMES:
        raise BadInput(f"theme is {visible(theme)!r}; it must be one of {', '.join(themes.NAMES)}")
    settings: Settings = ctx.obj
    own = settings.tables.get("tui", {}).get("keys")
    options = Options(
        ascii=not doctor.draws_braille(term) if ascii is None else ascii,
        mouse=mouse,
        fps=fps,
        theme=theme or (themes.ANSI if doctor.colours(term) == "16" else themes.DARK),
        keys=keys.check(own.value, f"{own.path}: [tui.keys]") if own else {},
    )
    app = ClockpizzaApp(runs, checkpoint, options)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup would leave it reading, ever again, a terminal that is gone
    app.run(mouse=mouse)
    if app.return_code:
        raise typer.Exit(app.return_code)
