"""Views on a terminal: everything fits, in 80 columns, in ASCII and without pictures."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clockpizza.inspection.text import text
from clockpizza.inspection.views import views
from clockpizza.portrait import Portrait

Drawn = Callable[[str], Portrait]


@pytest.mark.parametrize("kind", ["pizza", "clock", "lissajous", "memoriser", "wide", "turned"])
@pytest.mark.parametrize("columns", [80, 130])
@pytest.mark.parametrize("ascii", [False, True])
def test_no_line_is_wider_than_the_screen(kind: str, columns: int, ascii: bool, drawn: Drawn) -> None:
    parts = list(text(views(drawn(kind)), columns=columns, pictures=True, ascii=ascii))
    lines = [line for part in parts for line in part.split("\n")]
    assert max(line.cell_len for line in lines) <= columns
    assert ascii <= all(line.plain.isascii() for line in lines)


def test_without_pictures_they_are_counted(drawn: Drawn) -> None:
    (part,) = text(views(drawn("pizza"), ["isolation"]), columns=80, pictures=False)
    assert part.plain.endswith("(4 pictures: on a terminal, or with --html)\n")


def test_warnings_stand_over_marked_numbers(drawn: Drawn) -> None:
    (part,) = text(views(drawn("memoriser"), ["losses"]), columns=80, pictures=False)
    assert "! means nothing here: it does not solve the task" in part.plain
    assert all(line.endswith("!") for line in part.plain.splitlines() if line.startswith(("full", "restricted to")))
