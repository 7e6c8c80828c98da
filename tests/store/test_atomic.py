"""A file is whole or not there, whatever happens while it is written."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from clockpizza.errors import ClockpizzaError
from clockpizza.store import atomic


def test_what_is_written_is_there_and_nothing_else_is(tmp_path: Path) -> None:
    atomic.write_bytes(tmp_path / "a", b"one")
    atomic.write_bytes(tmp_path / "a", b"two", durable=False)
    assert (tmp_path / "a").read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["a"]


def test_a_missing_folder_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ClockpizzaError, match=r"gone/a: cannot be written: No such file"):
        atomic.write_bytes(tmp_path / "gone" / "a", b"x")


def test_a_number_that_is_not_finite_becomes_null(tmp_path: Path) -> None:
    values = {
        "a": math.nan,
        "b": [math.inf, 1.5, True],
        "c": np.float32(0.5),
        "d": np.arange(2),
        "e": np.float64("nan"),
    }
    atomic.write_json(tmp_path / "a.json", values)
    assert json.loads((tmp_path / "a.json").read_text()) == {
        "a": None,
        "b": [None, 1.5, True],
        "c": 0.5,
        "d": [0, 1],
        "e": None,
    }


def test_at_a_file_size_limit_the_old_content_stays_and_the_error_says_why(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from clockpizza.errors import ClockpizzaError
from clockpizza.store import atomic
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
path = Path(sys.argv[1])
atomic.write_bytes(path, b"old")
try:
    atomic.write_bytes(path, bytes(5000))
except ClockpizzaError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a"], capture_output=True, text=True, check=True)
    assert "may write (ulimit -f)" in done.stdout
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_on_a_full_disk_the_old_content_stays_and_the_error_says_so(tiny_disk: Path) -> None:
    atomic.write_bytes(tiny_disk / "a", b"old")
    with pytest.raises(ClockpizzaError, match="the disk is full"):
        atomic.write_bytes(tiny_disk / "a", bytes(1_000_000))
    assert (tiny_disk / "a").read_bytes() == b"old"
    assert os.listdir(tiny_disk) == ["a"]


def test_what_a_killed_writer_left_can_be_taken_away(tmp_path: Path) -> None:
    for name in (".0123456789abcdef.tmp", ".mine.tmp", "a.tmp"):
        (tmp_path / name).write_bytes(b"half")
    assert atomic.remove_leftovers(tmp_path) == 1
    assert sorted(os.listdir(tmp_path)) == [".mine.tmp", "a.tmp"]
