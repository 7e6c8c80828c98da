"""Frequencies over tokens, 1 .. p//2: k and p - k are one."""

from __future__ import annotations


def double(k: int, p: int) -> int:
    """The frequency of the companion: 2k, folded into 1 .. p//2; 0 where there is none (k = p/2, and p/3: it is k)."""
    twice = min(2 * k % p, -2 * k % p)
    return 0 if twice == k else twice


def halves(k: int, p: int) -> list[int]:
    """The frequencies whose double is k: one where p is odd; none or two where it is even; never k itself."""
    return [h for h in range(1, p // 2 + 1) if double(h, p) == k]
