"""The reasons of a verdict, in sentences: every number that decided, with the cut beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clockpizza import roles
from clockpizza.cuts import CLEAR, CLEAR_ALONE, LEAST_LAWFUL, PAPER_CUT
from clockpizza.grounds import Grounds

if TYPE_CHECKING:
    from clockpizza.verdict import CircleVerdict, Verdict

MOST = 6  # frequencies that a sentence lists


def of(verdict: Verdict, grounds: Grounds) -> str:
    """Why the verdict is what it is."""
    told = [_circles(verdict)] if verdict.kind is None else [_other(verdict, grounds)]
    told += [_shares(verdict), _mixed(verdict, grounds), _paper(verdict, grounds)]
    return " ".join(f"{sentence}." for sentence in told if sentence)


def percent(share: float) -> str:
    """`47 %`; `<1 %` and `>99 %` where rounding would say none or all."""
    if 0 < share < 0.005:
        return "<1 %"
    if 0.995 <= share < 0.9995:
        return ">99 %"
    return f"{100 * share:.0f} %"


def listed(frequencies: list[int]) -> str:
    """`3, 15 and 17`, the first few."""
    shown = [str(k) for k in frequencies[:MOST]]
    if len(frequencies) > MOST:
        shown.append(f"{len(frequencies) - MOST} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _circles(verdict: Verdict) -> str:
    lead, *rest = verdict.circles
    planes = f"with plane{'s' * (len(lead.out) > 1)} {listed(lead.out)} out of the embedding, " if lead.out else ""
    sentence = f"Circle {lead.frequency} writes {percent(lead.wave)} of the logits' variance; {planes}{_law(lead)}"
    groups = {"clock": [c for c in rest if c.pizza_part <= 0.5], "pizza": [c for c in rest if c.pizza_part > 0.5]}
    for algorithm, circles in groups.items():
        if circles:
            one = len(circles) == 1
            sentence += f". Circle{'' if one else 's'} {listed([c.frequency for c in circles])} "
            sentence += f"{'is' if one else 'are'} mostly a {algorithm}'s ({_parts(circles, algorithm)})"
    return sentence


def _law(circle: CircleVerdict) -> str:
    """`its amplitude goes with a-b as 0.10 + 21.30 |cos(w(a-b)/2)|, 99 % a pizza's (the law leaves <1 % of it)`."""
    algorithm = "pizza" if circle.pizza_part > 0.5 else "clock"
    part = circle.pizza_part if algorithm == "pizza" else 1 - circle.pizza_part
    left = f"the law leaves {percent(circle.unlawful_part)} of it"
    return f"its amplitude goes with a-b as {circle.law}, {percent(part)} a {algorithm}'s ({left})"


def _parts(circles: list[CircleVerdict], algorithm: str) -> str:
    parts = [c.pizza_part if algorithm == "pizza" else 1 - c.pizza_part for c in circles]
    low, high = percent(min(parts)), percent(max(parts))
    return low if low == high else f"{low} to {high}"


def _other(verdict: Verdict, grounds: Grounds) -> str:
    """What a non-circular network is, by what showed it."""
    assert verdict.explained is not None and verdict.shares is not None
    if verdict.kind == "number line":
        return _number_line(grounds)
    if verdict.kind == "lawless":
        law = verdict.shares.clock + verdict.shares.pizza
        if law < LEAST_LAWFUL:
            together = f"clock and pizza have {percent(law)} together, below {percent(LEAST_LAWFUL)}"
            return f"Its circles follow neither law: {together}"
        return f"What fits no law is more than either has, {_most(verdict)}"
    if verdict.explained < roles.LEAST_EXPLAINED:
        asked = f"where {percent(roles.LEAST_EXPLAINED)} are asked"
        owned = f"{percent(verdict.explained)} of the logits' variance falls with the plane of its own frequency alone"
        if verdict.kind == "idle circles":
            return (
                f"Taking out the round planes {listed(grounds.idle)} of its embedding changes nothing; {owned}, {asked}"
            )
        return f"It is a lookup table, or uses many frequencies together: {owned}, {asked}"
    least = roles.LEAST_ALONE * grounds.accuracy
    return f"Its circles do not answer by themselves: {_alone(grounds)}, where {least:.3f} are asked"


def _number_line(grounds: Grounds) -> str:
    line = grounds.number_line
    assert line is not None
    ramp = f"({line.multiplier} t + {line.offset}) mod {grounds.p}"
    both = "its main circles and an ideal ramp" if grounds.kept else "an ideal ramp alone"
    words = f"Its tokens t lie on a number line, {ramp}: with {both} in the embedding it answers {line.with_ramp:.3f}"
    words += f" of all pairs, with the ramp's sine instead {line.with_sine:.3f}; {_alone(grounds)}"
    idle = f". Its round planes {listed(grounds.idle)} hold most of the embedding and do not answer alone"
    return words + (idle if grounds.idle else "")


def _alone(grounds: Grounds) -> str:
    if not grounds.kept:
        return "it has no main circle"
    return f"its main circles alone answer {grounds.kept_accuracy:.3f} of all pairs"


def _shares(verdict: Verdict) -> str:
    assert verdict.shares is not None
    s = verdict.shares
    laws = f"the clock's law explains {percent(s.clock)} and the pizza's {percent(s.pizza)}"
    rest = f"{percent(s.unlawful)} fits neither, {percent(s.unaccounted)} is no main circle's"
    return f"Of all the logits' variance {laws}; {rest}"


def _most(verdict: Verdict) -> str:
    assert verdict.shares is not None
    return percent(max(verdict.shares.clock, verdict.shares.pizza))


def _mixed(verdict: Verdict, grounds: Grounds) -> str:
    if verdict.kind is not None or verdict.certainty != "mixed" or verdict.shares is None:
        return ""
    share = max(verdict.shares.clock, verdict.shares.pizza)
    if share < CLEAR:
        return f"Mixed, as {below(share, CLEAR)}"
    written = below(grounds.kept_share, CLEAR_ALONE)
    return f"Mixed, as its circles alone write too little of the logits' variance: {written}"


def below(share: float, cut: float) -> str:
    """`68 % is below 80 %`, with a decimal where the two would look the same."""
    digits = next(n for n in (0, 1, 2, 6) if n == 6 or f"{100 * share:.{n}f}" != f"{100 * cut:.{n}f}")
    return f"{100 * share:.{digits}f} % is below {100 * cut:.{digits}f} %"


def _paper(verdict: Verdict, grounds: Grounds) -> str:
    """Where the paper's cuts say something else, and what they go by."""
    region, circularity = verdict.paper_region, f"{grounds.circularity_authors:.4f}"
    if region is None or region in ("between", verdict.name):
        return ""
    if region != "non-circular":
        if verdict.name == "non-circular":
            return f"The paper would call it a {region}: circularity {circularity}, above {PAPER_CUT}"
        return f"The paper's cuts on symmetricity and irrelevance would say {region}"
    if grounds.circularity > PAPER_CUT:
        whole = f"The paper's circularity, of both vocabularies at once, is {circularity}, not above {PAPER_CUT}"
        return f"{whole}; of each alone it is {grounds.circularity:.4f} or more"
    cause = "That goes by principal components, which mix circles of like size; none decides here"
    return f"The paper would call it non-circular: circularity {circularity}, not above {PAPER_CUT}. {cause}"
