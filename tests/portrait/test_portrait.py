"""Portraits: what they hold, that they come back as they were written, and that nothing in them is trusted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from clockpizza import checkpoints, portrait
from clockpizza.checkpoints import Checkpoint
from clockpizza.errors import BadInput
from clockpizza.networks.ideal import ideal
from clockpizza.portrait import Portrait
from clockpizza.portrait.make import portrait as make
from clockpizza.store import write_arrays


def of_ideal(kind: str, **arguments: object) -> Portrait:
    made = ideal(kind, **arguments)  # type: ignore[arg-type]
    return make(Checkpoint(Path("made.pt"), "clockpizza", made.network, made.training_pairs))


def test_an_ideal_pizzas_portrait() -> None:
    found = of_ideal("pizza", p=13, width=64, frequencies=[5, 2], attention_rate=0.3)
    arrays, document = found.arrays, found.document
    shapes = {name: arrays[name].shape for name in ("correct_logit", "embedding_spectrum", "attention", "neuron_fits")}
    assert shapes == {
        "correct_logit": (13, 13),
        "embedding_spectrum": (1, 7),
        "attention": (4, 13, 13),
        "neuron_fits": (256, 5),
    }
    ks = arrays["circle_frequencies"].tolist()
    assert ks[:2] == [5, 2] and set(ks[2:]) == {3, 4}  # main ones, then their companions
    assert arrays["circle_scores"].shape == (4, 13, 2)
    assert arrays["neuron_pictures"].shape == (16, 13, 13) and (arrays["neuron_pictures"] >= 0).all()  # after the ReLU
    assert np.allclose(arrays["attention"], 0.5)  # W_Q is 0: the softmax is even
    assert arrays["isolated_5"].shape == (13, 13)
    assert (
        document["solved"] and document["warnings"] == [] and document["classification"]["verdict"]["name"] == "pizza"
    )
    assert document["tables"]["output_phase"]["agreement"] == pytest.approx(1, abs=1e-5)


def test_what_is_not_defined_says_why() -> None:
    flat = of_ideal("lissajous", p=13, width=64, frequencies=[5, 2])
    assert "isolated_5" not in flat.arrays
    assert flat.document["undefined"]["isolated_5"].startswith("not defined for circle 5")
    assert flat.document["undefined"]["attention"].endswith("at attention rate 0 all weights are 1")


def test_an_unsolved_network_is_portrayed_with_a_warning() -> None:
    found = of_ideal("memoriser", p=13, width=64, train_fraction=0.5)
    assert not found.document["solved"]
    (warning,) = found.document["warnings"]
    assert "does not solve the task" in warning and "numbers marked ! mean nothing here" in warning


def test_a_portrait_comes_back_as_it_was_written(tmp_path: Path) -> None:
    found = of_ideal("clock", p=13, width=64, frequencies=[5])
    portrait.write(tmp_path / "it.npz", found)
    back = portrait.read(tmp_path / "it.npz")
    assert back.document == found.document
    assert back.arrays.keys() == found.arrays.keys()
    assert all(np.array_equal(back.arrays[n], found.arrays[n], equal_nan=True) for n in found.arrays)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (None, "not a portrait; `python -m clockpizza.portrait` makes one"),
        (b"{", "not a portrait, or damaged"),
        (b"[]", "not a portrait"),
        (b'{"schema": 99}', "a portrait of schema 99; this reads schema 2"),
    ],
)
def test_other_files_are_refused(document: bytes | None, complaint: str, tmp_path: Path) -> None:
    arrays = {} if document is None else {"document": np.frombuffer(document, np.uint8)}
    write_arrays(tmp_path / "it.npz", {"x": np.zeros(3), **arrays})
    with pytest.raises(BadInput, match=complaint):
        portrait.read(tmp_path / "it.npz")


def test_a_child_process_makes_one_and_tells_how_far_it_is(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "it.pt", ideal("clock", p=13, frequencies=[5]).network, None, {})
    done = subprocess.run(
        [sys.executable, "-m", "clockpizza.portrait", tmp_path / "it.pt", "--out", tmp_path / "it.npz"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    shares = [float(line.rpartition(" ")[2]) for line in done.stdout.splitlines()]
    assert shares[0] == 0 and shares[-1] == 1
    assert portrait.read(tmp_path / "it.npz").document["classification"]["verdict"]["name"] == "clock"


def test_a_child_process_says_in_a_line_what_is_wrong(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clockpizza.portrait", tmp_path / "none.pt", "--out", tmp_path / "it.npz"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "none.pt" in done.stderr


def test_portraits_are_read_without_torch() -> None:
    code = "import sys; import clockpizza.portrait, clockpizza.inspection.page, clockpizza.timeline; "
    code += "import clockpizza.inspection.views, clockpizza.inspection.text, clockpizza.inspection.through_time; "
    done = subprocess.run(
        [sys.executable, "-c", code + "print('torch' in sys.modules)"], capture_output=True, text=True
    )
    assert done.stdout == "False\n"
