"""The C++ of this package as libraries: built where a compiler is found, once for a machine, and kept."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch

from clockpizza.threads import Threads

HEADERS = [Path(__file__).with_name(f"{name}.hpp") for name in ("exponential", "hidden", "linear", "product")]
FLAGS = ("-O3", "-march=native", "-std=c++17", "-fPIC", "-fopenmp-simd", "-fno-math-errno")
TYPES = {torch.float32: "float32", torch.float64: "float64"}
SWITCH = "CLOCKPIZZA_KERNEL"  # off: leave it out


Loaded = TypeVar("Loaded")


class Unavailable(Exception):
    """There is no kernel here; the message says why."""


def library(*names: str) -> ctypes.CDLL:
    """The library of these sources, built first where that has not been done for this machine, compiler and source.

    Raises:
        Unavailable: no compiler, nowhere to keep what it makes, or `CLOCKPIZZA_KERNEL` is off.
    """
    if os.environ.get(SWITCH, "").lower() in ("off", "0", "false"):
        raise Unavailable(f"{SWITCH} is off")
    command, sources = _compiler(), [Path(__file__).with_name(f"{name}.cpp") for name in names]
    path = _folder() / f"kernel-{_fingerprint(command, sources)}.so"
    if not path.exists():
        _build(command, sources, path)
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise Unavailable(f"{path} cannot be loaded: {error}") from error


def functions(library: ctypes.CDLL, name: str, *arguments: Any) -> dict[torch.dtype, Any]:
    """A function for each type of numbers."""
    found = {dtype: library[f"{name}_{of_type}"] for dtype, of_type in TYPES.items()}
    for function in found.values():
        function.argtypes, function.restype = arguments, None
    return found


def if_available(load: Callable[[], Loaded]) -> Loaded | None:
    """What is loaded, where it can be; `clockpizza doctor` says why not."""
    try:
        return load()
    except Unavailable:
        return None


def _compiler() -> list[str]:
    """`CXX` or the first of c++, g++ and clang++."""
    for command in filter(None, (os.environ.get("CXX"), "c++", "g++", "clang++")):
        words = shlex.split(command)
        if words and shutil.which(words[0]):
            return words
    raise Unavailable("no C++ compiler found; install g++ or clang")


def _folder() -> Path:
    """Where built kernels are kept: a folder of the user's own, since what is in it gets executed."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clockpizza"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except (OSError, RuntimeError) as error:  # RuntimeError: nobody's home is known
        raise Unavailable(f"there is no folder to keep it in: {error}") from error
    if status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise Unavailable(f"{folder} can be written by others; chmod 700 it")
    return folder


def _fingerprint(command: list[str], sources: list[Path]) -> str:
    """What a built kernel depends on: source, compiler, flags, processor."""
    try:
        version = subprocess.run([*command, "--version"], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unavailable(f"{command[0]} does not run: {error}") from error
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))})
    except OSError:
        processor = [platform.processor()]
    texts = [path.read_bytes() for path in sources + HEADERS]
    parts = [*texts, version, *(text.encode() for text in (*FLAGS, platform.machine(), *processor))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _build(command: list[str], sources: list[Path], path: Path) -> None:
    """Compile to a name of its own, then rename: workers that start at once do not see each other's half."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / path.name
            objects = [str(Path(folder) / f"{source.stem}.o") for source in sources]
            commands = [[*FLAGS, "-c", str(source), "-o", to] for source, to in zip(sources, objects, strict=True)]
            list(Threads(os.cpu_count() or 1).map(partial(_run, command), commands))
            _run(command, ["-shared", *objects, "-o", str(made)])
            os.replace(made, path)
    except OSError as error:
        raise Unavailable(f"{path} cannot be built: {error}") from error


def _run(command: list[str], arguments: list[str]) -> None:
    done = subprocess.run([*command, *arguments], capture_output=True, text=True)
    if done.returncode:
        first = next(iter(done.stderr.splitlines()), f"exit code {done.returncode}")
        raise Unavailable(f"{command[0]} cannot build it: {first}")
