"""Snapshots come back as they were, and a hostile one does nothing but fail."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clockpizza.errors import BadInput, ClockpizzaError
from clockpizza.store import read_arrays, write_arrays


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {
        "logits": np.random.default_rng(0).normal(size=(7, 7)).astype(np.float16),
        "solved": np.array([True, False]),
        "epoch": np.int64(3),
        "nothing": np.empty((0, 4)),
    }
    size = write_arrays(tmp_path / "a.npz", arrays)
    found = read_arrays(tmp_path / "a.npz")
    assert size == (tmp_path / "a.npz").stat().st_size
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)


def test_objects_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="what is no array of numbers"):
        write_arrays(tmp_path / "a.npz", {"what": np.array([object()])})
    with pytest.raises(ClockpizzaError, match="No such file"):
        write_arrays(tmp_path / "gone" / "a.npz", {})


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('a pickle was executed')",)


def header(shape: str, dtype: str) -> bytes:
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}}}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(header("(1,)", "|O") + pickle.dumps(Bomb()), id="a pickle"),
        pytest.param(header("(1000000000000,)", "<f8"), id="a claim of 8 TB"),
        pytest.param(header("(-1,)", "<f8"), id="a negative size"),
        pytest.param(header("(10**10,)", "<f8"), id="an expression"),
        pytest.param(header("(9,)", "<f8") + bytes(8), id="too few bytes"),
        pytest.param(header("(1,)", "V0,x"), id="no type"),
        pytest.param(b"garbage", id="garbage"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_is_no_plain_array_is_bad_input(content: bytes, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", content)
    with pytest.raises(BadInput, match=r"a\.npz: not a snapshot, or damaged"):
        read_arrays(tmp_path / "a.npz")


def test_a_packed_gigabyte_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(100 << 20))
    with pytest.raises(BadInput, match="too much in it"):
        read_arrays(tmp_path / "a.npz")


def test_a_file_cut_short_anywhere_is_bad_input(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, a=np.arange(30), b=np.eye(3))
    content = buffer.getvalue()
    for length in range(0, len(content), 7):
        (tmp_path / "a.npz").write_bytes(content[:length])
        with pytest.raises(BadInput):
            read_arrays(tmp_path / "a.npz")
    with pytest.raises(BadInput, match="No such file"):
        read_arrays(tmp_path / "b.npz")
