"""Matrices as PNG: one palette of 255 colours and one entry for what is missing. A picture at p 59 takes about 3 kB."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from clockpizza.plots.picture import VIRIDIS

LEVELS = 255  # and one that is transparent
MISSING = 255


def data_uri(values: NDArray[np.float64]) -> str:
    """A matrix (n, m) as a `data:` address of a PNG, a pixel a value, from dark (lowest) to light; NaN transparent."""
    return "data:image/png;base64," + base64.b64encode(png(levels(values))).decode()


def levels(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Which of 255 equal parts between the least and the largest value each lies in; MISSING where it is not finite."""
    shown = np.isfinite(values)
    low, high = (values[shown].min(), values[shown].max()) if shown.any() else (0.0, 0.0)
    part = np.where(shown, (np.where(shown, values, low) - low) / ((high - low) or 1.0), 0.0)
    return np.where(shown, np.minimum(part * LEVELS, LEVELS - 1), MISSING).astype(np.uint8)


def palette() -> NDArray[np.uint8]:
    """The colours of the 255 levels, and white for what is missing: (256, 3)."""
    stops = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in VIRIDIS], dtype=float)
    at = np.linspace(0, len(stops) - 1, LEVELS)
    colours = np.stack([np.interp(at, np.arange(len(stops)), stops[:, i]) for i in range(3)], axis=1)
    return np.vstack([np.rint(colours), [[255, 255, 255]]]).astype(np.uint8)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Palette indices (n, m) as a PNG file."""
    height, width = pixels.shape
    rows = np.hstack([np.zeros((height, 1), np.uint8), pixels])  # each row's filter: none
    opaque = bytes([255] * LEVELS + [0])
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette().tobytes()),
            _chunk(b"tRNS", opaque),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
