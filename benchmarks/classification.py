"""What a classification costs: seconds, processor seconds and peak memory by architecture, and `clockpizza --help`."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.machine import machine

CASES: list[tuple[str, dict[str, Any]]] = [
    ("p 59, 1 layer, width 128, rate 0", {"attention_rate": 0.0}),
    ("p 59, 1 layer, width 128, rate 1", {}),
    ("p 59, 1 layer, width 512, rate 1", {"width": 512}),
    ("p 59, 2 layers, width 128, rate 1", {"layers": 2}),
    ("p 59, 4 layers, width 128, rate 1", {"layers": 4}),
    ("p 59, linear beta", {"model": "beta"}),
    ("p 12, 1 layer, width 128, rate 1", {"p": 12}),
    ("p 113, 1 layer, width 128, rate 1, equals", {"p": 113, "equals_token": True}),
    ("p 113, 4 layers, width 128, rate 1", {"p": 113, "layers": 4}),
]
CIRCLES = (1, 2, 3, 4, 5)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every case, each in fresh processes, and print the medians as they come."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classification", description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="measurements per case")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    about, help_seconds = machine(), _help_seconds(options.repeat)
    if not options.json:
        print(", ".join(f"{key} {value}" for key, value in about.items()))
        print(f"clockpizza --help: {help_seconds:.2f} s")
        print("Classification in float64 after imports; seconds, and processor seconds of all threads in brackets")
        print(f"{'five circles':44s} {'all p^3 gradients':>18s} {'whole':>18s} {'peak memory':>12s}")
    cases: dict[str, dict[str, float]] = {}
    for name, values in CASES:
        runs = [_in_a_fresh_process(values) for _ in range(options.repeat)]
        c = cases[name] = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        if not options.json:
            gradients = f"{c['gradients_s']:.2f} s ({c['gradients_cpu_s']:.2f})"
            whole = f"{c['whole_s']:.2f} s ({c['whole_cpu_s']:.2f})"
            print(f"{name:44s} {gradients:>18s} {whole:>18s} {c['peak_mb']:9.0f} MB", flush=True)
    if options.json:
        print(json.dumps({"machine": about, "help_seconds": help_seconds, "cases": cases}, indent=2))


def measure(values: dict[str, Any]) -> dict[str, float]:
    """Time one network in this process, which must have done nothing else: peak memory is the process's own."""
    import resource

    from clockpizza.evidence import Probe
    from clockpizza.evidence.gradient_symmetricity import gradient_symmetricity
    from clockpizza.memory import keep_freed_memory

    keep_freed_memory()
    network = _network(values)
    gradients = _timed(lambda: gradient_symmetricity(Probe(network)))
    whole = _timed(lambda: _classify(network))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return {
        "gradients_s": gradients[0],
        "gradients_cpu_s": gradients[1],
        "whole_s": whole[0],
        "whole_cpu_s": whole[1],
        "peak_mb": peak,
    }


def _classify(network: Any) -> None:
    """All evidence and the verdict; of a network that is not solved, the ablations that circles would take, too."""
    from clockpizza.cuts import LEAST_ACCURACY
    from clockpizza.evidence import Probe, gather
    from clockpizza.evidence.ablations import Ablations
    from clockpizza.evidence.probe import one_thread_an_operation
    from clockpizza.evidence.waves import waves
    from clockpizza.frequency import double, halves
    from clockpizza.verdict import judge

    evidence = gather(network)
    judge(evidence.grounds)
    if evidence.accuracy.all_pairs >= LEAST_ACCURACY:
        return
    probe = Probe(network)
    with one_thread_an_operation():
        ablations = Ablations(probe, waves(probe))
        for k in CIRCLES:
            twice, half = double(k, probe.p), halves(k, probe.p)
            for out in ([k], [twice], half, [twice, *half]):
                ablations.out(out)
        ablations.kept(CIRCLES)


def _network(values: dict[str, Any]) -> Any:
    """One layer: built by hand, solved by five circles. Else random weights, with five circles in the embedding."""
    import torch

    from clockpizza.config import LinearConfig, from_dict
    from clockpizza.networks import build, linear, transformer
    from clockpizza.networks.ideal import ideal

    config = from_dict(values)
    if not isinstance(config, LinearConfig) and config.layers == 1:
        given = {key: values[key] for key in ("p", "width", "equals_token") if key in values}
        return ideal("clock", attention_rate=config.attention_rate, frequencies=CIRCLES, **given).network
    is_linear = isinstance(config, LinearConfig)
    shapes = linear.parameter_shapes(config) if is_linear else transformer.parameter_shapes(config)  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(0)
    weights = {name: torch.randn(shape, generator=generator) / shape[-1] ** 0.5 for name, shape in shapes.items()}
    angle = 2 * torch.pi / config.p * torch.outer(torch.arange(config.p), torch.tensor(CIRCLES))
    plane = torch.randn(10, config.width, generator=generator) / config.width**0.5
    circles = torch.cat([angle.cos(), angle.sin()], dim=1) @ plane  # (p, width)
    if is_linear:
        weights["embed.weight"] = circles
    else:
        weights["embed.W_E"][:, : config.p] = circles.T
    return build(config, weights)


def _timed(work: Callable[[], Any]) -> tuple[float, float]:
    start, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - processor


def _in_a_fresh_process(values: dict[str, Any]) -> dict[str, float]:
    program = "import json, sys; from benchmarks.classification import measure; "
    program += "print(json.dumps(measure(json.loads(sys.argv[1]))))"
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(values)], stdout=subprocess.PIPE, text=True, check=True
    )
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def _help_seconds(repeat: int) -> float:
    command = [sys.executable, "-m", "clockpizza", "--help"]
    return statistics.median(
        _timed(lambda: subprocess.run(command, capture_output=True, check=True))[0] for _ in range(repeat)
    )


if __name__ == "__main__":
    main()
