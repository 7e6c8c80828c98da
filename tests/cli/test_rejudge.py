"""`clockpizza rejudge`: a verdict has an edition, and what an older one has judged is judged again."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import clockpizza
from clockpizza.cli import examples, main
from clockpizza.cuts import EDITION
from clockpizza.grounds import from_dict
from clockpizza.store import Index, SweepFolder, create_sweep, holders, open_sweep
from clockpizza.store.process import Life
from clockpizza.sweep_spec import expand
from clockpizza.verdict import judge

ROOT = Path(clockpizza.__file__).parents[1]
SMALL = ["sweep", "--p", "7", "--width", "8", "--heads", "2", "--devices", "cpu"]
RUNS = 200  # of which a process is killed in the middle
PIZZA = "examples/pizza/r0.00-w128-l1-s1"
OLD_VERDICT = {
    "name": "clock",
    "certainty": "mixed",
    "pizza": 0.25,
    "clock": 0.75,
    "undetermined": 0.0,
    "circles": [],
    "reasons": "Three quarters of the circles' logits are a clock's.",
    "refused": None,
    "paper_region": "between",
}

Out = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("CLOCKPIZZA_RUNS", "CLOCKPIZZA_CONFIG", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with the pizza among the examples, judged by this edition from its weights."""
    runs = tmp_path_factory.mktemp("judged") / "runs"
    shutil.copytree(ROOT / "runs/examples/pizza", runs / "examples/pizza")
    assert main(["rejudge", PIZZA, "--force", "--runs", str(runs), "--quiet"]) == 0
    return runs


@pytest.fixture
def pizza(judged: Path, here: Path, capsys: Out) -> Path:
    """The result.json of that run, in ./runs, as the first edition left it; `new` has what this one says."""
    shutil.copytree(judged, here / "runs")
    (path,) = here.glob("runs/examples/pizza/runs/*/result.json")
    write(path, older(read(path), grounds=False))
    os.utime(path, (1.7e9, 1.7e9))
    capsys.readouterr()
    return path


@pytest.fixture(scope="module")
def new(judged: Path) -> dict[str, Any]:
    (path,) = judged.rglob("result.json")
    return read(path)


@pytest.fixture
def many(here: Path, new: dict[str, Any]) -> SweepFolder:
    """A sweep of many runs that an older edition has judged, and that kept their grounds."""
    sweep = create_sweep(here / "runs", "many", expand({"seeds": RUNS, "epochs": 6000}))
    for seed in range(RUNS):
        run = sweep.run(f"r1.00-w128-l1-s{seed}")
        run.path.mkdir()
        write(run.result_file, older(new))
    return sweep


def older(result: dict[str, Any], *, grounds: bool = True) -> dict[str, Any]:
    """A result as the first edition wrote it; with the grounds that results keep since the second, where asked."""
    kept = ("schema", "status", "attempt", "epoch", "metrics", "evidence", *(["grounds"] if grounds else []))
    measures = {name: value for name, value in result["measures"].items() if not name.endswith("_share")}
    return {**{name: result[name] for name in kept}, "verdict": OLD_VERDICT, "measures": measures}


def read(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text())
    assert isinstance(found, dict)
    return found


def write(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values))


def editions(sweep: SweepFolder) -> list[int]:
    """Of all runs, each result being whole."""
    return [read(path)["verdict"].get("edition", 1) for path in sweep.runs.glob("*/result.json")]


def process(*args: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "clockpizza", *args]

    def heed() -> None:  # tests in the background of a shell inherit that Ctrl-C is ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed
    )


def test_from_weights_everything_is_new_and_the_old_verdict_stays(
    pizza: Path, new: dict[str, Any], capsys: Out
) -> None:
    old = read(pizza)
    assert main(["rejudge", "examples/pizza"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        f"{PIZZA}: pizza (clear), was clock (mixed)",
        f"1 judged again by edition {EDITION} of the rule (1 from weights)",
    ]
    assert err == ""
    result = read(pizza)
    assert all(result[key] == new[key] for key in ("verdict", "measures", "evidence", "grounds"))
    assert all(result[key] == old[key] for key in ("schema", "status", "attempt", "epoch", "metrics"))
    (before,) = result["judged_before"]
    assert (before["edition"], before["verdict"], before["measures"]) == (1, OLD_VERDICT, old["measures"])
    (log,) = pizza.parent.glob("events/*.jsonl")
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert before["clockpizza"] == events[0]["versions"]["clockpizza"]
    assert before["time"] == result["time"] == events[-1]["time"]  # when the run ended
    assert result["judged"]["clockpizza"] == clockpizza.__version__
    assert result["judged"]["from"] == "weights" and abs(time.time() - result["judged"]["time"]) < 60
    (row,) = _rows()
    assert (row.edition, row.verdict, row.changed) == (EDITION, "pizza", events[-1]["time"])


def test_what_this_edition_has_judged_is_left_as_it_is_unless_forced(pizza: Path, capsys: Out) -> None:
    main(["rejudge", "examples/pizza"])
    before = pizza.read_bytes(), pizza.stat().st_mtime_ns
    capsys.readouterr()
    assert main(["rejudge", "examples/pizza", PIZZA]) == 0
    assert capsys.readouterr().out == f"1 judged by edition {EDITION} already\n"
    assert (pizza.read_bytes(), pizza.stat().st_mtime_ns) == before
    first = read(pizza)
    assert main(["rejudge", PIZZA, "--force"]) == 0
    assert f"{PIZZA}: pizza (clear), as before" in capsys.readouterr().out
    result = read(pizza)
    assert [each["edition"] for each in result["judged_before"]] == [1, EDITION]
    last = result["judged_before"][-1]
    assert (last["clockpizza"], last["time"]) == (first["judged"]["clockpizza"], first["judged"]["time"])
    assert result["time"] == first["time"]


def test_from_grounds_the_verdict_is_the_same(pizza: Path, new: dict[str, Any], capsys: Out) -> None:
    write(pizza, older(new))
    (pizza.parent / "weights.pt").unlink()
    assert main(["rejudge", "examples/pizza"]) == 0
    assert "(1 from grounds)" in capsys.readouterr().out
    result = read(pizza)
    assert all(result[key] == new[key] for key in ("verdict", "measures", "evidence", "grounds"))
    assert result["judged"]["from"] == "grounds"
    assert judge(from_dict(result["grounds"])).name == "pizza"


def test_weights_that_were_kept_on_the_way_count_if_they_are_of_the_results_epoch(pizza: Path, capsys: Out) -> None:
    kept = pizza.parent / "weights"
    kept.mkdir()
    (pizza.parent / "weights.pt").rename(kept / "00005000.pt")
    assert main(["rejudge", PIZZA, "--dry-run"]) == 1
    (kept / "00005000.pt").rename(kept / "00006000.pt")
    assert main(["rejudge", PIZZA, "--dry-run"]) == 0
    assert "can be judged again from its weights" in capsys.readouterr().out


def test_what_kept_neither_weights_nor_grounds_is_named_and_stays_as_it_is(pizza: Path, capsys: Out) -> None:
    (pizza.parent / "weights.pt").unlink()
    before = pizza.read_bytes()
    assert main(["rejudge", "examples/pizza"]) == 1
    err = capsys.readouterr().err
    assert f"clockpizza: {PIZZA}: kept neither weights nor the grounds of its verdict, and would have to" in err
    assert pizza.read_bytes() == before


def test_many_that_kept_nothing_share_a_line(many: SweepFolder, capsys: Out) -> None:
    for path in many.runs.glob("*/result.json"):
        write(path, {key: value for key, value in read(path).items() if key != "grounds"})
    assert main(["rejudge", "many"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"many: {RUNS} runs (r1.00-w128-l1-s0, r1.00-w128-l1-s1, r1.00-w128-l1-s2 and {RUNS - 3} more)" in line
    assert main(["rejudge", "many", "--json"]) == 1  # names them all
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == RUNS and {line["outcome"] for line in lines} == {"impossible"}


def test_of_a_mixed_sweep_only_the_old_are_judged(many: SweepFolder, new: dict[str, Any], capsys: Out) -> None:
    paths = sorted(many.runs.glob("*/result.json"))
    for path in paths[:5]:
        write(path, new)
    write(paths[5], {**new, "verdict": {**new["verdict"], "edition": EDITION + 1}})
    kept = [path.read_bytes() for path in paths[:6]]
    assert main(["rejudge", "many"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{RUNS - 6} judged again by edition {EDITION} of the rule ({RUNS - 6} from grounds)",
        f"  {RUNS - 6} pizza (clear), was clock (mixed)",
        f"5 judged by edition {EDITION} already",
        "1 judged by a later edition, which this clockpizza does not know: left as they are",
    ]
    assert [path.read_bytes() for path in paths[:6]] == kept
    assert main(["rejudge", "many", "--force", "--quiet"]) == 0
    assert paths[5].read_bytes() == kept[5]


def test_damage_is_named_and_the_rest_goes_on(many: SweepFolder, new: dict[str, Any], capsys: Out) -> None:
    def result(seed: int) -> Path:
        return many.run(f"r1.00-w128-l1-s{seed}").result_file

    odd, torn = older(new), older(new)
    odd["grounds"] = {**new["grounds"], "waves": [{**new["grounds"]["waves"][0], "effect_double": "much"}]}
    torn["grounds"] = {"p": 59}
    result(0).write_text("{garbage")
    write(result(1), torn)
    write(result(2), odd)
    result(3).parent.joinpath("weights.pt").write_text("garbage")
    shutil.rmtree(result(4).parent)
    result(4).parent.symlink_to(result(5).parent)
    before = {seed: result(seed).read_bytes() for seed in range(4)}
    assert main(["rejudge", "many"]) == 1
    out, err = capsys.readouterr()
    assert f"{RUNS - 5} judged again" in out
    lines = err.splitlines()
    assert len(lines) == 5 and all(line.startswith("clockpizza: ") for line in lines)
    for seed, says in (
        (0, "runs/many/runs/r1.00-w128-l1-s0/result.json: not JSON"),
        (1, "many/r1.00-w128-l1-s1: grounds of a verdict that cannot be read"),
        (2, "many/r1.00-w128-l1-s2: grounds of a verdict that cannot be read"),
        (3, "runs/many/runs/r1.00-w128-l1-s3/weights.pt: "),
        (4, "a symbolic link"),
    ):
        assert any(says in line for line in lines), (seed, err)
    assert {seed: result(seed).read_bytes() for seed in range(4)} == before
    assert len(read(result(5))["judged_before"]) == 1


def test_weights_of_another_network_are_not_believed(pizza: Path, capsys: Out) -> None:
    weights = pizza.parent / "weights.pt"
    weights.unlink()
    assert main(["make-ideal", "clock", "--p", "13", "--out", str(weights)]) == 0
    before = pizza.read_bytes()
    assert main(["rejudge", PIZZA]) == 1
    assert "weights.pt: holds another network than the run's; remove it" in capsys.readouterr().err
    assert pizza.read_bytes() == before


def test_a_dry_run_says_what_would_be_judged_and_does_nothing(pizza: Path, capsys: Out) -> None:
    before = pizza.read_bytes()
    assert main(["rejudge", "examples/pizza", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{PIZZA}: clock (mixed) by edition 1, can be judged again from its weights",
        f"1 can be judged again by edition {EDITION} of the rule (1 from weights)",
    ]
    assert main(["rejudge", "examples/pizza", "--dry-run", "--json"]) == 0
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["sweep"], line["run"], line["outcome"], line["from"]) == (*PIZZA.rsplit("/", 1), "due", "weights")
    assert (line["before"], line["verdict"]) == (OLD_VERDICT, None)
    assert pizza.read_bytes() == before


def test_json_has_a_line_a_run(pizza: Path, new: dict[str, Any], capsys: Out) -> None:
    write(pizza, older(new))
    (pizza.parent / "weights.pt").unlink()
    assert main(["rejudge", PIZZA, "--json"]) == 0
    out, err = capsys.readouterr()
    line = json.loads(out)
    assert (line["outcome"], line["from"], line["before"], err) == ("judged", "grounds", OLD_VERDICT, "")
    assert line["verdict"] == new["verdict"]


@pytest.mark.parametrize("name", ["nothing", "many/r9", "many/r1.00-w128-l1-s0/x", "../many"])
def test_a_name_of_nothing_is_an_error_before_anything_is_done(many: SweepFolder, name: str, capsys: Out) -> None:
    assert main(["rejudge", "many", name]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert set(editions(many)) == {1}


def test_many_runs_take_two_seconds_and_no_torch(many: SweepFolder) -> None:
    for seed in range(44, RUNS):
        shutil.rmtree(many.run(f"r1.00-w128-l1-s{seed}").path)
    program = (
        "import sys; from clockpizza.cli import main\n"
        "assert main(['rejudge', 'many']) == 0\n"
        "assert 'torch' not in sys.modules"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    assert "44 judged again" in done.stdout and f"{RUNS - 44} not finished ({RUNS - 44} queued): left" in done.stdout
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    assert spent < 2  # of a processor, which others may share


def test_ctrl_c_leaves_whole_results_and_the_same_command_goes_on(many: SweepFolder) -> None:
    worker = process("rejudge", "many")
    _until_judged(many, 0, worker)
    worker.send_signal(signal.SIGINT)
    _, err = worker.communicate()
    assert worker.returncode == 130
    assert 0 < editions(many).count(EDITION) < RUNS
    assert err.splitlines() == [
        "each result is whole; the same command goes on with the rest",
        "clockpizza: interrupted",
    ]
    assert not list(many.runs.glob("*/.*.tmp"))
    assert main(["rejudge", "many"]) == 0
    _assert_each_judged_once(many)


def test_what_is_killed_in_the_middle_leaves_whole_results(many: SweepFolder) -> None:
    draw, killed = random.Random(0), 0
    while (before := editions(many).count(EDITION)) < RUNS and killed < 8:
        worker = process("rejudge", "many")
        _until_judged(many, before, worker)
        time.sleep(draw.uniform(0, 0.05))
        worker.kill()
        worker.communicate()
        killed += worker.returncode == -signal.SIGKILL
        assert len(editions(many)) == RUNS
    assert killed >= 2
    assert main(["rejudge", "many"]) == 0
    _assert_each_judged_once(many)


def test_two_at_once_judge_each_run_once(many: SweepFolder) -> None:
    both = [process("rejudge", "many", "--quiet") for _ in range(2)]
    says = [each.communicate() for each in both]
    assert {each.returncode for each in both} <= {0, 1}
    assert all("changed meanwhile" in line for _, err in says for line in err.splitlines())
    _assert_each_judged_once(many)


def test_a_folder_that_cannot_be_written_is_named_in_one_line(
    many: SweepFolder, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _read_only(many.runs):
        assert main(["rejudge", "many"]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line == (
            f"clockpizza: {Path('runs/many/runs')}: cannot be written to, and {RUNS} runs keep their verdicts; "
            "copy the sweep to where you may write"
        )
        monkeypatch.setattr(examples, "SOURCE", Path("runs").absolute())  # as in an installed package
        assert main(["rejudge", "many/r1.00-w128-l1-s0"]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert "s0: cannot be written to, and the run keeps its verdict; `clockpizza examples` copies" in line
    assert set(editions(many)) == {1}


def test_on_a_full_disk_the_old_result_stays(tiny_disk: Path, new: dict[str, Any], capsys: Out) -> None:
    sweep = create_sweep(tiny_disk, "few", expand({"seeds": 2, "epochs": 6000}))
    for seed in range(2):
        sweep.run(f"r1.00-w128-l1-s{seed}").path.mkdir()
        write(sweep.run(f"r1.00-w128-l1-s{seed}").result_file, older(new))
    (tiny_disk / "rest").write_bytes(b"0" * (os.statvfs(tiny_disk).f_bavail * os.statvfs(tiny_disk).f_bsize))
    assert main(["rejudge", "few", "--runs", str(tiny_disk)]) == 1
    err = capsys.readouterr().err
    assert err.count("result.json: cannot be written: the disk is full") == 2
    assert editions(sweep) == [1, 1]
    (tiny_disk / "rest").unlink()
    assert main(["rejudge", "few", "--runs", str(tiny_disk)]) == 0


def test_what_has_not_finished_is_left_to_its_worker(capsys: Out) -> None:
    """One run of a sweep is finished, one failed; a worker trains two more."""
    forever = [*SMALL, "--epochs", "10000000", "--lr", "0.001", "--name", "long", "--stack-size", "1", "--seeds", "4"]
    assert main([*forever, "--dry-run"]) == 0
    assert main([*SMALL, "--epochs", "20", "--foreground", "--quiet", "--name", "short"]) == 3
    short = open_sweep(Path("runs"), "short").run("r1.00-w8-l1-s0")
    assert main([*forever, "--detach"]) == 0
    sweep = open_sweep(Path("runs"), "long")
    try:
        _until(lambda: any(b'"metrics"' in log.read_bytes() for log in sweep.runs.glob("*-s0/events/*")))
        done, failed = (sweep.run(f"r1.00-w8-l1-s{seed}") for seed in (2, 3))
        shutil.copytree(short.path, done.path)
        result = read(done.result_file)
        write(done.result_file, {**older(result), "verdict": {**OLD_VERDICT, "name": None, "refused": "unsolved"}})
        failed.path.mkdir()
        write(failed.result_file, {"schema": 1, "status": "failed", "reason": "not a number", "attempt": 1, "epoch": 3})
        capsys.readouterr()
        assert main(["rejudge", "long"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            "long/r1.00-w8-l1-s2: refused, as before",
            f"1 judged again by edition {EDITION} of the rule (1 from weights)",
            "2 not finished (1 running, 1 queued): left alone",
            "1 failed: there is nothing to judge",
        ]
        judged = done.result_file.read_bytes()
        assert main(["rejudge", "long/r1.00-w8-l1-s0"]) == 0
        assert not sweep.run("r1.00-w8-l1-s0").result_file.exists()
        assert main(["stop", "long", "--wait"]) == 0
        assert done.result_file.read_bytes() == judged and read(failed.result_file)["status"] == "failed"
    finally:
        for holder in holders(sweep).values():
            if holder.owner.life() is Life.ALIVE:
                os.kill(holder.owner.pid, signal.SIGKILL)


def test_the_list_of_runs_tells_by_which_edition(pizza: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["runs"]) == 0
    out, err = capsys.readouterr()
    assert out.rstrip().endswith("\tclock\tmixed")
    assert err == "1 of 1 judged by edition 1 of the rule; `clockpizza rejudge examples/pizza` judges again\n"
    assert main(["runs", "--json"]) == 0
    out, err = capsys.readouterr()
    assert (json.loads(out)["edition"], err) == (1, "")
    monkeypatch.setenv("FORCE_COLOR", "1")  # Rich takes it for a terminal
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["runs"]) == 0
    out = capsys.readouterr().out
    assert "  clock (mixed)*  " in out
    assert "* judged by edition 1 of the rule; `clockpizza rejudge examples/pizza` judges again" in out
    main(["rejudge", PIZZA, "--quiet"])
    capsys.readouterr()
    assert main(["runs"]) == 0
    out, err = capsys.readouterr()
    assert "  pizza (clear)  " in out and "edition" not in out + err


def _rows() -> list[Any]:
    index = Index(Path("runs"))
    index.refresh()
    return index.rows()


def _until(condition: Callable[[], bool], worker: subprocess.Popen[str] | None = None) -> None:
    while not condition():
        assert worker is None or worker.poll() is None, worker.communicate()
        time.sleep(0.01)


def _until_judged(sweep: SweepFolder, seed: int, worker: subprocess.Popen[str]) -> None:
    """Until the run with that seed has been judged again; they are judged in order."""
    path = sweep.run(f"r1.00-w128-l1-s{seed}").result_file
    _until(lambda: read(path)["verdict"].get("edition") == EDITION, worker)


def _assert_each_judged_once(sweep: SweepFolder) -> None:
    results = [read(path) for path in sweep.runs.glob("*/result.json")]
    assert len(results) == RUNS
    for result in results:
        assert (result["verdict"]["name"], result["verdict"]["edition"]) == ("pizza", EDITION)
        assert [each["verdict"] for each in result["judged_before"]] == [OLD_VERDICT]


class _read_only:
    """A folder in which nothing can be written, by root either where this machine can do that."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.mounted = False

    def __enter__(self) -> None:
        command = ["mount", "--bind", "-o", "ro", str(self.folder), str(self.folder)]
        self.mounted = subprocess.run(command, capture_output=True).returncode == 0
        if not self.mounted:
            for path in self.folder.iterdir():
                path.chmod(0o555)
            if os.access(next(self.folder.iterdir()), os.W_OK):
                pytest.skip("root may write anywhere, and this machine mounts nothing read-only")

    def __exit__(self, *_: object) -> None:
        if self.mounted:
            subprocess.run(["umount", self.folder], check=True)
        else:
            for path in self.folder.iterdir():
                path.chmod(0o755)
