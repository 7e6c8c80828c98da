"""The page's part on training: a slider over the snapshots, the birth of each circle, and curves."""

from __future__ import annotations

import base64
import json
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from clockpizza.inspection import svg
from clockpizza.inspection.blocks import Curves, Table
from clockpizza.inspection.page import figure, section_of, table
from clockpizza.inspection.png import levels, palette
from clockpizza.plots.circle import ROUND
from clockpizza.plots.planes import turned
from clockpizza.timeline import Timeline

MOST_FRAMES = 200
SCALE = 120  # of a circle's coordinates as whole numbers
TRACKS = ("circles", "fourier", "measures", "loss")


def curves(history: Timeline, what: str) -> Curves:
    """What `clockpizza plot` draws: one of `TRACKS`, over epochs from 1 on (epoch 0 stands at 1)."""
    epochs = np.maximum(history.epochs, 1.0)
    if what in ("circles", "fourier"):
        ks = history.circles()[:6]
        power, name = (
            (history.embedding_power, "share of the embedding's variance")
            if what == "circles"
            else (history.logit_power, "share of the logits' wave power")
        )
        return Curves(name, {f"k {k}": (epochs, power[:, k - 1]) for k in ks}, "epoch", "share", "x")
    if what == "measures":
        names = {
            "gradient_symmetricity_100": "symmetricity",
            "distance_irrelevance": "irrelevance",
            "circularity": "circularity",
            "accuracy_main_circles": "main circles alone",
            "accuracy_companions": "companions alone",
        }
        lines = {word: (epochs, history.measures[key]) for key, word in names.items() if key in history.measures}
        return Curves("measures, and accuracy by circles", lines, "epoch", "", "x")
    lines = {
        word: (epochs, history.measures[key])
        for key, word in (("restricted_loss", "restricted"), ("excluded_loss", "excluded"))
        if key in history.measures
    }
    steps = np.maximum(history.metrics["epoch"], 1.0)
    logged = {"training": "train_loss", "held out": "test_loss"}
    lines |= {word: (steps, history.metrics[key]) for word, key in logged.items() if len(steps)}
    return Curves("loss", lines, "epoch", "nats a pair", "xy", frozenset({"training", "held out"}))


def births(history: Timeline) -> Table:
    """When each circle was born, and where its frequency stood at the start."""
    rows = [["k", "born at epoch", "rank at the start", "variance %", "logits %", "at the start %"]]
    for k in history.circles():
        born = history.born(k)
        rows.append(
            [
                *(str(k), "-" if born is None else f"{born:,}", str(history.rank_at_start(k))),
                *(f"{100 * p[at, k - 1]:.1f}" for p, at in _shares(history)),
            ]
        )
    return Table(rows, "from its birth on, a circle outweighs every frequency that is no circle in the end")


def _shares(history: Timeline) -> list[tuple[NDArray[np.float64], int]]:
    return [(history.embedding_power, -1), (history.logit_power, -1), (history.embedding_power, 0)]


def section(history: Timeline) -> str:
    """The whole section."""
    script = files("clockpizza.inspection").joinpath("slider.js").read_text(encoding="utf-8")
    data = json.dumps(_data(history), separators=(",", ":"))
    slider = (
        '<p class="slider"><input id="at" type="range" min="0" step="1" aria-label="snapshot"> '
        '<output id="epoch"></output></p><div id="frame"></div>'
        "<noscript><p>The slider needs scripts.</p></noscript>"
        f'<script type="application/json" id="history">{data}</script><script>{script}</script>'
    )
    drawn = "".join(figure(each.title, svg.curves(each)) for what in TRACKS if (each := curves(history, what)).lines)
    return section_of(
        "time",
        "Through training",
        "Move the slider over the snapshots: circles turned so that token t of circle k lies at 2 pi k t / p, power at "
        "each frequency, correct logits and measures; below, when each circle was born, and curves.",
        "docs/inspect.md; restricted and excluded loss after Nanda et al. 2023 (arXiv 2301.05217)",
        slider + table(births(history)) + drawn,
    )


def _data(history: Timeline) -> dict[str, object]:
    """What the slider draws, as small whole numbers and base64."""
    at = np.unique(np.linspace(0, len(history.frames) - 1, min(MOST_FRAMES, len(history.frames))).astype(int))
    ks = history.circles()[:6]
    return {
        "p": history.p,
        "epochs": history.epochs[at].astype(int).tolist(),
        "colours": list(ROUND),
        "palette": base64.b64encode(palette().tobytes()).decode(),
        "circles": ks,
        "power": {
            "embedding": _thousandths(history.embedding_power[at]),
            "logits": _thousandths(history.logit_power[at]),
        },
        "measures": {
            name: [None if not np.isfinite(x) else float(f"{x:.4g}") for x in values[at]]
            for name, values in history.measures.items()
        },
        "frames": [_frame(history, int(i)) for i in at],
    }


def _frame(history: Timeline, i: int) -> dict[str, object]:
    arrays = history.frames[i]
    planes = {}
    for k, points in zip(arrays["circle_frequencies"], arrays["circle_scores"], strict=True):
        points = np.nan_to_num(points.astype(float))
        reach = float(np.abs(points).max()) or 1.0
        planes[int(k)] = np.rint(turned(points, int(k)) / reach * SCALE).astype(int).ravel().tolist()
    picture = levels(arrays["correct_logit"].astype(float))
    return {"planes": planes, "picture": base64.b64encode(picture.tobytes()).decode()}


def _thousandths(shares: NDArray[np.float64]) -> list[list[int]]:
    return np.rint(np.nan_to_num(shares) * 1000).astype(int).tolist()
