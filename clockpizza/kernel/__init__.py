"""Three innermost loops in C++, for CPUs: built where a compiler is found, once for a machine, and left out where not.

`pair_loss.cpp` is what `training.pair_loss` computes with torch for one network of ReLU, in about half the time: its
tiles of pairs stay in a core's cache from the tables to their gradients. `masked_product.cpp` is what takes the time in
`networks.jacobian`: products over the active neurons of each pair; `attention_back.cpp` what follows there, the way
back through the last block's attention.
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

SOURCES = [Path(__file__).with_name(name) for name in ("pair_loss.cpp", "masked_product.cpp", "attention_back.cpp")]
HEADERS = [Path(__file__).with_name("product.hpp")]
FLAGS = ("-O3", "-march=native", "-std=c++17", "-fPIC", "-shared", "-fopenmp-simd", "-fno-math-errno")
SWITCH = "CLOCKPIZZA_KERNEL"  # off: leave it out
TYPES = {torch.float32: "float32", torch.float64: "float64"}


class Unavailable(Exception):
    """There is no kernel here; the message says why."""


class Problem(ctypes.Structure):
    """As in pair_loss.cpp."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("rows", "p", "K", "hidden", "width", "outputs", "apart")),
        *((name, ctypes.c_void_p) for name in ("S", "T0", "T1", "M", "weight", "target")),
        *((name, ctypes.c_void_p) for name in ("loss", "dS", "dT0", "dT1", "dM")),
    ]


class Attention(ctypes.Structure):
    """As in attention_back.cpp."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("N", "p", "heads", "d_head", "width", "T", "keys", "query")),
        ("scale", ctypes.c_double),
        *((name, ctypes.c_void_p) for name in ("G", "W_O", "W_V", "pattern", "A", "v", "from_q", "from_k", "out")),
    ]


class Kernel:
    """The library, once loaded. Calls let other threads run."""

    def __init__(self, library: ctypes.CDLL):
        self._pair_loss = {dtype: library[f"pair_loss_{name}"] for dtype, name in TYPES.items()}
        self._masked_product = {dtype: library[f"masked_product_{name}"] for dtype, name in TYPES.items()}
        self._attention_back = {dtype: library[f"attention_back_{name}"] for dtype, name in TYPES.items()}
        for function in self._attention_back.values():
            function.argtypes, function.restype = [ctypes.POINTER(Attention)], None
        for function in self._pair_loss.values():
            function.argtypes, function.restype = [ctypes.POINTER(Problem)], None
        for function in self._masked_product.values():
            function.argtypes, function.restype = [ctypes.c_int64] * 4 + [ctypes.c_void_p] * 5, None

    def pair_loss(
        self, S: Tensor | None, T0: Tensor, T1: Tensor, M: Tensor, weight: Tensor, target: Tensor, outputs: int
    ) -> tuple[Tensor, Tensor | None, Tensor, Tensor, Tensor]:
        """The loss (1,), float64, of one network over some operands a and all b; and its gradients to S, T0, T1 and M.

        S (1, a, p, K), T0 (1, K, a, F), T1 (1, K, p, F), M (1, hidden, F - hidden): see `networks.one_hidden`.
        weight: (1, n), float64. target: (n,). outputs: logits that enter the softmax.
        """
        S = None if S is None else S.contiguous()
        T0 = T0 if T0[0, 0].is_contiguous() else T0.contiguous()
        T1, M, weight, target = (t.contiguous() for t in (T1, M, weight, target))
        loss, dS = weight.new_empty(1), None if S is None else torch.empty_like(S)
        dT0, dT1, dM = (t.new_empty(t.shape) for t in (T0, T1, M))
        sizes = (T0.shape[2], T1.shape[2], T0.shape[1], *M.shape[1:], outputs, T0.stride(1))
        tensors = (S, T0, T1, M, weight, target, loss, dS, dT0, dT1, dM)
        problem = Problem(*sizes, *(None if t is None else t.data_ptr() for t in tensors))
        self._pair_loss[T0.dtype](problem)
        return loss, dS, dT0, dT1, dM

    def masked_product(self, by_neuron: Tensor, W: Tensor, of_all: Tensor, active: Tensor) -> Tensor:
        """(G * active) W for each of N masks (N, n): (N, p, m).

        by_neuron: G transposed, (n, p). W: (n, m). of_all: G W, (p, m).
        """
        (n, p), m = by_neuron.shape, W.shape[1]
        by_neuron, W, of_all, active = (t.contiguous() for t in (by_neuron, W, of_all, active))
        out = W.new_empty(len(active), p, m)
        tensors = (by_neuron, W, of_all, active, out)
        self._masked_product[W.dtype](len(active), p, n, m, *(t.data_ptr() for t in tensors))
        return out

    def attention_back(
        self,
        G: Tensor,
        W_O: Tensor,
        W_V: Tensor,
        pattern: Tensor,
        A: Tensor,
        v: Tensor,
        from_q: Tensor,
        from_k: Tensor,
        keys: int,
        query: int,
        scale: float,
    ) -> Tensor:
        """From dQ/dresid_mid at one query, G (N, p, width), to dQ/dresid_pre at the first keys: (keys, N, p, width).

        W_O (width, heads * d_head), W_V (heads, d_head, width). pattern, and the softmax A in it: (N, heads, T).
        v (N, heads, T, d_head), from_q (N, heads, width), from_k (N, heads, T, width): see `networks.jacobian`.
        """
        (N, p, width), (_, heads, T, d_head) = G.shape, v.shape
        out = G.new_empty(keys, N, p, width)
        inputs = [t.contiguous() for t in (G, W_O, W_V, pattern, A, v, from_q, from_k)]
        pointers = (t.data_ptr() for t in (*inputs, out))
        self._attention_back[G.dtype](Attention(N, p, heads, d_head, width, T, keys, query, scale, *pointers))
        return out


@cache
def found() -> Kernel | None:
    """The kernel where there is one; `clockpizza doctor` says why there is none."""
    try:
        return load()
    except Unavailable:
        return None


@cache
def load() -> Kernel:
    """The kernel, built first where that has not been done for this machine, compiler and source.

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
            done = subprocess.run(
                [*command, *FLAGS, "-o", str(made), *map(str, SOURCES)], capture_output=True, text=True
            )
            if done.returncode:
                first = next(iter(done.stderr.splitlines()), f"exit code {done.returncode}")
                raise Unavailable(f"{command[0]} cannot build it: {first}")
            os.replace(made, path)
    except OSError as error:
        raise Unavailable(f"{path} cannot be built: {error}") from error
