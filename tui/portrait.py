"""Portraits as the screen reads them."""

from __future__ import annotations

from pathlib import Path

from clockpizza.store.result import table
from tui.facts import Facts, of_document, words
from tui.moment import Moment, of_arrays


def read_portrait(path: Path) -> tuple[Facts, Moment, dict[str, str]]:
    """The facts and the pictures of a portrait, and of arrays that it lacks, by their names, the reasons.

    Raises:
        BadInput: the file is none.
    """
    from clockpizza.portrait import read

    portrait = read(path)
    reasons = {name: words(why) for name, why in table(portrait.document, "undefined").items()}
    return of_document(table(portrait.document, "classification")), of_arrays(portrait.arrays), reasons
