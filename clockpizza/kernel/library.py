"""The C++ of this package as a library: built where a compiler is found, once for a machine, and kept."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from clockpizza.threads import Threads

NAMES = ("first_block", "pairs", "last_block", "adamw", "masked_product", "attention_back")
SOURCES = [Path(__file__).with_name(f"{name}.cpp") for name in NAMES]
HEADERS = [Path(__file__).with_name(f"{name}.hpp") for name in ("exponential", "hidden", "linear", "product")]
FLAGS = ("-O3", "-march=native", "-std=c++17", "-fPIC", "-fopenmp-simd", "-fno-math-errno")
SWITCH = "CLOCKPIZZA_KERNEL"  # off: leave it out


class Unavailable(Exception):
    """There is no kernel here; the message says why."""


def library() -> ctypes.CDLL:
    """The library, built first where that has not been done for this machine, compiler and source.

    Raises:
        Unavailable: no compiler, nowhere to keep what it makes, or `CLOCKPIZZA_KERNEL` is off.
    """
    if os.environ.get(SWITCH, "").lower() in ("off", "0", "false"):
        raise Unavailable(f"{SWITCH} is off")
    command = _compiler()
    path = _folder() / f"kernel-{_fingerprint(command)}.so"
    if not path.exists():
        _build(command, path)
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise Unavailable(f"{path} cannot be loaded: {error}") from error


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


def _fingerprint(command: list[str]) -> str:
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
    sources = [path.read_bytes() for path in SOURCES + HEADERS]
    parts = [*sources, version, *(text.encode() for text in (*FLAGS, platform.machine(), *processor))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _build(command: list[str], path: Path) -> None:
    """Compile to a name of its own, then rename: workers that start at once do not see each other's half."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / path.name
            objects = [str(Path(folder) / f"{source.stem}.o") for source in SOURCES]
            commands = [[*FLAGS, "-c", str(source), "-o", to] for source, to in zip(SOURCES, objects, strict=True)]
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
