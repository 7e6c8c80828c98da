"""A sweep is asked for in a few words, and written down run by run before anything starts."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from clockpizza.config import LinearConfig, TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.run_config import RunConfig
from clockpizza.sweep_spec import SweepSpec, expand, from_toml, sweep_of


def rates(spec: SweepSpec) -> list[float | None]:
    return [config.network.attention_rate for config in spec.runs.values()]


def test_every_combination_is_a_run() -> None:
    spec = expand({"attention_rate": "0:1:3", "width": [32, 64], "seeds": 2, "epochs": 500})
    assert list(spec.runs)[:5] == [
        "r0.00-w32-l1-s0",
        "r0.00-w32-l1-s1",
        "r0.00-w64-l1-s0",
        "r0.00-w64-l1-s1",
        "r0.50-w32-l1-s0",
    ]
    assert len(spec.runs) == 12
    assert spec.runs["r0.50-w64-l1-s1"] == RunConfig(
        TransformerConfig(attention_rate=0.5, width=64), seed=1, epochs=500
    )


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ("0:1:5", [0, 0.25, 0.5, 0.75, 1]),
        ("0.1:0.3:3", [0.1, 0.2, 0.3]),
        ("0.3, 0.1", [0.3, 0.1]),
        ("0:0.2:3,1", [0, 0.1, 0.2, 1]),
        ("0.01:1:3:log", [0.01, 0.1, 1]),
        ([0, 1], [0, 1]),
        (0.5, [0.5]),
        (["0:1:3", 0.5], [0, 0.5, 1]),
    ],
)
def test_values_are_numbers_lists_and_ranges(given: Any, values: list[float]) -> None:
    assert rates(expand({"attention_rate": given})) == values


def test_whole_numbers_stay_whole() -> None:
    spec = expand({"layers": "1:4:4", "width": "32:512:5:log", "seed": "3,5"})
    assert {config.network.layers for config in spec.runs.values()} == {1, 2, 3, 4}
    assert {config.network.width for config in spec.runs.values()} == {32, 64, 128, 256, 512}
    assert {config.seed for config in spec.runs.values()} == {3, 5}


def test_random_rates_are_drawn_once_and_written_down() -> None:
    spec = expand({"attention_rate": "random 50", "width": [32, 64]})
    assert len(set(rates(spec))) == 100
    assert all(rate is not None and 0 <= rate <= 1 for rate in rates(spec))
    assert [config.seed for config in spec.runs.values()] == [*range(50)] * 2
    again = expand({"attention_rate": "random 50", "width": [32, 64], "draw_seed": spec.asked["draw_seed"]})
    assert again.runs == spec.runs
    assert expand({"attention_rate": "random 50"}).runs != expand({"attention_rate": "random 50"}).runs
    assert rates(expand({"attention_rate": "random 3", "draw_seed": 1})) == [0.134364, 0.847434, 0.763775]


@pytest.mark.parametrize(
    "given",
    [
        {"attention_rate": "0:1:21", "width": [32, 64], "layers": [1, 2], "seeds": 3},
        {"attention_rate": "random 9", "weight_decay": "1,2.5"},
        {"model": "alpha,beta", "hidden": 64, "p": "7,59"},
        {"p": 59, "d_mlp": 7, "equals_token": [True, False], "stack_size": 1},
        {},
    ],
)
def test_a_sweep_comes_back_from_its_toml(given: dict[str, Any]) -> None:
    spec = expand(given)
    assert from_toml(spec.to_toml()) == spec
    assert tomllib.loads(spec.to_toml())["schema"] == 1


def test_runs_of_different_models_make_a_sweep() -> None:
    configs = [RunConfig(TransformerConfig(p=7, width=8)), RunConfig(LinearConfig("alpha", p=7))]
    spec = sweep_of([*configs, configs[0]])
    assert list(spec.runs) == ["r1.00-w8-l1-s0", "alpha-h256-s0"]
    assert from_toml(spec.to_toml()) == spec


def test_a_person_writes_the_same_words_in_toml() -> None:
    spec = from_toml('attention_rate = "0:1:3"\nseeds = 2\n[network]\nwidth = [32, 64]\n')
    assert spec.runs == expand({"attention_rate": "0:1:3", "width": "32,64", "seeds": 2}).runs


def test_ids_tell_runs_apart_and_stay_short() -> None:
    assert list(expand({"attention_rate": [0.1, 0.125]}).runs) == ["r0.10-w128-l1-s0", "r0.12-w128-l1-s0"]
    assert list(expand({"attention_rate": [0.12, 0.125]}).runs) == ["r0.120-w128-l1-s0", "r0.125-w128-l1-s0"]
    close = list(expand({"attention_rate": [0.12345, 0.12346, 0.5]}).runs)
    assert close[0].startswith("r0.1235-w128-l1-s0-") and close[1].startswith("r0.1235-w128-l1-s0-")
    assert close[2] == "r0.5000-w128-l1-s0"
    assert len(set(close)) == 3
    assert close == list(expand({"attention_rate": [0.12345, 0.12346, 0.5]}).runs)
    assert (
        list(expand({"weight_decay": [1, 1e-5], "activation": "relu,gelu"}).runs)[-1] == "r1.00-w128-l1-gelu-wd1e-05-s0"
    )
    assert list(expand({"d_mlp": [64, 512]}).runs) == ["r1.00-w128-l1-m64-s0", "r1.00-w128-l1-m512-s0"]
    assert list(expand({"width": [64, 128]}).runs) == ["r1.00-w64-l1-s0", "r1.00-w128-l1-s0"]


def test_runs_of_one_shape_share_stacks_of_bounded_size() -> None:
    spec = expand({"attention_rate": "0:1:5", "width": [32, 64], "stack_size": 3})
    stacks = spec.stacks()
    assert [(stack.name, len(stack.runs)) for stack in stacks] == [
        ("stack-0000", 3),
        ("stack-0001", 2),
        ("stack-0002", 3),
        ("stack-0003", 2),
    ]
    assert sorted(id for stack in stacks for id in stack.runs) == sorted(spec.runs)
    assert {spec.runs[id].network.width for id in stacks[0].runs} == {32}
    assert from_toml(spec.to_toml()).stacks() == stacks


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"widht": 3}, "unknown key 'widht'; did you mean 'width'?"),
        ({"seds": 3}, "did you mean 'seed"),
        ({"width": "a"}, "width is 'a'; expected whole numbers, a list such as 1,2,4, or a range such as 1:4:4"),
        ({"width": 1.5}, "width is 1.5; expected whole numbers"),
        ({"width": True}, "width is True; expected whole numbers"),
        ({"attention_rate": "0:1"}, "a range is first:last:count"),
        ({"attention_rate": "0:1:1"}, "a range is first:last:count"),
        ({"attention_rate": "0:1:3:log"}, "a range is first:last:count"),
        ({"attention_rate": "0:2:3"}, "attention_rate is 2.0; it must lie between 0 and 1"),
        ({"attention_rate": "nan"}, "attention_rate is nan"),
        ({"attention_rate": "random"}, "expected 'random N'"),
        ({"attention_rate": "random 0"}, "expected 'random N'"),
        ({"attention_rate": "random 3", "seeds": 3}, "leave seed and seeds out"),
        ({"attention_rate": 0.5, "draw_seed": 3}, "draw_seed is for random attention rates"),
        ({"width": "random 3"}, "width is 'random 3'"),
        ({"layers": "1:4:3"}, "does not fall on whole numbers"),
        ({"seed": 1, "seeds": 2}, "exclude each other"),
        ({"seeds": 0}, "seeds is 0"),
        ({"seeds": [1, 2]}, "it says how many"),
        ({"causal": "perhaps"}, "expected true or false"),
        ({"width": []}, "width has no values"),
        ({"width": ""}, "expected whole numbers"),
        ({"width": [[1]]}, "expected whole numbers"),
        ({"width": "1:1e99:3"}, "width"),
        ({"seeds": 1000, "epochs": "1:1000:1000"}, "1,000,000 runs; a sweep has at most 100,000"),
        ({"model": "alhpa"}, "model is 'alhpa'"),
        ({"network": 3}, "network must be a table"),
    ],
)
def test_what_cannot_be_meant_is_an_error_that_names_the_key(given: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput) as error:
        expand(given)
    assert says in str(error.value)
