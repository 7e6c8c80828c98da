"""Names that become paths are harmless, and a wrong one comes with a right one."""

from __future__ import annotations

import pytest

from clockpizza.errors import BadInput
from clockpizza.store.names import check_name, is_name, sanitise


@pytest.mark.parametrize("name", ["a", "r0.50-w128-l1-s3", "My_sweep.2", "7", "x" * 100])
def test_letters_digits_dots_dashes_and_underscores_make_a_name(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        ".hidden",
        "-rf",
        "a b",
        "a\n",
        "a\x1b[2J",
        "é",
        "a\u202eb",
        "a.",
        "x" * 101,
        "a\0b",
    ],
)
def test_anything_else_is_refused_and_a_name_proposed(name: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_name(name, "sweep name")
    assert str(refused.value).startswith("sweep name ")
    assert str(refused.value).isprintable()
    assert is_name(sanitise(name))


def test_sanitising_keeps_what_can_be_kept() -> None:
    assert sanitise("Möbius sweep: rate/width") == "Mobius-sweep-rate-width"
    assert sanitise("../../etc/passwd") == "etc-passwd"
    assert sanitise("日本") == "unnamed"
