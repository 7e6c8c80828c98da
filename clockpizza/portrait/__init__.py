"""The portrait of a network: everything that was measured of it, as plain values and small arrays, in one `.npz`.

Made with torch (`clockpizza.portrait.make`, or `python -m clockpizza.portrait`), read without. docs/inspect.md says
what the document and each array hold.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clockpizza.errors import BadInput, visible
from clockpizza.store.arrays import read_arrays, write_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCHEMA = 2
DOCUMENT = "document"  # the name of the array that holds the document


@dataclass(frozen=True)
class Portrait:
    """document: JSON values: schema, source, network, warnings, undefined (array or table -> why), classification (what
    `clockpizza classify --json` prints), tables. arrays: by name, numbers.
    """

    document: dict[str, Any]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


def write(path: Path, portrait: Portrait) -> None:
    """Write a portrait, whole or not at all. Raises ClockpizzaError where that cannot be."""
    import numpy as np

    text = json.dumps(portrait.document, allow_nan=False).encode()
    write_arrays(path, {DOCUMENT: np.frombuffer(text, dtype=np.uint8), **portrait.arrays})


def read(path: Path) -> Portrait:
    """The portrait in a file. Nothing in it is executed.

    Raises:
        BadInput: not a portrait, damaged, or of a later schema.
    """
    arrays = read_arrays(path)
    text = arrays.pop(DOCUMENT, None)
    try:
        document = None if text is None else json.loads(text.tobytes())
    except (ValueError, RecursionError) as error:
        raise BadInput(visible(f"{path}: not a portrait, or damaged: {error}")) from error
    if not isinstance(document, dict):
        raise BadInput(visible(f"{path}: not a portrait; `python -m clockpizza.portrait` makes one"))
    if document.get("schema") != SCHEMA:
        raise BadInput(visible(f"{path}: a portrait of schema {document.get('schema')!r}; this reads schema {SCHEMA}"))
    return Portrait(document, arrays)


__all__ = ["Portrait", "read", "write"]
