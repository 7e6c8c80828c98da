"""What this machine, this terminal and this folder can do, and what to mend. `clockpizza.cli.doctor` prints it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import clockpizza

GIB = 2**30

# package -> lowest version that works, first version not allowed ("" where any later one is). As in pyproject.toml.
SUPPORTED = {
    "torch": ("2.8", "2.14"),
    "numpy": ("2.0", ""),
    "textual": ("8.2", ""),
    "rich": ("14", ""),
    "plotext": ("6", ""),
    "typer": ("0.28", ""),
}
TORCH_CURE = (
    "pip install 'torch>=2.8,<2.14'; without an NVIDIA card see pytorch.org's install selector for the CPU wheel"
)

# Where locks and renames may not be seen by other machines at once, if at all.
NETWORK_FILESYSTEMS = re.compile(
    r"nfs|lustre|cifs|smb|sshfs|beegfs|gpfs|wekafs|ceph|9p|afs|gluster|panfs|pvfs|orangefs|juicefs|s3fs|gcsfuse"
)

# Run as a process of its own: a lock is only worth something if another process is refused it.
LOCK_PROBE = """
import fcntl, sys
for name, path in zip(("flock", "lockf"), sys.argv[1:]):
    with open(path, "r+") as file:
        try:
            getattr(fcntl, name)(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print(name)
"""


@dataclass(frozen=True)
class Check:
    """One thing looked at: fine, worth knowing, or in the way; with what to do where it is not fine."""

    name: str
    state: Literal["ok", "warn", "bad"]
    value: str
    cure: str = ""


def examine(folder: Path) -> list[Check]:
    """Everything about this machine and this terminal, and about `folder` as a place for runs.

    Nothing is left behind in `folder`; a few hundred MB of memory are held for a moment on each CUDA card.
    """
    return [*_versions(), *_devices(), *_memory(), *_storage(folder), *_terminal()]


def _versions() -> Iterator[Check]:
    yield Check("python", "ok", f"{platform.python_version()} ({sys.executable})")
    yield Check("clockpizza", "ok", clockpizza.__version__)
    for package, (lowest, limit) in SUPPORTED.items():
        wanted = f">={lowest},<{limit}" if limit else f">={lowest}"
        cure = TORCH_CURE if package == "torch" else f"pip install '{package}{wanted}'"
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            yield Check(package, "bad", "not installed", cure)
            continue
        if _numbers(version) < _numbers(lowest):
            yield Check(package, "bad", f"{version}, older than the {lowest} needed", cure)
        elif limit and _numbers(version) >= _numbers(limit):
            yield Check(package, "warn", f"{version}, newer than clockpizza was tried with", cure)
        else:
            yield Check(package, "ok", version)


def _numbers(version: str) -> tuple[int, ...]:
    """`2.13.0+cpu` -> (2, 13, 0)."""
    release = re.match(r"[\d.]*", version)
    return tuple(int(part) for part in release.group().split(".") if part) if release else ()


def _devices() -> Iterator[Check]:
    threads, machine = _usable_cpus(), os.cpu_count() or 1
    yield Check("cpu", "ok", f"{threads:.3g} threads" + (f" of the machine's {machine}" if threads < machine else ""))
    driver = shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()
    try:
        with warnings.catch_warnings(record=True) as raised:
            warnings.simplefilter("always")
            import torch

            cuda = torch.cuda.is_available()
    except ModuleNotFoundError as error:
        if error.name != "torch":
            yield Check("torch import", "bad", str(error), TORCH_CURE)
        return  # that torch is missing has been said among the versions
    except Exception as error:  # a broken build fails in many ways: OSError, ImportError, AttributeError
        yield Check("torch import", "bad", f"{type(error).__name__}: {error}", f"reinstall it: {TORCH_CURE}")
        return
    if cuda:
        for index in range(torch.cuda.device_count()):
            yield _cuda_card(torch, index)
    elif not driver:
        yield Check("cuda", "ok", "no NVIDIA card found")
    elif torch.version.cuda is None:
        cure = "see pytorch.org's install selector for a CUDA wheel"
        yield Check("cuda", "warn", "torch was built for CPU only, though an NVIDIA driver is present", cure)
    else:
        said = "; ".join(str(each.message).splitlines()[0] for each in raised) or "torch sees no card"
        cure = "check nvidia-smi and CUDA_VISIBLE_DEVICES; an old driver needs a torch built for an older CUDA"
        yield Check("cuda", "warn", f"an NVIDIA driver is present, but {said}", cure)
    if torch.backends.mps.is_available():
        yield Check("mps", "ok", "Apple GPU")
    yield _kernel()


def _kernel() -> Check:
    from clockpizza.kernel import evidence, training
    from clockpizza.kernel.library import Unavailable

    try:
        evidence.load(), training.load()
    except Unavailable as error:
        return Check("kernel", "warn", str(error), "without it training on a CPU takes up to twice as long")
    return Check("kernel", "ok", "built for this processor")


def _cuda_card(torch: Any, index: int) -> Check:
    name = f"cuda:{index}"
    try:
        model = torch.cuda.get_device_name(index)
        free, total = torch.cuda.mem_get_info(index)
    except RuntimeError as error:  # held exclusively, or fallen off the bus
        return Check(name, "warn", str(error).splitlines()[0], "choose another device; nvidia-smi shows who holds it")
    return Check(name, "ok", f"{model}, {free / GIB:.1f} GiB free of {total / GIB:.1f}")


def _usable_cpus() -> float:
    """Threads this process may use: its affinity, and its control group's share of time."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    shares = [line.split() for line in _cgroup("cpu.max")]
    return min([count, *(int(quota) / int(period) for quota, period in shares if quota != "max")])


def _memory() -> Iterator[Check]:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        yield Check("memory", "ok", "unknown")
        return
    available = re.search(r"^MemAvailable:\s+(\d+) kB", _text("/proc/meminfo"), re.MULTILINE)
    value = f"{total / GIB:.1f} GiB" + (f", {int(available[1]) * 1024 / GIB:.1f} available" if available else "")
    yield Check("memory", "ok", value)
    lines = [*_cgroup("memory.max"), *_cgroup("memory.limit_in_bytes", "memory")]
    limits = [int(line) for line in lines if line != "max"]
    if limits and min(limits) < total:
        yield Check("memory limit", "ok", f"{min(limits) / GIB:.1f} GiB for this control group (container or job)")


def _cgroup(name: str, controller: str = "") -> Iterator[str]:
    """The setting `name` of this process's control group and of those around it; `controller` is for version 1."""
    inner = re.search(rf"^\d+:{controller}:(/.*)$", _text("/proc/self/cgroup"), re.MULTILINE)
    if not inner:
        return
    group = Path(inner[1])
    for each in [group, *group.parents]:
        if text := _text(f"/sys/fs/cgroup/{controller}{each}/{name}"):
            yield text.strip()


def _storage(folder: Path) -> Iterator[Check]:
    try:
        usage, kind = shutil.disk_usage(folder), _filesystem(folder)
    except OSError as error:
        yield Check("disk", "bad", f"{folder}: {error.strerror}", "change to a folder that exists")
        return
    value = f"{usage.free / GIB:.1f} GiB free of {usage.total / GIB:.1f} here"
    if usage.free < GIB:
        yield Check("disk", "warn", value, "free some space or work in another folder")
    else:
        yield Check("disk", "ok", value)
    if NETWORK_FILESYSTEMS.search(kind):
        cure = "fine for reading; to train, prefer a local disk, and start each sweep from one machine only"
        yield Check("file system", "warn", f"{kind}, over the network", cure)
    else:
        yield Check("file system", "ok", kind or "unknown")
    yield from _probe(folder)


def _filesystem(folder: Path) -> str:
    """The kind of file system that holds `folder`, as the kernel names it; "" where there is no /proc/mounts."""
    here = folder.resolve()
    best, kind = -1, ""
    for line in _text("/proc/mounts").splitlines():
        _, escaped, this_kind, *_ = line.split(" ")
        mount = Path(re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), escaped))
        if here.is_relative_to(mount) and len(mount.parts) >= best:  # a later mount hides an earlier one
            best, kind = len(mount.parts), this_kind
    return kind


def _probe(folder: Path) -> Iterator[Check]:
    """Do, in a temporary folder, what a run does to its files."""
    cure = "work in another folder, best on a local disk"
    try:
        with tempfile.TemporaryDirectory(prefix=".clockpizza-doctor-", dir=folder) as name:
            probe = Path(name)
            yield _passed("exclusive create", _creates_exclusively(probe / "once"), cure)
            yield _passed("atomic rename", _renames(probe / "new", probe / "old"), cure)
            yield _locks(probe, cure)
    except OSError as error:
        yield Check("write here", "bad", f"{error.strerror or error}: {folder.resolve()}", "change to a folder you own")


def _passed(name: str, passed: bool, cure: str) -> Check:
    return Check(name, "ok", "works here") if passed else Check(name, "bad", "does not work here", cure)


def _creates_exclusively(path: Path) -> bool:
    path.open("x").close()
    try:
        path.open("x").close()
    except FileExistsError:
        return True
    return False


def _renames(new: Path, old: Path) -> bool:
    old.write_text("old")
    new.write_text("new")
    new.replace(old)
    return old.read_text() == "new" and not new.exists()


def _locks(probe: Path, cure: str) -> Check:
    try:
        import fcntl
    except ImportError:
        return Check("locks", "bad", "this system has no fcntl", "use Linux, macOS or WSL")
    held = []
    with (probe / "flock").open("w") as first, (probe / "lockf").open("w") as second:
        for name, file in (("flock", first), ("lockf", second)):
            try:
                getattr(fcntl, name)(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                held.append(name)
            except OSError:
                continue
        command = [sys.executable, "-c", LOCK_PROBE, first.name, second.name]
        refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout.split()
    working = [name for name in held if name in refused]
    if len(working) == 2:
        return Check("locks", "ok", "flock and lockf hold here")
    if working:
        return Check("locks", "warn", f"only {working[0]} holds here", cure)
    return Check("locks", "bad", "neither flock nor lockf holds here", cure)


def _terminal() -> Iterator[Check]:
    term = os.environ.get("TERM", "")
    if not any(stream.isatty() for stream in (sys.stdout, sys.stderr)):
        yield Check("terminal", "ok", "none: output is plain lines")
        return
    around = [
        name for name, key in (("tmux", "TMUX"), ("screen", "STY"), ("ssh", "SSH_CONNECTION")) if key in os.environ
    ]
    if term in ("", "dumb"):
        yield Check(
            "terminal", "warn", f"TERM is {term!r}", "set TERM to what your terminal is, such as xterm-256color"
        )
    else:
        yield Check("terminal", "ok", term + (f", inside {' and '.join(around)}" if around else ""))
    columns, lines = shutil.get_terminal_size()
    small = columns < 80 or lines < 24
    yield Check("size", "warn" if small else "ok", f"{columns}x{lines}", "80x24 is the least the screen needs" * small)

    locale = _locale()
    unicode = _is_utf8(locale)
    cure = "" if unicode else "export LANG=C.UTF-8, or plots fall back on ASCII"
    yield Check("locale", "ok" if unicode else "warn", locale or "not set", cure)
    yield Check("colours", "ok", colours(term))
    braille = draws_braille(term)
    yield Check(
        "braille", "ok" if braille else "warn", "yes" if braille else "no", "" if braille else "plots use blocks"
    )


def draws_braille(term: str) -> bool:
    """Whether a terminal shows more than ASCII, braille included, as far as the locale and its TERM tell."""
    return _is_utf8(_locale()) and term != "linux"


def _locale() -> str:
    return next((os.environ[key] for key in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(key)), "")


def _is_utf8(locale: str) -> bool:
    return "utf8" in locale.lower().replace("-", "")


def colours(term: str) -> str:
    """How many colours a terminal shows, as far as the environment tells: none, 16, 256 or 16 million."""
    if os.environ.get("NO_COLOR"):
        return "none, as NO_COLOR asks"
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith("-direct"):
        return "16 million"
    if "256color" in term:
        return "256"
    return "none" if term in ("", "dumb") else "16"


def _text(path: str) -> str:
    """A small system file, or "" where there is none to read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def healthy(checks: Iterable[Check]) -> bool:
    """Whether nothing is in the way."""
    return all(check.state != "bad" for check in checks)
