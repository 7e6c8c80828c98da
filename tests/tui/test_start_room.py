"""The room where things are started: what the form says of what one types, and what it writes down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from clockpizza.errors import BadInput
from clockpizza.store import read_spec, sweep_folder
from tests.tui.conftest import Visit
from tests.tui.driving import screen, until, write
from tui.form import order, preset
from tui.jobs import Jobs
from tui.screens.runs import RunsScreen


class Recorded(Jobs):
    """Jobs that writes sweeps down and starts no worker."""

    def __init__(self) -> None:
        super().__init__()
        self.launched: list[tuple[str, tuple[str, ...], bool]] = []

    def _launch(self, name: str, folder: Any, devices: Any, keep: bool) -> list[int]:
        self.launched.append((name, tuple(devices), keep))
        return [4711]


def test_an_empty_form_is_the_papers_training() -> None:
    found = order({})
    ((id, config),) = found.spec.runs.items()
    assert (id, config.epochs, config.weight_decay) == ("r1.00-w128-l1-s0", 20_000, 2.0)
    assert found.devices == ("auto",) and found.options == ()


def test_lists_and_ranges_make_a_sweep() -> None:
    found = order({"attention_rate": "0:1:5", "width": "32,64", "seed": "0:2:3", "devices": "cuda:0, cuda:1"})
    assert len(found.spec.runs) == 30 and len(found.spec.stacks()) == 2
    assert found.devices == ("cuda:0", "cuda:1")
    assert found.options == ("--attention-rate", "0:1:5", "--width", "32,64", "--seed", "0:2:3")


def test_random_rates_and_linear_models_are_called_as_the_command_line_calls_them() -> None:
    assert order({"attention_rate": "random 7"}).options == ("--random", "7")
    linear = order({"model": "beta, delta", "width": "64"})
    assert linear.options == ("--model", "linear:beta,linear:delta", "--width", "64")
    assert list(linear.spec.runs) == ["beta-h64-s0", "delta-h64-s0"]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"width": "big"}, "width is 'big'; expected whole numbers"),
        ({"attention_rate": "1.5"}, "attention_rate is 1.5; it must lie between 0 and 1"),
        ({"heads": "5", "width": "4"}, "width is 4; it must be at least the number of heads"),
        ({"name": "../x"}, "sweep name|name '../x' cannot be used"),
        ({"keep_checkpoints": "maybe"}, "keep_checkpoints is 'maybe'; expected yes or no"),
        ({"devices": "cpu,tpu"}, "devices is 'cpu,tpu'; expected auto, cpu, cuda:1"),
        ({"epochs": "0"}, "epochs is 0; it must lie between 1"),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_the_command_line(texts: dict[str, str], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        order(texts)


def test_the_quick_preset_is_the_command_lines() -> None:
    ((_, config),) = order(preset("quick")).spec.runs.items()
    assert (config.seed, config.epochs, config.network.attention_rate) == (5, 3000, 1.0)


def test_it_says_while_one_types_what_would_be_started(tmp_path: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await until(pilot, lambda: "a training, on auto" in screen(pilot))
        assert "attention rate    1" in screen(pilot)
        await write(pilot, "0:1:3")
        assert "a sweep of 3 runs" in screen(pilot)
        assert "r0.50-w128-l1-s0: p 59, 1 layer, width 128, attention rate 0.5" in screen(pilot)
        await write(pilot, "x")
        assert "a range is first:last:count, as 0:1:21" in screen(pilot)
        await pilot.press("ctrl+s", "ctrl+r")
        assert "a training, on auto" in screen(pilot)

    visit(Path("runs"), steps, size=(200, 60))
    assert not Path("runs").exists()


def test_starting_writes_the_sweep_and_shows_it_in_the_list(tmp_path: Path, visit: Visit) -> None:
    jobs = Recorded()

    async def steps(pilot: Pilot[None]) -> None:
        pilot.app.jobs = jobs  # type: ignore[attr-defined]
        await pilot.press("4", "ctrl+n")
        await until(pilot, lambda: "attention rate 1, seed 5, 3,000" in screen(pilot))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen) and "· queued" in screen(pilot))
        assert "Process 4711 loads torch" in screen(pilot)
        await pilot.press("r")  # nobody trains it: resuming starts a worker
        await until(pilot, lambda: len(jobs.launched) == 2)

    visit(Path("runs"), steps)
    name = jobs.launched[0][0]
    assert jobs.launched == [(name, ("auto",), False)] * 2
    spec = read_spec(sweep_folder(Path("runs"), name))
    assert list(spec.runs) == ["r1.00-w128-l1-s5"]


def test_a_name_that_is_taken_by_other_runs_is_refused(paper: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("4", *["down"] * 13)
        await write(pilot, "paper")
        await until(pilot, lambda: "runs/paper" in screen(pilot))
        await pilot.press("ctrl+s")
        said = pilot.app._notifications
        await until(pilot, lambda: any("choose another name" in each.message for each in said))

    visit(paper, steps)


@pytest.mark.slow
def test_disk_and_time_are_estimated_by_a_helper_process(tmp_path: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("4", "ctrl+n")
        await until(pilot, lambda: "MB at most while it trains" in screen(pilot) and "time: about" in screen(pilot))

    visit(Path("runs"), steps)


def test_what_is_half_typed_is_there_when_one_comes_back(tmp_path: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await write(pilot, "0.25")
        await pilot.press("escape", "4")
        await until(pilot, lambda: "r0.25-w128-l1-s0" in screen(pilot))

    visit(Path("runs"), steps)
