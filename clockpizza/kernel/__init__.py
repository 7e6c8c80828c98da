"""The innermost loops, in C++, for CPUs: built where a compiler is found, once for a machine, and left out where not.

`pairs.cpp` is what `training.pair_loss`, and `training.deep` for its first layer, compute with torch for one network of
ReLU, in about half the time: tiles of pairs stay in a core's cache from the tables to their gradients; `rows.cpp` the
same for the last layer of `training.deep`.
`masked_product.cpp` is what takes the time in `networks.jacobian`: products over the active neurons of each pair;
`attention_back.cpp` what follows there, the way back through the last block's attention.
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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from clockpizza.threads import Each

SOURCES = [
    Path(__file__).with_name(f"{name}.cpp")
    for name in ("first_block", "pairs", "last_block", "adamw", "masked_product", "attention_back")
]
HEADERS = [Path(__file__).with_name(name) for name in ("hidden.hpp", "linear.hpp", "product.hpp")]
FLAGS = ("-O3", "-march=native", "-std=c++17", "-fPIC", "-shared", "-fopenmp-simd", "-fno-math-errno")
SWITCH = "CLOCKPIZZA_KERNEL"  # off: leave it out
TYPES = {torch.float32: "float32", torch.float64: "float64"}


# One network's tables (see `networks.tables`) and M (1, hidden, F - hidden), or their gradients.
PARTS = ("B0", "B1", "S", "T0", "T1", "M")
Parts = Sequence[Tensor]


# What the first block of one network is made of, or the gradients.
BLOCK = ("x", "W_K", "W_Q", "W_V", "W_O", "C", "bias")
LAST_BLOCK = (*BLOCK, "M")


@dataclass(frozen=True)
class Shared:
    """A kernel whose work is cut into parts, which threads may share; the last bits depend on the parts alone."""

    kernel: Kernel
    parts: int
    each: Each


@dataclass(frozen=True)
class Attention:
    """The first block's, of two tokens: what of it is not weights."""

    rate: float
    causal: bool
    read: Sequence[int]  # positions


class Unavailable(Exception):
    """There is no kernel here; the message says why."""


class FirstBlock(ctypes.Structure):
    """As in first_block.cpp; what a call does not need stays empty."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("p", "width", "heads", "d_head", "F", "positions")),
        *((name, ctypes.c_int64) for name in ("part", "parts", "causal")),
        ("rate", ctypes.c_double),
        ("read", ctypes.c_int64 * 2),
        *((name, ctypes.c_void_p) for name in BLOCK),
        *((name, ctypes.c_void_p) for name in ("S", "T0", "T1", "B", "kept", "dB", "dS", "dT0", "dT1")),
        *((name, ctypes.c_void_p) for name in ("dx", "dC", "dW_K", "dW_Q", "dW_V", "dW_O", "dbias")),
    ]


class Problem(ctypes.Structure):
    """As in pairs.cpp; what a call does not need stays empty."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("positions", "rows", "p", "K", "hidden", "width", "outputs")),
        *((name, ctypes.c_int64) for name in ("B0_apart", "S_apart", "T0_apart", "dB0_apart", "dS_apart", "dT0_apart")),
        *((name, ctypes.c_void_p) for name in ("B0", "B1", "S", "T0", "T1", "M", "weight", "target", "loss", "row")),
        ("count", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in ("z", "dz", "dB0", "dB1", "dS", "dT0", "dT1", "dM")),
    ]


class LastBlock(ctypes.Structure):
    """As in last_block.cpp; without heads what is of them stays empty."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("n", "width", "heads", "d_head", "hidden", "outputs", "logits")),
        *((name, ctypes.c_double) for name in ("rate", "weight")),
        *((name, ctypes.c_void_p) for name in (*LAST_BLOCK, "target", "loss", *(f"d{name}" for name in LAST_BLOCK))),
    ]


class AdamW(ctypes.Structure):
    """As in adamw.cpp."""

    _fields_ = [
        ("n", ctypes.c_int64),
        *((name, ctypes.c_double) for name in ("learning_rate", "weight_decay", "beta1", "beta2", "epsilon")),
        *((name, ctypes.c_double) for name in ("steps", "warmup")),
        *((name, ctypes.c_void_p) for name in ("gradient", "parameter", "first", "second")),
    ]


class AttentionBack(ctypes.Structure):
    """As in attention_back.cpp."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("N", "p", "heads", "d_head", "width", "T", "keys", "query")),
        ("scale", ctypes.c_double),
        *((name, ctypes.c_void_p) for name in ("G", "W_O", "W_V", "pattern", "A", "v", "from_q", "from_k", "out")),
    ]


class Kernel:
    """The library, once loaded. Calls let other threads run."""

    def __init__(self, library: ctypes.CDLL):
        def of_types(name: str, *arguments: Any) -> dict[torch.dtype, Any]:
            functions = {dtype: library[f"{name}_{of_type}"] for dtype, of_type in TYPES.items()}
            for function in functions.values():
                function.argtypes, function.restype = arguments, None
            return functions

        pointer = ctypes.POINTER(FirstBlock)
        self._first_block, self._first_block_back = (
            of_types(name, pointer) for name in ("first_block", "first_block_back")
        )
        self._first_block_kept = of_types("first_block_kept", pointer)
        for function in self._first_block_kept.values():
            function.restype = ctypes.c_int64
        self._pair_loss, self._layer, self._layer_back = (
            of_types(name, ctypes.POINTER(Problem)) for name in ("pair_loss", "layer", "layer_back")
        )
        self._last_block = of_types("last_block", ctypes.POINTER(LastBlock))
        self._adamw = of_types("adamw", ctypes.POINTER(AdamW))
        self._attention_back = of_types("attention_back", ctypes.POINTER(AttentionBack))
        self._masked_product = of_types("masked_product", *[ctypes.c_int64] * 4, *[ctypes.c_void_p] * 5)

    def first_block(
        self, of: Sequence[Tensor], attention: Attention, parts: int, each: Each = map
    ) -> tuple[list[Tensor], Tensor]:
        """Tables (B0, B1, S, T0, T1) of one network's first block, and what `first_block_back` needs to have kept.

        of: the operands' vectors (1, 2, p, width), W_K, W_Q, W_V, W_O, C and bias: see `networks.first_layer`.
        parts: how many the work is cut into; the last bits depend on it. each: `map`, or that of threads to share them.
        """
        of = [t.contiguous() for t in of]
        x, (_, heads, _, _), F, reads = of[0], of[1].shape, of[5].shape[1], len(attention.read)
        p = x.shape[2]
        kept = x.new_empty(heads, self._first_block_kept[x.dtype](_first_block(of, attention)))
        B = x.new_zeros(parts, 2, 1, reads, p, F)
        S, T0, T1 = (x.new_empty(1, *shape) for shape in ((reads, p, p, heads), (heads, p, F), (heads, p, F)))
        _in_parts(self._first_block[x.dtype], of, attention, parts, each, kept=kept, B=B, S=S, T0=T0, T1=T1)
        return [*B.sum(0), S, T0, T1], kept

    def first_block_back(
        self,
        of: Sequence[Tensor],
        attention: Attention,
        S: Tensor,
        kept: Tensor,
        gradients: Sequence[Tensor],
        parts: int,
        each: Each = map,
    ) -> list[Tensor]:
        """From gradients of the tables to those of `of`."""
        of = [t.contiguous() for t in of]
        dB0, dB1, *others = gradients
        dS, dT0, dT1 = (t.contiguous() for t in others)
        dx, dC = (t.new_empty(parts, *t.shape) for t in (of[0], of[5]))
        given = {"S": S, "kept": kept, "dB": torch.stack([dB0, dB1]), "dS": dS, "dT0": dT0, "dT1": dT1}
        own = {f"d{name}": torch.empty_like(t) for name, t in zip(BLOCK, of, strict=True) if name not in ("x", "C")}
        _in_parts(self._first_block_back[dx.dtype], of, attention, parts, each, **given, **own, dx=dx, dC=dC)
        made = own | {"dx": dx.sum(0), "dC": dC.sum(0)}
        return [made[f"d{name}"] for name in BLOCK]

    def pair_loss(self, of: Parts, weight: Tensor, target: Tensor, outputs: int, into: Parts) -> Tensor:
        """The loss (1,), float64, over some operands a and all b at the only position; `into` take the gradients to `of`.

        weight: (1, n), float64. target: (n,). outputs: logits that enter the softmax.
        """
        loss, of = weight.new_empty(1), _laid_out(of)
        given = {"weight": weight.contiguous(), "target": target.contiguous(), "loss": loss}
        self._pair_loss[of[-1].dtype](_problem(of, given, into, outputs=outputs))
        return loss

    def layer(self, of: Parts, row: Tensor, rows: int) -> Tensor:
        """The layer's output z of some pairs at each position, (1, positions, rows, F - hidden).

        row: (a * p,), each pair's row in z, or -1.
        """
        of = _laid_out(of)
        z = of[-1].new_empty(1, of[0].shape[1], rows, of[-1].shape[2])
        self._layer[z.dtype](_problem(of, {"row": row, "z": z}, count=rows))
        return z

    def layer_back(self, of: Parts, row: Tensor, dz: Tensor) -> list[Tensor]:
        """From the gradient of `layer`'s output to those of `of`."""
        of = _laid_out(of)
        made = [t.new_empty(t.shape) for t in of]
        self._layer_back[dz.dtype](_problem(of, {"row": row, "dz": dz.contiguous()}, made, count=dz.shape[2]))
        return made

    def last_block(
        self, of: Mapping[str, Tensor], rate: float, target: Tensor, logits: int, weight: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss (1,), float64, of one network over rows of the residual stream before its last block; and gradients.

        of: x (1, 2, n, width), W_K, W_Q, W_V, W_O, C (1, hidden + outputs, width), bias (1, hidden + outputs) and
        M (1, hidden, outputs): see last_block.cpp. Without the attention's weights x is (1, 1, n, width), resid_mid.
        target: (1, n). logits: of the outputs, those that enter the softmax. weight: of every row.
        """
        of = {name: t.contiguous() for name, t in of.items()}
        target, loss = target.contiguous(), target.new_empty(1, dtype=torch.float64)
        made = {name: torch.empty_like(t) for name, t in of.items()}
        pointers = of | {"target": target, "loss": loss} | {f"d{name}": t for name, t in made.items()}
        _, heads, d_head, _ = of["W_K"].shape if "W_K" in of else (1, 0, 0, 0)
        problem = LastBlock(
            *of["x"].shape[2:],
            heads,
            d_head,
            *of["M"].shape[1:],
            logits,
            rate,
            weight,
            **{name: t.data_ptr() for name, t in pointers.items()},
        )
        self._last_block[of["x"].dtype](problem)
        return loss, made

    def adamw(self, parameter: Tensor, gradient: Tensor, first: Tensor, second: Tensor, **settings: float) -> None:
        """A step of one run, (P,) each, all but the gradient changed in place.

        settings: learning_rate, weight_decay, beta1, beta2, epsilon, steps with this one, warmup.
        """
        own = {"parameter": parameter, "gradient": gradient.contiguous(), "first": first, "second": second}
        pointers = {name: tensor.data_ptr() for name, tensor in own.items()}
        self._adamw[parameter.dtype](AdamW(n=len(parameter), **settings, **pointers))

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
        self._attention_back[G.dtype](AttentionBack(N, p, heads, d_head, width, T, keys, query, scale, *pointers))
        return out


def _first_block(
    of: Sequence[Tensor], attention: Attention, part: int = 0, parts: int = 1, **others: Tensor
) -> FirstBlock:
    x, W_K = of[:2]
    return FirstBlock(
        p=x.shape[2],
        width=x.shape[3],
        heads=W_K.shape[1],
        d_head=W_K.shape[2],
        F=of[5].shape[1],
        positions=len(attention.read),
        part=part,
        parts=parts,
        causal=attention.causal,
        rate=attention.rate,
        read=(ctypes.c_int64 * 2)(*attention.read),
        **{name: tensor.data_ptr() for name, tensor in (dict(zip(BLOCK, of, strict=True)) | others).items()},
    )


def _in_parts(
    function: Any, of: Sequence[Tensor], attention: Attention, parts: int, each: Each, **others: Tensor
) -> None:
    problems = [_first_block(of, attention, part, parts, **others) for part in range(parts)]
    list(each(function, problems))


def _laid_out(of: Parts) -> list[Tensor]:
    """As the kernel takes them: what is of some operands a may lie among the others' rows."""
    B0, B1, S, T0, T1, M = of
    B0, S, T0 = (t if t[0, :1].is_contiguous() else t.contiguous() for t in (B0, S, T0))
    return [B0, B1.contiguous(), S, T0, T1.contiguous(), M.contiguous()]


def _problem(of: Parts, others: dict[str, Tensor], into: Parts = (), outputs: int = 0, count: int = 0) -> Problem:
    B0, B1, S, T0, _, M = of
    tensors = dict(zip(PARTS, of, strict=True)) | others | {f"d{name}": t for name, t in zip(PARTS, into, strict=False)}
    apart = {
        f"{name}_apart": tensors[name].stride(1) for name in ("B0", "S", "T0", "dB0", "dS", "dT0") if name in tensors
    }
    return Problem(
        positions=B0.shape[1],
        rows=B0.shape[2],
        p=B1.shape[2],
        K=T0.shape[1],
        hidden=M.shape[1],
        width=M.shape[2],
        outputs=outputs,
        count=count,
        **apart,
        **{name: tensor.data_ptr() for name, tensor in tensors.items()},
    )


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
