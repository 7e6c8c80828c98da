"""Snapshots: small arrays of one epoch as `.npz`, written whole or not at all, read without trusting them."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clockpizza.errors import BadInput, visible
from clockpizza.store.atomic import reason, write_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST = 64 << 20  # bytes, packed or unpacked
MOST_ARRAYS = 1000


def write_arrays(path: Path, arrays: Mapping[str, Any], *, durable: bool = True) -> int:
    """Write arrays of numbers or booleans as compressed `.npz`, and say how many bytes they took.

    Raises:
        BadInput: an array of objects, which only a pickle could hold.
        ClockpizzaError: the disk is full, or the like; then `path` is as it was.
    """
    import numpy as np

    plain = {name: np.asarray(array) for name, array in arrays.items()}
    if objects := [name for name, array in plain.items() if array.dtype.hasobject]:
        raise BadInput(visible(f"{path}: {objects[0]} is no array of numbers"))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **plain)
    write_bytes(path, buffer.getvalue(), durable=durable)
    return buffer.tell()


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays that `write_arrays` wrote. Nothing in the file is executed.

    Raises:
        BadInput: not such a file, damaged, over 64 MiB packed or unpacked, or not to be read.
    """
    import struct
    import zipfile
    import zlib

    try:
        return _read(_bytes(path))
    except OSError as error:
        raise BadInput(visible(f"{path}: cannot be read: {reason(error)}")) from error
    # What numpy and zipfile raise for damaged files, between them.
    except (
        *(ValueError, EOFError, KeyError, IndexError, TypeError, OverflowError, RuntimeError, MemoryError, SyntaxError),
        *(zipfile.BadZipFile, zlib.error, struct.error),
    ) as error:
        raise BadInput(visible(f"{path}: not a snapshot, or damaged: {error}")) from error


def _bytes(path: Path) -> bytes:
    if path.parent.is_symlink():
        raise ValueError("in a folder that is a symbolic link")
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            raise ValueError("not a file, or too large")
        return file.read(LARGEST)


def _read(content: bytes) -> dict[str, NDArray[Any]]:
    import zipfile

    import numpy as np

    arrays: dict[str, NDArray[Any]] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_ARRAYS or sum(entry.file_size for entry in entries) > LARGEST:
            raise ValueError("too much in it")
        for entry in entries:
            with archive.open(entry) as file:
                # Read no further than it claims: a packed gigabyte may hide behind a claim of a kilobyte.
                packed = io.BytesIO(file.read(entry.file_size))
            name = entry.filename.removesuffix(".npy")
            # From memory with its true size: numpy allocates what a header claims before it reads.
            _check_claim(packed)
            arrays[name] = np.lib.format.read_array(packed, allow_pickle=False)
    return arrays


def _check_claim(packed: io.BytesIO) -> None:
    """Raise ValueError where the header of an array claims more than there is behind it; rewinds."""
    import numpy as np

    version = np.lib.format.read_magic(packed)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(packed)
    count = 1
    for side in shape:
        count *= side
    if dtype.hasobject or any(side < 0 for side in shape) or count * dtype.itemsize > len(packed.getbuffer()):
        raise ValueError("an array that claims more than the file holds")
    packed.seek(0)
