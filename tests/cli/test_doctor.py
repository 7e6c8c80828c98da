"""`clockpizza doctor` says what this machine can do, what to mend, and which setting won."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

import clockpizza
from clockpizza import doctor, settings
from clockpizza.cli import main
from clockpizza.kernel import evidence, training

PYPROJECT = Path(clockpizza.__file__).parents[1] / "pyproject.toml"


@pytest.fixture(autouse=True)
def nobodys_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def checks(folder: Path) -> dict[str, doctor.Check]:
    return {check.name: check for check in doctor.examine(folder)}


def test_a_machine_that_passes_the_tests_is_healthy(tmp_path: Path) -> None:
    found = checks(tmp_path)
    assert doctor.healthy(found.values()), [check for check in found.values() if check.state == "bad"]
    assert {"python", "torch", "cpu", "memory", "disk", "locks", "atomic rename"} <= set(found)


def test_probing_a_folder_leaves_nothing_behind(tmp_path: Path) -> None:
    checks(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_ranges_checked_are_those_the_package_asks_for() -> None:
    asked = tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]
    ranges = [f"{name}>={low}" + (f",<{limit}" if limit else "") for name, (low, limit) in doctor.SUPPORTED.items()]
    assert sorted(asked) == sorted(ranges)


@pytest.mark.parametrize(
    ("version", "state"), [("2.7.1", "bad"), ("2.8.0+cu128", "ok"), ("2.13.0", "ok"), ("2.14.0", "warn")]
)
def test_torch_outside_its_range_comes_with_a_cure(version: str, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version if name == "torch" else "99")
    torch = next(check for check in doctor._versions() if check.name == "torch")
    assert torch.state == state
    assert ("torch>=2.8,<2.14" in torch.cure) == (state != "ok")


def test_without_torch_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setitem(sys.modules, "torch", None)
    found = checks(tmp_path)
    assert found["torch"].state == "bad"
    assert "CPU wheel" in found["torch"].cure


def test_a_network_file_system_is_pointed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = f"/dev/sda / ext4 rw 0 0\nserver:/home {tmp_path} nfs4 rw 0 0\n"
    monkeypatch.setattr(doctor, "_text", lambda path: mounts if path == "/proc/mounts" else "")
    found = checks(tmp_path)
    assert (found["file system"].state, found["file system"].value) == ("warn", "nfs4, over the network")


def test_a_mount_point_with_a_space_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "my disk"
    folder.mkdir()
    escaped = str(folder).replace(" ", "\\040")
    monkeypatch.setattr(doctor, "_text", lambda path: f"/dev/sda / ext4 rw 0 0\n/dev/sdb {escaped} xfs rw 0 0\n")
    assert doctor._filesystem(folder) == "xfs"


def test_it_works_where_the_kernel_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_text", lambda path: "")
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(os, "sysconf")
    found = checks(tmp_path)
    assert (found["file system"].value, found["memory"].value) == ("unknown", "unknown")


def test_limits_of_a_container_count(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "/proc/self/cgroup": "0::/job/step\n",
        "/sys/fs/cgroup//job/step/memory.max": "max\n",
        "/sys/fs/cgroup//job/memory.max": "268435456\n",
        "/sys/fs/cgroup//job/cpu.max": "50000 100000\n",
    }
    monkeypatch.setattr(doctor, "_text", lambda path: files.get(path, ""))
    assert doctor._usable_cpus() == 0.5
    assert [check.value for check in doctor._memory() if check.name == "memory limit"] == [
        "0.2 GiB for this control group (container or job)"
    ]


def test_a_folder_that_cannot_be_written_is_bad(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert [check.state for check in doctor._probe(file)] == ["bad"]


@pytest.mark.parametrize(
    ("variables", "colours"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "16 million"),
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "linux"}, "16"),
        ({"TERM": "dumb"}, "none"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "none, as NO_COLOR asks"),
    ],
)
def test_colour_depth_is_what_the_terminal_promises(
    variables: dict[str, str], colours: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("COLORTERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert doctor.colours(variables["TERM"]) == colours


def test_json_holds_the_checks_and_where_each_option_comes_from(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOCKPIZZA_DOCTOR_JSON", "true")
    assert main(["doctor"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["healthy"] is True
    assert set(document["checks"][0]) == {"name", "state", "value", "cure"}
    origin = {"command": "doctor", "option": "--json", "value": "true", "source": "CLOCKPIZZA_DOCTOR_JSON"}
    assert origin in document["options"]


def test_through_a_pipe_each_check_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"ok\tclockpizza\t{clockpizza.__version__}" in lines
    assert "doctor\t--json\tfalse\tdefault" in lines


def test_broken_settings_stop_every_command_but_doctor_which_reports_them(capsys: pytest.CaptureFixture[str]) -> None:
    Path("clockpizza.toml").write_text("[doctr]")
    assert main(["doctor"]) == 1
    said = "clockpizza.toml: unknown table [doctr]; did you mean 'doctor'?"
    assert f"bad\tsettings\t{said}" in capsys.readouterr().out


def pretend_torch(
    monkeypatch: pytest.MonkeyPatch, *, available: bool, built_for: str | None, busy: bool = False
) -> None:
    """A torch with one card, since few machines that run the tests have any."""

    def memory(index: int) -> tuple[int, int]:
        if busy:
            raise RuntimeError("CUDA error: device is busy\nmore, for developers")
        return 30 * doctor.GIB, 40 * doctor.GIB

    cuda = SimpleNamespace(
        is_available=lambda: available,
        device_count=lambda: 1,
        get_device_name=lambda index: "A100",
        mem_get_info=memory,
    )
    mps = SimpleNamespace(is_available=lambda: False)
    torch = SimpleNamespace(cuda=cuda, version=SimpleNamespace(cuda=built_for), backends=SimpleNamespace(mps=mps))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")


def device(name: str) -> doctor.Check:
    return next(check for check in doctor._devices() if check.name == name)


def test_each_card_is_named_with_its_free_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_torch(monkeypatch, available=True, built_for="12.8")
    assert device("cuda:0") == doctor.Check("cuda:0", "ok", "A100, 30.0 GiB free of 40.0")


def test_a_card_that_somebody_holds_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_torch(monkeypatch, available=True, built_for="12.8", busy=True)
    assert (device("cuda:0").state, device("cuda:0").value) == ("warn", "CUDA error: device is busy")


def test_a_kernel_that_cannot_be_built_is_a_warning_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for kernel in (evidence, training):
        kernel.load.cache_clear()
    monkeypatch.setenv("CLOCKPIZZA_KERNEL", "off")
    check = doctor._kernel()
    for kernel in (evidence, training):
        kernel.load.cache_clear()
    assert (check.state, check.value) == ("warn", "CLOCKPIZZA_KERNEL is off")
    assert "twice as long" in check.cure


def test_a_cpu_build_of_torch_beside_an_nvidia_driver_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_torch(monkeypatch, available=False, built_for=None)
    assert (device("cuda").state, "CPU only" in device("cuda").value) == ("warn", True)


def test_a_driver_without_a_card_to_be_seen_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_torch(monkeypatch, available=False, built_for="12.8")
    assert "CUDA_VISIBLE_DEVICES" in device("cuda").cure
