"""The room of a sweep: the phase diagram, the grid and the numbers, as the runs' files have them."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from clockpizza.store import EventWriter, SweepFolder, begin_run, create_sweep, write_result
from clockpizza.sweep_spec import SweepSpec, expand
from tests.tui.conftest import Visit
from tests.tui.driving import screen, until
from tui.app import ClockpizzaApp
from tui.screens.network import NetworkScreen
from tui.screens.sweep import SweepScreen
from tui.settings import Options
from tui.spots import Spot
from tui.widgets.grid import GridPanel, columns_of, gathered, parts
from tui.widgets.scatter import ScatterPanel
from tui.widgets.shares import SharesPanel

SHARES = ("clock_share", "pizza_share", "unlawful_share", "unaccounted_share")
CLOCK = {0.0: 0.1, 0.25: 0.2, 0.5: 0.4, 0.75: 0.6}
RATES, WIDTHS = (0.0, 0.25, 0.5, 0.75, 1.0), (8, 16)


@pytest.fixture
def phase(tmp_path: Path) -> tuple[Path, SweepFolder, SweepSpec]:
    """Pizzas up to a rate of .5 and clocks above it, at two widths; the last run of each width has not begun.

    What clocks write grows from .1 to .6 in steps of .1 and .2; .15 is neither's.
    """
    spec = expand({"attention_rate": list(RATES), "width": list(WIDTHS), "p": 7, "epochs": 100})
    sweep = create_sweep(tmp_path / "runs", "phase", spec)
    for id, config in spec.runs.items():
        rate = config.network.attention_rate
        if rate is None or rate == 1:
            continue
        clock = rate > 0.5
        measures = {
            "gradient_symmetricity_100": 0.4 if clock else 0.99,
            "distance_irrelevance": 0.8 if clock else 0.2,
            "distance_irrelevance_top_wrong": 0.85 if clock else 0.25,
            **dict(zip(SHARES, (CLOCK[rate], 0.85 - CLOCK[rate], 0.1, 0.05), strict=True)),
        }
        write_result(
            begin_run(sweep, id, config),
            "finished",
            attempt=1,
            epoch=100,
            metrics={"test_accuracy": 1.0},
            measures=measures,
            verdict={"name": "clock" if clock else "pizza", "certainty": "clear", "kind": "two thirds", "edition": 2},
        )
    return Path("runs"), sweep, spec


async def enter(pilot: Pilot[None], name: str, words: str) -> SweepScreen:
    """Open a sweep, and wait until words are there."""
    assert isinstance(pilot.app, ClockpizzaApp)
    pilot.app.open_sweep(name)
    await until(pilot, lambda: words in screen(pilot))
    room = pilot.app.screen
    assert isinstance(room, SweepScreen)
    return room


def test_shares_and_the_boundary_are_told_as_numbers(phase: tuple[Path, SweepFolder, SweepSpec], visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await enter(pilot, "phase", "8 of 10 finished, 2 queued")
        shown = " ".join(" ".join(lines_beside(pilot)).split())
        assert "● clock 2 25 % (7-59)" in shown
        assert "▲ pizza 6 75 % (41-93)" in shown
        # Halfway between the highest pizza and the lowest clock; a panel of this size has lines to spare.
        assert "Half of the clocks and pizzas are clocks at attention rate 0.625 (95 %: 0.474 to" in shown
        assert "2 of 8 are; left out: 2 unfinished)." in shown
        assert "The mean clock share passes the mean pizza share at attention rate 0.532 (95 %: 0.5" in shown
        assert "r0.00-w8-l1-s0 ▲ pizza clear, two thirds" in shown and "clock 10%, pizza 75%" in shown

    visit(phase[0], steps, size=(200, 60))


@pytest.mark.parametrize("ascii", [False, True])
def test_mean_shares_by_rate_stand_beside_the_verdicts(
    ascii: bool, phase: tuple[Path, SweepFolder, SweepSpec], visit: Visit
) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await enter(pilot, "phase", "shares     C %  P %")
        lines = [line.split() for line in lines_beside(pilot, "|" if ascii else "│")]
        pizzas, clocks = ("P", "C") if ascii else ("▲", "●")
        assert ["0.25", "2", 9 * pizzas, 2 * clocks + 6 * pizzas, "20", "65"] in lines
        assert ["0.75", "2", 9 * clocks, 5 * clocks + 3 * pizzas, "60", "25"] in lines
        assert ["1", "2"] in lines

    visit(phase[0], steps, size=(120, 40), options=Options(ascii=ascii))


def test_where_there_is_little_room_shares_are_columns(
    phase: tuple[Path, SweepFolder, SweepSpec], visit: Visit
) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await enter(pilot, "phase", "half ● of 8 ●▲: .625 (from .474)")
        assert "● share passes ▲: .532 (.5" in screen(pilot)
        assert "●▁▂▄▅?  ▲▇▆▄▃?" in screen(pilot)
        assert "r0.00-w8-l1-s0  ▲ pizza clear" in screen(pilot)

    visit(phase[0], steps, size=(80, 24))


def test_runs_of_an_older_edition_are_counted_apart(phase: tuple[Path, SweepFolder, SweepSpec], visit: Visit) -> None:
    runs, sweep, spec = phase
    older = {"name": "clock", "certainty": "clear"}

    def judge(ids: list[str]) -> None:
        for id in ids:
            write_result(sweep.run(id), "finished", attempt=1, epoch=100, verdict=older, measures={})

    async def steps(pilot: Pilot[None]) -> None:
        room = await enter(pilot, "phase", "half ● of 8 ●▲")
        judge(["r0.00-w8-l1-s0"])
        room.app.library.look_now()
        await until(pilot, lambda: "1 older: clockpizza rejudge phase" in screen(pilot))
        assert "half ● of 7 ●▲" in screen(pilot) and "8 of 10 finished" in screen(pilot)
        judge(list(spec.runs)[:-2])
        room.app.library.look_now()
        await until(pilot, lambda: "edition 1: clockpizza rejudge phase" in screen(pilot))
        assert "share passes" not in screen(pilot)

    visit(runs, steps)


def lines_beside(pilot: Pilot[None], frame: str = "│") -> list[str]:
    """The lines of the panels at the right."""
    return [line.split(frame)[-2] for line in screen(pilot).splitlines() if line.count(frame) > 1]


def test_a_point_is_a_run_and_the_measure_can_be_changed(
    phase: tuple[Path, SweepFolder, SweepSpec], visit: Visit
) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        room = await enter(pilot, "phase", "gradient symmetricity against attention rate")
        scatter = room.query_one(ScatterPanel)
        assert "r0.75-w8-l1-s0\tclock\t0.75\t0.4" in scatter.copy_text()
        assert len(scatter.places) == 8
        drawn = "\n".join(line.plain for line in scatter._lines)
        assert (drawn.count("▲"), drawn.count("●")) == (3, 1)  # both widths of a rate lie at one place
        for measure, value in (
            ("distance irrelevance against attention rate", "0.75\t0.8"),
            ("distance irrelevance, top wrong against attention rate", "0.75\t0.85"),
            ("gradient symmetricity against distance irrelevance", "0.8\t0.4"),
        ):
            await pilot.press("m")
            assert scatter.border_title == measure
            assert f"r0.75-w8-l1-s0\tclock\t{value}" in scatter.copy_text()

    visit(phase[0], steps, size=(120, 40))


def test_the_diagram_fills_in_and_points_move_while_runs_are_trained(
    phase: tuple[Path, SweepFolder, SweepSpec], visit: Visit
) -> None:
    runs, sweep, spec = phase
    id = "r1.00-w8-l1-s0"
    log = EventWriter(begin_run(sweep, id, spec.runs[id]))
    log.append("started", epoch=0)

    def measured(epoch: int, accuracy: float, symmetricity: float) -> None:
        log.append("metrics", epoch=epoch, test_accuracy=accuracy)
        measures = {"gradient_symmetricity_100": symmetricity, "distance_irrelevance": 0.9}
        log.append("snapshot", epoch=epoch, file=f"{epoch:08}.npz", measures=measures)

    async def steps(pilot: Pilot[None]) -> None:
        room = await enter(pilot, "phase", "gradient symmetricity")
        scatter = room.query_one(ScatterPanel)
        library = room.app.library
        assert id not in scatter.copy_text()
        measured(10, 0.1, 0.62)
        library.look_now()
        await until(pilot, lambda: f"{id}\tin training\t1\t0.62" in scatter.copy_text())
        measured(20, 0.97, 0.31)
        library.look_now()
        await until(pilot, lambda: f"{id}\trunning\t1\t0.31" in scatter.copy_text())
        assert "▸ solved, no verdict yet" in screen(pilot)
        room._chosen = id
        room._show()
        await until(pilot, lambda: scatter.trail == [(1.0, 0.62), (1.0, 0.31)])  # where it was

    visit(runs, steps, size=(120, 40))


def test_the_cursor_goes_from_run_to_run_and_enter_opens_the_network(
    phase: tuple[Path, SweepFolder, SweepSpec], visit: Visit
) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        room = await enter(pilot, "phase", "r0.00-w8-l1-s0  ▲ pizza clear")
        await pilot.press("l", "l", "l")
        assert room._chosen.startswith("r0.75")
        assert all(words in screen(pilot) for words in ("● clock clear", "GS 0.400", "DI 0.800"))
        before = room._chosen
        await pilot.press("n")  # the other width, at the same place
        assert room._chosen != before and room._chosen.startswith("r0.75")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, NetworkScreen))
        await until(pilot, lambda: "● CLOCK clear" in screen(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is room)
        assert room._chosen.startswith("r0.75")

    visit(phase[0], steps, size=(120, 40))


def test_the_grid_is_of_widths_or_of_seeds(phase: tuple[Path, SweepFolder, SweepSpec], visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        room = await enter(pilot, "phase", "attention rate by width")
        grid = room.query_one(GridPanel)
        lines = [line.plain.split() for line in grid._lines]
        assert lines[0] == [".00", ".25", ".50", ".75", "1"]
        assert lines[1] == ["16", "▲", "▲", "▲", "●", "·"]
        assert lines[2] == ["8", "▲", "▲", "▲", "●", "·"]
        grid.focus()
        await pilot.press("l", "l", "l", "l")
        assert room._chosen == "r1.00-w8-l1-s0"
        await pilot.press("k")
        assert room._chosen == "r1.00-w16-l1-s0"
        await pilot.press("g")
        assert [line.plain.split() for line in grid._lines][1] == ["0", "▲▲", "▲▲", "▲▲", "●●", "··"]

    visit(phase[0], steps, size=(120, 40))


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (10, 3)])
def test_every_size_is_enough(size: tuple[int, int], phase: tuple[Path, SweepFolder, SweepSpec], visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        room = await enter(pilot, "phase", "1 runs")
        await until(pilot, lambda: room._report is not None)
        await pilot.press("m", "g", "l", "tab", "j", "z", "z")
        if size[0] >= 80:
            words = "half ● of 8 ●▲: .625 (" if size[1] < 30 else "Half of the clocks and pizzas are clocks"
            await until(pilot, lambda: words in screen(pilot))
            assert "8 of 10 finished" in screen(pilot)

    visit(phase[0], steps, size=size)


def test_a_sweep_of_one_run_and_of_networks_without_attention_is_shown(tmp_path: Path, visit: Visit) -> None:
    spec = expand({"model": "beta", "p": 7, "hidden": 8, "epochs": 100})
    create_sweep(tmp_path / "runs", "linear", spec)

    async def steps(pilot: Pilot[None]) -> None:
        await enter(pilot, "linear", "These networks have no attention.")
        assert "No run has been measured yet." in screen(pilot)
        assert "0 of 1 finished, 1 queued" in screen(pilot)

    visit(Path("runs"), steps, size=(120, 40))


def test_numbers_are_copied_whole(phase: tuple[Path, SweepFolder, SweepSpec], visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        room = await enter(pilot, "phase", "half ● of 8")
        copied = room.query_one(SharesPanel).copy_text()
        assert "Half of the clocks and pizzas are clocks at attention rate 0.625 (" in copied
        assert "The mean clock share passes the mean pizza share at attention rate 0.532 (" in copied
        table = [line.split() for line in copied.splitlines()]
        assert ["0.75", "2", 20 * "●", 12 * "●" + 5 * "▲", "60", "25"] in table
        assert ["8", "0.625"] in [line[:2] for line in table]  # the boundary of each width

    visit(phase[0], steps)


def test_rates_share_columns_and_seeds_share_lines_where_they_are_many() -> None:
    assert columns_of([0.0, 1.0, 0.5, 0.5], 5) == {0.0: 0, 0.5: 1, 1.0: 2}
    many = [number / 100 for number in range(101)]
    columns = columns_of(many, 12)
    assert columns[0.0] == 0 and columns[0.3] == 3 and columns[0.99] == columns[1.0] == 9
    assert gathered([1, 2, 3, 4, 5], 2) == [[1, 2, 3], [4, 5]]
    assert parts([7, 3], 4) == [3, 1]
    assert parts([1, 1, 1], 2) == [1, 1, 0]


def test_a_spot_without_a_measure_has_no_place() -> None:
    spot = Spot("r", "", False, None, 8, 1, 0, {})
    assert spot.value("attention rate") is None
    assert spot.value("gradient symmetricity") is None
