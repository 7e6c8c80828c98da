"""What a classification costs: seconds, processor seconds and peak memory by architecture, and `clockpizza --help`."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

CASES: list[tuple[str, dict[str, Any]]] = [
    ("p 59, 1 layer, width 128, rate 0", {"attention_rate": 0.0}),
    ("p 59, 1 layer, width 128, rate 1", {}),
    ("p 59, 1 layer, width 512, rate 1", {"width": 512}),
    ("p 59, 2 layers, width 128, rate 1", {"layers": 2}),
    ("p 59, 4 layers, width 128, rate 1", {"layers": 4}),
    ("p 59, linear beta", {"model": "beta"}),
    ("p 12, 1 layer, width 128, rate 1", {"p": 12}),
    ("p 113, 1 layer, width 128, rate 1, equals", {"p": 113, "equals_token": True, "causal": True}),
    ("p 113, 4 layers, width 128, rate 1", {"p": 113, "layers": 4}),
]


def main(repeat: int, *, as_json: bool) -> dict[str, Any]:
    """Measure every case `repeat` times, each in a fresh process; print the medians as they come, or nothing."""
    help_seconds = _help_seconds(repeat)
    if not as_json:
        print(f"clockpizza --help: {help_seconds:.2f} s")
        print("Classification in float64 after imports; seconds, and processor seconds of all threads in brackets")
        print(
            f"{'random weights with five circles':44s} {'all p^3 gradients':>18s} {'whole':>18s} {'peak memory':>12s}"
        )
    cases: dict[str, dict[str, float]] = {}
    for name, values in CASES:
        runs = [_in_a_fresh_process(values) for _ in range(repeat)]
        c = cases[name] = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        if not as_json:
            gradients = f"{c['gradients_s']:.2f} s ({c['gradients_cpu_s']:.2f})"
            whole = f"{c['whole_s']:.2f} s ({c['whole_cpu_s']:.2f})"
            print(f"{name:44s} {gradients:>18s} {whole:>18s} {c['peak_mb']:9.0f} MB", flush=True)
    return {"help_seconds": help_seconds, "cases": cases}


def measure(values: dict[str, Any]) -> dict[str, float]:
    """Time one network in this process, which must have done nothing else: peak memory is the process's own."""
    import resource

    from clockpizza.evidence import Probe, gather
    from clockpizza.evidence.gradient_symmetricity import gradient_symmetricity
    from clockpizza.verdict import judge

    network = _network(values)
    gradients = _timed(lambda: gradient_symmetricity(Probe(network)))
    whole = _timed(lambda: judge(gather(network)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return {
        "gradients_s": gradients[0],
        "gradients_cpu_s": gradients[1],
        "whole_s": whole[0],
        "whole_cpu_s": whole[1],
        "peak_mb": peak,
    }


def _network(values: dict[str, Any]) -> Any:
    """Random weights at the scale of initialisation, and an embedding with five circles for the evidence to examine."""
    import torch

    from clockpizza.config import LinearConfig, from_dict
    from clockpizza.networks import build, linear, transformer

    config = from_dict(values)
    is_linear = isinstance(config, LinearConfig)
    shapes = linear.parameter_shapes(config) if is_linear else transformer.parameter_shapes(config)  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(0)
    weights = {name: torch.randn(shape, generator=generator) / shape[-1] ** 0.5 for name, shape in shapes.items()}
    angle = 2 * torch.pi / config.p * torch.outer(torch.arange(config.p), torch.arange(1, 6))
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
