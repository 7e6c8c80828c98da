"""What figures hold for: the machine, its versions, and how busy it was."""

from __future__ import annotations

import datetime
import os
import platform
from typing import Any


def machine(device: str = "cpu") -> dict[str, Any]:
    """The machine as plain values; `load` tells whether something else was running."""
    import torch

    return {
        "date": datetime.date.today().isoformat(),
        "processor": _processor(),
        "device": torch.cuda.get_device_name(device) if device.startswith("cuda") else "cpu",
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
