"""The engine against the plain implementation: epochs per second on this machine, interleaved, medians of several."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.machine import machine
from benchmarks.plain import Plain
from clockpizza.config import LinearConfig, NetworkConfig, TransformerConfig
from clockpizza.run_config import RunConfig
from clockpizza.training.cuda_graph import captured
from clockpizza.training.device import fit
from clockpizza.training.engine import Engine

PAPER = TransformerConfig()
ROOT = Path(__file__).parents[1]
RATES = (0.0, 0.5, 1.0)
TURN = 5  # plain epochs: in the first one after the other's turn, memory has left the caches


def cases(device: str, full: bool) -> list[tuple[str, NetworkConfig, int]]:
    """Name, network and number of stacked runs of everything that is timed against the plain implementation."""
    stack = 256 if device.startswith("cuda") else 8
    found: list[tuple[str, NetworkConfig, int]] = []
    for layers, many in ((1, stack), (2, stack // 4)):
        for runs in (1, many):
            called = f"2 layers, {runs} stacked" if layers == 2 else f"{runs} stacked"
            found += [
                (f"rate {rate:g}, {called}", replace(PAPER, attention_rate=rate, layers=layers), runs) for rate in RATES
            ]
    if full:
        found += [(f"p {p}, rate 1", TransformerConfig(p=p), 1) for p in (29, 113, 227)]
        found += [(f"width {width}, rate 1", TransformerConfig(width=width), 1) for width in (32, 64, 256, 512)]
        found += [("4 layers, rate 1", TransformerConfig(layers=4), 1)]
        found += [(f"linear {model}", LinearConfig(model), 1) for model in ("alpha", "beta", "delta")]
    return found


def compare(network: NetworkConfig, runs: int, options: argparse.Namespace) -> dict[str, float]:
    """Milliseconds a network-epoch of both, and their ratio; they take turns, in a process each.

    Apart, because the engine lets its process keep freed memory, which would speed up the other.
    """
    configs = [RunConfig(network, seed=seed, precision=options.precision) for seed in range(runs)]
    engine = Engine(configs, options.device)
    fit(engine)
    step = captured(engine)
    plain_times: list[float] = []
    engine_times: list[float] = []
    with subprocess.Popen([*_command(options), "--plain"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as plain:
        assert plain.stdin and plain.stdout

        def plain_epoch() -> float:
            assert plain.stdin and plain.stdout
            plain.stdin.write(b"\n")
            plain.stdin.flush()
            return float(plain.stdout.readline())

        plain_epoch(), _time(step, options.device)
        end = time.perf_counter() + options.seconds
        while time.perf_counter() < end:
            plain_times += [plain_epoch() for _ in range(TURN)]
            spent = 0.0
            while spent < sum(plain_times[-TURN:]):  # as long a turn as the other had
                engine_times.append(_time(step, options.device) / runs)
                spent += engine_times[-1] * runs
        plain.stdin.close()
    p, e = statistics.median(plain_times), statistics.median(engine_times)
    return {"plain_ms": 1e3 * p, "engine_ms": 1e3 * e, "ratio": p / e, "batch": engine.batch}


def plain_epochs(network: NetworkConfig, options: argparse.Namespace) -> None:
    """Seconds of one plain epoch for every line that comes in."""
    config = RunConfig(network, precision=options.precision)
    engine = Engine([config])
    plain = Plain(config, engine.weights(0), engine.training_pairs[0], options.device)
    for _ in sys.stdin:
        print(_time(plain.epoch, options.device), flush=True)


def _command(options: argparse.Namespace) -> list[str]:
    """This program again, for one case."""
    command = [sys.executable, "-m", "benchmarks.training", "--case", str(options.case), "--device", options.device]
    command += ["--precision", options.precision, "--seconds", str(options.seconds), "--only", options.only]
    return command + ["--full"] * options.full


def _time(work: Callable[[], object], device: str) -> float:
    start = time.perf_counter()
    work()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter() - start


def snapshot_cost() -> dict[str, float]:
    """Milliseconds of one snapshot and of one look at the metrics, and their share of a run of 20,000 epochs."""
    from clockpizza.evidence.snapshot import snapshot
    from clockpizza.networks import build
    from clockpizza.training.schedule import metric_epochs, snapshot_epochs

    config = RunConfig(PAPER)
    engine = Engine([config])
    network = build(PAPER, engine.weights(0))
    looks, shots = len(metric_epochs(20_000)), len(snapshot_epochs(20_000))
    times = {
        "snapshot": _median(lambda: snapshot(network)),
        "metrics": _median(engine.metrics),
        "step": _median(engine.step),
    }
    training = 20_000 * times["step"]
    return {
        **{f"{name}_ms": 1e3 * value for name, value in times.items()},
        "snapshots_share": shots * times["snapshot"] / training,
        "metrics_share": looks * times["metrics"] / training,
    }


def _median(work: Callable[[], object], times: int = 9) -> float:
    work()
    return statistics.median(_time(work, "cpu") for _ in range(times))


def main(arguments: Sequence[str] | None = None) -> None:
    """Time everything and print it. Each case has a process of its own: what one leaves in memory helps no other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--seconds", type=float, default=10.0, help="a case")
    parser.add_argument("--full", action="store_true", help="also other p, widths, depths and linear models")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    chosen = [case for case in cases(options.device, options.full) if options.only in case[0]]
    if options.case is not None:
        _, network, runs = chosen[options.case]
        if options.plain:
            plain_epochs(network, options)
        else:
            print(json.dumps(compare(network, runs, options)))
        return
    about, results = machine(options.device), {}
    if not options.json:
        print(", ".join(f"{key} {value}" for key, value in about.items()))
        print(f"{'milliseconds a network-epoch':34s} {'plain':>9s} {'engine':>9s} {'ratio':>7s}")
    for number, (name, _, _) in enumerate(chosen):
        options.case = number
        done = subprocess.run(_command(options), capture_output=True, text=True, check=True, cwd=ROOT)
        results[name] = row = json.loads(done.stdout)
        if not options.json:
            print(f"{name:34s} {row['plain_ms']:9.2f} {row['engine_ms']:9.2f} {row['ratio']:7.2f}", flush=True)
    looks = snapshot_cost()
    if options.json:
        print(json.dumps({"machine": about, "cases": results, "looks": looks}, indent=2))
        return
    print(
        f"a snapshot {looks['snapshot_ms']:.1f} ms, metrics {looks['metrics_ms']:.1f} ms; of 20,000 epochs "
        f"{looks['snapshots_share']:.1%} and {looks['metrics_share']:.1%} of the training time"
    )


if __name__ == "__main__":
    main()
