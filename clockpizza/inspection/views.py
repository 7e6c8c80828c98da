"""A portrait as views: what the paper, the slides and the follow-ups look at, in their order.

Nothing is measured here, and torch is not needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clockpizza.config import nearest
from clockpizza.errors import BadInput, visible
from clockpizza.inspection import circles, neurons
from clockpizza.inspection.blocks import Block, View
from clockpizza.inspection.sitter import Sitter
from clockpizza.portrait import Portrait

ZHONG, NANDA = "Zhong et al. 2023 (arXiv 2306.17844)", "Nanda et al. 2023 (arXiv 2301.05217)"
MCCRACKEN, MOISESCU = "McCracken et al. 2025 (arXiv 2505.18266)", "Moisescu-Pareja et al. 2025 (arXiv 2512.25060)"
YIP = "Yip et al. 2024 (arXiv 2412.03773)"


@dataclass(frozen=True)
class _Entry:
    """A view, and who makes what it shows. of_solved: its numbers mean nothing of an unsolved network."""

    name: str
    title: str
    says: str
    source: str
    make: Callable[[Sitter], list[Block]]
    of_solved: bool = True


def views(portrait: Portrait, only: Sequence[str] = ()) -> list[View]:
    """All views of a portrait, or those named. Raises BadInput as `check` does."""
    check(only)
    sitter = Sitter(portrait)
    why = f"means nothing here: {sitter.refusal or 'the network is refused a verdict'}"
    return [
        View(e.name, e.title, e.says, e.source, e.make(sitter), why if e.of_solved and not sitter.solved else "")
        for e in _ALL
        if not only or e.name in only
    ]


def check(only: Sequence[str]) -> None:
    """Raise BadInput where a name is no view's."""
    names = [entry.name for entry in _ALL]
    if wrong := [each for each in only if each not in names]:
        raise BadInput(
            visible(f"no view is called {wrong[0]!r}{nearest(wrong[0], names)}; there are {', '.join(names)}")
        )


_ALL = (
    _Entry(
        "verdict",
        "The verdict",
        "Which algorithm writes the logits, by how the amplitude of each circle's wave depends on a - b; the shares "
        "say how much of all the logits' variance is whose.",
        "docs/verdict.md",
        circles.verdict,
    ),
    _Entry(
        "measures",
        "The paper's measures",
        "Symmetricity is 1 where both operands' embeddings move every logit alike (a pizza), irrelevance is 1 where "
        "the logit does not depend on a - b (a clock), circularity is 1 where components are single frequencies.",
        f"{ZHONG}, on its measures",
        circles.measures,
    ),
    _Entry(
        "circles",
        "Circles",
        "Tokens on each frequency's plane of the embedding, coloured by their place on the circle: round and in order"
        " is a circle, a line or a cloud is not; neighbours on circle k are delta = 1/k mod p apart.",
        f"{ZHONG}; labels by delta as there",
        circles.circles,
        of_solved=False,
    ),
    _Entry(
        "gradients",
        "Gradients on the first principal components",
        "Gradients of logit c at the pair (a, b) along each component: equal rows for a and b (dots on the diagonal) "
        "mean that only E_a + E_b is read, as in a pizza.",
        f"{ZHONG}, table of gradients",
        circles.gradients,
    ),
    _Entry(
        "correct-logit",
        "Correct logits",
        "Rows are a + b, columns a - b: vertical stripes mean that the logit depends on a - b, as a pizza's does; a "
        "clock's picture has none.",
        f"{ZHONG}, figure of correct logits",
        circles.correct_logit,
    ),
    _Entry(
        "isolation",
        "Correct logits of each circle alone",
        "The same picture with all other circles taken out of the embedding: a pizza's circle leaves |cos(w (a - b) /"
        " 2)|, dark stripes where it is blind.",
        f"{ZHONG}, figure of isolated circles",
        circles.isolation,
    ),
    _Entry(
        "fve",
        "Variance explained by the formulas",
        "How much of the variance of all p^3 logits of a circle alone the clock's, the pizza's and (for companions) "
        "the accompanying formula explain: 100 is all of it.",
        f"{ZHONG}, tables of FVE, and on accompanying pizzas",
        circles.fve,
    ),
    _Entry(
        "amplitude",
        "Amplitude law",
        "The amplitude of cos(w (a + b - c)) over a - b: constant for a clock, |cos(w d / 2)| for a pizza; read the "
        "line without the plane at 2k, which hides a pizza, and those at k/2, which write at k, too.",
        "docs/verdict.md, after the formulas of Zhong et al. 2023",
        circles.amplitude,
    ),
    _Entry(
        "companions",
        "Companions",
        "Circles at twice a main circle's frequency that fill a pizza's blind spots: where the pizza part rises once"
        " the planes at 2k and k/2 are out, they hid it.",
        f"{ZHONG}, appendix on accompanying pizzas",
        circles.companions,
    ),
    _Entry(
        "accuracy",
        "Accuracy by components and circles",
        "What is still right with only some of the embedding, or without it: what a circle is needed for, and what "
        "the main circles cannot do without their companions.",
        f"{ZHONG}, on accompanying pizzas",
        circles.accuracy,
        of_solved=False,
    ),
    _Entry(
        "fourier",
        "Fourier norms",
        "How much of each matrix lies along each cosine and sine over tokens: a few tall bars are the key "
        "frequencies, even bars mean that no frequency is a key one.",
        NANDA,
        neurons.fourier,
        of_solved=False,
    ),
    _Entry(
        "attention",
        "Attention",
        "The last position's softmax weight on operand a over all pairs, and its two-dimensional spectrum: a head "
        "that looks at one circle has one bright point.",
        NANDA,
        neurons.attention,
        of_solved=False,
    ),
    _Entry(
        "neurons",
        "Neurons as waves",
        "Each first-layer neuron's pre-activation as A cos(2 pi f a / p + u) + B cos(2 pi f b / p + v): R2 near 1 "
        "says that one frequency is all it reads.",
        MCCRACKEN,
        neurons.neurons,
        of_solved=False,
    ),
    _Entry(
        "neuron-pictures",
        "Single neurons",
        "Activations over (a, b): stripes along one diagonal where u = v, a grid of blobs where the phases differ.",
        f"{NANDA}; fits after {MCCRACKEN}",
        neurons.neuron_pictures,
        of_solved=False,
    ),
    _Entry(
        "second-order",
        "Second-order power",
        "Products of a wave in a and a wave in b, which a sum of one function of a and one of b cannot hold: 0 says "
        "that multiplication happens behind the first layer, if at all.",
        MCCRACKEN,
        neurons.second_order,
        of_solved=False,
    ),
    _Entry(
        "phases",
        "Phases: disc or torus",
        "Each neuron's phases u and v: on the diagonal (u = v) they fill a disc, all over the square a torus.",
        MOISESCU,
        neurons.phases,
        of_solved=False,
    ),
    _Entry(
        "output-phase",
        "Output phase against twice the input phase",
        "A neuron that integrates over phases writes at twice the phase that it reads: dots on the diagonal.",
        YIP,
        neurons.output_phase,
    ),
    _Entry(
        "losses",
        "Restricted and excluded loss",
        "Restricted: only the main circles' waves of a + b are kept in the logits, low if they suffice; excluded: "
        "only they are taken out, high if nothing else has been learned.",
        f"{NANDA}, progress measures",
        circles.losses,
    ),
)
