"""Where an option's value comes from: command line, then environment, then TOML, then default.

TOML has a table per command, in `$CLOCKPIZZA_CONFIG`, else in `./clockpizza.toml` and, below it,
`~/.config/clockpizza/config.toml`. The environment has `CLOCKPIZZA_<COMMAND>_<OPTION>`.
"""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from clockpizza.config import nearest
from clockpizza.errors import BadInput

PREFIX = "CLOCKPIZZA"
CONFIG = f"{PREFIX}_CONFIG"
# Tables within a command's table, which no option stands for: the command itself checks what is in them.
INNER_TABLES = {"tui": ("keys",)}
# Variables that stand for no option of any one command.
OTHER_VARIABLES = (CONFIG, f"{PREFIX}_RUNS", f"{PREFIX}_REFERENCE", f"{PREFIX}_KERNEL")


@dataclass(frozen=True)
class Setting:
    """A value and the TOML file that gave it."""

    value: Any
    path: Path


@dataclass(frozen=True)
class Settings:
    """All that the TOML files say: command name -> parameter name -> setting."""

    tables: dict[str, dict[str, Setting]] = field(default_factory=dict)
    paths: tuple[Path, ...] = ()  # the files read, strongest first

    def default_map(self) -> dict[str, dict[str, Any]]:
        """The settings as Click wants them."""
        return {name: {key: setting.value for key, setting in table.items()} for name, table in self.tables.items()}


@dataclass(frozen=True)
class Origin:
    """Where the value of one option comes from when the command line is silent."""

    command: str
    option: str
    value: Any
    source: str  # "default", a TOML file's path, or an environment variable's name


def load(group: TyperGroup) -> Settings:
    """What the TOML files say about the commands of `group`, each value checked against its option.

    Raises:
        BadInput: a file that cannot be read or parsed, an unknown table or key, or a value its option refuses.
    """
    tables: dict[str, dict[str, Setting]] = {}
    paths = _files()
    for path in reversed(paths):  # weakest first, so that stronger files overwrite
        for name, table in _read(path, group).items():
            tables.setdefault(name, {}).update(table)
    return Settings(tables, paths)


def options(command: Any) -> dict[str, Any]:
    """A command's options by parameter name; `--help` is none."""
    return {param.name: param for param in command.params if param.param_type_name == "option"}


def variable(command: str, param: Any) -> str:
    """The environment variable of an option: the first one set, else its own, as `CLOCKPIZZA_MAKE_IDEAL_P`."""
    own = f"{PREFIX}_{command}_{param.name}".upper().replace("-", "_")
    shared = [param.envvar] if isinstance(param.envvar, str) else list(param.envvar or ())
    # Click, too, takes an empty variable for none.
    return next((name for name in [*shared, own] if os.environ.get(name)), own)


def origins(group: TyperGroup, settings: Settings) -> list[Origin]:
    """Every option of every command, with its value and where it comes from."""
    found = []
    for name, command in group.commands.items():
        for key, param in options(command).items():
            known = settings.tables.get(name, {}).get(key)
            if given := os.environ.get(variable(name, param)):
                value, source = given, variable(name, param)
            elif known:
                value, source = known.value, str(known.path)
            else:
                value, source = param.default, "default"
            found.append(Origin(name, "--" + key.replace("_", "-"), value, source))
    return found


def stray_variables(group: TyperGroup) -> dict[str, str]:
    """`CLOCKPIZZA_*` variables that nothing reads, each with the nearest name that something does."""
    known = [variable(name, param) for name, command in group.commands.items() for param in options(command).values()]
    known.extend(OTHER_VARIABLES)
    strays = [name for name in sorted(os.environ) if name.startswith(f"{PREFIX}_") and name not in known]
    return {name: nearest(name, known) for name in strays}


def _files() -> tuple[Path, ...]:
    """The files to read, strongest first."""
    if named := os.environ.get(CONFIG):
        path = Path(named).expanduser()
        if not path.is_file():
            raise BadInput(f"{CONFIG} names {named}, and there is no such file; mend or unset it")
        return (path,)
    home = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    return tuple(path for path in (Path("clockpizza.toml"), home / "clockpizza" / "config.toml") if path.is_file())


def _read(path: Path, group: TyperGroup) -> dict[str, dict[str, Setting]]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 text, as TOML must be") from error
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path}: not valid TOML: {error}") from error

    tables: dict[str, dict[str, Setting]] = {}
    for spelled, table in document.items():
        name = spelled.replace("_", "-")
        if not isinstance(table, dict):
            raise BadInput(f"{path}: {spelled} stands outside any table; put it under its command, such as [classify]")
        if name not in group.commands:
            raise BadInput(f"{path}: unknown table [{spelled}]{nearest(name, list(group.commands))}")
        for key, value in table.items():
            setting = _check(path, group, name, key, value)
            if tables.setdefault(name, {}).setdefault(key.replace("-", "_"), setting) is not setting:
                raise BadInput(f"{path}: [{name}] {key} is given twice; - and _ are the same in a name")
    return tables


def _check(path: Path, group: TyperGroup, name: str, key: str, value: Any) -> Setting:
    command = group.commands[name]
    if key in INNER_TABLES.get(name, ()):
        if not isinstance(value, dict):
            raise BadInput(f"{path}: [{name}] {key} must be a table, [{name}.{key}]")
        return Setting(value, path)
    known = options(command)
    param = known.get(key.replace("-", "_"))
    if param is None:
        raise BadInput(f"{path}: [{name}] has no option {key}{nearest(key.replace('-', '_'), list(known))}")
    shown = json.dumps(value, default=str)  # near enough to TOML: true, "text", [1]
    try:
        taken = param.process_value(typer.Context(command, info_name=name), value)
    except typer.TyperException as error:
        raise BadInput(f"{path}: [{name}] {key} is {shown}: {error.message}") from error
    if not _alike(value, taken):
        raise BadInput(f"{path}: [{name}] {key} is {shown}; expected {_kind(taken)}")
    return Setting(value, path)


def _alike(value: Any, taken: Any) -> bool:
    """Whether a TOML value is of the kind its option took it for: a shell may say `1` for true, TOML may not."""
    if isinstance(taken, list | tuple):
        return isinstance(value, list) and all(map(_alike, value, taken))
    if isinstance(taken, bool) or isinstance(value, bool):
        return isinstance(taken, bool) and isinstance(value, bool)
    if isinstance(taken, int | float):
        return bool(value == taken)
    return isinstance(value, str)


def _kind(taken: Any) -> str:
    if isinstance(taken, list | tuple):
        return "an array of such values as the command line takes"
    if isinstance(taken, bool):
        return "true or false"
    return "a number" if isinstance(taken, int | float) else "a string"
