"""`make bench`: what the laboratory's work costs on this machine, measured now."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
from typing import Any

from benchmarks import classification


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="measurements per case; the median is printed")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    arguments = parser.parse_args()

    machine = _machine()
    if not arguments.json:
        print(", ".join(f"{key} {value}" for key, value in machine.items()) + f"; median of {arguments.repeat}")
    results = {"classification": classification.main(arguments.repeat, as_json=arguments.json)}
    if arguments.json:
        print(json.dumps({"machine": machine, "repeat": arguments.repeat, **results}, indent=2))


def _machine() -> dict[str, Any]:
    """What the figures depend on; `load` tells whether something else was running."""
    import torch

    return {
        "date": datetime.date.today().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
