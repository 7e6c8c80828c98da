"""Views on spectra, attention and neurons: what the follow-ups look at."""

from __future__ import annotations

import numpy as np

from clockpizza.inspection.blocks import Array, Bars, Block, Dots, Picture, Table, Words
from clockpizza.inspection.sitter import Sitter, dense, number, share

ALIVE = 1e-3  # of the largest amplitude: neurons below it are not drawn


def fourier(s: Sitter) -> list[Block]:
    blocks: list[Block] = []
    rows = [["matrix", "strongest frequencies, percent of its power without the constant"]]
    for name, key in (
        ("W_E", "embedding_norms"),
        ("W_U", "unembedding_norms"),
        ("neuron-logit map", "neuron_logit_norms"),
    ):
        norms = s.arrays.get(key)
        if norms is None:
            rows.append([name, s.undefined.get(key, "-")])
            continue
        power = (norms.astype(float) ** 2).sum(0)[1:]
        total = power.sum() or 1.0
        best = np.argsort(-power, kind="stable")[:8]
        rows.append(
            [name, "  ".join(f"{k + 1}: {100 * power[k] / total:.1f}" for k in best if power[k] > 0.005 * total)]
        )
        blocks.append(Bars(f"{name}: norm along cos (dark) and sin (light)", norms[:, 1:].astype(float)))
    return [Table(rows), *blocks, Bars("logits: share of the answer's wave power", s.arrays["logit_power"][None])]


def attention(s: Sitter) -> list[Block]:
    pictures = s.arrays.get("attention")
    if pictures is None:
        return s.why("attention")
    spectra = s.arrays["attention_spectrum"].astype(float)
    rows = [["head", "strongest (frequency of a, of b)", "share of power %", "mean weight on a"]]
    for i, head in enumerate(spectra):
        at = np.unravel_index(int(head.argmax()), head.shape)
        rows.append([str(i), f"({at[0]}, {at[1]})", share(float(head.max())), number(float(pictures[i].mean()), ".3f")])
    blocks: list[Block] = [Table(rows)]
    for i, (picture, spectrum) in enumerate(zip(pictures, spectra, strict=True)):
        blocks.append(Picture(f"head {i}: weight on a", picture.astype(float), "a", "b"))
        blocks.append(Picture(f"head {i}: spectrum", np.sqrt(spectrum), "frequency of a", "frequency of b"))
    return blocks


def neurons(s: Sitter) -> list[Block]:
    of_all = s.evidence["neurons"]
    if of_all is None:
        return s.why("neuron_fits")
    fits = _fits(s)
    rows = [["f", "neurons", "median R2", "median amplitude", "mean cos(u - v)"]]
    for f in sorted(set(fits[:, 1]), key=lambda f: -(fits[:, 1] == f).sum())[:12]:
        group = fits[fits[:, 1] == f]
        rows.append(
            [
                *(str(int(f)), str(len(group)), f"{np.median(group[:, 5]):.3f}", f"{np.median(group[:, 4]):.3g}"),
                f"{np.cos(group[:, 2] - group[:, 3]).mean():.3f}",
            ]
        )
    words = f"{of_all['neurons']} neurons vary; median R2 {of_all['r2']:.3f} of the best single frequency."
    return [Table(rows), Words(words)]


def neuron_pictures(s: Sitter) -> list[Block]:
    ids, pictures, fits = (s.arrays[n] for n in ("neurons", "neuron_pictures", "neuron_fits"))
    if s.evidence["neurons"] is None:
        return s.why("neuron_fits")
    out = s.arrays.get("neuron_output_phase")
    rows = [["neuron", "f", "u", "v", "amplitude", "R2", "output phase"]]
    for i in ids:
        f, u, v, amplitude, r2 = (float(x) for x in fits[i])
        phase = "" if out is None else f"{float(out[i]):+.2f}"
        rows.append([str(i), f"{f:.0f}", f"{u:+.2f}", f"{v:+.2f}", f"{amplitude:.3g}", f"{r2:.3f}", phase])
    blocks: list[Block] = [Table(dense(rows), "the neurons that write most to the logits; phases in radians")]
    return blocks + [
        Picture(f"neuron {i} (f {int(fits[i][0])})", picture.astype(float), "a", "b")
        for i, picture in zip(ids, pictures, strict=True)
    ]


def second_order(s: Sitter) -> list[Block]:
    of_all = s.evidence["neurons"]
    if of_all is None:
        return s.why("neuron_fits")
    rows = [["", "median share of a neuron's variance"]]
    rows += [["first order: one wave in a, one in b", number(of_all["r2"], ".3f")]]
    rows += [["second order: products at (f, f)", number(of_all["second_order"], ".3f")]]
    return [Table(rows)]


def phases(s: Sitter) -> list[Block]:
    of_all = s.evidence["neurons"]
    if of_all is None:
        return s.why("neuron_fits")
    fits = _fits(s)
    series = {f"f {int(f)}": fits[fits[:, 1] == f][:, 2:4] for f in _strongest(fits)}
    agreement = of_all["phase_agreement"]
    shape = "a disc" if agreement > 0.9 else "a torus" if agreement < 0.3 else "between a disc and a torus"
    return [
        Words(f"Mean cos(u - v), weighted by amplitudes: {agreement:.3f}: {shape}."),
        Dots("phases of each neuron", series, "u", "v", ends=(-np.pi, np.pi), diagonal=True),
    ]


def output_phase(s: Sitter) -> list[Block]:
    table = s.tables.get("output_phase")
    if table is None:
        return s.why("output_phase")
    fits = _fits(s)
    at = fits[:, 0].astype(int)
    out, weight = s.arrays["neuron_output_phase"].astype(float)[at], s.arrays["neuron_output_weight"][at]
    drawn = weight > ALIVE * weight.max()
    twice = (fits[:, 2] + fits[:, 3] + np.pi) % (2 * np.pi) - np.pi
    series = {f"f {int(f)}": np.column_stack([twice, out])[drawn & (fits[:, 1] == f)] for f in _strongest(fits[drawn])}
    rows = [["", "value"], ["mean cos(output phase - twice input phase)", number(table["agreement"])]]
    rows += [["weight whose strongest output frequency is the input's", number(table["same_frequency"])]]
    return [
        Table(rows),
        Dots("phases of each neuron", series, "u + v", "output phase", ends=(-np.pi, np.pi), diagonal=True),
    ]


def _fits(s: Sitter) -> Array:
    """Neuron fits as float64, (n, 5), of the neurons that vary, with their numbers in front: (n, 6)."""
    fits = s.arrays["neuron_fits"].astype(float)
    alive = fits[:, 3] > ALIVE * fits[:, 3].max()
    return np.column_stack([np.arange(len(fits)), fits])[alive]


def _strongest(fits: Array) -> list[float]:
    """The frequencies of most neurons, six at most."""
    return sorted(set(fits[:, 1]), key=lambda f: -(fits[:, 1] == f).sum())[:6]
