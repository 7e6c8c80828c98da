"""Files are somebody else's: no pickle executes, no file hangs, and whatever is wrong ends in one line."""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
import types
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from clockpizza.checkpoints import Overrides, read, untrusted
from clockpizza.checkpoints.untrusted import Inert
from clockpizza.config import NetworkConfig, TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.networks import Network

KNOWN = Overrides(attention_rate=1.0, activation="relu")


@pytest.fixture
def good(tmp_path: Path, random_network: Callable[[NetworkConfig], Network]) -> Path:
    path = tmp_path / "good.pt"
    torch.save(random_network(TransformerConfig(p=7, width=8, heads=2)).weights, path)
    return path


def refused(path: Path, words: str) -> None:
    """Reading ends in one line that names the file, and torch says nothing besides."""
    with warnings.catch_warnings(), pytest.raises(BadInput, match=words) as error:
        warnings.simplefilter("error")
        read(path, KNOWN)
    assert str(error.value).startswith(f"{path}: ")
    assert str(error.value).isprintable()


def archive(path: Path, pickled: bytes, records: dict[str, bytes] | None = None) -> Path:
    """A checkpoint in torch's zip layout with a pickle of our own making."""
    with zipfile.ZipFile(path, "w") as file:
        for name, content in {"data.pkl": pickled, "version": b"3\n", **(records or {})}.items():
            file.writestr(f"archive/{name}", content)
    return path


def edited(content: bytes, edit: Callable[[bytes], bytes]) -> bytes:
    """A checkpoint with another pickle."""
    source, target = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for entry in source.infolist():
            record = source.read(entry)
            file.writestr(entry.filename, edit(record) if entry.filename.endswith("data.pkl") else record)
    assert target.getvalue() != content
    return target.getvalue()


class Calls:
    """Pickled as a call of `function`."""

    def __init__(self, function: Any, *args: Any):
        self.call = function, args

    def __reduce__(self) -> Any:
        return self.call


# ---- pickles with code in them -----------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [lambda evil: evil, lambda evil: {"model": {}, "config": evil}, lambda evil: [evil]])
@pytest.mark.parametrize(
    ("function", "argument", "name"),
    [
        (os.system, "touch {marker}", r"(posix|nt).system"),
        (exec, "open({marker!r}, 'w')", "builtins.exec"),
        (eval, "open({marker!r}, 'w')", "builtins.eval"),
        (os.mkdir, "{marker}", r"(posix|nt).mkdir"),
        (Path.touch, "{marker}", "pathlib"),
        (zipfile.ZipFile, "{marker}", "zipfile.ZipFile"),
    ],
)
def test_code_in_a_pickle_is_named_and_not_run(
    wrap: Callable[[Any], Any], function: Any, argument: str, name: str, tmp_path: Path
) -> None:
    marker, path = tmp_path / "ran", tmp_path / "evil.pt"
    # Path.touch pickles as getattr(Path, "touch")
    torch.save(wrap(Calls(function, argument.format(marker=str(marker)))), path)
    words = "builtins.getattr" if name == "pathlib" else name
    refused(path, rf"the pickle inside would call {words}; it was not run")
    assert not marker.exists()


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda evil, path: torch.save(evil, path, _use_new_zipfile_serialization=False), "needs (posix|nt).system"),
        (lambda evil, path: path.write_bytes(pickle.dumps(evil, 2)), "needs (posix|nt).system"),
        (lambda evil, path: path.write_bytes(pickle.dumps(evil)), "not a checkpoint, or damaged: Unsupported operand"),
        (
            lambda evil, path: torch.save(evil, path, pickle_protocol=4),
            "not a checkpoint, or damaged: Unsupported oper",
        ),
    ],
)
def test_older_and_plain_pickles_run_nothing_either(
    write: Callable[[Any, Path], Any], words: str, tmp_path: Path
) -> None:
    marker, path = tmp_path / "ran", tmp_path / "evil.pt"
    write(Calls(os.system, f"touch {marker}"), path)
    refused(path, words)
    assert not marker.exists()


def test_a_class_of_ours_is_not_called_either(tmp_path: Path) -> None:
    ran = []

    class Config:
        def __setstate__(self, state: Any) -> None:
            ran.append(state)

        def __new__(cls, *args: Any) -> Config:
            ran.append(args)
            return super().__new__(cls)

    Config.__qualname__ = "Config"
    module = types.ModuleType("somebodys_training")
    Config.__module__, module.Config = module.__name__, Config  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    try:
        torch.save({"model": {}, "config": Config()}, tmp_path / "a.pt")
        ran.clear()
        assert isinstance(untrusted.load(tmp_path / "a.pt")["config"], Inert)
        assert ran == []
    finally:
        del sys.modules[module.__name__]


def test_an_object_cannot_change_what_stands_for_it(tmp_path: Path) -> None:
    build = b"\x80\x02cfoo\nBar\n)\x81}(X\x05\x00\x00\x00stateK\x01X\x09\x00\x00\x00__class__K\x02ub."
    value = untrusted.load(archive(tmp_path / "a.pt", build))
    assert isinstance(value, Inert)
    assert value.origin == "foo.Bar"
    assert value.state == {"state": 1, "__class__": 2}


def test_a_class_itself_cannot_be_given_attributes(tmp_path: Path) -> None:
    build = b"\x80\x02cfoo\nBar\n}X\x01\x00\x00\x00aK\x01sb."
    refused(archive(tmp_path / "a.pt", build), "Can only build Tensor")


def test_methods_hidden_by_a_pickle_are_not_looked_up(good: Path, tmp_path: Path) -> None:
    weights = OrderedDict(torch.load(good, weights_only=True))
    for weight in weights.values():
        weight.__dict__.update(dict.fromkeys(("detach", "isfinite", "numel", "contiguous"), "hidden"))
    torch.save(weights, tmp_path / "hides.pt")
    content = (tmp_path / "hides.pt").read_bytes()
    attributes = b"}(X\x05\x00\x00\x00itemsK\x01X\x04\x00\x00\x00keysK\x01ub."
    (tmp_path / "hides.pt").write_bytes(edited(content, lambda pickled: pickled[:-1] + attributes))
    assert read(tmp_path / "hides.pt", KNOWN).network.config == read(good, KNOWN).network.config


def test_values_that_pickles_make_by_harmless_calls_are_let_be(tmp_path: Path) -> None:
    harmless = {
        "device": torch.device("cuda", 1),
        "lr": np.float64(1e-3),
        "dtype": np.dtype("float32"),
        "losses": np.arange(3.0),
        "seed": 3,
    }
    torch.save(harmless, tmp_path / "a.pt")
    found = untrusted.load(tmp_path / "a.pt")
    assert found["seed"] == 3
    assert isinstance(found["lr"], Inert)
    assert isinstance(found["losses"], Inert)


def test_what_was_let_be_in_one_file_is_not_remembered_for_the_next(tmp_path: Path) -> None:
    before = set(torch.serialization.get_safe_globals())  # torch lists a set: in no order
    torch.save({"lr": np.float64(1e-3)}, tmp_path / "a.pt")
    untrusted.load(tmp_path / "a.pt")
    assert set(torch.serialization.get_safe_globals()) == before


# ---- files that are something else, or damaged -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"hello, this is text\n", "not a checkpoint: torch.save did not write it"),
        (b"\x00" * 1000, "not a checkpoint: torch.save did not write it"),
        (b"\x80", "not a checkpoint, or damaged"),
        (b"\x80\x02.", "not a checkpoint, or damaged"),
        (b"PK\x03\x04", "damaged or truncated"),
        (b"PK" + b"\xff" * 5000, "damaged or truncated"),
    ],
)
def test_what_is_no_checkpoint_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    path.write_bytes(content)
    refused(path, words)


def test_a_file_cut_anywhere_is_refused(good: Path, tmp_path: Path) -> None:
    content = good.read_bytes()
    path = tmp_path / "cut.pt"
    for size in range(1, len(content), 211):
        path.write_bytes(content[:size])
        refused(path, "damaged") if size > 1 else refused(path, "not a checkpoint")


def test_an_older_file_cut_anywhere_is_refused(good: Path, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save(torch.load(good, weights_only=True), buffer, _use_new_zipfile_serialization=False)
    path = tmp_path / "cut.pt"
    path.write_bytes(buffer.getvalue())
    assert read(path, KNOWN).network.config == read(good, KNOWN).network.config
    for size in range(1, len(buffer.getvalue()), 211):
        path.write_bytes(buffer.getvalue()[:size])
        refused(path, "not a checkpoint|the pickle inside needs (torch|collections)")


def test_flipped_bytes_end_in_one_line_or_in_a_network(good: Path, tmp_path: Path) -> None:
    content = good.read_bytes()
    path = tmp_path / "flipped.pt"
    torch.manual_seed(0)
    for place in torch.randint(len(content), (300,)).tolist():
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                read(path, KNOWN)
            except BadInput as error:
                assert str(error).isprintable()


def test_archives_of_something_else_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "snapshot.npz", a=np.ones(3))
    refused(tmp_path / "snapshot.npz", "a zip archive, but not a checkpoint")


def test_programs_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "script.pt", pickle.dumps({}, 2), {"constants.pkl": b"\x80\x02]."})
    refused(path, r"a TorchScript archive, which is a program; save the network's state_dict\(\) instead")


@pytest.mark.parametrize(
    ("holds", "words"),
    [
        (torch.ones(3), "holds a Tensor, not a state dict"),
        ([1, 2], "holds a list, not a state dict"),
        (None, "holds a NoneType"),
        ({}, "neither embed.W_E nor embed.weight is there, but nothing"),
        ({"fc.weight": torch.ones(3)}, "neither embed.W_E nor embed.weight is there, but fc.weight"),
        ({"fc.weight": 3}, "weight fc.weight is a int, not a tensor"),
        ({"model": 3}, "holds a int, not a state dict"),
        (
            torch.nn.Linear(2, 2),
            r"holds a pickled torch.nn.modules.linear.Linear, not a state dict; save its state_dict\(\)",
        ),
        ({"model": torch.nn.Linear(2, 2)}, "holds a pickled torch.nn.modules.linear.Linear"),
        ({"embed.W_E\n\x1b[31m": 3}, r"weight embed.W_E\\n\\x1b\[31m is a int"),
    ],
)
def test_what_is_no_state_dict_is_named(holds: Any, words: str, tmp_path: Path) -> None:
    torch.save(holds, tmp_path / "a.pt")
    refused(tmp_path / "a.pt", words)


# ---- sizes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [100, 2**31 - 1])
def test_a_tensor_larger_than_its_storage_is_refused(axis: int, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save({"embed.W_E": torch.ones(17, 13)}, buffer)
    path = tmp_path / "a.pt"
    shape, larger = b"K\x11K\x0d\x86q\x08", b"J" + struct.pack("<i", axis) + b"K\x0d\x86q\x08"
    path.write_bytes(edited(buffer.getvalue(), lambda pickled: pickled.replace(shape, larger)))
    refused(path, "not a checkpoint, or damaged")
    # and with strides of 0, one number would fill any shape
    strides, none = b"K\x0dK\x01\x86", b"K\x00K\x00\x86"
    path.write_bytes(edited(buffer.getvalue(), lambda pickled: pickled.replace(shape + strides, larger + none)))
    refused(path, "claims shape .* more than the file holds")


def test_a_storage_that_claims_more_than_its_record_gives_nothing_beyond_the_file(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save({"embed.W_E": torch.ones(221)}, buffer)
    path = tmp_path / "a.pt"
    many = b"J" + struct.pack("<i", 2**30)
    larger = edited(buffer.getvalue(), lambda pickled: pickled.replace(b"K\xddtq", many + b"tq"))
    path.write_bytes(larger)
    refused(path, "pos_embed.W_pos is missing|not a checkpoint, or damaged")  # torch may read the 221 that are there
    path.write_bytes(edited(larger, lambda pickled: pickled.replace(b"K\xdd\x85", many + b"\x85")))
    refused(path, "not a checkpoint, or damaged|more than the file holds")


def test_compressed_archives_are_refused_as_they_could_unpack_to_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", b"\x80\x02}.")
        file.writestr("archive/data/0", bytes(2**20))
    refused(path, "a compressed zip archive, which torch.save does not write")


def test_files_of_gigabytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.pt"
    with path.open("wb") as file:
        file.truncate(2**40)  # sparse: takes no space
    refused(path, "larger than 1,024 MiB")


# ---- paths ----------------------------------------------------------------------------------------------------


def test_paths_that_are_no_files_are_named(tmp_path: Path) -> None:
    refused(tmp_path, "a folder, not a file")
    refused(tmp_path / "missing.pt", "no such file")
    refused(tmp_path / ("long" * 100), "cannot be read: File name too long")
    (tmp_path / "loop").symlink_to("loop")
    refused(tmp_path / "loop", "cannot be read: ")
    (tmp_path / "file").touch()
    refused(tmp_path / "file" / "a.pt", "cannot be read: Not a directory")


def test_pipes_and_devices_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pt")
    refused(tmp_path / "pipe.pt", "not a regular file")
    refused(Path("/dev/zero"), "not a regular file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_one_may_not_read_is_named(good: Path) -> None:
    good.chmod(0)
    refused(good, "cannot be read: Permission denied")


def test_names_cannot_play_with_the_terminal(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as error:
        read(tmp_path / "a\x1b[31m\n\u202e.pt")
    assert str(error.value) == f"{tmp_path}/a\\x1b[31m\\n\\u202e.pt: no such file"
    with pytest.raises(BadInput, match=r"a\\x00b: cannot be read: embedded null byte"):
        read("a\0b")
