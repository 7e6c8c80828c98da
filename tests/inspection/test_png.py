"""PNG files of our own writing, read back by hand."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

from clockpizza.inspection.png import MISSING, data_uri, levels, palette, png


def chunks(content: bytes) -> dict[bytes, bytes]:
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = {}, 8
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        kind, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        assert struct.unpack(">I", content[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        found[kind] = body
        at += 12 + length
    return found


def test_pixels_come_back() -> None:
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    found = chunks(png(pixels))
    assert struct.unpack(">IIBBBBB", found[b"IHDR"]) == (3, 2, 8, 3, 0, 0, 0)
    rows = np.frombuffer(zlib.decompress(found[b"IDAT"]), np.uint8).reshape(2, 4)
    assert (rows[:, 0] == 0).all() and (rows[:, 1:] == pixels).all()
    assert found[b"PLTE"] == palette().tobytes() and found[b"tRNS"][MISSING] == 0


def test_the_least_is_dark_the_largest_light_and_nan_is_missing() -> None:
    found = levels(np.array([[-2.0, 0.0], [2.0, np.nan]]))
    assert found.tolist() == [[0, 127], [254, MISSING]]
    light = palette().astype(int).sum(1)
    assert light[0] < light[127] < light[254]
    assert levels(np.zeros((2, 2))).tolist() == [[0, 0], [0, 0]]
    assert levels(np.full((1, 1), np.nan)).tolist() == [[MISSING]]


def test_a_picture_at_p_59_takes_a_few_kilobytes() -> None:
    address = data_uri(np.random.default_rng(1).normal(size=(59, 59)))
    assert address.startswith("data:image/png;base64,") and len(address) < 7000
    chunks(base64.b64decode(address.partition(",")[2]))
