"""What the form of the Start room asks, and what its answers mean. Textual-free.

Each field takes what `clockpizza sweep` does: a value, a list, or a range. One run is a training, several are a sweep.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from clockpizza.cli.train import PRESETS, Preset, recipe_name
from clockpizza.errors import BadInput
from clockpizza.store.names import check_name
from clockpizza.sweep_axes import KINDS, axis, count_of_random
from clockpizza.sweep_spec import SweepSpec, expand


class Field(NamedTuple):
    """A field: its key in a config (or its name, of those that are none), what it is when left empty, and a hint."""

    key: str
    default: str
    hint: str


FIELDS = (
    Field("attention_rate", "1", "0 to 1; or 0:1:21, or random 100"),
    Field("seed", "0", "3,5, or 0:9:10 for ten"),
    Field("epochs", "20000", "full-batch steps"),
    Field("width", "128", "d_model; 32,64,128"),
    Field("layers", "1", ""),
    Field("heads", "4", ""),
    Field("activation", "relu", "relu, gelu, tanh"),
    Field("p", "59", "the modulus"),
    Field("model", "transformer", "or alpha, beta, gamma, delta, x"),
    Field("train_fraction", "0.8", "share of the pairs trained on"),
    Field("learning_rate", "0.001", "AdamW's"),
    Field("weight_decay", "2", "AdamW's"),
    Field("precision", "float32", "tf32, float64"),
    Field("name", "", "made from the recipe"),
    Field("devices", "auto", "cpu, cuda:0, or cuda:0,cuda:1"),
    Field("keep_checkpoints", "no", "yes: weights at every snapshot"),
)
NO_AXES = ("name", "devices", "keep_checkpoints")
OPTIONS = {"learning_rate": "--lr"}  # of the command line, where they are not called as the key is
_DEVICE = re.compile(r"auto|cpu|cuda(:[0-9]+)?")
WORDS = {"yes": True, "no": False, "": False, "true": True, "false": False}


@dataclass(frozen=True)
class Order:
    """What a filled form asks for."""

    spec: SweepSpec
    name: str
    devices: tuple[str, ...]
    keep_checkpoints: bool
    options: tuple[str, ...]  # the same as options of `clockpizza sweep`


def check_field(key: str, text: str) -> str:
    """What is wrong with a field on its own, "" where nothing is."""
    try:
        if not text:
            return ""
        if key == "name":
            check_name(text)
        elif key == "keep_checkpoints" and text.lower() not in WORDS:
            return f"keep_checkpoints is {text!r}; expected yes or no"
        elif key == "devices" and not all(_DEVICE.fullmatch(each.strip()) for each in text.split(",")):
            return f"devices is {text!r}; expected auto, cpu, cuda:1 or a list such as cuda:0,cuda:1"
        elif key in KINDS and not (key == "attention_rate" and count_of_random(text)):
            axis(key, text)
    except BadInput as error:
        return str(error)
    return ""


def order(texts: Mapping[str, str]) -> Order:
    """What the form asks for, by the texts in its fields.

    Raises:
        BadInput: it cannot be carried out; the message names the field.
    """
    texts = {key: text.strip() for key, text in texts.items()}
    if wrong := next((words for key, text in texts.items() if (words := check_field(key, text))), ""):
        raise BadInput(wrong)
    given: dict[str, Any] = {key: text for key, text in texts.items() if text and key not in NO_AXES}
    options = [word for key, text in given.items() for word in (OPTIONS.get(key, f"--{key.replace('_', '-')}"), text)]
    linear = [each.strip() for each in given.get("model", "transformer").split(",") if each.strip() != "transformer"]
    if linear:  # the command line calls them linear:alpha, and their hidden size the width
        options[options.index("--model") + 1] = ",".join(f"linear:{each.removeprefix('linear:')}" for each in linear)
        given["model"] = ",".join(each.removeprefix("linear:") for each in linear)
        if "width" in given:
            given["hidden"] = given.pop("width")
    if count_of_random(given.get("attention_rate")):
        at = options.index("--attention-rate")
        options[at : at + 2] = ["--random", given["attention_rate"].split()[1]]
    spec = expand(given)
    devices = tuple(dict.fromkeys(each.strip() for each in texts.get("devices", "").split(",") if each.strip()))
    keep = WORDS[texts.get("keep_checkpoints", "").lower()]
    options += ["--keep-checkpoints"] * keep
    return Order(spec, texts.get("name") or recipe_name(spec.runs), devices or ("auto",), keep, tuple(options))


def preset(name: str) -> dict[str, str]:
    """The texts of a preset's fields."""
    return {key: str(value) for key, value in PRESETS[Preset(name)].items()}
