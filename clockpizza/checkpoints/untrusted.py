"""Reading what strangers wrote: checkpoints whose pickles never execute, and JSON of bounded size.

``torch.load(weights_only=True)`` builds tensors and plain containers and nothing else. Checkpoints also hold objects
of classes we do not have (a training config, say). Each such class is replaced by one that does nothing: the object's
attributes can be looked at, and a pickle that would call anything is refused by name.
"""

from __future__ import annotations

import json
import re
import stat
import threading
import warnings
import zipfile
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch

from clockpizza.errors import BadInput

MAX_CHECKPOINT = 2**30  # bytes; Nanda et al.'s files with every snapshot of a run stay below 400 MB
MAX_JSON = 2**20  # bytes
# torch allows these modules to nobody, not even as the name of a class that does nothing.
BLOCKED_MODULES = ("os", "sys", "posix", "nt")
# Pickles build these values by a call. The function itself is not called here either.
NUMPY_SCALARS = tuple(f"numpy.{core}.multiarray.scalar" for core in ("core", "_core"))
HARMLESS_CALLS = {
    "torch.device",
    "numpy.dtype",
    *NUMPY_SCALARS,
    *(f"numpy.{core}.multiarray._reconstruct" for core in ("core", "_core")),
}
NUMPY_NUMBER = re.compile("f[248]|[iu][1248]|b1")

_LOCK = threading.Lock()  # torch's list of safe classes is one for the whole process


class Inert:
    """Stands for an object whose class is not ours to trust: its attributes, and nothing that runs."""

    origin = ""  # the class it stands for
    args: tuple[Any, ...]  # what the pickle would have made it of
    state: dict[Any, Any]

    def __new__(cls, *args: Any) -> Inert:
        self = super().__new__(cls)
        self.args, self.state = args, {}
        return self

    def __init__(self, *args: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        # The pickle's attributes stay apart from the object's own: none of them is ever looked up as a method.
        for part in state if isinstance(state, tuple) else (state,):
            if isinstance(part, dict):
                self.state.update(dict.items(part))


class _Uncallable(type):
    """Calling a class is how a pickle runs code; making an object without calling is how it stores one."""

    origin: str

    def __call__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        raise _would_call(cls.origin)


class _Object(Inert, metaclass=_Uncallable):
    pass


def _inert_class(name: str) -> type:
    return type("Inert", (Inert if name in HARMLESS_CALLS else _Object,), {"origin": name})


def _would_call(name: str) -> BadInput:
    return BadInput(f"the pickle inside would call {name}; it was not run")


def number(value: Any) -> Any:
    """A numpy scalar as the plain number or truth value that it stands for; anything else as it is."""
    if isinstance(value, Inert) and value.origin in NUMPY_SCALARS and len(value.args) == 2:
        dtype, content = value.args
        code = dtype.args[0] if isinstance(dtype, Inert) and dtype.args else None
        if type(code) is str and NUMPY_NUMBER.fullmatch(code) and type(content) is bytes:
            kind = np.dtype(code)
            if len(content) == kind.itemsize:
                return np.frombuffer(content, kind)[0].item()
    return value


def load(path: Path) -> Any:
    """What the checkpoint at `path` holds: tensors on the CPU, plain values, and `Inert` objects for the rest.

    Tensors may be views of the file itself; `state_dict.dense` makes sound copies of them.

    Raises:
        BadInput: no regular file, too large, damaged, no torch checkpoint, or a pickle that would run code.
    """
    start = read_bytes(path, MAX_CHECKPOINT, 2)
    if start != b"PK":
        if start[:1] != b"\x80":
            raise BadInput("not a checkpoint: torch.save did not write it")
        # The older format. Torch lists no classes in it, so tensors and plain values alone are read.
        return _attempt(torch.load, path, map_location="cpu", weights_only=True, mmap=False)
    _check_archive(path)
    with _LOCK:
        names = sorted(_attempt(torch.serialization.get_unsafe_globals_in_checkpoint, path))
        for name in names:
            if name.split(".")[0] in BLOCKED_MODULES:
                raise _would_call(name)
        with torch.serialization.safe_globals([(_inert_class(name), name) for name in names]):
            # Mapped, a tensor cannot reach beyond the file. Read into memory it can: torch 2.8 takes the size that the
            # pickle claims for the size of the record.
            return _attempt(torch.load, path, map_location="cpu", weights_only=True, mmap=True)


def read_bytes(path: Path, limit: int, count: int = -1) -> bytes:
    """The first `count` bytes, or all, of a regular file of at most `limit` bytes. Raises BadInput without its name."""
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise BadInput("a folder, not a file")
        if not stat.S_ISREG(found.st_mode):  # a pipe would be waited on, a device never ends
            raise BadInput("not a regular file")
        if found.st_size > limit:
            raise BadInput(f"larger than {limit / 2**20:,.0f} MiB, which is no file of this kind")
        with path.open("rb") as file:
            content = file.read(count)
    except FileNotFoundError:
        raise BadInput("no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise BadInput(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not content:
        raise BadInput("empty")
    return content


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        BadInput: naming the file: unreadable, over 1 MiB, not JSON, not an object, or with NaN or infinity in it.
    """
    try:
        document = json.loads(read_bytes(path, MAX_JSON), parse_constant=_refuse_constant)
    except BadInput as error:
        raise BadInput(f"{path.name}: {error}") from error
    except RecursionError as error:
        raise BadInput(f"{path.name}: nested too deeply") from error
    except ValueError as error:
        raise BadInput(f"{path.name}: not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadInput(f"{path.name}: a {type(document).__name__}, not a JSON object")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _check_archive(path: Path) -> None:
    """Refuse zip archives that are damaged or packed, and those that are something else."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except Exception as error:  # zipfile lets struct.error, ValueError and more escape from damaged archives
        raise BadInput("damaged or truncated: its zip archive has no valid end") from error
    names = {entry.filename.rpartition("/")[2] for entry in entries}
    if "constants.pkl" in names:
        raise BadInput("a TorchScript archive, which is a program; save the network's state_dict() instead")
    if "data.pkl" not in names:
        raise BadInput("a zip archive, but not a checkpoint: torch.save did not write it")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise BadInput("a compressed zip archive, which torch.save does not write; store its files uncompressed")


def _attempt(function: Any, path: Path, **options: Any) -> Any:
    """`function` of a file, its warnings unsaid and its errors in one line."""
    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")
            return function(path if options.get("mmap") else file, **options)
    except BadInput:
        raise
    except Exception as error:  # damaged files make torch raise nearly everything there is
        raise BadInput(_reason(error)) from error


def _reason(error: Exception) -> str:
    """Torch's error without its advice, which is to trust the file."""
    message = str(error)
    if named := re.search(r"GLOBAL (\w\S*)", message):
        return f"the pickle inside needs {named[1]}, which is neither a tensor nor a plain value; it was not run"
    words = message.partition("WeightsUnpickler error:")[2].strip() or message
    first = words.strip().split("\n")[0][:200]
    return f"not a checkpoint, or damaged: {first or type(error).__name__}"
