"""`make bench`: time classification and its parts on this machine, and print what was measured."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from typing import Any

# One fresh process a figure: peak memory is a process's own, and imports are left out of the seconds.
WORK = """
import json, resource, sys, time
import torch
from clockpizza.config import LinearConfig, TransformerConfig
from clockpizza.evidence import Probe, gather
from clockpizza.evidence.gradient_symmetricity import gradient_symmetricity
from clockpizza.networks import Transformer, Linear
from clockpizza.networks import transformer, linear
from clockpizza.verdict import judge

values = json.loads(sys.argv[1])
if "linear" in values:
    config = LinearConfig(values.pop("linear"), **values)
    shapes, build = linear.parameter_shapes(config), Linear
else:
    config = TransformerConfig(**values)
    shapes, build = transformer.parameter_shapes(config), Transformer
# Random weights at the scale of initialisation: every matrix product is as large as a trained network's.
generator = torch.Generator().manual_seed(0)
weights = {name: torch.randn(shape, generator=generator) / shape[-1] ** 0.5 for name, shape in shapes.items()}
network = build(config, weights)
probe = Probe(network)
start = time.perf_counter()
gradient_symmetricity(probe)
gradients = time.perf_counter() - start
start = time.perf_counter()
judge(gather(network))
whole = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024) / (1024 if sys.platform == "darwin" else 1)
print(json.dumps({"gradients": gradients, "whole": whole, "peak_mb": peak}))
"""

CASES: list[tuple[str, dict[str, Any]]] = [
    ("p 59, 1 layer, width 128, rate 0", {"attention_rate": 0.0}),
    ("p 59, 1 layer, width 128, rate 1", {"attention_rate": 1.0}),
    ("p 59, 1 layer, width 512, rate 1", {"attention_rate": 1.0, "width": 512}),
    ("p 59, 2 layers, width 128, rate 1", {"layers": 2}),
    ("p 59, 4 layers, width 128, rate 1", {"layers": 4}),
    ("p 59, linear beta", {"linear": "beta"}),
    ("p 113, 1 layer, width 128, rate 1, equals", {"p": 113, "equals_token": True, "causal": True}),
    ("p 12, 1 layer, width 128, rate 1", {"p": 12}),
]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="fresh processes per case; the median is printed")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    import torch

    machine = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "repeat": arguments.repeat,
    }
    results = {"help_seconds": _median_time([sys.executable, "-m", "clockpizza", "--help"], arguments.repeat)}
    if not arguments.json:
        print(", ".join(f"{key} {value}" for key, value in machine.items()))
        print(f"clockpizza --help: {results['help_seconds']:.2f} s")
        print(f"{'random weights, float64':44s} {'all gradients':>14s} {'classification':>15s} {'peak memory':>12s}")
    cases = {}
    for name, values in CASES:
        runs = [_work(values) for _ in range(arguments.repeat)]
        cases[name] = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        if not arguments.json:
            c = cases[name]
            print(f"{name:44s} {c['gradients']:12.2f} s {c['whole']:13.2f} s {c['peak_mb']:9.0f} MB", flush=True)
    if arguments.json:
        print(json.dumps({"machine": machine, **results, "cases": cases}, indent=2))


def _work(values: dict[str, Any]) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", WORK, json.dumps(values)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _median_time(command: list[str], repeat: int) -> float:
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
