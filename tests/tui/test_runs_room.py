"""The room of runs: what the list and the curves say of the runs that are there."""

from __future__ import annotations

import json
from pathlib import Path

from textual.pilot import Pilot

from clockpizza.cuts import EDITION
from clockpizza.store import Index, SweepFolder, stop_requests
from tests.tui.conftest import Visit
from tests.tui.driving import screen, until, write
from tui.screens.confirm import ConfirmScreen
from tui.screens.runs import RunsScreen
from tui.widgets.curves import Curves
from tui.widgets.details import Details


def runs_room(pilot: Pilot[None]) -> RunsScreen:
    room = pilot.app.screen
    assert isinstance(room, RunsScreen)
    return room


def test_the_examples_are_there_on_a_fresh_clone(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        shown = screen(pilot)
        assert "3 runs" in shown
        assert "│   examples/clock " in shown
        assert "100.0% ● clock clear" in shown
        assert shown.count("100.0% ▲ pizza clear") == 2
        assert "examples/tied " in shown

    visit(examples, steps)


def test_verdicts_by_an_older_edition_of_the_rule_are_marked(paper: Path, visit: Visit) -> None:
    (result,) = paper.glob("paper/runs/r0.00*/result.json")
    verdict = {"name": "non-circular", "certainty": "mixed", "edition": 1}
    result.write_text(json.dumps({**json.loads(result.read_text()), "verdict": verdict}))

    async def steps(pilot: Pilot[None]) -> None:
        assert "╭─ runs, * judged by edition 1 of the rule ─" in screen(pilot)
        assert "99.9% ■ non-circular mix…* " in screen(pilot) and "30.0% × refused* " in screen(pilot)
        assert "verdicts   * 2 judged by edition 1 of the" in screen(pilot)  # of the sweep
        await pilot.press("j")
        await until(pilot, lambda: "■ non-circular mixed  by edition 1" in screen(pilot))
        for file in paper.glob("paper/runs/*/result.json"):
            new = json.loads(file.read_text())
            file.write_text(json.dumps({**new, "verdict": {**new["verdict"], "edition": EDITION}}))
        await until(pilot, lambda: "99.9% ■ non-circular mixed " in screen(pilot) and "refused* " not in screen(pilot))
        assert "edition" not in screen(pilot)

    visit(paper, steps, size=(120, 40))


def test_curves_tell_the_losses_of_the_run_under_the_cursor(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "train 1.38e-07  test 1.94e-07" in screen(pilot))
        assert "epoch 6,000" in screen(pilot)
        await pilot.press("j")
        await until(pilot, lambda: "examples/pizza/r0.00-w128-l1-s1  train 1.37e-07  test 2.14e-07" in screen(pilot))
        await pilot.press("a")
        await until(pilot, lambda: "train 1.0000  test 1.0000" in screen(pilot))

    visit(examples, steps)


def test_a_cursor_reads_the_curves_and_zoom_keeps_it_in_sight(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "epoch 6,000" in screen(pilot))
        history = pilot.app.library.history(pilot.app.library.rows()[0]).metrics()  # type: ignore[attr-defined]
        await pilot.press("l", *["H"] * 10)
        at = len(history["epoch"]) - 1 - 200
        assert f"epoch {history['epoch'][at]:,.0f} " in screen(pilot)
        assert f"train {history['train_loss'][at]:.3g}  test {history['test_loss'][at]:.3g}" in screen(pilot)
        await pilot.press("plus", "plus")
        view = runs_room(pilot)._view
        assert view.window is not None and view.cursor is not None
        assert view.window[0] < view.cursor < view.window[1]
        assert view.window[1] - view.window[0] <= 1500
        before = view.window[0]
        await pilot.press("right_square_bracket")
        assert view.window[0] > before
        await pilot.press("X")
        assert "log epochs" in screen(pilot)
        await pilot.press("s", "Y")
        assert "loss (mean of 5, log epochs)" in screen(pilot)
        await pilot.press("0")
        assert view.window is None and "epoch 6,000" in screen(pilot)

    visit(examples, steps)


def test_pinned_runs_stay_beside_the_one_under_the_cursor(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("space", "j", "space", "j")
        names = [each.name for each in runs_room(pilot).query_one("#loss", Curves)._series]
        runs = ("clock/r1.00-w128-l1-s5", "pizza/r0.00-w128-l1-s1", "tied/r0.00-w128-l1-s2")
        assert names == [f"examples/{each}" for each in runs]
        colours = [each.colour for each in runs_room(pilot).query_one("#loss", Curves)._series]
        assert len(set(colours)) == 3
        assert screen(pilot).count("◆") == 2
        await pilot.press("P")
        assert screen(pilot).count("◆") == 0

    visit(examples, steps)


def test_copied_curves_are_the_numbers_of_the_log(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "epoch 6,000" in screen(pilot))
        await pilot.press("tab", "y")

    visit(examples, steps)
    lines = Path("cache/clockpizza/copied.txt").read_text().splitlines()
    assert lines[0] == "run\tepoch\ttrain_loss\ttest_loss"
    (log,) = (examples / "examples/clock/runs").glob("*/events/*.jsonl")
    assert len(lines) == 1 + log.read_text().count('"kind":"metrics"')
    assert lines[-1].split("\t")[:2] == ["examples/clock/r1.00-w128-l1-s5", "6000"]
    assert 1e-7 < float(lines[-1].split("\t")[3]) < 1e-6


def test_a_filter_shows_what_fits_and_says_what_is_wrong(paper: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("slash")
        await write(pilot, "rate>=.5")
        assert "2 of 4 fit" in screen(pilot)
        assert "r0.50-w8-l1-s0" in screen(pilot) and "r0.25-w8-l1-s0" not in screen(pilot)
        await write(pilot, " verdit:pizza")
        assert "no field 'verdit'; did you mean 'verdict'?" in screen(pilot)
        await pilot.press("escape")
        assert "r0.25-w8-l1-s0" in screen(pilot)
        await pilot.press("f")
        await write(pilot, "width:9")
        assert "No run fits the filter." in screen(pilot)

    visit(paper, steps)


def test_states_and_verdicts_are_told_by_glyphs_too(paper: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        lines = screen(pilot).splitlines()
        assert any("▾ paper  2 finished (1 pizza, 1 refused), 1 queued, 1 crashed" in line for line in lines)
        pizza, refused, crashed, queued = (
            next(line for line in lines if f"  r{rate}-w8" in line) for rate in ("0.00", "0.25", "0.50", "1.00")
        )
        assert "✓ finished" in pizza and "99.9% ▲ pizza clear" in pizza
        assert "30.0% × refused" in refused
        assert "! crashed 40%" in crashed and " 40 " in crashed and "50.0%" in crashed
        assert "· queued" in queued

    visit(paper, steps)


def test_runs_are_sorted_by_what_one_wants(paper: Path, visit: Visit) -> None:
    def order(pilot: Pilot[None]) -> list[str]:
        return [key.rpartition("/")[2][:5] for key in runs_room(pilot)._lines.keys]

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("o", "o")
        assert "by accuracy" in screen(pilot)
        assert order(pilot) == ["r0.00", "r0.50", "r0.25", "r1.00"]  # the queued one has none, and comes last
        await pilot.press("R")
        assert order(pilot) == ["r0.25", "r0.50", "r0.00", "r1.00"]
        await pilot.press("O", "O", "space")
        assert "paper" in order(pilot)[0] or order(pilot)[0].startswith("sweep")

    visit(paper, steps)


def test_a_sweep_under_the_cursor_is_told_in_figures(paper: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        runs_room(pilot)  # the first line is the sweep's
        shown = "\n".join(line.plain for line in pilot.app.screen.query_one(Details)._lines)
        assert "4 runs such as p 7, 1 layer, width 8, attention rate 0" in shown
        assert "60.0% of 400 epochs" in shown  # 100 + 100 + 40 + 0
        await pilot.press("space")
        assert "r0.00-w8" not in screen(pilot).split("loss")[0]

    visit(paper, steps, size=(200, 60))


def test_stopping_what_nobody_trains_and_removing_a_run(paper: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("x")
        await until(pilot, lambda: "Nobody trains paper." in screen(pilot))
        await pilot.press("j", "D")
        assert isinstance(pilot.app.screen, ConfirmScreen)
        assert "paper/r0.00-w8-l1-s0?" in screen(pilot)
        await pilot.press("n")
        assert (paper / "paper/runs/r0.00-w8-l1-s0").exists()
        await pilot.press("D", "y")
        await until(pilot, lambda: "2 queued" in screen(pilot))

    visit(paper, steps)
    assert not (paper / "paper/runs/r0.00-w8-l1-s0").exists()
    assert stop_requests(SweepFolder(paper / "paper")) == frozenset()


def test_an_empty_folder_greets_with_what_to_press(tmp_path: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        shown = screen(pilot)
        assert "No runs in runs yet." in shown
        assert "4       opens a form" in shown and "ctrl+n" in shown
        await pilot.press("2")
        await until(pilot, lambda: "There are no runs yet" in screen(pilot))

    visit(Path("runs"), steps)


def test_a_sweep_that_cannot_be_read_says_why(paper: Path, visit: Visit) -> None:
    (paper / "paper" / "sweep.toml").write_text("schema = 1\n[runs]\nr = { widht = 3 }\n")

    async def steps(pilot: Pilot[None]) -> None:
        assert "did you mean 'width'?" in screen(pilot)
        await pilot.press("enter", "r", "x", "space")

    visit(paper, steps, size=(200, 60))


def test_names_from_files_do_not_reach_the_terminal_as_they_are(paper: Path, visit: Visit) -> None:
    result = paper / "paper/runs/r0.00-w8-l1-s0/result.json"
    result.write_text(result.read_text().replace("clear", "\\u001b[31mred [bold]"))

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("j")
        await until(pilot, lambda: "[31mred" in screen(pilot))
        assert "\x1b" not in screen(pilot)

    visit(paper, steps, size=(200, 60))


def test_two_thousand_runs_are_listed_and_walked(tmp_path: Path, visit: Visit) -> None:
    from clockpizza.store import create_sweep
    from clockpizza.sweep_spec import expand

    spec = expand({"attention_rate": "0:1:20", "seeds": 100, "p": 7, "width": 8})
    create_sweep(tmp_path / "runs", "large", spec)

    async def steps(pilot: Pilot[None]) -> None:
        assert "2,000 queued" in screen(pilot)
        await pilot.press("G")
        assert "2,001 of 2,001" in screen(pilot)
        assert "r1.00-w8-l1-s99" in screen(pilot)
        await pilot.press("pageup", "g")
        assert "1 of 2,001" in screen(pilot)

    visit(Path("runs"), steps)
    index = Index(Path("runs"))
    index.refresh()
    assert len(index.rows()) == 2_000
