"""A sweep is written down before anything starts, opened by name, and removed only when nobody trains it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from clockpizza.errors import BadInput, ClockpizzaError
from clockpizza.store import (
    Held,
    SweepFolder,
    Watch,
    ask_stop,
    asked,
    begin_run,
    claim,
    clear_result,
    create_sweep,
    open_sweep,
    read_config,
    read_result,
    read_spec,
    remove_run,
    remove_sweep,
    replace_result,
    result_stamp,
    stop_requests,
    withdraw_stop,
    write_result,
)
from clockpizza.store.result import LARGEST
from clockpizza.sweep_spec import SweepSpec, expand


def test_a_sweep_comes_back_with_the_same_runs(sweep: SweepFolder, spec: SweepSpec, tmp_path: Path) -> None:
    assert open_sweep(tmp_path / "runs", "small") == sweep
    assert read_spec(sweep) == spec
    assert sorted(path.name for path in sweep.path.iterdir()) == ["control", "locks", "logs", "runs", "sweep.toml"]


def test_a_sweep_that_is_there_is_left_as_it_is(sweep: SweepFolder, spec: SweepSpec, tmp_path: Path) -> None:
    before = sweep.spec_file.stat()
    assert create_sweep(tmp_path / "runs", "small", spec) == sweep
    assert sweep.spec_file.stat() == before
    with pytest.raises(BadInput, match="has other runs"):
        create_sweep(tmp_path / "runs", "small", expand({"p": 7}))


def test_a_sweep_that_is_not_there_is_an_error_with_the_nearest_name(sweep: SweepFolder, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no sweep 'smal' in .*; did you mean 'small'\?"):
        open_sweep(tmp_path / "runs", "smal")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = ", "not valid TOML"),
        ("widht = 3", "unknown key 'widht'; did you mean 'width'?"),
        ('schema = 9\n[runs]\n"a" = {}', "its schema is 9"),
        ('schema = 1\n[runs]\n"../a" = {}', "'../a' can be no run's id"),
        ('schema = 1\n[runs]\n"a" = { widht = 3 }', "run 'a': unknown config key 'widht'; did you mean 'width'?"),
        ("schema = 1\n[runs]", "at least one run"),
    ],
)
def test_a_damaged_spec_is_an_error_that_names_the_file(sweep: SweepFolder, text: str, says: str) -> None:
    sweep.spec_file.write_text(text)
    with pytest.raises(BadInput) as error:
        read_spec(sweep)
    assert str(error.value).startswith(f"{sweep.spec_file}: ")
    assert says in str(error.value)


def test_a_run_is_begun_once_and_keeps_its_config(sweep: SweepFolder, spec: SweepSpec) -> None:
    id, config = next(iter(spec.runs.items()))
    run = begin_run(sweep, id, config)
    assert read_config(run) == config
    assert begin_run(sweep, id, config) == run
    with pytest.raises(BadInput, match="says another run"):
        begin_run(sweep, id, replace(config, seed=9))
    run.config_file.write_text("epochs = 'many'")
    with pytest.raises(BadInput, match=r"config\.toml: epochs is 'many'"):
        read_config(run)


def test_a_result_ends_a_run_until_it_is_cleared(sweep: SweepFolder) -> None:
    run = sweep.run("a")
    run.make()
    assert read_result(run) is None
    write_result(run, "finished", attempt=2, epoch=100, measures={"x": float("nan")})
    assert read_result(run) == {"schema": 1, "status": "finished", "attempt": 2, "epoch": 100, "measures": {"x": None}}
    for content in ("", "[]", '{"schema": 2, "status": "finished"}', '{"schema": 1, "status": "so-so"}', "[" * 10_000):
        run.result_file.write_text(content)
        with pytest.raises(BadInput, match=r"result\.json"):
            read_result(run)
    clear_result(run)
    clear_result(run)
    assert read_result(run) is None
    with pytest.raises(ValueError, match="status"):
        write_result(run, "done", attempt=1, epoch=1)


def test_a_result_is_replaced_only_if_it_is_the_one_that_was_read(sweep: SweepFolder) -> None:
    run = sweep.run("a")
    run.make()
    write_result(run, "finished", attempt=1, epoch=100)
    seen = result_stamp(run)
    replace_result(run, {"schema": 1, "status": "finished", "epoch": 101}, seen)
    with pytest.raises(ClockpizzaError, match="changed meanwhile"):
        replace_result(run, {"schema": 1, "status": "finished", "epoch": 102}, seen)
    assert read_result(run) == {"schema": 1, "status": "finished", "epoch": 101}
    seen = result_stamp(run)
    clear_result(run)
    with pytest.raises(ClockpizzaError, match="changed meanwhile"):  # as when somebody trains it anew
        replace_result(run, {"schema": 1, "status": "finished", "epoch": 103}, seen)
    assert read_result(run) is None and result_stamp(run) is None


def test_what_a_reader_would_not_take_is_left_out_of_a_result(sweep: SweepFolder) -> None:
    run = sweep.run("a")
    run.make()
    before = [{"edition": i, "verdict": {"reasons": "x" * 100_000}} for i in range(60)]
    write_result(run, "finished", attempt=1, epoch=100, grounds={"p": 59}, judged_before=before)
    result = read_result(run)
    assert result is not None and result["grounds"] == {"p": 59}
    kept = result["judged_before"]
    assert 30 < len(kept) < 42 and kept == before[-len(kept) :]  # 4 MiB hold 41; the newest are last
    write_result(run, "finished", attempt=1, epoch=100, grounds={"x": "x" * LARGEST}, measures={"y": 1.0})
    result = read_result(run)
    assert result is not None and "grounds" not in result and result["measures"] == {"y": 1.0}
    stamp = result_stamp(run)
    with pytest.raises(ClockpizzaError, match=r"result\.json: would be larger than 4 MiB"):
        write_result(run, "finished", attempt=1, epoch=100, evidence="x" * LARGEST)
    assert result_stamp(run) == stamp


def test_a_stop_is_asked_for_by_a_file_and_stands_until_withdrawn(sweep: SweepFolder) -> None:
    assert stop_requests(sweep) == frozenset()
    ask_stop(sweep, ["stack-0000", "r1"])
    requests = stop_requests(sweep)
    assert asked(requests, "r1") and asked(requests, "r2", "stack-0000") and not asked(requests, "r2")
    withdraw_stop(sweep, ["r1"])
    assert stop_requests(sweep) == {"stack-0000"}
    ask_stop(sweep)
    assert asked(stop_requests(sweep), "anything")
    withdraw_stop(sweep)
    assert stop_requests(sweep) == frozenset()
    with pytest.raises(BadInput):
        ask_stop(sweep, ["../../x"])


def test_a_sweep_is_not_removed_under_a_living_worker(sweep: SweepFolder, spec: SweepSpec, tmp_path: Path) -> None:
    first, second, _ = spec.runs
    for id in (first, second):
        begin_run(sweep, id, spec.runs[id])
    with claim(sweep, "stack-0000", [first], watch=Watch()):
        with pytest.raises(Held, match="must be stopped first"):
            remove_sweep(sweep, Watch())
        with pytest.raises(Held):
            remove_run(sweep, first, Watch())
        remove_run(sweep, second, Watch())
    assert [path.name for path in sweep.runs.iterdir()] == [first]
    remove_sweep(sweep, Watch())
    assert list((tmp_path / "runs").iterdir()) == []


def test_removing_takes_links_away_and_leaves_what_they_point_to(sweep: SweepFolder, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (sweep.runs / "a").symlink_to(tmp_path / "precious")
    remove_sweep(sweep, Watch(), force=True)
    assert (tmp_path / "precious" / "file").exists()
    assert not sweep.path.exists()


def test_a_sweep_on_a_read_only_place_is_an_error_in_words(tmp_path: Path, spec: SweepSpec) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ClockpizzaError, match="cannot be made"):
        create_sweep(tmp_path / "file", "small", spec)
