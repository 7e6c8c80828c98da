"""Views on circles and logits: what the paper looks at."""

from __future__ import annotations

from typing import Any

import numpy as np

from clockpizza.cuts import PAPER_CUT
from clockpizza.inspection.blocks import Block, Curves, Dots, Picture, Plane, Table, Words
from clockpizza.inspection.sitter import Sitter, dense, number, share, title
from clockpizza.reasons import listed

PLANES = 8  # circles that are drawn
NO_MAIN = "no circle is at work in its logits"


def verdict(s: Sitter) -> list[Block]:
    v = s.verdict
    if v["name"] is None:
        return [Words(f"Refused: {v['refused'].rstrip('.')}.")]
    kind = f": {v['kind']}" if v["kind"] else ""
    blocks: list[Block] = [Words(f"{v['name'].capitalize()}{kind}, {v['certainty']}. {v['reasons']}")]
    header = ["", *(name for name in v["shares"])]
    rows = [header, ["all", *(share(value, 2) for value in v["shares"].values())]]
    for c in v["circles"]:
        rows.append([f"circle {c['frequency']}", *(share(c[name], 2) for name in ("clock", "pizza", "unlawful")), ""])
    blocks.append(Table(rows, "percent of all the logits' variance"))
    if s.reading:
        blocks.append(Words(f"Read as {s.reading}."))
    return blocks


def measures(s: Sitter) -> list[Block]:
    e = s.evidence
    gs, di, c, a = (e[n] for n in ("gradient_symmetricity", "distance_irrelevance", "circularity", "accuracy"))
    rows = [["measure", "value", "paper: pizza", "paper: clock"]]
    rows += [
        ["gradient symmetricity, all triples", number(gs["exact"], ".5f"), "", ""],
        ["  its standard deviation", number(gs["std"], ".5f"), "", ""],
        ["  the paper's 100 triples", number(gs["paper_sample"], ".5f"), ">= .98", "<= .90"],
        ["distance irrelevance, correct logit", number(di["correct"], ".5f"), "", ""],
        ["  largest wrong logit", number(di["top_wrong"], ".5f"), "<= .40", ">= .60"],
        ["circularity, authors' rule", number(c["authors"], ".5f"), f"> {PAPER_CUT}", f"> {PAPER_CUT}"],
        ["  every component >= 1 %", number(c["by_circle"], ".5f"), "", ""],
    ]
    if len(c["by_half"]) > 1:
        rows += [[f"  vocabulary of {half}", number(value, ".5f"), "", ""] for half, value in c["by_half"].items()]
    if gs["undefined"]:
        rows.insert(4, ["  triples without a gradient", str(gs["undefined"]), "", ""])
    words = f"Accuracy over all pairs {a['all_pairs']:.4f}, loss {a['loss']:.3g} nats, parameter norm "
    return [Table(rows), Words(f"{words}{e['parameter_norm']:.3f}.")]


def circles(s: Sitter) -> list[Block]:
    if not s.frequencies:
        return s.why("circle_frequencies")
    rows = [["k", "delta", "role", "variance %", "roundness", "wave %", "components"]]
    for k in s.frequencies:
        c = s.circle(k)
        numbers = "; ".join(
            ("" if half == "ab" else f"{half}: ") + ", ".join(map(str, found))
            for half, found in c["components"].items()
        )
        rows.append(
            [
                *(str(k), str(c["delta"] or "-"), c["role"], share(c["variance"]), number(c["roundness"], ".3f")),
                *(share(c["wave"], 2), numbers),
            ]
        )
    blocks: list[Block] = [Table(rows)]
    blocks.append(Words("wave %: share of the logits' variance that is a wave of a + b - c at k."))
    blocks += _first_of(len(s.frequencies), "planes")
    drawn = list(zip(s.frequencies, s.arrays["circle_scores"], strict=True))[:PLANES]
    return blocks + [Plane(title(s.circle(k)), points.astype(float)) for k, points in drawn]


def gradients(s: Sitter) -> list[Block]:
    found = s.tables["component_gradients"]
    series, rows = {}, [["a,b,c", "operand", *(f"PC {i + 1}" for i in range(len(found[0]["a"]))), "cosine"]]
    for each in found:
        name = ",".join(map(str, each["at"]))
        rows.append([name, "a", *(f"{x:.2f}" for x in each["a"]), number(each["cosine"])])
        rows.append(["", "b", *(f"{x:.2f}" for x in each["b"]), ""])
        series[name] = np.array([each["a"], each["b"]], dtype=float).T
    return [Table(rows), Dots("on each component", series, "dQ/dE_a", "dQ/dE_b", diagonal=True)]


def correct_logit(s: Sitter) -> list[Block]:
    return [Picture("correct logit", s.arrays["correct_logit"].astype(float), "(a + b) mod p", "(a - b) mod p")]


def isolation(s: Sitter) -> list[Block]:
    if not s.frequencies:
        return s.why("circle_frequencies")
    blocks: list[Block] = _first_of(len(s.frequencies), "circles")
    for k in s.frequencies[:PLANES]:
        picture = s.arrays.get(f"isolated_{k}")
        if picture is None:
            blocks += s.why(f"isolated_{k}")
        else:
            blocks.append(Picture(title(s.circle(k)), picture.astype(float), "(a + b) mod p", "(a - b) mod p"))
    return blocks


def fve(s: Sitter) -> list[Block]:
    if not s.at_work:
        return [Words(f"not defined for {s.describe}: {NO_MAIN}")]
    rows = [["circle", "clock", "pizza", "accomp.", "clock, frozen", "pizza, frozen"]]
    for k in s.frequencies:
        c = s.circle(k)
        alone = c["isolated"]
        if alone is not None:
            names = ("clock", "pizza", "accompanying", "clock_frozen", "pizza_frozen")
            # A companion writes at half its frequency, where only the accompanying formula looks.
            values = [alone[n] if c["role"] != "companion" or n == "accompanying" else None for n in names]
            rows.append([title(c), *("" if x is None else share(x, 2) for x in values)])
    if len(rows) == 1:
        return [Words(f"not defined for {s.describe}: no circle at work has two principal components of its own")]
    blocks: list[Block] = [Table(dense(rows), "percent of the logits' variance, all other circles removed")]
    pattern = ", the attention pattern frozen or not" if s.of_attention else ""
    others = f"A circle alone need not do what it does beside the others{pattern}"
    return [*blocks, Words(f"{others}: judge a circle by its amplitude law.")]


def amplitude(s: Sitter) -> list[Block]:
    found = {c["frequency"]: c for c in s.verdict["circles"]}
    main = [k for k in s.frequencies if k in found]
    if not main:
        return [Words(f"not defined for {s.describe}: {NO_MAIN}")]
    rows = [["k", "logits", "b0", "b1", "phase", "left %", "pizza part"]]
    for k in main:
        c = found[k]
        laws = [("full", s.circle(k)["law_full"], None), (_out(c), c["law"], c["unlawful_part"])]
        for i, (name, law, left) in enumerate(laws):
            numbers = [number(law[n], ".2f") for n in ("b0", "b1", "phase")]
            left = law["misfit"] if left is None else left
            rows.append(["" if i else str(k), name, *numbers, share(left, 2), number(law["pizza"], ".3f")])
    blocks: list[Block] = [Table(rows, "g(d) = b0 + b1 |cos(w d / 2 + phase)|, logits")]
    left = "left %: of the power of g, what the law leaves; without other planes, with what these do together"
    blocks.append(Words(f"{left} beyond what each does alone."))
    blocks += _first_of(len(main), "circles")
    d = np.arange(s.p)
    for at, k in enumerate(main[:PLANES]):
        lines = {
            "full": (d, s.arrays["amplitudes"][at].astype(float)),
            _out(found[k]): (d, s.arrays["amplitudes_out"][at].astype(float)),
        }
        blocks.append(Curves(f"k {k}", lines, "d = (a - b) mod p", "g(d)", dotted=frozenset({"full"})))
    return blocks


def _first_of(n: int, what: str) -> list[Block]:
    """That not all are drawn, where that is so."""
    return [Words(f"Drawn: the first {PLANES} of {n} {what}.")] if n > PLANES else []


def _out(circle: dict[str, Any]) -> str:
    """`without 6, 24`: the planes that are out where a law is read."""
    return f"without {', '.join(map(str, circle['out']))}" if circle["out"] else "as it is"


def companions(s: Sitter) -> list[Block]:
    pairs = [c for c in s.verdict["circles"] if c["companion"]]
    if not pairs:
        return [
            Words(
                "No main circle k has a companion at 2k." if s.at_work else f"not defined for {s.describe}: {NO_MAIN}"
            )
        ]
    rows = [["k", "2k", "variance %", "wave %", "pizza, full", "out", "FVE accomp. %"]]
    for c in pairs:
        other = s.circle(c["companion"])
        fve = other["isolated"]["accompanying"] if other["isolated"] else None
        rows.append(
            [
                *(str(c["frequency"]), str(c["companion"]), share(other["variance"]), share(other["wave"], 3)),
                *(number(s.circle(c["frequency"])["law_full"]["pizza"], ".3f"), number(c["pizza_part"], ".3f")),
                share(fve, 2),
            ]
        )
    total = sum(x["variance"] for x in s.circles if x["role"] == "companion")
    caption = "variance and wave of 2k; pizza part of k in full logits, and with planes out"
    return [Table(rows, caption), Words(f"Companions hold {100 * total:.1f} % of the embedding's variance.")]


def accuracy(s: Sitter) -> list[Block]:
    by = s.evidence["accuracy_by_components"]
    rows = [["components", "kept", "removed"]]
    rows += [[f"first {n}", share(by["first"][n], 2), share(by["without_first"][n], 2)] for n in by["first"]]
    for name, value in (("main circles'", by["main_circles"]), ("companions'", by["companions"])):
        if value is not None:
            rows.append([name, share(value, 2), ""])
    circles = s.tables["accuracy_by_circles"]
    other = [["circles", "alone", "removed"]]
    for name, key in (("all main", "main_circles"), ("all companions", "companions"), ("both", "both")):
        if circles[key] is not None:
            other.append([name, share(circles[key], 2), ""])
    for k in s.frequencies:
        each = s.tables["circle_accuracies"][str(k)]
        other.append([title(s.circle(k)), share(each["alone"], 2), share(each["without"], 2)])
    return [
        Table(rows, "accuracy over all pairs, percent, by principal components"),
        Table(other, "accuracy over all pairs, percent, by Fourier planes of the embedding"),
    ]


def losses(s: Sitter) -> list[Block]:
    found = s.tables["progress_losses"]
    if found is None:
        return s.why("progress_losses")
    over = "the training pairs" if s.tables["split_known"] else "all pairs (the split is not known)"
    rows = [["loss", "nats a pair"], ["full, all pairs", number(s.evidence["accuracy"]["loss"], ".4g")]]
    rows.append([f"restricted to k = {listed(found['frequencies'])}", number(found["restricted"], ".4g")])
    rows.append([f"excluded, over {over}", number(found["excluded"], ".4g")])
    return [Table(rows), Words(f"Chance is log p = {np.log(s.p):.3f}.")]
