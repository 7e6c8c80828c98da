"""What every set of weights must be: complete, of the right shapes, finite."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from clockpizza.errors import BadInput


def checked_weights(weights: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """`weights` as a plain dict in the order of `shapes`.

    Raises:
        BadInput: a weight is missing, unexpected, of another shape than `shapes` says, or not finite.
    """
    if missing := [name for name in shapes if name not in weights]:
        raise BadInput(f"weight {missing[0]} is missing" + (f" (and {len(missing) - 1} more)" if missing[1:] else ""))
    if unexpected := [name for name in weights if name not in shapes]:
        raise BadInput(f"weight {unexpected[0]} is not one of this network's")
    for name, shape in shapes.items():
        if tuple(weights[name].shape) != shape:
            raise BadInput(f"weight {name} has shape {tuple(weights[name].shape)}, expected {shape}")
        if not weights[name].isfinite().all():
            raise BadInput(f"weight {name} holds NaN or infinite values")
    return {name: weights[name] for name in shapes}
