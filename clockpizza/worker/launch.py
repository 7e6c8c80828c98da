"""Starts workers as processes of their own, which outlive whoever started them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import clockpizza
from clockpizza.store.layout import SweepFolder

ROOT = Path(clockpizza.__file__).parents[1]


def launch(sweep: SweepFolder, *, device: str = "auto", keep_checkpoints: bool = False) -> subprocess.Popen[bytes]:
    """Start a worker on a sweep, in a session of its own, and return at once.

    What it says is in `log_file(sweep, pid)`; its exit codes are those of `clockpizza.worker.__main__`.
    """
    # -P: a folder called clockpizza, or random.py, where one happens to stand is none of the worker's business.
    command = [sys.executable, "-P", "-m", "clockpizza.worker", str(sweep.path.absolute()), "--device", device]
    if keep_checkpoints:
        command.append("--keep-checkpoints")
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, **module_path()},
    )


def module_path() -> dict[str, str]:
    """The variable with which a child process finds a clockpizza that is not installed, too."""
    if ROOT.name in ("site-packages", "dist-packages"):
        return {}
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
