"""Each setting of a network comes from its file, the config beside it, an option, or the task; or is asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from clockpizza.checkpoints import Checkpoint, Overrides, candidates, read
from clockpizza.checkpoints.candidates import Normalised, accuracy
from clockpizza.config import LinearConfig, TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.networks import Linear, Transformer
from clockpizza.networks.linear import parameter_shapes
from tests.checkpoints.made import FIRST_ANSWER, KINDS, adder, ambiguous, curved, lens_weights, save, unsolved

TOLD = {"p": 13, "attention_rate": 0.0, "activation": "relu"}
SOURCE = {"authors": "config beside it", "bare lens": "config beside it", "wrapped": "file", "lens": "file"}
CANDIDATE = "the only candidate that solves the task"
# Each setting that an option can give: its value in `adder()`, another, and what a config says of the first.
SETTINGS = [
    ("attention_rate", 0.0, 1.0, {"attn_coeff": 0}),
    ("attention_rate", 0.0, 0.5, {"attention_rate": 0.0}),
    ("activation", "relu", "gelu", {"act_fn": "ReLU"}),
    ("activation", "relu", "tanh", {"act_type": "relu"}),
]
KEYS = {"attention_rate": "attention_rate", "activation": "act_fn"}


def rest(setting: str) -> dict[str, Any]:
    """What a config says of the other settings."""
    return {KEYS[name]: TOLD[name] for name in KEYS if name != setting}


def config_of(found: Checkpoint) -> TransformerConfig:
    assert isinstance(found.network.config, TransformerConfig)
    return found.network.config


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("setting", "value", "other", "said"), SETTINGS)
def test_what_a_config_says_is_taken(
    setting: str, value: Any, other: Any, said: dict[str, Any], kind: str, tmp_path: Path
) -> None:
    path = save(kind, tmp_path, adder(), rest(setting) | said)
    found = read(path)
    assert (getattr(found.network.config, setting), found.told[setting]) == (value, SOURCE[kind])
    assert read(path, Overrides(**{setting: value})).told == found.told
    with pytest.raises(BadInput, match=f"--{setting.replace('_', '-')} {other} contradicts .*{next(iter(said))}"):
        read(path, Overrides(**{setting: other}))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("setting", "value", "other", "said"), SETTINGS)
def test_what_no_config_says_an_option_says(
    setting: str, value: Any, other: Any, said: dict[str, Any], kind: str, tmp_path: Path
) -> None:
    path = save(kind, tmp_path, adder(), rest(setting))
    for given in (value, other):  # right or wrong, the file says nothing
        found = read(path, Overrides(**{setting: given}))
        assert (getattr(found.network.config, setting), found.told[setting]) == (given, "option")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("network", "untold"),
    [
        (adder(), {"attention_rate"}),
        (adder(attention_rate=1.0), {"attention_rate"}),
        (adder(), {"activation"}),
        (adder(), {"attention_rate", "activation"}),
        (adder(attention_rate=1.0), {"attention_rate", "activation"}),
        (adder(equals_token=True), {"attention_rate", "activation"}),
        (adder(equals_token=True, attention_rate=1.0), {"attention_rate", "activation"}),
        (curved("gelu"), {"attention_rate", "activation"}),
        (curved("tanh"), {"attention_rate", "activation"}),
        (adder(7, separate_vocabularies=True), {"attention_rate", "activation"}),
        (adder(14), {"attention_rate", "activation"}),
        (adder(53), {"attention_rate", "activation"}),  # more pairs than the sample
    ],
)
def test_the_only_candidate_that_solves_the_task_is_taken(
    network: Transformer, untold: set[str], kind: str, tmp_path: Path
) -> None:
    config = network.config
    said = {KEYS[name]: getattr(config, name) for name in KEYS if name not in untold}
    found = read(save(kind, tmp_path, network, said))
    assert replace(config_of(found), causal=False) == config
    assert {name for name, source in found.told.items() if source == CANDIDATE} - {
        "p",
        "separate_vocabularies",
    } == untold
    assert CANDIDATE in found.reading()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ({}, r"tell attention rate and activation; .*--attention-rate, --activation \(4 readings solve the task: "),
        ({"act_fn": "relu"}, r"tell attention rate; .*--attention-rate \(2 readings .*1.0000 with .*attention rate 0"),
        ({"attn_coeff": 1}, r"tell activation; .*--activation \(2 readings solve the task: accuracy 1.0000 with ReLU"),
    ],
)
def test_where_several_candidates_solve_the_task_the_option_is_asked_for(
    said: dict[str, Any], asked: str, kind: str, tmp_path: Path
) -> None:
    path = save(kind, tmp_path, ambiguous(), said)
    with pytest.raises(BadInput, match=asked) as error:
        read(path)
    assert str(error.value).isprintable()
    found = read(path, Overrides(attention_rate=None if "attn_coeff" in said else 1.0, activation="relu"))
    assert (found.network.config.attention_rate, found.network.config.activation) == (1, "relu")


@pytest.mark.parametrize("kind", KINDS)
def test_where_none_solves_the_task_the_options_are_asked_for(kind: str, tmp_path: Path) -> None:
    path = save(kind, tmp_path, unsolved(), {})
    words = r"tell attention rate and activation; .*--attention-rate, --activation \(no reading solves the task: accur"
    with pytest.raises(BadInput, match=words):
        read(path)
    found = read(path, Overrides(attention_rate=0.25, activation="tanh"))
    assert found.told["attention_rate"] == found.told["activation"] == "option"


# ---- p and the vocabularies --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("network", "apart"), [(adder(7, separate_vocabularies=True), True), (adder(14), False)])
def test_an_even_number_of_tokens_is_read_as_told_or_as_it_solves_the_task(
    network: Transformer, apart: bool, kind: str, tmp_path: Path
) -> None:
    # As many answers as tokens: nothing but the task tells p.
    network.weights["unembed.W_U"] = torch.nn.functional.pad(
        network.weights["unembed.W_U"], (0, 14 - network.config.d_vocab_out)
    )
    network = Transformer(replace(network.config, d_vocab_out=14), network.weights)
    said = {"attn_coeff": 0, "act_fn": "relu"}
    for more, given, source in [
        ({}, None, CANDIDATE),
        ({}, network.config.p, "option"),
        ({"p": network.config.p}, None, SOURCE[kind]),
        ({"diff_vocab": int(apart)}, None, SOURCE[kind]),
    ]:
        found = read(save(kind, tmp_path, network, said | more), Overrides(p=given))
        assert replace(config_of(found), causal=False) == network.config
        assert found.told["p"] == found.told["separate_vocabularies"] == source
    other = 21 - network.config.p
    with pytest.raises(BadInput, match=rf"--p {other} contradicts .* p {network.config.p}"):
        read(save(kind, tmp_path, network, said | {"p": network.config.p}), Overrides(p=other))


@pytest.mark.parametrize("kind", KINDS)
def test_a_p_that_the_tokens_cannot_have_is_refused(kind: str, tmp_path: Path) -> None:
    said = {"attn_coeff": 0, "act_fn": "relu"}
    with pytest.raises(BadInput, match=r"embed.W_E has 13 tokens, which does not fit --p 12"):
        read(save(kind, tmp_path, adder(), said), Overrides(p=12))
    with pytest.raises(BadInput, match=r"says p 12: but embed.W_E has 13 tokens"):
        read(save(kind, tmp_path, adder(), said | {"p": 12}))
    assert read(save(kind, tmp_path, adder(), said), Overrides(p=13)).told["p"] == "file"


def test_a_p_that_no_candidate_tells_is_asked_for(tmp_path: Path) -> None:
    path = save("authors", tmp_path, unsolved(p=10, d_vocab_out=10), {})
    with pytest.raises(BadInput, match=r"tell attention rate, activation and p; put .* give --att.*, --act.*, --p \("):
        read(path)
    with pytest.raises(BadInput, match=r"do not tell p; put config_a.json beside it or give --p \(no reading solves"):
        read(path, Overrides(attention_rate=1.0, activation="relu"))


# ---- the direction of attention ----------------------------------------------------------------------------


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_direction_of_attention_is_told_or_settled_by_the_task(kind: str, causal: bool, tmp_path: Path) -> None:
    network = adder(layers=2, attention_rate=1.0, causal=causal)
    said = {"attention_rate": 1.0, "act_fn": "relu"}
    found = read(save(kind, tmp_path, network, said))
    assert (config_of(found).causal, found.told["causal"]) == (causal, "file" if "lens" in kind else CANDIDATE)
    direction = "causal" if causal else "bidirectional"
    found = read(save(kind, tmp_path, network, said | {"attention_dir": direction}))
    assert (config_of(found).causal, found.told["causal"]) == (causal, SOURCE[kind])


@pytest.mark.parametrize(
    ("kind", "direction"),  # in TransformerLens's layout, "causal" is its own word
    [*((kind, "casual") for kind in KINDS), ("authors", "causal"), ("wrapped", "causal")],
)
def test_the_authors_direction_is_ignored_because_their_code_never_applies_it(
    kind: str, direction: str, tmp_path: Path
) -> None:
    said = {"C": 13, "attn_coeff": 1, "act_fn": "ReLU", "attention_dir": direction}
    found = read(save(kind, tmp_path, adder(layers=2, attention_rate=1.0), said))
    assert (config_of(found).causal, found.told["causal"]) == (False, "file" if "lens" in kind else "format")


def test_the_direction_that_nothing_settles_is_asked_for(tmp_path: Path) -> None:
    said = {"attention_rate": 0.5, "act_fn": "relu"}
    with pytest.raises(BadInput, match=r"tell causal attention or not; put attention_dir into config_a.json \(no read"):
        read(save("authors", tmp_path, unsolved(layers=2), said))
    path = save("wrapped", tmp_path, unsolved(layers=2), said)
    (tmp_path / "config_a.json").unlink()
    with pytest.raises(BadInput, match=r"; put config_a.json with attention_dir beside it \(no reading"):
        read(path)
    assert config_of(read(save("authors", tmp_path, unsolved(layers=2), said | {"causal": True}))).causal


@pytest.mark.parametrize("network", [unsolved(attention_rate=1.0), unsolved(layers=2, attention_rate=0.0)])
def test_where_no_direction_makes_a_difference_none_is_asked_for(network: Transformer, tmp_path: Path) -> None:
    said = {"attention_rate": network.config.attention_rate, "act_fn": "relu"}
    found = read(save("authors", tmp_path, network, said))
    assert found.told["causal"] == "makes no difference" and "attention both ways" not in found.reading()


# ---- LayerNorm ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("key", "value"),
    [("normalization_type", kind) for kind in ("LN", "LNPre", "RMS", "RMSPre", "BatchNorm")]
    + [("use_ln", True), ("layer_norm", 1), ("layer_norm", "LN")],
)
def test_a_layer_norm_that_is_told_is_refused_by_name(key: str, value: Any, kind: str, tmp_path: Path) -> None:
    path = save(kind, tmp_path, adder(), {"attn_coeff": 0, "act_fn": "relu", key: value})
    with pytest.raises(BadInput, match=rf"says {key} {value!r}: a network with LayerNorm, which is not supported"):
        read(path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("blocks.0.ln1.w", "blocks.0.ln1.b"), "LN: blocks.0.ln1.w"),
        (("blocks.0.ln1.w_ln", "blocks.0.ln1.b_ln"), "LN: blocks.0.ln1.w_ln"),
        (("ln_final.w",), "RMS: ln_final.w"),
        (("blocks.0.norm.weight", "blocks.0.norm.bias"), "LN: blocks.0.norm.weight"),
    ],
)
def test_a_layer_norm_with_weights_is_refused_by_name(
    names: tuple[str, ...], words: str, kind: str, tmp_path: Path
) -> None:
    network = adder()
    path = save(kind, tmp_path, network, {"attn_coeff": 0, "act_fn": "relu"})
    content = torch.load(path, weights_only=True)
    content.get("model", content).update({name: torch.ones(16) for name in names})
    torch.save(content, path)
    with pytest.raises(BadInput, match=rf"a network with LayerNorm \({words}\), which is not supported"):
        read(path)


def test_a_bare_lens_file_without_layer_norm_is_found_to_have_none(tmp_path: Path) -> None:
    torch.save(lens_weights(adder()), tmp_path / "a.pt")
    found = read(tmp_path / "a.pt", Overrides(attention_rate=0.0, activation="relu"))
    assert found.told["layer_norm"] == CANDIDATE
    assert "no LayerNorm (the only" in found.reading()


def test_a_layer_norm_without_weights_is_found_by_the_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "accuracy", lambda network: float(isinstance(network, Normalised)))
    torch.save(lens_weights(adder()), tmp_path / "a.pt")
    with pytest.raises(
        BadInput, match=r"solves the task with LayerNorm \(LNPre or RMSPre\) alone, which is not suppor"
    ):
        read(tmp_path / "a.pt", Overrides(attention_rate=0.0, activation="relu"))
    monkeypatch.setattr(candidates, "accuracy", lambda network: 1.0)
    with pytest.raises(BadInput, match=r"tell LayerNorm or none; put config_a.json with normalization_type beside it"):
        read(tmp_path / "a.pt", Overrides(attention_rate=0.0, activation="relu"))
    (tmp_path / "a.json").write_text('{"normalization_type": null}')
    found = read(tmp_path / "a.pt", Overrides(attention_rate=0.0, activation="relu"))
    assert found.told["layer_norm"] == "config beside it"


@pytest.mark.parametrize("kind", ["LNPre", "RMSPre"])
def test_the_layer_norms_that_are_tried_are_those_of_transformer_lens(kind: str) -> None:
    network = unsolved(layers=2, attention_rate=1.0)
    x = torch.randn(5, 2, 8, generator=torch.Generator().manual_seed(1))

    def norm(x: Tensor) -> Tensor:
        x = x - x.mean(-1, keepdim=True) if kind == "LNPre" else x
        return x / (x.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt()

    expected = x
    for layer in range(2):  # as its blocks have them: x + attn(ln1(x)), then x + mlp(ln2(x))
        w = {name.rpartition(".")[2]: v for name, v in network.weights.items() if name.startswith(f"blocks.{layer}.")}
        seen = norm(expected)
        q, k, v = (torch.einsum("hed,ntd->nhte", w[name], seen) for name in ("W_Q", "W_K", "W_V"))
        z = (q @ k.transpose(-1, -2) / 2).softmax(-1) @ v
        expected = expected + z.transpose(1, 2).flatten(2) @ w["W_O"].T
        expected = expected + (norm(expected) @ w["W_in"].T + w["b_in"]).relu() @ w["W_out"].T + w["b_out"]
    expected = norm(expected)[:, -1]
    found = x
    normalised = Normalised(network, kind)
    for layer in range(2):
        found = normalised.block(layer, found)
    assert torch.allclose(found[:, -1], expected, atol=1e-4)


# ---- linear models -----------------------------------------------------------------------------------------


def linear(model: str) -> Linear:
    """Adds 7 tokens on a number line, which l1's bias shifts: gamma counts it twice."""
    p, hidden = 7, 14
    weights = {name: torch.zeros(shape) for name, shape in parameter_shapes(LinearConfig(model, p, hidden)).items()}
    weights["embed.weight"][:, 0] = torch.arange(p)
    weights["l1.weight"][0, 0] = 1
    weights["l1.bias"][0] = 0.5
    bias = 1.0 if model == "gamma" else 0.5
    knots = torch.arange(hidden) - 1 + bias
    weights["l2.weight"][:, 0] = 1
    weights["l2.bias"][:] = -knots
    sums = torch.arange(hidden - 1)
    hats = torch.zeros(hidden - 1, hidden)
    for s in range(hidden - 1):
        for offset, height in ((0, 1.0), (1, -2.0), (2, 1.0)):
            if s + offset < hidden:
                hats[s, s + offset] += height
    for s in sums:
        weights["unembed.weight"][s % p] += hats[s]
    return Linear(LinearConfig(model, p, hidden), weights)


@pytest.mark.parametrize("model", ["beta", "gamma"])
def test_beta_and_gamma_are_told_apart_by_the_config_or_the_task(model: str, tmp_path: Path) -> None:
    path = tmp_path / "model_a.pt"
    torch.save(linear(model).weights, path)
    assert (found := read(path)).network.config.model == model
    assert found.told == {"model": CANDIDATE, "p": "file", "activation": "format"}
    assert found.reading().startswith(f"p 7 (file); model {model} ({CANDIDATE})")
    path.with_name("config_a.json").write_text(json.dumps({"C": 7, "model_type": "B" if model == "beta" else "C"}))
    assert read(path).told["model"] == "config beside it"


# ---- files that were read wrongly once ---------------------------------------------------------------------


def test_constant_attention_in_a_transformer_lens_file_is_not_read_as_rate_1(tmp_path: Path) -> None:
    config = {"act_fn": "relu", "normalization_type": None, "attention_dir": "causal", "n_heads": 1, "d_vocab": 13}
    torch.save({"model": lens_weights(adder()), "config": config}, tmp_path / "a.pt")
    found = read(tmp_path / "a.pt")
    assert (found.network.config.attention_rate, found.told["attention_rate"]) == (0, CANDIDATE)
    assert read(tmp_path / "a.pt", Overrides(attention_rate=0.0)).told["attention_rate"] == "option"


@pytest.mark.parametrize(
    "key", ["model_config", "run_config", "config", "cfg", "model_cfg", "hparams", "training_args"]
)
@pytest.mark.parametrize("said", [{"attn_coeff": 0.0, "act_fn": "gelu"}, {"attention_rate": 0, "activation": "GeLU"}])
def test_the_files_own_configs_are_looked_at_whatever_their_key(key: str, said: dict[str, Any], tmp_path: Path) -> None:
    torch.save({"model": unsolved().weights, key: said}, tmp_path / "a.pt")
    found = read(tmp_path / "a.pt")
    assert (found.network.config.attention_rate, found.network.config.activation) == (0, "gelu")
    assert found.told["attention_rate"] == found.told["activation"] == "file"


@pytest.mark.parametrize("wrapper", ["model", "state_dict", "model_state_dict", "weights"])
def test_configs_lie_at_the_top_and_in_parts_too(wrapper: str, tmp_path: Path) -> None:
    more = {"attention_rate": 0.5, "run_config": {"seed": 1, "model": {"act_fn": "tanh"}, "optimizer": {"p": "sgd"}}}
    torch.save({wrapper: unsolved().weights, **more}, tmp_path / "a.pt")
    found = read(tmp_path / "a.pt")
    assert (found.network.config.attention_rate, found.network.config.activation) == (0.5, "tanh")
    assert found.record["seed"] == 1


def test_a_config_inside_and_one_beside_may_not_contradict_each_other(tmp_path: Path) -> None:
    torch.save({"model": unsolved().weights, "config": {"attn_coeff": 0, "act_fn": "relu"}}, tmp_path / "a.pt")
    (tmp_path / "a.json").write_text('{"attention_rate": 0.0}')
    assert read(tmp_path / "a.pt").told["attention_rate"] == "file"
    (tmp_path / "a.json").write_text('{"attention_rate": 1.0}')
    with pytest.raises(BadInput, match=r"its config says attn_coeff 0, but a.json says attention_rate 1.0"):
        read(tmp_path / "a.pt")


def test_numbers_of_numpy_and_activations_of_torch_are_what_they_stand_for(tmp_path: Path) -> None:
    for activation in (torch.nn.Tanh, torch.nn.functional.tanh, torch.nn.Tanh(), "nn.Tanh"):
        config = {"attn_coeff": np.float64(0.25), "p": np.int64(7), "act_fn": activation, "attn_scale": np.sqrt(4)}
        torch.save({"model": unsolved().weights, "config": config}, tmp_path / "a.pt")
        found = read(tmp_path / "a.pt").network.config
        assert (found.attention_rate, type(found.attention_rate), found.activation) == (0.25, float, "tanh")


# ---- configs that strangers wrote --------------------------------------------------------------------------

DEEP: dict[str, Any] = {}
DEEP["config"] = DEEP
BROAD: dict[str, Any] = {}
for _ in range(60):
    BROAD = {"config": BROAD, "cfg": BROAD, "args": BROAD}


@pytest.mark.parametrize("kind", ["wrapped", "lens"])
@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"p": "13"}, "its config says p '13': expected a whole number"),
        ({"p": True}, "its config says p True: expected a whole number"),
        ({"p": 13.0}, "its config says p 13.0: expected a whole number"),
        ({"p": 10**300}, "its config says p a number of more than 20 digits: but embed.W_E has 13 tokens"),
        ({"p": torch.tensor(13)}, "its config says p a Tensor: expected a whole number"),
        ({"p": [13] * 10**6}, "its config says p a list: expected a whole number"),
        ({"attn_coeff": float("nan")}, "its config says attn_coeff nan: expected a number between 0 and 1"),
        ({"attn_coeff": float("inf")}, "its config says attn_coeff inf: expected a number between 0 and 1"),
        ({"attn_coeff": -1}, "its config says attn_coeff -1: expected a number between 0 and 1"),
        ({"attn_coeff": False}, "its config says attn_coeff False: expected a number between 0 and 1"),
        ({"attn_coeff": np.ones(1)}, "its config says attn_coeff a _reconstruct: expected a number between 0 and 1"),
        ({"act_fn": "swish"}, "its config says act_fn 'swish': expected ReLU, GeLU or Tanh"),
        ({"act_fn": "\x1b[2J" + "a" * 10**6}, r"its config says act_fn '\\x1b\[2Ja{56}': expected ReLU, GeLU or Tanh$"),
        ({"act_fn": torch.nn.SiLU}, "its config says act_fn a SiLU: expected ReLU, GeLU or Tanh"),
        ({"act_fn": 3}, "its config says act_fn 3: expected ReLU, GeLU or Tanh"),
        ({"attention_dir": "sideways"}, "its config says attention_dir 'sideways': expected causal or bidirectional"),
        ({"causal": "yes"}, "its config says causal 'yes': expected true or false"),
        ({"diff_vocab": 1}, "its config says diff_vocab 1: but embed.W_E has 13 tokens"),
        ({"eqn_sign": 1}, "its config says eqn_sign 1: but pos_embed.W_pos has 2 positions"),
        ({"n_layers": 2}, "its config says n_layers 2: but the weights have 1"),
        ({"num_heads": 2}, "its config says num_heads 2: but the weights have 1"),
        ({"d_model": 2}, "its config says d_model 2: but the weights have 16"),
        ({"use_ln": []}, "its config says use_ln a list: expected null, LN, LNPre, RMS or RMSPre"),
        ({"positional_embedding_type": "rotary"}, "says positional_embedding_type 'rotary': which is not supported"),
        ({"attn_scale": torch.ones(3)}, "its config says attn_scale a Tensor: which is not supported"),
        ({"use_linear": True}, "its config says use_linear True: which is not supported"),
        ({"model": {"p": 5}}, "its config.model says p 5: but embed.W_E has 13 tokens"),
        ({"model": {"p": 5}, "p": 13}, "its config says p 13, but its config.model says p 5"),
        ({"model": BROAD}, "holds more than 30 configs, or parts of one"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_file_and_key(
    said: Mapping[str, Any], words: str, kind: str, tmp_path: Path
) -> None:
    path = save(kind, tmp_path, adder(), {"attention_rate": 0.0, "act_fn": "relu"} | dict(said))
    with pytest.raises(BadInput, match=words) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: ") and str(error.value).isprintable()


def test_a_config_that_holds_itself_ends(tmp_path: Path) -> None:
    torch.save({"model": adder().weights, "config": DEEP, "attn_coeff": 0, "act_fn": "relu"}, tmp_path / "a.pt")
    assert read(tmp_path / "a.pt").network.config.attention_rate == 0


# ---- what trying costs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["authors", "wrapped", "lens"])
def test_nothing_is_tried_where_everything_is_told(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transformer, "logits", lambda *_: pytest.fail("a forward pass"))
    read(save(kind, tmp_path, adder(), {"attn_coeff": 0, "act_fn": "relu"}))
    read(save(kind, tmp_path, adder(), {}), Overrides(attention_rate=0.0, activation="relu"))


def test_a_network_too_large_to_try_is_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "MOST_WORK", 1000)
    path = save("authors", tmp_path, adder(), {"act_fn": "relu"})
    with pytest.raises(BadInput, match=r"give --attention-rate \(the network is too large to try what it could be\)"):
        read(path)
    assert read(path, Overrides(attention_rate=0.0)).network.config.attention_rate == 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_tried_in_single_and_kept_as_it_is(dtype: torch.dtype, tmp_path: Path) -> None:
    network = adder()
    weights = {name: weight.to(dtype) for name, weight in network.weights.items()}
    torch.save(weights, tmp_path / "a.pt")
    found = read(tmp_path / "a.pt", Overrides(activation="relu"))
    assert found.network.weights["embed.W_E"].dtype is dtype


def test_accuracy_is_over_all_pairs_where_the_sample_does_well() -> None:
    network = adder(53)
    assert accuracy(network) == 1
    answers = network.weights["blocks.0.mlp.W_out"][FIRST_ANSWER:]
    answers[51:] = 0  # two answers of 53 are never given
    assert accuracy(network) == 51 / 53
    answers[40:] = 0
    assert accuracy(network) == pytest.approx(40 / 53, abs=0.03)  # of the sample


def test_a_reading_names_each_setting_and_what_told_it(tmp_path: Path) -> None:
    path = save("authors", tmp_path, adder(), {"C": 13, "act_fn": "ReLU"})
    assert read(path, Overrides(attention_rate=0.0)).reading() == (
        'p 13, one vocabulary, no "=" (file); ReLU (config beside it); attention rate 0 (option); no LayerNorm (format)'
    )
    config = TransformerConfig(p=7, width=8, heads=2)
    assert read(save("authors", tmp_path, unsolved(), {"C": 7, "attn_coeff": 0.25, "act_fn": "GeLU"})).reading() == (
        'p 7, one vocabulary, no "=" (file); attention rate 0.25, GeLU (config beside it); '
        "attention both ways, no LayerNorm (format)"
    )
    assert config.p == 7
