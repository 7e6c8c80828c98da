"""A filter is typed in words, and a wrong word comes with the right one."""

from __future__ import annotations

from pathlib import Path

import pytest

from clockpizza.config import LinearConfig, TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.run_config import RunConfig
from clockpizza.store import Holder, Row, RunFolder, State, parse
from clockpizza.store.process import Owner
from clockpizza.store.query import fields


def row(id: str, config: RunConfig, **what: object) -> Row:
    return Row("paper", id, config, RunFolder(Path(id)), **what)  # type: ignore[arg-type]


ROWS = [
    row(
        "r0.20-w64-l1-s3",
        RunConfig(TransformerConfig(attention_rate=0.2, width=64), seed=3),
        state=State.FINISHED,
        verdict="pizza",
        certainty="clear",
        measures={"gradient_symmetricity": 0.99, "clock_share": 0.2, "odd_measure": 2.0},
        edition=2,
        epoch=20_000,
    ),
    row(
        "r0.50-w128-l2-s3",
        RunConfig(TransformerConfig(attention_rate=0.5, layers=2), seed=3),
        state=State.RUNNING,
        metrics={"test_accuracy": 0.4, "train_loss": 1e-3},
        owner=Holder("stack-0000", 1, Path("x"), Owner(host="box"), (), {"device": "cuda:0"}),
        epoch=500,
    ),
    row("beta-h256-s0", RunConfig(LinearConfig("beta")), verdict="clock", certainty="mixed"),
]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [0, 1, 2]),
        ("rate>=.5", [1]),
        ("rate:.2", [0]),
        ("rate<1 rate>0.2", [1]),
        ("width:64,128", [0, 1]),
        ("width!=128", [0, 2]),
        ("-layers:1", [1]),
        ("verdict:pizza", [0]),
        ("verdict:Pizza,clock", [0, 2]),
        ("verdict:none", [1]),
        ("-verdict:none", [0, 2]),
        ("state:running", [1]),
        ("STATE:queued", [2]),
        ("seed:3 -verdict:pizza", [1]),
        ("gs>.98", [0]),
        ("gs<.98", []),
        ("odd_measure=2", [0]),
        ("loss<1", []),
        ("train_loss<1e-2", [1]),
        ("epoch>=500", [0, 1]),
        ("model:transformer", [0, 1]),
        ("model:beta", [2]),
        ("hidden:256", [2]),
        ("host:box device:cuda:0", [1]),
        ("equals_token:false", [0, 1]),
        ("w64", [0]),
        ("-w64", [1, 2]),
        ("PAPER", [0, 1, 2]),
        ("paper/r0.5", [1]),
        ("sweep:paper id:beta-h256-s0", [2]),
        ("weight_decay:2 wd<3", [0, 1, 2]),
        ("certainty:clear", [0]),
        ("clock_share<=.2 clock_share>.1", [0]),
        ("edition:2", [0]),
        ("edition>=1", [0]),
        ("edition:none", [1, 2]),
    ],
)
def test_a_query_selects(query: str, found: list[int]) -> None:
    assert parse(query, measures=["odd_measure"]).select(ROWS) == [ROWS[index] for index in found]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("widht:3", "widht:3: no field 'widht'; did you mean 'width'?"),
        ("verdict:piza", "verdict:piza: verdict is never 'piza'; did you mean 'pizza'?"),
        ("state:xyz", "it is one of queued, running, stalled"),
        ("state:runing", "did you mean 'running'?"),
        ("rate>=", "a value is missing after >="),
        ("rate>=a", ">= compares with one number"),
        ("rate>=1,2", ">= compares with one number"),
        ("verdict>3", "verdict is a word; use verdict:3"),
        ("\x1b:3", ""),
        ("odd_measure:2", "no field 'odd_measure'"),
    ],
)
def test_a_wrong_query_is_an_error_that_names_the_nearest(query: str, says: str) -> None:
    if not says:
        assert parse(query).select(ROWS) == []  # no field can be called so: a part of a name
        return
    with pytest.raises(BadInput) as error:
        parse(query)
    assert says in str(error.value)


def test_every_field_can_be_asked_for() -> None:
    for field in fields():
        parse(
            f"{field}:none" if field in ("verdict", "certainty") else f"{field}:{'queued' if field == 'state' else 1}"
        ).select(ROWS)
