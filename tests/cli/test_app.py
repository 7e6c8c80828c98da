"""The command line as a whole: help, version, errors in one line, exit codes, and where options come from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

import clockpizza
from clockpizza import settings
from clockpizza.cli import app as cli
from clockpizza.cli import main
from clockpizza.errors import BadInput, ClockpizzaError

ROOT = Path(clockpizza.__file__).parents[1]


@pytest.fixture(autouse=True)
def nobodys_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> list[BaseException | int]:
    """A command line with the one command `work`, which raises or returns what this list holds."""
    ends: list[BaseException | int] = []
    app = typer.Typer(context_settings={"auto_envvar_prefix": settings.PREFIX})
    app.callback(invoke_without_command=True)(cli.laboratory)

    @app.command()
    def work(batch: int = 1) -> int:
        end = ends.pop() if ends else batch - 1
        if isinstance(end, BaseException):
            raise end
        return end

    monkeypatch.setattr(cli, "app", app)
    return ends


def process(*args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        [sys.executable, "-m", "clockpizza", *args], capture_output=True, text=True, env=environment, check=False
    )


def test_help_names_every_command_and_the_exit_codes() -> None:
    done = process("--help")
    assert done.returncode == 0
    assert done.stderr == ""
    for word in (
        "train",
        "sweep",
        "runs",
        "watch",
        "stop",
        "resume",
        "rm",
        "rejudge",
        "classify",
        "examples",
        "convert",
        "make-ideal",
        "doctor",
        "Exit codes",
        "clockpizza.toml",
    ):
        assert word in done.stdout


@pytest.mark.parametrize("args", [("--help",), ("classify", "--help"), ("sweep", "--help"), ("--version",)])
def test_help_and_version_import_neither_torch_nor_textual_nor_numpy(args: tuple[str, ...]) -> None:
    program = (
        "import sys; from clockpizza.cli import main\n"
        "assert main(sys.argv[1:]) == 0\n"
        "print(sorted({'torch', 'textual', 'numpy', 'plotext', 'tui'} & set(sys.modules)), file=sys.stderr)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program, *args], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stderr.strip() == "[]"


def test_version_is_the_packages() -> None:
    done = process("--version")
    assert (done.returncode, done.stdout) == (0, f"clockpizza {clockpizza.__version__}\n")


def test_no_color_is_honoured_and_a_pipe_gets_none_anyway() -> None:
    assert "\x1b" not in process("--help").stdout
    assert "\x1b[3" not in process("--help", FORCE_COLOR="1", NO_COLOR="1").stdout


def test_alone_it_shows_its_help_and_says_that_nothing_was_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["clasify"], "clockpizza: No such command 'clasify'. Did you mean 'classify'? (see clockpizza --help)\n"),
        (["doctor", "--jsno"], "clockpizza: no option --jsno; did you mean '--json'? (see clockpizza doctor --help)\n"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_code_2(
    args: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(args) == 2
    assert capsys.readouterr() == ("", message)


@pytest.mark.parametrize(
    ("end", "code", "message"),
    [
        (BadInput("a.pt: truncated"), 2, "clockpizza: a.pt: truncated\n"),
        (ClockpizzaError("diverged"), 1, "clockpizza: diverged\n"),
        (ClockpizzaError("bad\x1b[31m\nname"), 1, "clockpizza: bad\\x1b[31m\\nname\n"),
        (PermissionError(13, "Permission denied", "a.pt"), 1, "clockpizza: a.pt: Permission denied\n"),
        (KeyboardInterrupt(), 130, "clockpizza: interrupted\n"),
        (BrokenPipeError(), 1, ""),
        (typer.Exit(3), 3, ""),
        (4, 4, ""),
        (0, 0, ""),
    ],
)
def test_however_a_command_ends_there_is_a_code_and_at_most_one_line(
    end: BaseException | int,
    code: int,
    message: str,
    command: list[BaseException | int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    command.append(end)
    assert main(["work"]) == code
    assert capsys.readouterr() == ("", message)


def test_a_defect_of_its_own_is_not_hidden(command: list[BaseException | int]) -> None:
    command.append(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        main(["work"])


def test_a_reader_that_leaves_early_is_no_reason_to_complain() -> None:
    pipe = f"'{sys.executable}' -m clockpizza --help | true"
    done = subprocess.run(
        ["sh", "-c", pipe], capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True
    )
    assert done.stderr == b""


def test_a_bad_value_in_the_environment_is_blamed_on_its_variable(
    command: list[BaseException | int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLOCKPIZZA_WORK_BATCH", "many")
    assert main(["work"]) == 2
    assert capsys.readouterr().err.startswith("clockpizza: CLOCKPIZZA_WORK_BATCH is 'many': ")


def test_a_bad_value_in_toml_is_blamed_on_its_file(
    command: list[BaseException | int], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("clockpizza.toml").write_text('[work]\nbatch = "many"')
    assert main(["work"]) == 2
    assert capsys.readouterr().err.startswith('clockpizza: clockpizza.toml: [work] batch is "many"')


def test_command_line_beats_environment_beats_toml(
    command: list[BaseException | int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["work"]) == 0
    Path("clockpizza.toml").write_text("[work]\nbatch = 2")
    assert main(["work"]) == 1
    monkeypatch.setenv("CLOCKPIZZA_WORK_BATCH", "3")
    assert main(["work"]) == 2
    assert main(["work", "--batch", "4"]) == 3


def test_every_option_is_spelled_like_its_key_and_its_variable() -> None:
    group = typer.main.get_command(cli.app)
    assert isinstance(group, TyperGroup)
    for name, each in group.commands.items():
        for key, param in settings.options(each).items():
            assert "--" + key.replace("_", "-") in param.opts, f"{name}: name the parameter of {param.opts} after it"


def test_in_a_folder_that_was_deleted_it_says_so(tmp_path: Path) -> None:
    script = f"mkdir gone && cd gone && rmdir ../gone && '{sys.executable}' -m clockpizza doctor"
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "clockpizza: the current folder no longer exists; change to one that does\n"
