"""The paper authors' files: a bare state dict `model_<id>.pt`, and beside it `config_<id>.json`.

The weights tell the architecture; attention rate, activation and p stand in the config alone. Of the config, `funcs`
(Python source) is never evaluated, and `attention_dir` is ignored because the authors' code never applies it.
Source: Zhong et al. 2023, the code published with the paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from clockpizza.checkpoints.candidates import accuracies, tried
from clockpizza.checkpoints.checkpoint import CANDIDATE, FILE, FORMAT, Checkpoint, Overrides
from clockpizza.checkpoints.configs import Configs
from clockpizza.checkpoints.settle import Layout, transformer
from clockpizza.checkpoints.state_dict import shape, without_buffers
from clockpizza.config import LinearConfig
from clockpizza.errors import BadInput
from clockpizza.networks import Linear

THEIR_KEYS = ("C", "attn_coeff", "diff_vocab", "eqn_sign", "funcs")  # two of them, and it is their config


def read_transformer(path: Path, weights: Mapping[str, Tensor], configs: Configs, overrides: Overrides) -> Checkpoint:
    """A transformer; `weights` is the file's state dict. Raises BadInput without naming the file."""
    fixed, configs = fixed_by_their_code(configs)
    return transformer(path, Layout("authors", fixed), without_buffers(weights), {}, configs, overrides)


def fixed_by_their_code(configs: Configs) -> tuple[dict[str, Any], Configs]:
    """The settings that the authors' code has fixed, where a config is theirs, and the configs without those."""
    fixed: dict[str, Any] = {"layer_norm": ""}  # a LayerNorm of their code would have weights
    if sum(configs.has(key) for key in THEIR_KEYS) < 2:
        return fixed, configs
    return fixed | {"causal": False}, configs.without("attention_dir")


def read_linear(path: Path, weights: Mapping[str, Tensor], configs: Configs) -> Checkpoint:
    """A linear model; `weights` is the file's state dict. Raises BadInput without naming the file."""
    embed = "embed1.weight" if "embed1.weight" in weights else "embed.weight"
    p, d_embed = shape(weights, embed, "p", "d_embed")
    hidden = shape(weights, "unembed.weight", p, "hidden")[1]
    if (said := configs.says("p")) is not None and said.value != p:
        raise said.config.wrong(said.key, f"but {embed} has {p} rows")
    if (said := configs.says("activation")) is not None and said.value != LinearConfig.activation:
        raise said.config.wrong(said.key, "but the linear models have ReLU")
    model, source = _model(weights, configs, d_embed, p, hidden)
    network = Linear(LinearConfig(model, p, hidden), weights)
    told = {"model": source, "p": FILE, "activation": FORMAT}
    return Checkpoint(path, "authors", network, record=configs.record(), told=told)


def _model(weights: Mapping[str, Tensor], configs: Configs, d_embed: int, p: int, hidden: int) -> tuple[str, str]:
    """The linear model's name, and what told it."""
    if "embed1.weight" in weights:
        fitting = ["x"]
    elif "l2.weight" in weights:
        fitting = ["beta", "gamma"]
    else:
        fitting = ["delta" if 2 * d_embed == hidden else "alpha"]
    said = configs.says("model")
    if said is not None and said.value not in fitting:
        raise said.config.wrong(said.key, f"but the weights are those of model {' or '.join(fitting)}")
    if len(fitting) == 1:
        return fitting[0], FILE
    if said is not None:
        return said.value, said.config.source
    candidates = [[{"model": model} for model in fitting]]
    readings = tried(candidates, lambda model: Linear(LinearConfig(model, p, hidden), weights))
    solving = [reading for reading in readings or [] if reading.solves]
    if len(solving) == 1:
        return solving[0].values["model"], CANDIDATE
    raise BadInput(
        f"the weights do not tell model beta from gamma; put {configs.beside} with model_type beside it"
        + accuracies(readings, solving)
    )
