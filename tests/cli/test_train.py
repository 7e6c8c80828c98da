"""`clockpizza train`: a recipe in, a folder and verdicts out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clockpizza.checkpoints import read
from clockpizza.cli import main
from clockpizza.store import open_sweep, read_result

TINY = ["train", "--p", "7", "--width", "8", "--heads", "2", "--epochs", "20", "--device", "cpu", "--foreground"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("CLOCKPIZZA_RUNS", "CLOCKPIZZA_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path


def test_seeds_are_stacked_and_each_is_judged(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TINY, "--seeds", "2", "--name", "two", "--attention-rate", "0.5"]) == 3  # refused: 20 epochs are few
    out, err = capsys.readouterr()
    assert "runs/two: 2 runs such as p 7" in err and "epoch 20 of 20" in err
    for seed in (0, 1):
        assert f"r0.50-w8-l1-s{seed}: refused: " in out
        weights = Path("runs/two/runs", f"r0.50-w8-l1-s{seed}", "weights.pt")
        assert f"clockpizza classify {weights}" in out
        assert read(weights).record["stack"] == 2


def test_the_same_command_finds_its_folder_again_and_does_nothing_twice(capsys: pytest.CaptureFixture[str]) -> None:
    main([*TINY, "--seed", "4", "--json"])
    first = json.loads(capsys.readouterr().out)
    assert main([*TINY, "--seed", "4", "--json"]) == 3
    assert json.loads(capsys.readouterr().out) == first
    assert first["run"] == "r1.00-w8-l1-s4" and first["status"] == "finished" and first["epoch"] == 20
    assert len(list(Path("runs").iterdir())) == 1
    assert main([*TINY, "--seed", "4", "--lr", "0.01", "--json"]) == 3
    assert len(list(Path("runs").iterdir())) == 2


def test_linear_models_are_trained_too(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["train", "--model", "linear:beta", "--p", "7", "--width", "8", "--epochs", "5", "--name", "beta"]
    assert main([*command, "--device", "cpu", "--foreground", "--quiet"]) == 3
    assert capsys.readouterr().err == ""
    result = read_result(open_sweep(Path("runs"), "beta").run("beta-h8-s0"))
    assert result is not None and result["epoch"] == 5


def test_runs_live_where_one_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOCKPIZZA_RUNS", "elsewhere")
    main([*TINY, "--name", "x", "--quiet"])
    assert Path("elsewhere/x/sweep.toml").is_file()
    main([*TINY, "--name", "x", "--quiet", "--runs", "there"])
    assert Path("there/x/sweep.toml").is_file()


def test_the_preset_gives_way_to_what_is_said() -> None:
    main([*TINY, "--preset", "quick", "--name", "q", "--quiet"])
    config = open_sweep(Path("runs"), "q").run("r1.00-w8-l1-s5").config_file.read_text()
    assert "epochs = 20\n" in config and "attention_rate = 1.0" in config


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--attention-rate", "2"], "attention_rate is 2.0; it must lie between 0 and 1"),
        (["--seed", "1", "--seeds", "2"], "--seed and --seeds exclude each other"),
        (["--model", "mlp"], "model is 'mlp'; it must be transformer or linear:"),
        (["--model", "linear:beta", "--attention-rate", "0"], "linear:beta has no attention"),
        (["--device", "tpu"], "device 'tpu' cannot be used here"),
        (["--train-fraction", "1"], "train_fraction is 1.0; it must lie between 0 and 1"),
        (["--name", "../up"], "sweep name"),
        (["--epochs", "0"], "epochs is 0; it must lie between 1 and"),
    ],
)
def test_what_cannot_be_is_one_line(options: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TINY, *options]) == 2
    out, err = capsys.readouterr()
    assert words in err and out == ""
    assert err.count("\n") == 1
    assert not Path("runs").exists() or not list(Path("runs").iterdir())


def test_another_recipe_under_a_taken_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    main([*TINY, "--name", "x", "--quiet"])
    capsys.readouterr()
    assert main([*TINY, "--name", "x", "--seed", "9"]) == 2
    assert "choose another name" in capsys.readouterr().err


def test_by_default_a_worker_trains_and_is_followed(capsys: pytest.CaptureFixture[str]) -> None:
    command = [option for option in TINY if option != "--foreground"]
    assert main([*command, "--name", "x", "--keep-checkpoints"]) == 3
    out, err = capsys.readouterr()
    assert out.startswith("r1.00-w8-l1-s0: refused: ") and "epoch 20 of 20" in err
    run = open_sweep(Path("runs"), "x").run("r1.00-w8-l1-s0")
    assert run.kept_epochs()[-1] == 20
    (log,) = Path("runs/x/logs").iterdir()
    assert "training 1 run from epoch 0: r1.00-w8-l1-s0" in log.read_text()
