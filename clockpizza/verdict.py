"""From evidence to a verdict: clock, pizza or non-circular, with certainty, shares and reasons.

The rule, in order (docs/verdict.md argues each step):
1. A network that does not solve the task is refused: below 0.95 on all pairs, or below 0.9 on held-out pairs.
2. Its embedding must be made of circles: circularity above the paper's 0.995, or every component with 1 % of the
   variance at least 0.9 on a circle; in planes (two directions a frequency), on few frequencies, and these must write
   the logits. Otherwise it is non-circular.
3. Each main circle has a pizza share, from the amplitude law of its logits once its companion is out of the embedding.
   Weighted by the circles' shares of the logits' power, the larger part names the verdict.
4. It is clear when that part is at least 0.8 (and the paper's circularity holds), else mixed.
"""

from __future__ import annotations

from dataclasses import dataclass

from clockpizza.cuts import LEAST_HELD_OUT, PAPER_CUT
from clockpizza.evidence import Evidence
from clockpizza.evidence.circles import Circle

LEAST_ACCURACY = 0.95  # on all pairs
LEAST_ON_CIRCLES = 0.9  # purity of every component that holds 1 % of the variance
ROUND = 0.5  # a frequency whose shorter axis is less than this part of the longer is a line rather than a circle
LEAST_ROUND = 0.75  # share of the circles' variance that must be round
LEAST_WRITTEN = 0.5  # share of the logits' power at the circles' frequencies
CLEAR = 0.8  # share of the logits' power that one algorithm must have for a clear verdict


@dataclass(frozen=True)
class CircleShare:
    """What a main circle contributes: its share of all main circles' logit power, and how much of it is a pizza's."""

    frequency: int
    weight: float
    pizza_share: float | None


@dataclass(frozen=True)
class Verdict:
    """The verdict on one network.

    name: "clock", "pizza", "non-circular", or None when the network is refused (`refused` says why).
    certainty: "clear" or "mixed"; None when refused.
    pizza, clock, undetermined: shares of the main circles' logit power, summing to 1; None when refused or where no
        circle writes.
    circles: the shares circle by circle, largest first.
    reasons: one or two sentences with the numbers that decided.
    paper_region: where the paper's own cuts put it: "pizza", "clock", "between" or "non-circular".
    """

    name: str | None
    certainty: str | None
    pizza: float | None
    clock: float | None
    undetermined: float | None
    circles: list[CircleShare]
    reasons: str
    refused: str | None
    paper_region: str | None


def judge(evidence: Evidence) -> Verdict:
    """The verdict that the evidence supports."""
    if refusal := _refusal(evidence):
        return Verdict(None, None, None, None, None, [], refusal, refusal, None)
    shares = _shares(evidence.circles)
    known = [s for s in shares if s.pizza_share is not None]
    pizza = sum(s.weight * s.pizza_share for s in known if s.pizza_share is not None)
    clock = sum(s.weight for s in known) - pizza
    parts: tuple[float | None, float | None, float | None] = (None, None, None)
    if shares:
        parts = (pizza, clock, max(0.0, 1 - pizza - clock))
    region = paper_region(evidence)
    if why := _not_circular(evidence):
        certainty = "mixed" if _nearly_circular(evidence) else "clear"
        if certainty == "mixed":
            why += (
                f"; yet {_planes(evidence)}, which write a clock's logits at {clock:.0%} and a pizza's at {pizza:.0%}"
            )
        return Verdict("non-circular", certainty, parts[0], parts[1], parts[2], shares, f"{why}.", None, region)
    if not known:
        why = "the logits of its circles follow neither the clock's law nor the pizza's"
        return Verdict("non-circular", "mixed", parts[0], parts[1], parts[2], shares, f"{why}.", None, region)
    name, share = ("pizza", pizza) if pizza > clock else ("clock", clock)
    paper_circular = evidence.circularity.paper > PAPER_CUT
    certainty = "clear" if share >= CLEAR and paper_circular else "mixed"
    return Verdict(
        name, certainty, parts[0], parts[1], parts[2], shares, _reasons(evidence, name, share, shares), None, region
    )


def paper_region(evidence: Evidence) -> str:
    """Where the regions read off the authors' table put the network; they hold for their width-128 one-layer runs.

    Circularity above 0.995; then pizza: symmetricity >= .98 and irrelevance (top wrong logit) <= .40; clock: <= .90 and
    >= .60.
    """
    gs, di = evidence.gradient_symmetricity.paper_sample, evidence.distance_irrelevance.top_wrong
    if evidence.circularity.authors <= PAPER_CUT:
        return "non-circular"
    if gs is not None and di is not None:
        if gs >= 0.98 and di <= 0.40:
            return "pizza"
        if gs <= 0.90 and di >= 0.60:
            return "clock"
    return "between"


def _refusal(evidence: Evidence) -> str | None:
    accuracy = evidence.accuracy
    if accuracy.all_pairs < LEAST_ACCURACY:
        return f"it does not solve the task: accuracy {accuracy.all_pairs:.4f} on all pairs, below {LEAST_ACCURACY}"
    if accuracy.held_out is not None and accuracy.held_out < LEAST_HELD_OUT:
        return f"it does not generalise: accuracy {accuracy.held_out:.4f} on held-out pairs, below {LEAST_HELD_OUT}"
    return None


def _round(evidence: Evidence) -> list[Circle]:
    return [c for c in evidence.circles if c.roundness >= ROUND]


def _few(evidence: Evidence) -> bool:
    """Circles are a sparse code: half of the (p - 1) / 2 frequencies at most, or five for a small p.

    Companions do not count: they come with the circles that they accompany.
    """
    companions = sum(circle.role == "companion" for circle in evidence.circles)
    return len(evidence.circle_frequencies) - companions <= max(5, (evidence.p - 1) // 4)


def _not_circular(evidence: Evidence) -> str | None:
    c = evidence.circularity
    if c.paper <= PAPER_CUT and c.by_circle_least < LEAST_ON_CIRCLES:
        return (
            f"its principal components are not circles: circularity {c.paper:.4f} where the paper asks for more than "
            f"{PAPER_CUT}, and the least of its {c.components} components has {c.by_circle_least:.2f} of itself on one "
            "frequency"
        )
    found = sum(circle.variance for circle in evidence.circles)
    in_round = sum(circle.variance for circle in _round(evidence))
    if in_round < LEAST_ROUND * found or found == 0:
        return (
            f"its frequencies are lines rather than circles, as in a Lissajous figure: only {in_round:.0%} of the "
            f"embedding's variance lies in round planes, of {found:.0%} at frequencies that hold 1 % or more"
        )
    if not _few(evidence):
        return (
            f"its embedding is not made of a few circles: {len(evidence.circle_frequencies)} of {evidence.p // 2} "
            "frequencies hold 1 % of its variance or more"
        )
    written = sum(circle.logit_share for circle in _round(evidence))
    if written < LEAST_WRITTEN:
        return (
            f"its embedding has circles but they do not write the logits: {written:.0%} of the logits' power is at "
            "their frequencies"
        )
    return None


def _nearly_circular(evidence: Evidence) -> bool:
    """The embedding lies in few round planes after all, or misses the paper's cut narrowly."""
    planes = sum(circle.variance for circle in evidence.circles if circle.roundness >= 0.8)
    return (_few(evidence) and planes >= 0.9) or 0.95 < evidence.circularity.paper <= PAPER_CUT


def _planes(evidence: Evidence) -> str:
    planes = [c for c in evidence.circles if c.roundness >= 0.8]
    listed = ", ".join(str(c.frequency) for c in sorted(planes, key=lambda c: -c.variance)[:6])
    return f"{sum(c.variance for c in planes):.0%} of its variance lies in nearly round planes (k = {listed})"


def _shares(circles: list[Circle]) -> list[CircleShare]:
    main = [c for c in circles if c.role == "main"]
    total = sum(c.logit_share for c in main)
    return [CircleShare(c.frequency, c.logit_share / total, c.pizza_share) for c in main]


def _reasons(evidence: Evidence, name: str, share: float, shares: list[CircleShare]) -> str:
    by_frequency = {c.frequency: c for c in evidence.circles}
    lead = by_frequency[shares[0].frequency]
    law = lead.law_frozen or lead.law_without_companion
    companion = f" once its companion {lead.companion} is out of the embedding" if lead.companion else ""
    amplitude = f"{law.b0:.2f} {'+' if law.b1 >= 0 else '-'} {abs(law.b1):.2f} |cos(w(a-b)/2)|"
    if lead.pizza_share is None:
        first = f"circle {lead.frequency} ({shares[0].weight:.0%} of the logits) follows neither law (R2 {law.r2:.2f})"
    elif lead.pizza_share > 0.5:
        first = (
            f"the amplitude of circle {lead.frequency} ({shares[0].weight:.0%} of the logits) goes with a-b as "
            f"{amplitude} (R2 {law.r2:.2f}){companion}"
        )
    else:
        first = (
            f"the amplitude of circle {lead.frequency} ({shares[0].weight:.0%} of the logits) depends little on a-b "
            f"({amplitude}, variation {law.cv:.2f}){companion}"
        )
    others = {
        algorithm: [s.frequency for s in shares[1:] if s.pizza_share is not None and (s.pizza_share > 0.5) == is_pizza]
        for algorithm, is_pizza in (("pizza", True), ("clock", False))
    }
    rest = [
        f"{', '.join(map(str, ks))} {'is' if len(ks) == 1 else 'are'} a {algorithm}'s"
        for algorithm, ks in others.items()
        if ks
    ]
    sentences = f"{first}" + (f"; of its other circles {' and '.join(rest)}" if rest else "")
    sentences += f". {name.capitalize()} circles write {share:.0%} of the logits"
    if evidence.circularity.paper <= PAPER_CUT:
        sentences += f"; circularity {evidence.circularity.paper:.4f} misses the paper's {PAPER_CUT}"
    return sentences + "."
