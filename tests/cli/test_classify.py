"""`clockpizza classify`: files and folders in; verdicts out as panels, plain lines, JSON, CSV or one line each."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.cells import cell_len
from rich.console import Console

from clockpizza import checkpoints, settings
from clockpizza.classification import Classification
from clockpizza.classification import classify as classify_checkpoint
from clockpizza.cli import classify as command
from clockpizza.cli import main
from clockpizza.cli.panel import panel, plain_lines
from clockpizza.cuts import EDITION
from clockpizza.networks.ideal import ideal

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., tuple[int, str, str]]
BRAILLE, BLOCKS = re.compile("[\u2801-\u28ff]"), re.compile("[▀▄█]")


@pytest.fixture(autouse=True)
def nobodys_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
        monkeypatch.delenv(name)
    for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def go(*arguments: str) -> tuple[int, str, str]:
        code = main(["classify", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return go


def save(name: str, kind: str = "pizza", **arguments: Any) -> Path:
    made = ideal(kind, **{"p": 13, **({} if kind == "memoriser" else {"frequencies": (5, 2)}), **arguments})
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoints.write(path, made.network, training_pairs=made.training_pairs, record={})
    return path


@pytest.fixture
def two() -> None:
    """A clock and a pizza in the folder nets."""
    save("nets/clock.pt", "clock")
    save("nets/pizza.pt")


def test_quiet_is_one_line_a_network(two: None, run: Run) -> None:
    assert run("nets", "--quiet") == (0, "nets/clock.pt: clock (clear)\nnets/pizza.pt: pizza (clear)\n", "")


def test_json_is_one_object_a_line(two: None, run: Run) -> None:
    code, out, err = run("nets/pizza.pt", "nets/clock.pt", "--json")
    first, second = (json.loads(line) for line in out.splitlines())
    assert (code, err) == (0, "")
    assert [each["path"] for each in (first, second)] == ["nets/pizza.pt", "nets/clock.pt"]
    assert [each["verdict"]["name"] for each in (first, second)] == ["pizza", "clock"]
    assert first["evidence"]["accuracy"]["all_pairs"] == 1
    assert {circle["frequency"] for circle in first["evidence"]["circles"]} == {5, 2, 3, 4}


def test_csv_is_a_table_with_a_row_a_network(two: None, run: Run) -> None:
    code, out, err = run("nets", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, err, len(rows)) == (0, "", 2)
    assert [(row["path"], row["verdict"], row["certainty"], row["p"]) for row in rows] == [
        ("nets/clock.pt", "clock", "clear", "13"),
        ("nets/pizza.pt", "pizza", "clear", "13"),
    ]
    assert float(rows[1]["gradient_symmetricity"]) > 0.99 > 0.5 > float(rows[0]["gradient_symmetricity"])
    parts = {int(k): float(part) for k, _, part in (each.split(":") for each in rows[1]["main_circles"].split())}
    assert parts == {5: 1.0, 2: 1.0}
    shares = [f"{name}_share" for name in ("clock", "pizza", "unlawful", "unaccounted")]
    assert sum(float(rows[1][name]) for name in shares) == pytest.approx(1, abs=1e-6)
    assert (float(rows[1]["pizza_share"]) > 0.99, rows[1]["kind"], rows[1]["edition"]) == (True, "", str(EDITION))


def test_a_network_that_is_no_circles_says_what_it_is_in_every_form(run: Run) -> None:
    save("nets/line.pt", "number-line", frequencies=None, multiplier=5)
    assert run("nets", "--quiet")[1] == "nets/line.pt: non-circular (clear): number line\n"
    assert "NON-CIRCULAR  clear: number line" in run("nets")[1]
    assert json.loads(run("nets", "--json")[1])["verdict"]["kind"] == "number line"
    (row,) = csv.DictReader(io.StringIO(run("nets", "--csv")[1]))
    assert (row["verdict"], row["kind"], float(row["unaccounted_share"])) == ("non-circular", "number line", 1)


@pytest.mark.parametrize("forms", [("--json", "--csv"), ("--csv", "--quiet"), ("--json", "-q")])
def test_one_form_at_a_time(forms: tuple[str, str], two: None, run: Run) -> None:
    assert run("nets", *forms) == (2, "", "clockpizza: --json, --csv and --quiet exclude each other\n")


def test_without_a_terminal_the_panel_is_plain_lines(two: None, run: Run) -> None:
    code, out, err = run("nets/pizza.pt")
    assert (code, err) == (0, "")
    assert "\x1b" not in out and "│" not in out and not BRAILLE.search(out)
    lines = out.splitlines()
    assert lines[0] == "nets/pizza.pt"
    assert "PIZZA  clear" in lines[1]
    assert "  largest wrong logit: " in out and "[pizza <= .40, clock >= .60]" in out
    assert sum(line.startswith("  circle k ") for line in lines) == 4


def test_a_bad_file_among_good_ones_stops_nothing(two: None, run: Run) -> None:
    Path("nets/broken.pt").write_bytes(b"PK\x03\x04 and then nothing")
    code, out, err = run("nets", "--quiet")
    assert code == 2
    assert out == "nets/clock.pt: clock (clear)\nnets/pizza.pt: pizza (clear)\n"
    assert err.startswith("clockpizza: nets/broken.pt: ") and err.count("\n") == 1


def test_json_tells_of_a_bad_file_in_its_place(two: None, run: Run) -> None:
    Path("nets/broken.pt").write_text("no network")
    code, out, _ = run("nets", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 2
    assert [line["path"] for line in lines] == ["nets/broken.pt", "nets/clock.pt", "nets/pizza.pt"]
    assert lines[0]["error"].startswith("nets/broken.pt: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gone.pt",), "gone.pt: no such file or folder"),
        (("empty",), "empty: no checkpoint (.pt or .pth) in this folder"),
        (("nets", "--device", "abacus"), "device 'abacus' cannot be used here"),
        (("nets", "--precision", "float16"), "precision is 'float16'; it must be float64 or float32"),
        (("nets", "--p", "14"), "--p 14 contradicts the file"),
    ],
)
def test_bad_input_is_a_line_and_exit_code_2(arguments: tuple[str, ...], words: str, two: None, run: Run) -> None:
    Path("empty").mkdir()
    code, out, err = run(*arguments, "--quiet")
    assert (code, out) == (2, "")
    assert words in err and "Traceback" not in err


def test_a_refused_network_is_exit_code_3_and_says_why(two: None, run: Run) -> None:
    save("nets/table.pt", "memoriser", train_fraction=0.8)
    code, out, err = run("nets", "--quiet")
    assert (code, err) == (3, "")
    (line,) = (line for line in out.splitlines() if line.startswith("nets/table.pt: "))
    assert re.fullmatch(r"nets/table.pt: refused: it does not solve the task: accuracy 0\.8\d+ on all pairs.*", line)


def test_a_bad_file_weighs_more_than_a_refusal(run: Run) -> None:
    save("nets/table.pt", "memoriser", train_fraction=0.5)
    Path("nets/broken.pt").touch()
    assert run("nets", "--quiet")[0] == 2


def test_what_a_file_does_not_tell_can_be_said(run: Run) -> None:
    network = ideal("clock", p=13, frequencies=(5, 2)).network
    torch.save(dict(network.weights), "model_x.pt")
    code, _, err = run("model_x.pt", "--quiet")
    assert code == 2 and "--activation" in err
    assert run("model_x.pt", "--quiet", "--attention-rate", "0", "--activation", "relu", "--p", "13") == (
        0,
        "model_x.pt: clock (clear)\n",
        "",
    )


def test_float32_reaches_the_same_verdict(two: None, run: Run) -> None:
    assert run("nets", "--quiet", "--precision", "float32") == run("nets", "--quiet")


def test_control_characters_in_a_name_reach_no_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save("evil\x1b[31m\nclock (clear)\u202e.pt", "pizza")
    for form in ((), ("--quiet",)):
        code, out, err = run(str(path), *form)
        assert code == 0 and err == ""
        assert "evil\\x1b[31m\\nclock (clear)\\u202e.pt" in out and "\x1b" not in out and "\u202e" not in out
    assert run(str(path), "--quiet")[1].count("\n") == 1
    monkeypatch.setenv("FORCE_COLOR", "1")
    for shown in run(str(path))[1:]:
        assert "evil\x1b" not in shown and "\u202e" not in shown
    monkeypatch.delenv("FORCE_COLOR")
    assert json.loads(run(str(path), "--json")[1])["path"] == str(path)  # JSON escapes it, and loses nothing
    path.write_text("no network")
    code, out, err = run(str(path))
    assert (code, out) == (2, "") and err.startswith("clockpizza: evil\\x1b[31m\\nclock") and err.count("\n") == 1


@pytest.mark.parametrize("form", ["--json", "--csv", "--quiet"])
def test_results_go_to_stdout_while_a_bar_is_drawn_on_stderr(
    form: str, two: None, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in `clockpizza classify nets --json | jq`, typed at a terminal."""
    _, expected, _ = run("nets", form)
    monkeypatch.setenv("FORCE_COLOR", "1")  # Rich takes both for terminals
    code, out, err = run("nets", form)
    assert (code, out) == (0, expected)
    assert "0/2" in err and "clock (clear)" not in err and "{" not in err


def test_many_networks_get_a_line_each(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "PANELS", 1)
    save("nets/clock.pt", "clock")
    save("nets/pizza.pt")
    assert run("nets") == run("nets", "--quiet")


def test_on_a_terminal_it_is_a_panel_with_pictures(two: None, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    code, out, _ = run("nets/pizza.pt")
    assert (code, "\x1b[" in out, "PIZZA" in out) == (0, True, True)
    assert BRAILLE.search(out) and BLOCKS.search(out)
    code, out, _ = run("nets/pizza.pt", "--ascii")
    assert code == 0 and not BRAILLE.search(out) and not BLOCKS.search(out)


def test_the_bar_is_gone_from_the_line_that_a_panel_starts_on(two: None) -> None:
    side, terminal = pty.openpty()  # stdout and stderr on one terminal, as nothing else has them
    child = subprocess.Popen(
        [sys.executable, "-m", "clockpizza", "classify", "nets"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(terminal)
    written = b""
    with suppress(OSError):  # the end, on Linux
        while part := os.read(side, 1 << 16):
            written += part
    os.close(side)
    assert child.wait() == 0
    text = written.decode()
    assert "0/2" in text and text.count("╭") == 2
    for before in text.split("╭")[:-1]:
        last = re.split(r"[\r\n]", before)[-1]
        assert not re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", last).strip(), last


def test_json_has_shares_kind_laws_and_every_circle(run: Run) -> None:
    save("wide.pt", "wide", p=31, frequencies=None)
    (document,) = (json.loads(line) for line in run("wide.pt", "--json")[1].splitlines())
    verdict = document["verdict"]
    assert (document["schema"], verdict["edition"], verdict["kind"]) == (2, EDITION, None)
    assert list(verdict["shares"]) == ["clock", "pizza", "unlawful", "unaccounted"]
    assert sum(verdict["shares"].values()) == pytest.approx(1)
    assert len(verdict["circles"]) == len(document["evidence"]["circles"]) == 15  # all of them, no longer the first 12
    assert {circle["role"] for circle in document["evidence"]["circles"]} == {"main"}
    assert set(verdict["circles"][0]["law"]) == {"b0", "b1", "phase", "pizza", "misfit", "r2"}
    assert document["told"]["p"] == "file" and "p 31" in document["reading"]
    assert len(document["grounds"]["waves"]) == 15


def test_a_refused_network_has_planes_in_its_json_and_no_circle_at_work(run: Run) -> None:
    save("table.pt", "memoriser", train_fraction=0.8)
    document = json.loads(run("table.pt", "--json")[1])
    assert (document["verdict"]["name"], document["verdict"]["shares"], document["grounds"]["waves"]) == (
        None,
        None,
        [],
    )
    circles = document["evidence"]["circles"]
    assert circles and {circle["role"] for circle in circles} == {"idle"}
    assert {circle["law_full"] for circle in circles} == {None}


# ---- the panel itself -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def results() -> dict[str, Classification]:
    circles: dict[str, Any] = {"frequencies": (5, 2)}
    arguments = {
        **{"clock": circles, "pizza": circles, "lissajous": circles, "memoriser": {"train_fraction": 0.8}},
        **{"wide": {"p": 31}, "lookup": {}, "idle-circles": circles},
        # Companions and a phase make the widest table.
        "turned": circles | {"kind": "pizza", "separate_vocabularies": True, "b_turn": 0.6},
    }
    found = {}
    for kind, chosen in arguments.items():
        made = ideal(**{"kind": kind, "p": 13, **chosen})
        path = Path(f"ideal-{kind}.pt")
        found[kind] = classify_checkpoint(checkpoints.Checkpoint(path, "clockpizza", made.network, made.training_pairs))
    return found


def drawn(result: Classification, *, width: int = 80, ascii: bool = False) -> str:
    console = Console(
        record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor", _environ={}
    )
    console.print(panel(result, console, ascii=ascii))
    return console.export_text()


@pytest.mark.parametrize("width", [40, 80, 100, 200])
@pytest.mark.parametrize("kind", ["clock", "pizza", "lissajous", "memoriser", "wide", "turned"])
def test_a_panel_keeps_within_the_terminal(kind: str, width: int, results: dict[str, Classification]) -> None:
    lines = drawn(results[kind], width=width).splitlines()
    assert {cell_len(line) for line in lines} == {min(width, 124)}
    assert f"ideal-{kind}.pt" in lines[0]


def test_a_panel_gives_verdict_reasons_measures_and_pictures(results: dict[str, Classification]) -> None:
    for kind, word in (("clock", "CLOCK"), ("pizza", "PIZZA"), ("lissajous", "NON-CIRCULAR"), ("memoriser", "REFUSED")):
        text = drawn(results[kind])
        assert word in text.splitlines()[1]
        assert f"{results[kind].evidence.gradient_symmetricity.exact:.5f}" in text
        assert "correct logit" in text and BRAILLE.search(text) and BLOCKS.search(text)
    words = " ".join(drawn(results["pizza"]).replace("│", " ").split())
    assert results["pizza"].verdict.reasons[1:] in words


def test_a_refused_network_has_measures_and_no_circles_that_would_mean_something(
    results: dict[str, Classification],
) -> None:
    text = drawn(results["memoriser"])
    assert "over a-b" in drawn(results["clock"])
    assert "over a-b" not in text
    assert "held out" in text


def test_every_token_of_a_circle_is_labelled(results: dict[str, Classification]) -> None:
    picture = drawn(results["pizza"], width=124).partition("correct logit")[2]
    for token in range(13):
        assert len(re.findall(rf"(?<!\d){token}(?!\d)", picture)) >= 2  # on either circle


def test_an_ascii_panel_draws_with_ascii(results: dict[str, Classification]) -> None:
    text = drawn(results["pizza"], ascii=True)
    pictures = text.partition("correct logit")[2]
    assert not BRAILLE.search(text) and not BLOCKS.search(text)
    assert set(pictures) & set("@#%*+")


@pytest.mark.parametrize(
    "kind",
    ["clock", "pizza", "turned"],
)
def test_at_80_columns_no_number_is_cut_short_or_broken(kind: str, results: dict[str, Classification]) -> None:
    text, circle = drawn(results[kind]), results[kind].evidence.circles[0]
    assert circle.isolated is not None
    assert "…" not in text
    assert f"{circle.isolated.clock:.4f} / {circle.isolated.pizza:.4f}" in text
    if kind == "turned":
        (found, *_) = results[kind].verdict.circles
        assert f"{found.law.b0:.1f}+{found.law.b1:.1f}|cos{found.law.phase:+.2f}|" in text
        assert f"main -{found.companion}" in text


def test_in_a_narrow_terminal_columns_go_and_none_is_cut(results: dict[str, Classification]) -> None:
    for width, missing in ((60, "FVE clock/pizza"), (40, "over a-b")):
        text = drawn(results["turned"], width=width)
        (header,) = (line for line in text.splitlines() if line.startswith("│  k ") or line.startswith("│ k role"))
        assert "…" not in header and missing not in header and "pizza" in header


def test_all_four_shares_and_the_kind_are_told(results: dict[str, Classification]) -> None:
    pizza = drawn(results["pizza"]).splitlines()
    assert "▲ PIZZA  clear" in pizza[1]
    assert re.search(r"of the logits: clock <?\d %, pizza >?\d+ %, unlawful <?\d %, unaccounted <?\d %  ", pizza[2])
    for kind, what in (("lookup", "lookup or broad"), ("idle-circles", "number line"), ("lissajous", "number line")):
        lines = drawn(results[kind]).splitlines()
        assert f"■ NON-CIRCULAR  clear: {what}" in lines[1]
        assert "clock 0 %, pizza 0 %, unlawful 0 %, unaccounted 100 %" in lines[2]
        plain = plain_lines(results[kind])
        assert plain[1:3] == [
            f"  ■ NON-CIRCULAR  clear: {what}",
            "  of the logits: clock 0 %, pizza 0 %, unlawful 0 %, unaccounted 100 %",
        ]
        assert any("role idle" in line for line in plain)


def test_circles_beyond_those_of_a_panel_are_counted_and_plain_lines_have_all(
    results: dict[str, Classification],
) -> None:
    text = drawn(results["wide"])
    assert sum("|cos|" in line for line in text.splitlines() if " main " in line) == 8
    assert "and 7 more (see --json)" in text
    assert sum(line.startswith("  circle k ") for line in plain_lines(results["wide"])) == 15


def test_how_a_file_was_read_is_said_once(results: dict[str, Classification], run: Run) -> None:
    network = ideal("clock", p=13, frequencies=(5, 2)).network
    torch.save(dict(network.weights), "model_x.pt")
    options = ("--attention-rate", "0", "--activation", "relu", "--p", "13")
    text = run("model_x.pt", *options)[1]
    assert text.count("read as: ") == 1 and "attention rate 0, ReLU (option)" in text
    memoriser = ideal("memoriser", p=13, train_fraction=0.5)
    torch.save(dict(memoriser.network.weights), "model_x.pt")
    code, text, _ = run("model_x.pt", *options)
    assert code == 3 and "as read with" in text and "read as: " not in text
    assert text.count("ReLU (option)") == 1


def test_plain_lines_hold_what_the_panel_holds(results: dict[str, Classification]) -> None:
    for kind, result in results.items():
        text = "\n".join(plain_lines(result))
        assert f"{result.evidence.gradient_symmetricity.exact:.5f}" in text
        assert result.verdict.reasons[1:] in text
        assert ("circle k " in text) == (kind != "memoriser")


def test_every_key_and_every_column_is_documented(results: dict[str, Classification]) -> None:
    page = (ROOT / "docs" / "classify.md").read_text()

    def keys(value: Any) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(keys, value))
        if not isinstance(value, dict):
            return set()
        # Where keys are names of vocabularies, numbers of components or settings they are no words of ours.
        return {key for key in value if len(key) > 2 and not key.isdigit()}.union(*map(keys, value.values()))

    for kind in ("turned", "idle-circles", "memoriser"):
        document = results[kind].to_dict()
        document |= {"network": {}, "told": {}, "record": {}}
        missing = {key for key in keys(document) if f"`{key}`" not in page and f".{key}`" not in page}
        assert not missing
    assert not {name for name in command.COLUMNS if f"`{name}`" not in page}
