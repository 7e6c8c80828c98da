"""The room of a network: its verdict, circles, pictures and training, as they are in the run's files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot

from clockpizza import portrait
from clockpizza.store import EventWriter, RunFolder, begin_run, create_sweep, write_arrays
from clockpizza.sweep_spec import expand
from tests.tui.conftest import Visit
from tests.tui.driving import screen, until
from tests.tui.test_facts import OLD
from tui.app import ClockpizzaApp
from tui.helper import Portraits
from tui.screens.network import NetworkScreen
from tui.settings import Options
from tui.widgets.circle import CirclePanel
from tui.widgets.circle_table import COLUMNS, CircleTable
from tui.widgets.panel import Panel
from tui.widgets.picture import PicturePanel
from tui.widgets.verdict import VerdictPanel

CLOCK, PIZZA = "examples/clock/r1.00-w128-l1-s5", "examples/pizza/r0.00-w128-l1-s1"


def lab(pilot: Pilot[None]) -> ClockpizzaApp:
    assert isinstance(pilot.app, ClockpizzaApp)
    return pilot.app


async def enter(pilot: Pilot[None], name: str, words: str) -> NetworkScreen:
    """Open a run's network, and wait until words are there."""
    row = lab(pilot).library.row(name)
    assert row is not None
    lab(pilot).open_run(row)
    await until(pilot, lambda: words in screen(pilot))
    room = pilot.app.screen
    assert isinstance(room, NetworkScreen)
    return room


def test_the_banner_tells_the_verdict_its_certainty_and_its_reasons(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await enter(pilot, CLOCK, "● CLOCK clear")
        shown = screen(pilot)
        assert re.search(r"clock 91 % █+░*▒+ pizza 8 %, unlawful <1 %, unaccounted 1 %", shown)
        assert "GS 0.3448  DI 0.8146  DI wrong 0.8898  circularity 0.9302  norm 24.4" in shown
        assert (
            "Circle 18 writes 38 % of the logits' variance; with planes 9 and 23 out of the embedding, its amplitude"
            in shown
        )
        assert "Of all the logits' variance the clock's law explains 91 %" in " ".join(shown.replace("▌", "").split())

    visit(examples, steps, size=(120, 40))


def test_reasons_that_do_not_fit_end_with_dots_and_are_whole_alone_and_when_copied(
    examples: Path, visit: Visit
) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        room = await enter(pilot, CLOCK, "● CLOCK clear")
        assert re.search(r"clock 91 % █+▒+ pizza 8 %, unlawful <1 %, unaccounted 1 %", screen(pilot))
        assert re.search(r"Circle 18 writes 38 % .*\n.* …$", screen(pilot), re.MULTILINE)
        panel = room.query_one(VerdictPanel)
        panel.focus()
        await pilot.press("z")
        await until(pilot, lambda: panel.size.height > 10)
        assert " ".join(panel.facts.reasons.split()) in " ".join(screen(pilot).replace("▌", "").split())
        copied = panel.copy_text().splitlines()
        assert copied[:2] == ["clock clear", panel.facts.reasons]
        assert [line.split("\t")[0] for line in copied[2:6]] == ["clock", "pizza", "unlawful", "unaccounted"]

    visit(examples, steps)


def judged(run: RunFolder, document: dict[str, Any]) -> None:
    """Put another verdict and evidence into a run's result."""
    path = run.result_file
    path.write_text(json.dumps(json.loads(path.read_text()) | document))


@pytest.mark.parametrize("width", [80, 120])
def test_a_result_of_the_first_edition_is_shown_without_shares(width: int, examples: Path, visit: Visit) -> None:
    judged(RunFolder(examples / "examples" / "clock" / "runs" / CLOCK.rpartition("/")[2]), OLD)

    async def steps(pilot: Pilot[None]) -> None:
        room = await enter(pilot, CLOCK, "● CLOCK clear  by edition 1 of the rule: clockpizza rejudge")
        assert "the amplitude of circle 13" in screen(pilot)
        assert "unlawful" not in screen(pilot) and "neither" not in screen(pilot)
        rows = [line.split("\t") for line in room.query_one(CircleTable).copy_text().splitlines()]
        cells = dict(zip(rows[0], rows[1], strict=True))
        assert (cells["role"], cells["var"], cells["over a-b"], cells["FVE c"]) == ("main", "33.0%", "", "0.850")

    visit(examples, steps, size=(width, 40))


@pytest.mark.parametrize("ascii", [False, True])
def test_a_number_line_says_so_and_a_lack_of_room_cuts_no_share(ascii: bool, examples: Path, visit: Visit) -> None:
    shares = {"clock": 0.0, "pizza": 0.0, "unlawful": 0.0, "unaccounted": 1.0}
    verdict = {"edition": 2, "name": "non-circular", "certainty": "clear", "kind": "number line", "shares": shares}
    run = RunFolder(examples / "examples" / "clock" / "runs" / CLOCK.rpartition("/")[2])
    judged(
        run, {"verdict": verdict | {"circles": [], "reasons": "Its tokens t lie on a number line.", "refused": None}}
    )

    async def steps(pilot: Pilot[None]) -> None:
        await enter(pilot, CLOCK, "NON-CIRCULAR clear: number line")
        assert re.search(r"clock 0 % (░+|\.+) pizza 0 %, neither 100 %$", screen(pilot), re.MULTILINE)
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: "pizza 0 %, unlawful 0 %, unaccounted 100 %" in screen(pilot))

    visit(examples, steps, options=Options(ascii=ascii))


def test_a_cursor_walks_round_the_circle_from_neighbour_to_neighbour(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await enter(pilot, CLOCK, "circle k 18, delta 23, 1 of 3")
        assert "token 0 " in screen(pilot)
        await pilot.press("l", "l", "l")
        assert "token 10 = 3 x 23" in screen(pilot)
        await pilot.press("h")
        assert re.search(r"token 46 = 2 x 23  1\d° \(ideal 12°\)", screen(pilot))

    visit(examples, steps)


def test_the_circles_are_gone_through_in_the_circle_and_in_the_table(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await enter(pilot, PIZZA, "circle k 12, delta 5, 1 of 8")
        await pilot.press("n")
        assert "circle k 7, delta 17, 2 of 8" in screen(pilot)
        pilot.app.screen.query_one(CircleTable).focus()
        await pilot.press("j", "j")
        await until(pilot, lambda: "circle k 18, delta 23, 4 of 8" in screen(pilot))
        await pilot.press("N", "N", "N", "N")
        await until(pilot, lambda: "8 of 8" in screen(pilot))

    visit(examples, steps, size=(120, 40))


def test_the_table_has_what_was_measured_of_each_circle(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        room = await enter(pilot, PIZZA, "circle k 12")
        await pilot.press("right_square_bracket")
        await until(
            pilot, lambda: "12     5 main       20.5%  38.4% 0.0 + 16.5|cos|  0.2%  1.00  0.758  0.988" in screen(pilot)
        )
        assert "0.922a" in screen(pilot)  # a companion, by the formula of the circle it accompanies
        copied = room.query_one(CircleTable).copy_text().splitlines()
        assert copied[0].split("\t") == [name for name, _ in COLUMNS]
        assert copied[1].split("\t")[5:] == ["0.0 + 16.5|cos|", "0.2%", "1.00", "0.758", "0.988", "26.5%", "24"]
        assert len(copied) == 9

    visit(examples, steps)


def test_the_spectrum_names_the_strongest_frequencies(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await enter(pilot, CLOCK, "embedding most at k 18, 33.4%")
        assert "logits most at k 18, 38.3%" in screen(pilot)
        await pilot.press("n")
        assert "embedding most at k 18, 33.4%, k 22 32.8%" in screen(pilot)

    visit(examples, steps, size=(120, 40))


def test_training_is_gone_through_by_its_snapshots(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        room = await enter(pilot, CLOCK, "epoch 6,000 of 6,000  50/50")
        await pilot.press("comma")
        await until(pilot, lambda: "epoch 5,240 of 6,000  49/50" in screen(pilot))
        await until(pilot, lambda: "epoch 5,240: held out 1.0000" in screen(pilot))
        assert "at its end, epoch 6,000" in screen(pilot)
        await pilot.press("less_than_sign")
        await until(pilot, lambda: "epoch 0: held out 0.0143  GS 0.4491  DI 0.9940" in screen(pilot))
        assert "1/50" in screen(pilot)
        assert room.query_one(CirclePanel).points is not None  # circle 18 is among the strongest from the start

    visit(examples, steps, size=(120, 40))


def test_a_circle_that_was_not_among_the_strongest_yet_is_not_drawn(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        room = await enter(pilot, PIZZA, "circle k 12")
        await pilot.press("n", "n")
        await until(pilot, lambda: "circle k 3" in screen(pilot))
        await pilot.press("less_than_sign")
        await until(pilot, lambda: "of six other frequencies" in screen(pilot))
        assert room.query_one(CirclePanel).points is None

    visit(examples, steps, size=(120, 40))


def test_playing_shows_the_circle_form_and_stops_at_the_end(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        room = await enter(pilot, CLOCK, "50/50")
        spread = []
        await pilot.press("space")
        while True:
            points = room.query_one(CirclePanel).points
            if points is not None:
                radius = np.hypot(*points.T)
                spread.append(radius.std() / radius.mean())
            if room._player is None:
                break
            await pilot.pause(0.02)
        assert "50/50" in screen(pilot)
        assert spread[-1] < 0.05 < max(spread)  # a ring in the end, and not from the start

    visit(examples, steps, options=Options(fps=10))


def test_a_training_is_followed_until_one_looks_back(tmp_path: Path, visit: Visit) -> None:
    spec = expand({"attention_rate": [1.0], "p": 5, "width": 8, "epochs": 100})
    id = next(iter(spec.runs))
    run = begin_run(create_sweep(tmp_path / "runs", "s", spec), id, spec.runs[id])
    log = EventWriter(run)

    def snap(epoch: int, k: int) -> None:
        turn = 2 * np.pi * k * np.arange(5) / 5
        points = np.stack([np.cos(turn), np.sin(turn)], axis=1)[None]
        arrays = {"circle_frequencies": np.array([k]), "circle_scores": points, "correct_logit": np.eye(5)}
        write_arrays(run.snapshot_file(epoch), {**arrays, "embedding_power": np.full(2, 0.5)})
        log.append("snapshot", epoch=epoch, file=f"{epoch:08}.npz", measures={"distance_irrelevance": epoch / 100})

    log.append("started", epoch=0)
    snap(0, 1)

    async def steps(pilot: Pilot[None]) -> None:
        await enter(pilot, f"s/{id}", "circle k 1")
        assert "crashed: no verdict yet" in screen(pilot)  # nobody holds its lock
        snap(10, 2)
        lab(pilot).library.look_now()
        await until(pilot, lambda: "circle k 2" in screen(pilot))
        await until(pilot, lambda: "epoch 10: DI 0.1000" in screen(pilot))
        await pilot.press("comma")
        await until(pilot, lambda: "circle k 1" in screen(pilot))
        snap(20, 2)
        lab(pilot).library.look_now()
        await until(pilot, lambda: "epoch 0 of 100  1/3" in screen(pilot))

    visit(Path("runs"), steps)


def written_portrait(checkpoint: Path) -> None:
    """A portrait by hand, where the screen looks for that of `checkpoint`."""
    wave = np.cos(2 * np.pi * np.add.outer(np.arange(7), np.arange(7)) * 3 / 7)
    arrays = {
        "correct_logit": wave,
        "attention": np.stack([0.5 + 0.1 * wave, 0.5 - 0.1 * wave]),
        "neurons": np.array([4]),
        "neuron_pictures": wave[None],
        "neuron_fits": np.array([[0, 0, 0, 0, 0]] * 4 + [[3, 0.25, -1.5, 2.0, 0.97]]),
    }
    out = Portraits().file(checkpoint)
    out.parent.mkdir(parents=True, exist_ok=True)
    document = {"schema": portrait.SCHEMA, "classification": {"verdict": {"refused": "it does not solve the task"}}}
    portrait.write(out, portrait.Portrait(document, arrays))


def test_attention_and_neurons_come_from_the_portrait_that_was_made(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        row = lab(pilot).library.row(CLOCK)
        assert row is not None
        written_portrait(row.folder.weights_file)
        room = await enter(pilot, CLOCK, "circle k 18")
        await pilot.press("right_square_bracket", "right_square_bracket")
        await until(pilot, lambda: "head 0  (12, 0) 48%" in screen(pilot))  # the pair from the run's result
        assert "0.41 " in screen(pilot) and "0.6 " in screen(pilot)
        assert "#4 k 3 R2 0.97" in screen(pilot)
        assert "2.00 at u +0.25 v -1.50" in screen(pilot)
        heads = room.query_one("#attention", PicturePanel)
        heads.focus()
        await pilot.press("l")
        assert heads.chosen == 1
        assert heads.copy_text().splitlines()[1].split("\t")[0] == "0.4"

    visit(examples, steps)


def test_a_file_whose_network_is_refused_says_why(examples: Path, visit: Visit) -> None:
    file = Path("net.pt")
    file.write_bytes(b"weights")
    written_portrait(file)

    async def steps(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "× REFUSED" in screen(pilot))
        assert "it does not solve the task" in screen(pilot)
        assert "net.pt" in screen(pilot)

    visit(examples, steps, open=file)


@pytest.mark.slow
def test_a_file_is_measured_by_a_helper_process(examples: Path, visit: Visit, tmp_path: Path) -> None:
    file = tmp_path / "made.pt"
    command = [sys.executable, "-m", "clockpizza", "make-ideal", "pizza", "--p", "13", "--out", str(file)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2], capture_output=True)

    async def steps(pilot: Pilot[None]) -> None:
        assert "A helper process measures the network" in screen(pilot)
        await until(pilot, lambda: "▲ PIZZA clear" in screen(pilot))
        assert "pizza >99 %" in screen(pilot)
        assert len(list(lab(pilot).portraits.folder.glob("*.npz"))) == 1

    visit(examples, steps, open=file)


@pytest.mark.slow
def test_a_file_that_is_no_checkpoint_is_named(examples: Path, visit: Visit) -> None:
    file = Path("notes.pt")
    file.write_text("no weights")

    async def steps(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "notes.pt: " in screen(pilot).replace("\n", " "))

    visit(examples, steps, open=file.absolute(), size=(160, 40))


@pytest.mark.slow
def test_model_a_of_the_paper_is_a_pizza_with_its_three_circles(examples: Path, visit: Visit) -> None:
    folder = os.environ.get("CLOCKPIZZA_REFERENCE")
    if not folder:
        pytest.skip("CLOCKPIZZA_REFERENCE does not name the folder of published networks")

    async def steps(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "▲ PIZZA clear" in screen(pilot), 120)
        assert "GS 0.9937  DI 0.1717" in screen(pilot)
        table = pilot.app.screen.query_one(CircleTable)
        found = {circle.frequency: circle for circle in table.circles}
        assert {k for k in found if found[k].role == "main"} == {17, 3, 15}
        assert [round(found[k].pizza or 0, 4) for k in (17, 3, 15)] == [0.9918, 0.9918, 0.9928]
        assert "circle k 17, delta 7" in screen(pilot)
        await pilot.press("l", "l")
        assert "token 14 = 2 x 7" in screen(pilot)

    visit(examples, steps, open=Path(folder) / "networks" / "model_p99zdpze5l.pt", size=(120, 40))


@pytest.mark.parametrize(
    ("size", "seen"),
    [
        ((80, 24), {"circle", "logits"}),
        ((120, 40), {"circle", "logits", "table", "spectrum"}),
        ((200, 60), {"circle", "logits", "table", "spectrum", "attention", "neurons"}),
    ],
)
def test_as_many_panels_are_seen_as_there_is_room_for(
    size: tuple[int, int], seen: set[str], examples: Path, visit: Visit
) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        row = lab(pilot).library.row(PIZZA)
        assert row is not None
        written_portrait(row.folder.weights_file)
        room = await enter(pilot, PIZZA, "circle k 12")
        assert {panel.id for panel in room.query("#panels Panel").results(Panel) if panel.display} == seen
        assert all(panel.size.area for panel in room.query("#panels Panel").results(Panel) if panel.display)

    visit(examples, steps, size=size)


def test_a_panel_fills_the_screen_and_is_copied(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        room = await enter(pilot, CLOCK, "circle k 18")
        await pilot.press("tab", "z")
        await until(pilot, lambda: room.query_one("#logits").size.width > 70)
        assert "35.7 " in screen(pilot) and " 51.4" in screen(pilot)  # the least and the largest logit
        await pilot.press("y")
        kept = Path("cache/clockpizza/copied.txt").read_text().splitlines()
        assert kept[0] == "# correct logit (a+b ↓ a-b →)"
        assert len(kept) == 60 and len(kept[1].split("\t")) == 59
        assert float(kept[1].split("\t")[0]) > 35

    visit(examples, steps)


@pytest.mark.parametrize("size", [(10, 3), (30, 9), (300, 80)])
def test_no_size_is_too_small_or_too_large(size: tuple[int, int], examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        row = lab(pilot).library.row(PIZZA)
        assert row is not None
        written_portrait(row.folder.weights_file)
        room = await enter(pilot, PIZZA, "circle k 12")
        await pilot.resize_terminal(*size)
        await pilot.press("n", "l", "right_square_bracket", "comma", "z", "escape", "space")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "▲ PIZZA clear" in screen(pilot))
        assert room._frequency == 7

    visit(examples, steps)


def test_ascii_is_enough(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await enter(pilot, CLOCK, "C CLOCK clear")
        await pilot.press("n", "l")
        assert "token 8 = 1 x 8" in screen(pilot)
        lines = pilot.app.screen.query_one("#panels").query(Panel).results(Panel)
        drawn = "".join(line.plain for panel in lines if panel.display for line in panel._lines)
        assert drawn and drawn.isascii()

    visit(examples, steps, options=Options(ascii=True))


def test_torch_is_never_imported(examples: Path) -> None:
    code = f"""
import asyncio, sys
from pathlib import Path
from tui.app import ClockpizzaApp
async def main():
    app = ClockpizzaApp(Path({str(examples.absolute())!r}))
    async with app.run_test(size=(120, 40)) as pilot:
        while not app.library.loaded:
            await pilot.pause(0.05)
        app.open_run(app.library.row({CLOCK!r}))
        await pilot.pause(0.3)
        await pilot.press("space", "n", "comma", "escape")
        app.open_sweep("examples/clock")
        await pilot.pause(0.3)
    print("torch" in sys.modules)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
