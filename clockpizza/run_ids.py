"""Ids of runs: short, readable, fit for a file name, and distinct within a sweep.

`r0.50-w128-l1-s3` is a transformer with attention rate .5, width 128, one layer, seed 3; `alpha-h256-s3` a linear
model. What else differs within the sweep follows, as `-p113` or `-wd1.5`, and masked frequencies in any case, as
`-mask6.25.29`. Rates have as many decimals as tell them apart, up to four; where that is not enough, runs that would
collide get six letters of their config's hash.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from clockpizza.config import LinearConfig
from clockpizza.run_config import RunConfig, run_to_dict

DECIMALS = (2, 3, 4)
_SHORT = {
    "p": "p",
    "heads": "a",
    "activation": "",
    "separate_vocabularies": "sep",
    "equals_token": "eq",
    "causal": "causal",
    "d_mlp": "m",
    "d_vocab_out": "o",
    "epochs": "e",
    "train_fraction": "tf",
    "learning_rate": "lr",
    "weight_decay": "wd",
    "precision": "",
    "masked_frequencies": "mask",
}


def run_ids(configs: Sequence[RunConfig]) -> list[str]:
    """An id for each of `configs`, in their order; the same configs in the same order always get the same.

    Configs must differ from each other.
    """
    values = [flat(config) for config in configs]
    extra = _that_vary(configs, values)
    for decimals in DECIMALS:
        ids = [_id(config, each, extra, decimals) for config, each in zip(configs, values, strict=True)]
        if len(set(ids)) == len(ids):
            return ids
    times = Counter(ids)
    return [id if times[id] == 1 else f"{id}-{_hash(each)}" for id, each in zip(ids, values, strict=True)]


def flat(config: RunConfig) -> dict[str, Any]:
    """A run's config as one table; no key of the network's is a key of the run's."""
    values = run_to_dict(config)
    return {**values.pop("network"), **values}


def _id(config: RunConfig, values: dict[str, Any], extra: list[str], decimals: int) -> str:
    network = config.network
    if isinstance(network, LinearConfig):
        parts = [network.model, f"h{network.hidden}"]
    else:
        parts = [f"r{network.attention_rate:.{decimals}f}", f"w{network.width}", f"l{network.layers}"]
    parts += [
        _part(key, values[key]) for key in extra if key in values and values[key] is not False and values[key] != ()
    ]
    return "-".join([*parts, f"s{config.seed}"])


def _part(key: str, value: Any) -> str:
    if value is True:
        return _SHORT[key]
    if isinstance(value, tuple):
        return _SHORT[key] + ".".join(map(str, value))
    text = value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    return _SHORT[key] + text.replace("+", "")


def _that_vary(configs: Sequence[RunConfig], values: Sequence[dict[str, Any]]) -> list[str]:
    """Which keys that no id shows anyway differ between runs."""
    found = []
    for key in _SHORT:
        if key == "d_mlp":  # follows the width, as a rule
            held = {
                each[key] / config.network.width for config, each in zip(configs, values, strict=True) if key in each
            }
        elif key == "d_vocab_out":  # follows p and the tokens
            held = {
                each[key] - each["p"] * (1 + each["separate_vocabularies"]) - each["equals_token"]
                for each in values
                if key in each
            }
        else:
            held = {each[key] for each in values if key in each}
        if len(held) > 1 or (key == "masked_frequencies" and held != {()}):
            found.append(key)
    return found


def _hash(values: dict[str, Any]) -> str:
    import hashlib

    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:6]
