"""`clockpizza inspect`: a checkpoint or a run in; text, JSON or a page out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clockpizza import checkpoints, settings
from clockpizza.cli import main
from clockpizza.networks.ideal import ideal

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def nobodys_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
        monkeypatch.delenv(name)
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def go(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return go


def save(name: str, kind: str = "pizza", **arguments: Any) -> str:
    made = ideal(kind, **{"p": 13, **({} if kind == "memoriser" else {"frequencies": (5, 2)}), **arguments})
    checkpoints.write(Path(name), made.network, training_pairs=made.training_pairs, record={})
    return name


def test_all_views_come_out_as_text(run: Run) -> None:
    code, out, err = run("inspect", save("it.pt"))
    assert (code, err) == (0, "")
    for title in (
        "The verdict",
        "Variance explained by the formulas",
        "Phases: disc or torus",
        "Restricted and excluded",
    ):
        assert title in out
    assert max(map(len, out.splitlines())) <= 80


def test_json_is_the_portraits_document(run: Run) -> None:
    code, out, _ = run("inspect", save("it.pt"), "--json", "--at", "1,2,3", "--at", "4,5,6")
    document = json.loads(out)
    assert code == 0 and document["classification"]["verdict"]["name"] == "pizza"
    assert [each["at"] for each in document["tables"]["component_gradients"]] == [[1, 2, 3], [4, 5, 6]]
    assert document["tables"]["progress_losses"]["frequencies"] == [2, 5]


def test_a_page_is_written_and_nothing_else_said_on_stdout(run: Run) -> None:
    code, out, err = run("inspect", save("it.pt"), "--html", "it.html")
    assert (code, out, err) == (0, "", "wrote it.html\n")
    assert Path("it.html").read_text().startswith("<!doctype html>")


def test_views_can_be_chosen(run: Run) -> None:
    code, out, _ = run("inspect", save("it.pt"), "--only", "losses,second-order")
    assert code == 0 and out.startswith("Second-order power") and "The verdict" not in out


def test_an_unsolved_network_is_inspected_with_a_warning(run: Run) -> None:
    code, out, err = run("inspect", save("it.pt", "memoriser", train_fraction=0.5))
    assert code == 0
    assert err.startswith("clockpizza: it.pt: it does not") and err.endswith("numbers marked ! mean nothing here\n")
    assert "!\n" in out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--only", "fwe"], "no view is called 'fwe'; did you mean 'fve'?"),
        (["--at", "1,2"], "--at 1,2: expected three tokens a,b,c such as 5,6,11"),
        (["--at", "1,2,13"], "1,2,13 is no a,b,c with tokens from 0 to 12"),
        (["--html", "it.pt"], "it.pt: expected a file named *.html"),
        (["--device", "cuda:99"], "cuda:99"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(arguments: list[str], complaint: str, run: Run) -> None:
    code, out, err = run("inspect", save("it.pt"), *arguments)
    assert (code, out) == (2, "") and complaint in err and err.count("\n") == 1


def test_what_there_is_not_is_said_in_a_line(run: Run) -> None:
    for name, complaint in (("none.pt", "there is no such file"), ("nobody", "no sweep 'nobody' in runs")):
        code, out, err = run("inspect", name)
        assert (code, out) == (2, "") and complaint in err
    Path("empty").mkdir()
    assert "neither a checkpoint nor a run's folder" in run("inspect", "empty")[2]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with one finished run."""
    folder = tmp_path_factory.mktemp("runs")
    recipe = ["--model", "linear:alpha", "--p", "7", "--width", "16", "--epochs", "30", "--device", "cpu"]
    assert main(["train", *recipe, "--runs", str(folder), "--name", "it", "--foreground", "--quiet"]) in (0, 3)
    return folder


def test_a_run_is_inspected_by_its_name_or_folder_and_its_page_has_a_slider(trained: Path, run: Run) -> None:
    (folder,) = (trained / "it" / "runs").iterdir()
    for name in ("it", f"it/{folder.name}", str(folder), str(trained / "it"), str(folder / "weights.pt")):
        code, _, err = run("inspect", name, "--runs", str(trained), "--html", "it.html")
        assert code == 0 and err.endswith("wrote it.html\n")
        assert 'type="range"' in Path("it.html").read_text()


@pytest.mark.parametrize("what", ["circles", "fourier", "measures", "loss"])
def test_a_run_is_drawn_through_time(what: str, trained: Path, run: Run) -> None:
    code, out, err = run("plot", "it", "--runs", str(trained), "--what", what)
    assert (code, err) == (0, "")
    assert what in out and max(map(len, out.splitlines())) <= 80
    code, out, _ = run("plot", "it", "--runs", str(trained), "--what", what, "--json")
    lines = json.loads(out)["lines"]
    assert code == 0 and lines and all(len(line["epoch"]) == len(line["value"]) for line in lines.values())


def test_losses_through_time_are_restricted_and_excluded_too(trained: Path, run: Run) -> None:
    _, out, _ = run("plot", "it", "--runs", str(trained), "--what", "loss", "--json")
    assert list(json.loads(out)["lines"]) == ["restricted", "excluded", "training", "held out"]


def test_a_run_without_snapshots_or_weights_says_how_to_get_them(trained: Path, run: Run) -> None:
    (folder,) = (trained / "it" / "runs").iterdir()
    bare = Path("bare")
    (bare / "events").mkdir(parents=True)
    (bare / "config.toml").write_bytes((folder / "config.toml").read_bytes())
    code, _, err = run("plot", "bare")
    assert code == 2 and "no snapshots; `clockpizza train` and `sweep` take them" in err
    code, _, err = run("inspect", "bare")
    assert code == 2 and "no weights yet; they are written when it ends" in err
