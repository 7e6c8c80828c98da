"""Files that are whole or not there: written under a temporary name, flushed to the disk, then renamed.

A reader on any host sees the old content or the new, never a part. A writer that is killed leaves at most a hidden
`.<hex>.tmp`, which `remove_leftovers` takes away for whoever owns the folder.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from clockpizza.errors import ClockpizzaError, visible

_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")
_FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than this process may write (ulimit -f)",
}


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Make `path` hold `content`, replacing what is there.

    Args:
        path: in a folder that exists.
        durable: wait until the disk has it, so that it also survives a power cut (some milliseconds). Without, it
            survives the death of the process only.

    Raises:
        ClockpizzaError: the disk is full, the folder is gone, or the like; then `path` is as it was.
    """
    temporary = path.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        raise ClockpizzaError(visible(f"{path}: cannot be written: {reason(error)}")) from error


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """`write_bytes` for text, in UTF-8."""
    write_bytes(path, text.encode(), durable=durable)


def write_json(path: Path, values: Mapping[str, Any], *, durable: bool = True) -> None:
    """`write_text` of what `json_text` makes."""
    write_text(path, json_text(values), durable=durable)


def json_text(values: Mapping[str, Any]) -> str:
    """A JSON object for a file. NaN and infinities, which JSON has not, become null; see `finite`."""
    return json.dumps(finite(values), allow_nan=False, indent=1) + "\n"


def finite(value: Any) -> Any:
    """A copy of plain values in which every float that is not a finite number is None."""
    if isinstance(value, float):  # numpy's float64 is one too, and json would print its repr
        return float(value) if value - value == 0 else None
    if isinstance(value, Mapping):
        return {str(key): finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(each) for each in value]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if hasattr(value, "tolist"):  # a numpy number or array, without importing numpy to say so
        return finite(value.tolist())
    raise TypeError(f"{type(value).__name__} is no plain value")


def reason(error: OSError) -> str:
    """Why the system refused, in words; a full disk is called one whichever way it shows."""
    return _FULL.get(error.errno or 0) or error.strerror or str(error)


def sync_folder(folder: Path) -> None:
    """Wait until the disk knows the names in `folder`; where a filesystem cannot say, nothing happens."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_leftovers(folder: Path) -> int:
    """Remove the temporary files of dead writers from `folder` and say how many. Only for the folder's owner."""
    count = 0
    with suppress(OSError):
        for name in os.listdir(folder):
            if _TEMPORARY.fullmatch(name):
                with suppress(OSError):
                    (folder / name).unlink()
                    count += 1
    return count
