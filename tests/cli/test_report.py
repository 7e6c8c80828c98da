"""`clockpizza report` on folders as a worker leaves them, finished and unfinished, whole and damaged."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from clockpizza.cli import main
from clockpizza.store import EventWriter, SweepFolder, begin_run, create_sweep, write_result
from clockpizza.sweep_spec import expand

Out = pytest.CaptureFixture[str]
RATES = 10


@pytest.fixture(autouse=True)
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SweepFolder:
    """A sweep over eleven rates, two seeds each: clocks from .5 on; of the last rate one run is in training."""
    monkeypatch.chdir(tmp_path)
    for name in ("CLOCKPIZZA_RUNS", "CLOCKPIZZA_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    spec = expand({"attention_rate": "0:1:11", "seeds": 2, "p": 7, "width": 8, "epochs": 100})
    folder = create_sweep(Path("runs"), "paper", spec)
    for id, config in spec.runs.items():
        run = begin_run(folder, id, config)
        clock = (config.network.attention_rate or 0) >= 0.5
        name = "clock" if clock else "pizza"
        measures = {
            "gradient_symmetricity_100": 0.5 if clock else 0.99,
            "distance_irrelevance": 0.7,
            "circularity": 0.999,
        }
        if id == "r1.00-w8-l1-s1":
            writer = EventWriter(run)
            writer.append("metrics", epoch=40, test_accuracy=1.0)
            writer.append("snapshot", epoch=40, measures=measures)
            continue
        verdict = {"name": name, "certainty": "clear", "refused": None}
        write_result(run, "finished", attempt=1, epoch=100, verdict=verdict, measures=measures)
    return folder


def test_a_sweep_is_told_on_stdout(capsys: Out) -> None:
    assert main(["report", "paper"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("paper\n22 runs such as p 7, 1 layer, width 8") and err == ""
    assert "21 finished (11 clock, 10 pizza), 1 crashed" in out
    assert "Finished runs had 100 epochs; 1 unfinished at epoch 40 of 100." in out
    assert "· 1 unfinished, by their last snapshots" in out
    assert "Half of the clocks and pizzas are clocks at attention rate 0.450 (95 %:" in out.replace("\n", " ")


def test_json_and_csv_are_for_programs(capsys: Out) -> None:
    assert main(["report", "paper", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["whole"]["clock"]["status"] == "separate" and document["whole"]["clock"]["value"] == 0.45
    assert main(["report", "paper", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 22
    assert (rows[0]["run"], rows[0]["verdict"], rows[0]["attention_rate"]) == ("r0.00-w8-l1-s0", "pizza", "0.0")
    assert (rows[-1]["state"], rows[-1]["verdict"], rows[-1]["final"]) == ("crashed", "", "False")


def test_editions_are_told_apart(sweep: SweepFolder, capsys: Out) -> None:
    assert main(["report", "paper"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "All 21 finished runs were judged by edition 1 of the rule" in told and "Mean shares" not in told
    assert "Trained for 100 epochs; the paper trains 20,000." in told
    names, shares = ("clock_share", "pizza_share", "unlawful_share", "unaccounted_share"), (0.3, 0.5, 0.15, 0.05)
    for id in ("r0.00-w8-l1-s0", "r0.10-w8-l1-s0", "r1.00-w8-l1-s0"):
        verdict = {"name": "pizza", "certainty": "mixed", "refused": None, "kind": "", "edition": 2}
        measures = dict(zip(names, shares, strict=True))
        write_result(sweep.run(id), "finished", attempt=1, epoch=100, verdict=verdict, measures=measures)
    assert main(["report", "paper"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "3 finished (3 pizza), 1 crashed" in told
    assert "Counted apart: 18 runs judged by edition 1 of the rule (10 clock, 8 pizza)." in told
    assert "`clockpizza rejudge paper` judges them by edition 2." in told
    assert "clocks write 30 % (30-30) and pizzas 50 % (50-50), as the mean over 3 runs; 20 % is neither's." in told
    assert main(["report", "paper", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    found = [(each["clock_share"], each["edition"]) for each in rows[:2]]
    assert found == [("0.3", "2"), ("", "1")]


def test_pictures_and_pages_go_to_files(capsys: Out) -> None:
    assert main(["report", "paper", "--svg", "a.svg", "--html", "a.html"]) == 0
    assert capsys.readouterr() == ("", "wrote a.svg\nwrote a.html\n")
    assert Path("a.svg").read_text().startswith("<svg ") and "<svg " in Path("a.html").read_text()
    assert main(["report", "paper", "--svg", "a.svg", "--json"]) == 0  # again, as while it is trained
    assert json.loads(capsys.readouterr().out)["sweep"] == "paper"


def test_a_damaged_result_is_counted_and_told(sweep: SweepFolder, capsys: Out) -> None:
    sweep.run("r0.00-w8-l1-s0").result_file.write_text("{garbage")
    assert main(["report", "paper"]) == 0
    out = capsys.readouterr().out.replace("\n", " ")
    assert "20 finished (11 clock, 9 pizza), 1 crashed, 1 failed" in out or "1 failed" in out
    assert "r0.00-w8-l1-s0/result.json: not JSON" in out


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["papr"], "no sweep 'papr' in runs; did you mean 'paper'?"),
        (["paper", "--json", "--csv"], "--json and --csv exclude each other"),
        (["paper", "--svg", "runs/paper/sweep.toml"], "runs/paper/sweep.toml: expected a file named *.svg"),
    ],
)
def test_what_cannot_be_is_one_line(args: list[str], words: str, capsys: Out) -> None:
    assert main(["report", *args]) == 2
    out, err = capsys.readouterr()
    assert words in err and out == "" and err.count("\n") == 1


def test_a_sweep_that_cannot_be_read_is_named(sweep: SweepFolder, capsys: Out) -> None:
    sweep.spec_file.write_text("widht = 3")
    assert main(["report", "paper"]) == 2
    assert "sweep.toml: unknown key 'widht'; did you mean 'width'?" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_said(capsys: Out) -> None:
    assert main(["report", "paper", "--svg", "gone/a.svg"]) == 1
    assert "gone/a.svg: cannot be written: No such file or directory" in capsys.readouterr().err


def test_it_needs_no_torch(sweep: SweepFolder) -> None:
    import subprocess
    import sys

    program = "import sys; import clockpizza.report; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"
