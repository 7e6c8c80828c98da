"""Views on circles and logits: what the paper looks at."""

from __future__ import annotations

import numpy as np

from clockpizza.cuts import PAPER_CUT
from clockpizza.inspection.blocks import Block, Curves, Dots, Picture, Plane, Table, Words
from clockpizza.inspection.sitter import Sitter, dense, number, share, title

PLANES = 8  # circles that are drawn


def verdict(s: Sitter) -> list[Block]:
    v = s.verdict
    if v["name"] is None:
        return [Words(f"Refused: {v['refused']}.")]
    words = f"{v['name'].capitalize()}, {v['certainty']}."
    blocks: list[Block] = [Words(f"{words} {v['reasons'][:1].upper()}{v['reasons'][1:]}")]
    if v["circles"]:
        rows = [["circle k", "share of logits %", "pizza share"]]
        rows += [[str(c["frequency"]), share(c["weight"]), number(c["pizza_share"], ".3f")] for c in v["circles"]]
        blocks.append(Table(rows))
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
    rows = [["k", "delta", "role", "variance %", "roundness", "logits %", "components"]]
    for k in s.frequencies:
        c = s.circle(k)
        numbers = "; ".join(
            ("" if half == "ab" else f"{half}: ") + ", ".join(map(str, found))
            for half, found in c["components"].items()
        )
        rows.append(
            [
                *(str(k), str(c["delta"] or "-"), c["role"], share(c["variance"]), number(c["roundness"], ".3f")),
                *(share(c["logit_share"], 2), numbers),
            ]
        )
    blocks: list[Block] = [Table(rows)]
    more = len(s.evidence["circle_frequencies"]) - len(rows) + 1
    if more > 0:
        blocks.append(Words(f"And {more} more frequencies with 1 % of the variance."))
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
    blocks: list[Block] = []
    for k in s.frequencies[:PLANES]:
        picture = s.arrays.get(f"isolated_{k}")
        if picture is None:
            blocks += s.why(f"isolated_{k}")
        else:
            blocks.append(Picture(title(s.circle(k)), picture.astype(float), "(a + b) mod p", "(a - b) mod p"))
    return blocks


def fve(s: Sitter) -> list[Block]:
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
        return [Words(f"not defined for {s.describe}: no circle has two principal components of its own")]
    blocks: list[Block] = [Table(dense(rows), "percent of the logits' variance, all other circles removed")]
    if s.of_attention:
        blocks.append(
            Words(
                "With attention a circle alone need not do what it does beside the others, the pattern frozen or not: "
                "judge a circle by its amplitude law."
            )
        )
    return blocks


def amplitude(s: Sitter) -> list[Block]:
    main = [k for k in s.frequencies if s.circle(k)["role"] == "main"]
    if not main:
        return [Words(f"not defined for {s.describe}: no circle writes 1 % of the logits' power")]
    rows = [["k", "logits", "b0", "b1", "R2", "variation", "pizza share"]]
    for k in main:
        c = s.circle(k)
        without = f"without {c['companion']}" if c["companion"] else "without 2k"
        laws = [("full", c["law"]), (without, c["law_without_companion"]), (f"{without}, frozen", c["law_frozen"])]
        for i, (name, law) in enumerate((n, x) for n, x in laws if x is not None):
            values = [number(law[n], ".2f") for n in ("b0", "b1")] + [
                number(law["r2"], ".3f"),
                number(law["cv"], ".3f"),
            ]
            rows.append(["" if i else str(k), name, *values, number(law["pizza_share"], ".3f")])
    blocks: list[Block] = [Table(rows, "g(d) = b0 + b1 |cos(w d / 2)|, logits")]
    d = np.arange(s.p)
    for k in main[:PLANES]:
        at = s.frequencies.index(k)
        twice = s.circle(k)["companion"]
        lines = {
            "full": (d, s.arrays["amplitudes"][at].astype(float)),
            f"without {twice or '2k'}": (d, s.arrays["amplitudes_without_companion"][at].astype(float)),
        }
        blocks.append(Curves(f"k {k}", lines, "d = (a - b) mod p", "g(d)", dotted=frozenset({"full"})))
    return blocks


def companions(s: Sitter) -> list[Block]:
    pairs = [c for c in s.circles if c["role"] == "main" and c["companion"]]
    if not pairs:
        return [Words("No main circle k has a circle at 2k.")]
    rows = [["k", "2k", "variance %", "logits %", "share, full", "2k out", "FVE accomp. %"]]
    for c in pairs:
        other = next((x for x in s.circles if x["frequency"] == c["companion"]), None)
        fve = other["isolated"]["accompanying"] if other and other["isolated"] else None
        rows.append(
            [
                *(str(c["frequency"]), str(c["companion"])),
                *(share(other["variance"]) if other else "", share(other["logit_share"], 3) if other else ""),
                *(number(c["law"]["pizza_share"], ".3f"), number(c["pizza_share"], ".3f"), share(fve, 2)),
            ]
        )
    total = sum(x["variance"] for x in s.circles if x["role"] == "companion")
    caption = "variance and logits of 2k; pizza share of k in the full logits, and with 2k out"
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
    rows.append([f"restricted to k = {', '.join(map(str, found['frequencies']))}", number(found["restricted"], ".4g")])
    rows.append([f"excluded, over {over}", number(found["excluded"], ".4g")])
    return [Table(rows), Words(f"Chance is log p = {np.log(s.p):.3f}.")]
