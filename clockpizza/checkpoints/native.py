"""Our own files: a dict of plain values and tensors that ``torch.load(weights_only=True)`` reads.

format "clockpizza"     schema 1            clockpizza, torch: the versions that wrote it
config                  what `clockpizza.config.to_dict` gives
weights                 by the names of the authors' state dicts
training_pairs          indices a * p + b, int64, or None where the split is not known
record                  how it was trained, in plain JSON values
"""

from __future__ import annotations

import io
import itertools
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import clockpizza
from clockpizza.checkpoints.checkpoint import FILE, LINEAR_SETTINGS, SETTINGS, Checkpoint, plain, training_split
from clockpizza.checkpoints.state_dict import named, state_dict
from clockpizza.config import TransformerConfig, from_dict, to_dict
from clockpizza.errors import BadInput, ClockpizzaError, visible
from clockpizza.networks import Network, build
from clockpizza.store.atomic import reason, write_bytes

FORMAT, SCHEMA = "clockpizza", 1
MAX_RECORD = 10_000  # values
MAX_DEPTH = 20


def recognises(holds: Mapping[str, Any]) -> bool:
    """Whether a file's content is one of ours."""
    return isinstance(holds.get("format"), str) and holds["format"] == FORMAT


def read(path: Path, holds: Mapping[str, Any]) -> Checkpoint:
    """The network in one of our files. Raises BadInput without naming the file."""
    known = plain(holds)
    if known.get("schema") != SCHEMA:
        raise BadInput(
            f"its schema is {known.get('schema')!r}, and clockpizza {clockpizza.__version__} reads schema {SCHEMA}; "
            f"it needs clockpizza {known.get('clockpizza', 'of another version')}"
        )
    if missing := [key for key in ("config", "weights") if key not in holds]:
        raise BadInput(f"{missing[0]} is missing")
    values, weights = named(holds["config"]), state_dict(holds["weights"])
    try:
        config = from_dict(values)
    except TypeError as error:
        raise BadInput(f"its config holds a value of the wrong type: {error}") from error
    if config.layers > len(weights):
        raise BadInput(f"its config says {config.layers} layers, but there are {len(weights)} weights")
    network = build(config, weights)
    pairs = holds.get("training_pairs")
    if pairs is not None and (pairs := training_split(pairs, config.p)) is None:
        raise BadInput(f"training_pairs must be distinct whole numbers from 0 to {config.p**2 - 1}")
    told = dict.fromkeys(SETTINGS if isinstance(config, TransformerConfig) else LINEAR_SETTINGS, FILE)
    return Checkpoint(path, FORMAT, network, pairs, _plain_record(holds.get("record", {})), told)


def write(
    path: str | os.PathLike[str],
    network: Network,
    training_pairs: Tensor | None = None,
    record: Mapping[str, Any] | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Write a network as one of our files, whole or not at all.

    Args:
        path: a file in a folder that exists.
        training_pairs: indices a * p + b of the pairs it was trained on, if known.
        record: how it was trained, in plain JSON values.
        overwrite: replace a file that is there.

    Raises:
        BadInput: the file exists, its folder does not, or training_pairs or record are not as above.
        ClockpizzaError: the disk is full, or the like.
    """
    path = Path(path)
    try:
        content = _content(network, training_pairs, record or {})
        _check_target(path, overwrite)
    except BadInput as error:
        raise BadInput(visible(f"{path}: {error}")) from error
    except OSError as error:
        raise ClockpizzaError(visible(f"{path}: cannot be written: {reason(error)}")) from error
    write_bytes(path, content)


def _content(network: Network, training_pairs: Tensor | None, record: Mapping[str, Any]) -> bytes:
    p = network.config.p
    if training_pairs is not None and (training_pairs := training_split(training_pairs.cpu(), p)) is None:
        raise BadInput(f"training_pairs must be distinct whole numbers from 0 to {p**2 - 1}")
    document = {
        "format": FORMAT,
        "schema": SCHEMA,
        "clockpizza": clockpizza.__version__,
        "torch": str(torch.__version__),
        "config": to_dict(network.config),
        "weights": {name: _own(weight) for name, weight in network.weights.items()},
        "training_pairs": None if training_pairs is None else _own(training_pairs),
        "record": _plain_record(dict(record)),
    }
    # Through memory: torch turns a full disk into an error of its own, which does not say so.
    buffer = io.BytesIO()
    torch.save(document, buffer)
    return buffer.getvalue()


def _own(tensor: Tensor) -> Tensor:
    """A copy that does not drag along the memory it is a view of."""
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def _check_target(path: Path, overwrite: bool) -> None:
    if not path.parent.is_dir():
        raise BadInput(f"there is no folder {path.parent}")
    if path.is_dir():
        raise BadInput("a folder; name a file in it")
    if os.path.lexists(path) and not overwrite:
        raise BadInput("exists already; --force overwrites it")


def _plain_record(record: Any) -> dict[str, Any]:
    """A copy of a training record. Raises BadInput where it is not plain JSON, or too large to be one."""
    if not isinstance(record, dict):
        raise BadInput(f"record is a {type(record).__name__}, not a dict")
    copy: dict[str, Any] = _plain(record, itertools.count(), 0)
    return copy


def _plain(value: Any, count: Iterator[int], depth: int) -> Any:
    # Counted while copied: in a pickle a list can hold itself, or one list twice and so on, 2^n times.
    if next(count) > MAX_RECORD or depth > MAX_DEPTH:
        raise BadInput(f"record holds more than {MAX_RECORD:,} values, or is more than {MAX_DEPTH} deep")
    if value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item, count, depth + 1) for item in value]
    if isinstance(value, dict) and all(type(key) is str for key in value):
        return {key: _plain(item, count, depth + 1) for key, item in dict.items(value)}
    raise BadInput(f"record holds a {type(value).__name__} that is no plain JSON value")
