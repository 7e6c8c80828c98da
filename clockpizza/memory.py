"""Keeping memory that was freed: the same few megabytes are freed and taken again and again.

glibc maps pieces of more than 128 kB afresh and hands the top of its heap back to the system, so that every training
step, and every chunk of pairs that evidence is gathered on, would touch thousands of new pages. Two settings end that;
elsewhere than on glibc nothing happens.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
LARGEST = 32 << 20  # bytes, the most that glibc takes: larger pieces are mapped in any case
KEPT = 1 << 30  # bytes of free heap that stay with the process


def keep_freed_memory() -> None:
    """Let this process keep what it frees. For workers and the like, whose memory is theirs until they end."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, LARGEST)
        mallopt(M_TRIM_THRESHOLD, KEPT)
