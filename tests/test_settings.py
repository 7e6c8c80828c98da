"""Every option can come from the command line, the environment, or TOML, and the first of these wins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.core import TyperGroup

from clockpizza import settings
from clockpizza.errors import BadInput


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, an empty home, and no variables of the developer's own."""
    for name in (settings.CONFIG, "CLOCKPIZZA_CLASSIFY_DEVICE", "CLOCKPIZZA_CLASSIFY_BATCH"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "work").mkdir()
    (tmp_path / "home" / "clockpizza").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "clockpizza" / "config.toml"


def group() -> TyperGroup:
    app = typer.Typer(context_settings={"auto_envvar_prefix": settings.PREFIX})

    @app.callback()
    def laboratory(ctx: typer.Context) -> None:
        ctx.default_map = settings.load(ctx.command).default_map()  # type: ignore[arg-type]

    @app.command()
    def classify(
        ctx: typer.Context,
        paths: Annotated[list[Path] | None, typer.Argument()] = None,
        device: str = "auto",
        batch: Annotated[int, typer.Option(min=1)] = 64,
        rate: float = 0.5,
        quiet: bool = False,
        tag: Annotated[list[str] | None, typer.Option()] = None,
    ) -> dict[str, Any]:
        return {**ctx.params, "tag": list(tag or [])}

    @app.command("make-ideal")
    def make_ideal(base_seed: int = 0) -> None: ...

    command = typer.main.get_command(app)
    assert isinstance(command, TyperGroup)
    return command


def run(*args: str) -> dict[str, Any]:
    return group().main(["classify", *args], prog_name="clockpizza", standalone_mode=False)


def write(text: str, path: Path = Path("clockpizza.toml")) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def complaint(text: str) -> str:
    write(text)
    with pytest.raises(BadInput) as caught:
        settings.load(group())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_files_every_option_has_its_default() -> None:
    assert run()["device"] == "auto"
    assert settings.load(group()) == settings.Settings()


def test_a_table_in_the_current_folder_sets_the_options_of_its_command() -> None:
    write('[classify]\ndevice = "cpu"\nbatch = 8\nrate = 1\nquiet = true\ntag = ["a", "b"]')
    given = run()
    assert {key: given[key] for key in ("device", "batch", "rate", "quiet", "tag")} == {
        "device": "cpu",
        "batch": 8,
        "rate": 1.0,
        "quiet": True,
        "tag": ["a", "b"],
    }


def test_the_environment_beats_toml_and_the_command_line_beats_both(monkeypatch: pytest.MonkeyPatch) -> None:
    write('[classify]\ndevice = "from-toml"')
    monkeypatch.setenv("CLOCKPIZZA_CLASSIFY_DEVICE", "from-environment")
    assert run()["device"] == "from-environment"
    assert run("--device", "from-command-line")["device"] == "from-command-line"


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOCKPIZZA_CLASSIFY_DEVICE", "")
    assert run()["device"] == "auto"


def test_the_current_folder_beats_the_home_folder_option_by_option(home: Path) -> None:
    write('[classify]\ndevice = "cuda:1"\nbatch = 3', home)
    write('[classify]\ndevice = "cpu"')
    assert (run()["device"], run()["batch"]) == ("cpu", 3)


def test_clockpizza_config_stands_in_for_both_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("[classify]\nbatch = 3", home)
    write("[classify]\nbatch = 4")
    monkeypatch.setenv(settings.CONFIG, str(write('[classify]\ndevice = "cpu"', Path("mine.toml"))))
    assert (run()["device"], run()["batch"]) == ("cpu", 64)


def test_clockpizza_config_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.CONFIG, "nowhere.toml")
    with pytest.raises(BadInput, match=r"CLOCKPIZZA_CONFIG names nowhere\.toml"):
        settings.load(group())


@pytest.mark.parametrize("text", ["[make-ideal]\nbase-seed = 7", "[make_ideal]\nbase_seed = 7"])
def test_dashes_and_underscores_are_the_same(text: str) -> None:
    write(text)
    assert settings.load(group()).default_map() == {"make-ideal": {"base_seed": 7}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[clasify]", "clockpizza.toml: unknown table [clasify]; did you mean 'classify'?"),
        ("[classify]\ndevcie = 1", "clockpizza.toml: [classify] has no option devcie; did you mean 'device'?"),
        ("[classify]\npaths = []", "clockpizza.toml: [classify] has no option paths"),
        ("[classify]\nhelp = true", "clockpizza.toml: [classify] has no option help"),
        ("device = 1", "clockpizza.toml: device stands outside any table"),
        ("[classify", "clockpizza.toml: not valid TOML"),
        ('[classify]\nbatch = "8"', 'clockpizza.toml: [classify] batch is "8"; expected a number'),
        ("[classify]\nbatch = true", "clockpizza.toml: [classify] batch is true; expected a number"),
        ("[classify]\nbatch = 0", "clockpizza.toml: [classify] batch is 0"),
        ("[classify]\nbatch = 2.5", "clockpizza.toml: [classify] batch is 2.5"),
        ("[classify]\nquiet = 1", "clockpizza.toml: [classify] quiet is 1; expected true or false"),
        ("[classify]\ndevice = 5", "clockpizza.toml: [classify] device is 5"),
        ('[classify]\ntag = "a"', 'clockpizza.toml: [classify] tag is "a"'),
        ("[classify.device]\nx = 1", 'clockpizza.toml: [classify] device is {"x": 1}'),
        (
            "[make-ideal]\nbase-seed = 1\n[make_ideal]\nbase_seed = 2",
            "clockpizza.toml: [make-ideal] base_seed is given",
        ),
    ],
)
def test_a_mistake_is_named_with_its_file_its_key_and_the_nearest_name(text: str, expected: str) -> None:
    assert complaint(text).startswith(expected)


def test_a_file_that_is_not_text_is_named() -> None:
    Path("clockpizza.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match=r"clockpizza\.toml: not UTF-8"):
        settings.load(group())


def test_each_option_knows_where_its_value_comes_from(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("[classify]\nbatch = 3", home)
    write('[classify]\nquiet = true\ndevice = "cpu"')
    monkeypatch.setenv("CLOCKPIZZA_CLASSIFY_DEVICE", "cuda")
    found = {(each.command, each.option): each for each in settings.origins(group(), settings.load(group()))}
    told = {key: (each.value, each.source) for key, each in found.items()}
    assert told[("classify", "--device")] == ("cuda", "CLOCKPIZZA_CLASSIFY_DEVICE")
    assert told[("classify", "--quiet")] == (True, "clockpizza.toml")
    assert told[("classify", "--batch")] == (3, str(home))
    assert told[("make-ideal", "--base-seed")] == (0, "default")


def test_variables_that_nothing_reads_are_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOCKPIZZA_CLASSIFY_DEVCIE", "cpu")
    monkeypatch.setenv("CLOCKPIZZA_CLASSIFY_DEVICE", "cpu")
    strays = settings.stray_variables(group())
    assert strays["CLOCKPIZZA_CLASSIFY_DEVCIE"] == "; did you mean 'CLOCKPIZZA_CLASSIFY_DEVICE'?"
    assert "CLOCKPIZZA_CLASSIFY_DEVICE" not in strays
