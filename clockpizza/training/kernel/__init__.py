"""The pair loss in C++ (pair_loss.cpp): built where a compiler is found, once for a machine, and left out where not.

It computes what `PairLoss` computes with torch, on a CPU, for one network of ReLU at a time, in about half the time:
its tiles of pairs stay in a core's cache from the tables to their gradients.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from clockpizza.networks.one_hidden import OneHidden
from clockpizza.networks.tables import Tables

SOURCE = Path(__file__).with_name("pair_loss.cpp")
FLAGS = ("-O3", "-march=native", "-std=c++17", "-fPIC", "-shared", "-fopenmp-simd", "-fno-math-errno")
SWITCH = "CLOCKPIZZA_KERNEL"  # off: leave it out
NAMES = {torch.float32: "pair_loss_float32", torch.float64: "pair_loss_float64"}


class Unavailable(Exception):
    """There is no kernel here; the message says why."""


class Problem(ctypes.Structure):
    """As in pair_loss.cpp."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("rows", "p", "K", "hidden", "width", "outputs")),
        *((name, ctypes.c_void_p) for name in ("S", "T0", "T1", "M", "weight", "target")),
        *((name, ctypes.c_void_p) for name in ("loss", "dS", "dT0", "dT1", "dM")),
    ]


class Kernel:
    """The library, once loaded. Calls let other threads run."""

    def __init__(self, library: ctypes.CDLL):
        self._functions = {dtype: library[name] for dtype, name in NAMES.items()}
        for function in self._functions.values():
            function.argtypes, function.restype = [ctypes.POINTER(Problem)], None

    def loss_and_gradients(
        self, network: OneHidden, weight: Tensor, target: Tensor, outputs: int
    ) -> tuple[Tensor, OneHidden]:
        """Loss (1,), float64, and gradients of one network over some operands a and all b.

        weight: (1, n), float64. target: (n,). outputs: logits that enter the softmax.
        """
        tables = network.tables
        S, T0, T1, M = (None if t is None else t.contiguous() for t in (tables.S, tables.T0, tables.T1, network.M))
        assert T0 is not None and T1 is not None and M is not None
        loss = weight.new_empty(1)
        dS, dT0, dT1, dM = (None if t is None else torch.empty_like(t) for t in (S, T0, T1, M))
        _, rows, K, _ = T0.shape
        weight, target = weight.contiguous(), target.contiguous()
        sizes = (rows, T1.shape[1], K, *M.shape[1:], outputs)
        tensors = (S, T0, T1, M, weight, target, loss, dS, dT0, dT1, dM)
        problem = Problem(*sizes, *(None if t is None else t.data_ptr() for t in tensors))
        self._functions[T0.dtype](problem)
        assert dT0 is not None and dT1 is not None and dM is not None
        return loss, OneHidden(Tables(dS, dT0, dT1), dM)


@cache
def load() -> Kernel:
    """The kernel, built first where that has not been done for this machine, compiler and source.

    Raises:
        Unavailable: no compiler, nowhere to keep what it makes, or `CLOCKPIZZA_KERNEL` is off.
    """
    if os.environ.get(SWITCH, "").lower() in ("off", "0", "false"):
        raise Unavailable(f"{SWITCH} is off")
    command = _compiler()
    path = _folder() / f"pair_loss-{_fingerprint(command)}.so"
    if not path.exists():
        _build(command, path)
    try:
        return Kernel(ctypes.CDLL(str(path)))
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
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clockpizza"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except (OSError, RuntimeError) as error:
        raise Unavailable(f"{folder} cannot be made: {error}") from error
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
    parts = [SOURCE.read_bytes(), version, *(text.encode() for text in (*FLAGS, platform.machine(), *processor))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _build(command: list[str], path: Path) -> None:
    """Compile to a name of its own, then rename: workers that start at once do not see each other's half."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / path.name
            done = subprocess.run([*command, *FLAGS, "-o", str(made), str(SOURCE)], capture_output=True, text=True)
            if done.returncode:
                first = next(iter(done.stderr.splitlines()), f"exit code {done.returncode}")
                raise Unavailable(f"{command[0]} cannot build it: {first}")
            os.replace(made, path)
    except OSError as error:
        raise Unavailable(f"{path} cannot be built: {error}") from error
