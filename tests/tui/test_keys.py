"""Keys are data: each is bound, told in the help, and may be another."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.app import App
from textual.binding import Binding
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from clockpizza.errors import BadInput
from tests.tui.conftest import Visit
from tests.tui.driving import screen, until
from tui import keys
from tui.app import ClockpizzaApp
from tui.screens.base import LabScreen
from tui.screens.confirm import ConfirmScreen
from tui.screens.help import HelpScreen
from tui.screens.machine import MachineScreen
from tui.screens.runs import RunsScreen
from tui.screens.start import StartScreen
from tui.settings import Options
from tui.widgets.line_list import LineList


def test_each_key_has_one_id_and_no_two_of_a_place_are_the_same() -> None:
    assert len(keys.by_id()) == len(keys.KEYS)
    everywhere = [key for key in keys.KEYS if key.where in ("app", "screen")]
    for place in keys.PLACES:
        if place in ("app", "screen", "dialog"):
            continue
        held = [*everywhere, *(key for key in keys.KEYS if key.where == place)]
        bound = [each for key in held for each in key.keys.split(",")]
        assert len(bound) == len(set(bound)), place


@pytest.mark.parametrize(
    "owner", [ClockpizzaApp, LabScreen, RunsScreen, StartScreen, MachineScreen, ConfirmScreen, LineList]
)
def test_every_binding_comes_from_the_table_and_does_something(owner: type[App[None] | Screen[None] | Widget]) -> None:
    bound = [each for each in owner.BINDINGS if isinstance(each, Binding)]
    assert bound and all(each.id in keys.by_id() for each in bound)
    for each in bound:
        action = each.action.partition("(")[0]
        if not action.startswith("app."):
            assert hasattr(owner, f"action_{action}"), f"{owner.__name__} has no {action}"


def test_the_help_tells_every_key(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        live = {each.binding.id for each in pilot.app.screen.active_bindings.values() if each.binding.id}
        assert {"help", "quit", "pin", "choose", "zoom"} <= live
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        shown = screen(pilot)
        for key in keys.KEYS:
            assert f"{key.help}  {key.id}" in shown
            assert keys.shown(key.keys) in shown
        assert shown.index("Runs: ") > shown.index("Filter the runs")  # the keys of the room we are in come first
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, RunsScreen)

    visit(examples, steps, size=(140, 200))


def test_keys_can_be_others(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("z", "question_mark")
        assert isinstance(pilot.app.screen, RunsScreen) and pilot.app.screen.maximized is None
        await pilot.press("f2")
        await until(pilot, lambda: "f2 f10" in screen(pilot))

    visit(examples, steps, size=(140, 200), options=Options(keys={"help": "f2,f10", "zoom": "ctrl+z"}))


def test_a_key_that_there_is_not_is_named_with_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"x\.toml: \[tui\.keys\]: no key is called 'qit'; did you mean 'quit'\?"):
        keys.check({"qit": "q"}, "x.toml: [tui.keys]")
    with pytest.raises(BadInput, match="quit is 3; expected keys as text"):
        keys.check({"quit": 3}, "x.toml")
    assert keys.check({"quit": "ctrl+q"}, "x.toml") == {"quit": "ctrl+q"}


def test_the_palette_finds_what_keys_do(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+p")
        await pilot.press(*"devices")
        await until(pilot, lambda: "Machine: devices, disk, workers and their logs" in screen(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MachineScreen))

    visit(examples, steps, size=(120, 40))
