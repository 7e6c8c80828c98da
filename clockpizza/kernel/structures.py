"""What a step's C++ is given: structures as they stand in its sources. What a call does not need stays empty."""

from __future__ import annotations

import ctypes

# One network's tables (see `networks.tables`) and M (1, hidden, F - hidden), or their gradients.
PARTS = ("B0", "B1", "S", "T0", "T1", "M")

# What is made of the first block's weights, and of the last block's input and weights, or the gradients.
BLOCK = ("W_E", "W_pos", "W_K", "W_Q", "W_V", "W_O", "W_in", "b_in", "W_out", "b_out", "W_U")
LAST_BLOCK = ("x", "W_K", "W_Q", "W_V", "W_O", "C", "bias", "M")


class FirstBlock(ctypes.Structure):
    """As in first_block.cpp."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("p", "vocabulary", "second", "width", "heads", "d_head", "hidden")),
        *((name, ctypes.c_int64) for name in ("answers", "outputs", "positions", "part", "parts", "attends", "causal")),
        ("read", ctypes.c_int64 * 2),
        ("rate", ctypes.c_double),
        *((name, ctypes.c_void_p) for name in BLOCK),
        *((name, ctypes.c_void_p) for name in ("B", "S", "T0", "T1", "M", "kept")),
        *((name, ctypes.c_void_p) for name in ("dB0", "dB1", "dS", "dT0", "dT1", "dM")),
        *((name, ctypes.c_void_p) for name in ("dx", "dC", "dU", "dbias", *(f"d{name}" for name in BLOCK))),
    ]

    def in_parts(self) -> list[FirstBlock]:
        """The same for each part."""
        found = [FirstBlock.from_buffer_copy(self) for _ in range(self.parts)]
        for part, each in enumerate(found):
            each.part = part
        return found


class Problem(ctypes.Structure):
    """As in pairs.cpp."""

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
        *((name, ctypes.c_void_p) for name in ("parameter", "gradient", "first", "second")),
    ]
