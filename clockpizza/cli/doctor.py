"""`clockpizza doctor`: will it work here, and which setting won?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clockpizza import settings
from clockpizza.errors import BadInput, visible

if TYPE_CHECKING:
    from rich.console import Console
    from typer.core import TyperGroup

    from clockpizza.doctor import Check

STYLES = {"ok": "green", "warn": "yellow", "bad": "bold red"}


def doctor(
    ctx: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: healthy, checks, options.")] = False,
) -> None:
    """Examine this machine, this terminal and this folder, and say what to mend.

    Shows versions, devices, memory, disk, locks, the terminal, and where each option's value comes from.
    Exit code 1 when something is in the way.
    """
    from clockpizza.doctor import examine, healthy

    group: TyperGroup = ctx.find_root().command  # type: ignore[assignment]
    read: settings.Settings | BadInput = ctx.obj
    known = read if isinstance(read, settings.Settings) else settings.Settings()
    checks = [*examine(Path()), *_configuration(group, read)]
    origins = settings.origins(group, known)
    if json:
        document = {
            "healthy": healthy(checks),
            "checks": [asdict(check) for check in checks],
            "options": [asdict(origin) for origin in origins],
        }
        typer.echo(dumps(document, indent=2, default=str))
    else:
        from rich.console import Console

        console = Console(highlight=False)
        _print(console, ("", "check", "found", "cure"), [(c.state, c.name, c.value, c.cure) for c in checks])
        rows = [(each.command, each.option, _shown(each.value), each.source) for each in origins]
        _print(console, ("command", "option", "value", "comes from"), rows)
    if not healthy(checks):
        raise typer.Exit(1)


def _configuration(group: TyperGroup, read: settings.Settings | BadInput) -> list[Check]:
    """Whether the TOML files could be used, and which variables nothing reads."""
    from clockpizza.doctor import Check

    if isinstance(read, BadInput):
        checks = [Check("settings", "bad", str(read), "until then every other command stops here")]
    else:
        checks = [Check("settings", "ok", ", ".join(map(str, read.paths)) or "no TOML file")]
    for name, hint in settings.stray_variables(group).items():
        checks.append(Check("environment", "warn", f"nothing reads {name}{hint}", "unset or rename it"))
    return checks


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(getattr(value, "value", value))


def _print(console: Console, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """A table on a terminal; elsewhere a line a row, its cells apart by tabs."""
    if not console.is_terminal:
        for row in rows:
            typer.echo("\t".join(map(visible, row)).rstrip())
        typer.echo()
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(*header, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(visible(cell), STYLES.get(cell, "")) for cell in row))
    console.print(table)
    console.print()
