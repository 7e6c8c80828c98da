"""Whole screens, as text: what a change does to them is seen in the files beside this one.

`CLOCKPIZZA_SNAPSHOTS=write pytest tests/tui/test_snapshots.py` writes them anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import Visit
from tests.tui.driving import screen, until
from tui.settings import Options
from tui.themes import ANSI, DARK, LIGHT

FOLDER = Path(__file__).parent / "snapshots"
CURVES = "test 1.94e-07"


def assert_snapshot(name: str, text: str) -> None:
    path = FOLDER / f"{name}.txt"
    if os.environ.get("CLOCKPIZZA_SNAPSHOTS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    assert text + "\n" == path.read_text(encoding="utf-8"), f"{path} shows another screen:\n{text}"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("ascii", [False, True])
def test_runs(examples: Path, visit: Visit, size: tuple[int, int], ascii: bool) -> None:
    async def steps(pilot: Pilot[None]) -> str:
        await until(pilot, lambda: CURVES in screen(pilot))
        return screen(pilot)

    shown = visit(examples, steps, size=size, options=Options(ascii=ascii))
    assert shown.isascii() or not ascii
    assert_snapshot(f"runs-{size[0]}x{size[1]}{'-ascii' * ascii}", shown)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_sweep_among_the_runs(paper: Path, visit: Visit, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[None]) -> str:
        await pilot.press("j", "j", "j", "space", "k")
        await until(pilot, lambda: "test 0.0976" in screen(pilot))
        return screen(pilot)

    assert_snapshot(f"paper-{size[0]}x{size[1]}", visit(paper, steps, size=size))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_form(tmp_path: Path, visit: Visit, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[None]) -> str:
        await pilot.press("4", *"0.25", *["down"] * 13, *"mine", *["up"] * 13)
        await until(pilot, lambda: "runs/mine" in screen(pilot))
        return screen(pilot)

    assert_snapshot(f"start-{size[0]}x{size[1]}", visit(Path("runs"), steps, size=size))


def test_an_empty_folder(tmp_path: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> str:
        return screen(pilot)

    assert_snapshot("empty-80x24", visit(Path("runs"), steps))


def test_themes_change_colours_and_nothing_else(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: CURVES in screen(pilot))
        seen = []
        for theme in (DARK, LIGHT, ANSI):
            assert pilot.app.theme == theme
            await pilot.pause(0.2)
            seen.append((screen(pilot), pilot.app.export_screenshot()))
            await pilot.press("T")
        assert pilot.app.theme == DARK
        texts, pictures = zip(*seen, strict=True)
        assert len(set(texts)) == 1 and len(set(pictures)) == 3
        for picture, colour in zip(pictures, ("#56b4e9", "#0068a5"), strict=False):
            assert colour in picture  # the clock's

    visit(examples, steps)


def test_the_screen_is_saved_as_a_picture_and_as_text(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> str:
        await until(pilot, lambda: CURVES in screen(pilot))
        shown = screen(pilot)
        await pilot.press("S")
        return shown

    shown = visit(examples, steps)
    (text,), (picture,) = Path().glob("clockpizza-runs-*.txt"), Path().glob("clockpizza-runs-*.svg")
    assert text.read_text() == shown + "\n"
    assert "examples/pizza" in picture.read_text().replace("&#160;", " ")


def test_one_panel_on_the_whole_screen_and_back(examples: Path, visit: Visit) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: CURVES in screen(pilot))
        await pilot.press("tab", "z")
        await until(pilot, lambda: "examples/pizza" not in screen(pilot))
        assert "train 1.38e-07  test 1.94e-07" in screen(pilot)
        assert screen(pilot).splitlines()[1].startswith("╭─ loss (log) ─")
        assert screen(pilot).splitlines()[22].startswith("╰─")
        await pilot.press("escape")
        await until(pilot, lambda: "examples/pizza" in screen(pilot))

    visit(examples, steps)


@pytest.mark.parametrize("size", [(10, 3), (1, 1), (40, 8), (200, 60)])
def test_every_room_of_every_size(examples: Path, visit: Visit, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        for key in ("4", "escape", "5", "1", "question_mark", "escape", "z", "z", "D", "n", "slash", "escape"):
            await pilot.press(key)
            await pilot.pause()
        assert screen(pilot).count("\n") == size[1] - 1

    visit(examples, steps, size=size)
