"""The command line as a whole: its commands, its settings, its errors and its exit codes."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from clockpizza import __version__, settings
from clockpizza.cli.bench import bench
from clockpizza.cli.classify import classify
from clockpizza.cli.convert import convert
from clockpizza.cli.doctor import doctor
from clockpizza.cli.examples import examples
from clockpizza.cli.experiment import experiment
from clockpizza.cli.inspect import inspect
from clockpizza.cli.make_ideal import make_ideal
from clockpizza.cli.plot import plot
from clockpizza.cli.rejudge import rejudge
from clockpizza.cli.report import report
from clockpizza.cli.resume import resume
from clockpizza.cli.rm import rm
from clockpizza.cli.runs import runs
from clockpizza.cli.stop import stop
from clockpizza.cli.sweep import sweep
from clockpizza.cli.train import train
from clockpizza.cli.tui import tui
from clockpizza.cli.watch import watch
from clockpizza.config import nearest
from clockpizza.errors import BadInput, ClockpizzaError, visible

EPILOG = """\
Exit codes: 0 done, 1 the work failed, 2 usage or bad input, 3 a network was refused a verdict, \
4 all that is left is held by live workers, 130 interrupted.

Options come from the command line, then CLOCKPIZZA_<COMMAND>_<OPTION>, then a table per command in clockpizza.toml or \
~/.config/clockpizza/config.toml; `clockpizza doctor` shows which won.
"""

app = typer.Typer(
    name="clockpizza",
    epilog=EPILOG,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"auto_envvar_prefix": settings.PREFIX, "help_option_names": ["-h", "--help"]},
)
app.command()(train)
app.command()(sweep)
# -layers:1 is a term, and not options called -l, -a ...
app.command(context_settings={"ignore_unknown_options": True})(runs)
app.command()(tui)
app.command()(report)
app.command()(watch)
app.command()(stop)
app.command()(resume)
app.command()(rm)
app.command()(rejudge)
app.command()(classify)
app.command()(inspect)
app.command()(plot)
app.command()(experiment)
app.command()(examples)
app.command()(convert)
app.command("make-ideal")(make_ideal)
app.command()(doctor)
app.command()(bench)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"clockpizza {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def laboratory(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            allow_from_autoenv=False,
            show_envvar=False,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Which algorithm did a network find for modular addition: the Clock, the Pizza, or neither?

    A trained network goes in; a verdict (clock, pizza or non-circular), its certainty and the evidence come out.
    """
    if ctx.invoked_subcommand is None:
        ctx.get_help()  # Rich prints it; the text returned is empty
        raise typer.Exit(2)
    try:
        ctx.obj = settings.load(ctx.command)  # type: ignore[arg-type]
        ctx.default_map = ctx.obj.default_map()
    except BadInput as error:
        if ctx.invoked_subcommand != "doctor":  # doctor reports it
            raise
        ctx.obj = error


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (`sys.argv` if None) and return its exit code.

    Whatever a user can mend ends in one line on stderr; only a defect of clockpizza's own shows a traceback.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # an ASCII terminal is no reason to fail
    code = _run(argv)
    try:
        sys.stdout.flush()
    except OSError as error:
        # Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if code or isinstance(error, BrokenPipeError):
            return code or 1
        return _complain(f"cannot write the output: {error.strerror}", 1)
    return code


def _run(argv: Sequence[str] | None) -> int:
    try:
        os.getcwd()
    except FileNotFoundError:  # purged scratch folders; torch aborts there while it loads
        return _complain("the current folder no longer exists; change to one that does", 1)
    try:
        command = typer.main.get_command(app)
        result = command.main(args=argv, prog_name="clockpizza", standalone_mode=False)
    except ClockpizzaError as error:
        return _complain(str(error), error.exit_code)
    except typer.TyperException as error:
        return _complain(_usage(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        result = 130
    except BrokenPipeError:  # the reader, head or less, has gone
        return 1
    except OSError as error:
        reason = error.strerror or str(error)
        return _complain(f"{error.filename}: {reason}" if error.filename else reason, 1)
    if result == 130:
        return _complain("interrupted", 130)
    return result if isinstance(result, int) else 0


def _complain(message: str, code: int) -> int:
    print(f"clockpizza: {visible(message)}", file=sys.stderr)
    return code


def _usage(error: Any) -> str:
    """A usage error as one line, with the variable or the option at fault and where to read more."""
    ctx: Any = getattr(error, "ctx", None)
    param: Any = getattr(error, "param", None)
    message = " ".join(error.format_message().split())
    if ctx is None:
        return message
    source = ctx.get_parameter_source(param.name) if param else None
    if source is not None and source.name == "ENVIRONMENT":
        name = settings.variable(ctx.info_name, param)
        return f"{name} is {os.environ.get(name)!r}: {error.message}"
    if hasattr(error, "possibilities"):  # Click's NoSuchOption
        unknown = error.option_name
        known = [name for each in ctx.command.get_params(ctx) for name in each.opts if name.startswith("--")]
        message = f"no option {unknown}{nearest(unknown, known)}"
    return f"{message.rstrip('.')} (see {ctx.command_path} --help)"
