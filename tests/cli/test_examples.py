"""`clockpizza examples`: what is installed with the package comes to where runs live."""

from __future__ import annotations

from pathlib import Path

import pytest

from clockpizza.cli import main
from clockpizza.cli.examples import SOURCE
from clockpizza.store import Index

NAMES = ["examples/clock", "examples/pizza", "examples/rates", "examples/tied"]


def test_every_example_is_copied_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = tmp_path / "runs"
    assert main(["examples", "--runs", str(runs)]) == 0
    printed = capsys.readouterr()
    line = runs / "examples" / "number-line.pt"
    assert (printed.out.split(), printed.err) == ([*NAMES, str(line)], "")
    assert line.read_bytes() == (SOURCE / "number-line.pt").read_bytes()
    for name in NAMES:
        ours, theirs = (
            {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
            for root in (runs / name, SOURCE / name.partition("/")[2])
        )
        assert ours == theirs
    kept = runs / "examples" / "clock" / "note"
    kept.touch()
    assert main(["examples", "--runs", str(runs)]) == 0
    printed = capsys.readouterr()
    assert printed.out.split() == [*NAMES, str(line)]
    assert printed.err.count("is there already") == 5
    assert kept.exists()


def test_copies_are_runs_like_others(tmp_path: Path) -> None:
    main(["examples", "--runs", str(tmp_path)])
    index = Index(tmp_path)
    index.refresh()
    verdicts = {row.name.rpartition("/")[0]: row.verdict for row in index.rows() if "rates" not in row.name}
    assert verdicts == {"examples/clock": "clock", "examples/pizza": "pizza", "examples/tied": "pizza"}
    assert len(index.rows()) == 47


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "examples").touch()
    assert main(["examples", "--runs", str(tmp_path)]) == 1
    assert str(tmp_path / "examples") in capsys.readouterr().err
