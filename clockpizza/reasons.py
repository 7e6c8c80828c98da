"""The reasons of a verdict, in sentences: every number that decided, with the cut beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clockpizza import roles
from clockpizza.cuts import CLEAR, CLEAR_ALONE, CLEARLY_OTHER, LEAST_LAWFUL, PAPER_CUT
from clockpizza.grounds import Grounds

if TYPE_CHECKING:
    from clockpizza.verdict import CircleVerdict, Verdict

MOST = 6  # frequencies that a sentence lists


def of(verdict: Verdict, grounds: Grounds) -> str:
    """Why the verdict is what it is, what matters most first: a screen may have room for no more than that."""
    told = [_lead(verdict)] if verdict.kind is None else [_other(verdict, grounds)]
    told += [_shares(verdict), _mixed(verdict, grounds), *_others(verdict), _paper(verdict, grounds)]
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


def below(share: float, cut: float) -> str:
    """`68 % is below 80 %`, with decimals where the two would look the same."""
    return f"{_apart(share, cut)} is below {_apart(cut, share)}"


def _apart(share: float, other: float) -> str:
    """A share in percent, with as many digits as it takes to tell it from another."""
    digits = next(n for n in (0, 1, 2, 6) if n == 6 or f"{100 * share:.{n}f}" != f"{100 * other:.{n}f}")
    return f"{100 * share:.{digits}f} %"


def _lead(verdict: Verdict) -> str:
    """The strongest circle: how much it writes, and by which law."""
    lead = verdict.circles[0]
    writes = percent(lead.clock + lead.pizza + lead.unlawful)
    planes = f"with plane{'s' * (len(lead.out) > 1)} {listed(lead.out)} out of the embedding, " if lead.out else ""
    return f"Circle {lead.frequency} writes {writes} of the logits' variance; {planes}{_law(lead)}"


def _others(verdict: Verdict) -> list[str]:
    """The other circles, those that are more of a clock and those that are more of a pizza."""
    rest = verdict.circles[1:] if verdict.kind is None else []
    groups = {"clock": [c for c in rest if c.pizza_part <= 0.5], "pizza": [c for c in rest if c.pizza_part > 0.5]}
    return [
        f"{_circles(circles)} {'is' if len(circles) == 1 else 'are'} {_parts(circles, algorithm)} a {algorithm}'s"
        for algorithm, circles in groups.items()
        if circles
    ]


def _circles(circles: list[CircleVerdict]) -> str:
    return f"Circle{'s' * (len(circles) > 1)} {listed([c.frequency for c in circles])}"


def _law(circle: CircleVerdict) -> str:
    """`its amplitude goes with a-b as 0.10 + 21.30 |cos(w(a-b)/2)|, 99 % a pizza's (<1 % of it fits neither law)`."""
    algorithm = "pizza" if circle.pizza_part > 0.5 else "clock"
    left = f"{percent(circle.unlawful_part)} of it fits neither law"
    return f"its amplitude goes with a-b as {circle.law}, {_parts([circle], algorithm)} a {algorithm}'s ({left})"


def _parts(circles: list[CircleVerdict], algorithm: str) -> str:
    parts = [c.pizza_part if algorithm == "pizza" else 1 - c.pizza_part for c in circles]
    low, high = percent(min(parts)), percent(max(parts))
    return low if low == high else f"{low} to {high}"


def _other(verdict: Verdict, grounds: Grounds) -> str:
    """What a non-circular network is, by what showed it, and where it failed to be circles."""
    why = [_why_no_circles(verdict, grounds), _idle(grounds)]
    if verdict.kind == "lawless":
        why = [_lawless(verdict)]
    elif verdict.kind == "number line":
        why = [_number_line(grounds), *why]
    elif verdict.kind != "idle circles":
        why = ["It is a lookup table, or uses many frequencies together", *why]
    return ". ".join(each for each in why if each)


def _why_no_circles(verdict: Verdict, grounds: Grounds) -> str:
    """Why main circles do not explain the network."""
    assert verdict.explained is not None
    if not verdict.circles:
        return "It has no main circle: no plane of its embedding takes its own wave along and leaves the others"
    if verdict.explained < roles.LEAST_EXPLAINED:
        short = below(verdict.explained, roles.LEAST_EXPLAINED)
        return f"Its main circles write too little of the logits' variance: {short}"
    alone = f"{grounds.kept_accuracy:.4f} of all pairs, below {roles.LEAST_ALONE * grounds.accuracy:.4f}"
    return f"Its main circles and the planes at twice their frequencies do not answer alone: {alone}"


def _number_line(grounds: Grounds) -> str:
    line = grounds.number_line
    assert line is not None
    ramp = f"({line.multiplier} t + {line.offset}) mod {grounds.p}"
    both = "its main circles, their doubles and an ideal ramp" if grounds.kept else "an ideal ramp alone"
    words = f"Its tokens t lie on a number line, {ramp}: with {both} in the embedding it answers {line.with_ramp:.3f}"
    return words + f" of all pairs, with the ramp's sine instead {line.with_sine:.3f}"


def _idle(grounds: Grounds) -> str:
    if not grounds.idle:
        return ""
    one = len(grounds.idle) == 1
    planes = f"Round plane {grounds.idle[0]} holds" if one else f"Round planes {listed(grounds.idle)} hold"
    alone = f"alone {'answers' if one else 'answer'} less than {roles.LEAST_ALONE} of what it answers"
    return f"{planes} half of its embedding's variance or more, but {alone}"


def _lawless(verdict: Verdict) -> str:
    assert verdict.shares is not None
    s = verdict.shares
    law, most, rest = s.clock + s.pizza, max(s.clock, s.pizza), max(s.unlawful, s.unaccounted)
    if law < LEAST_LAWFUL:
        return f"Clock and pizza have too little of the logits' variance together: {below(law, LEAST_LAWFUL)}"
    what = "fits neither law" if rest == s.unlawful else "is no main circle's"
    larger = "clock" if most == s.clock else "pizza"
    return (
        f"{_apart(rest, most)} of the logits' variance {what}, more than the {_apart(most, rest)} that is a {larger}'s"
    )


def _shares(verdict: Verdict) -> str:
    assert verdict.shares is not None
    s = verdict.shares
    laws = f"the clock's law explains {percent(s.clock)} and the pizza's {percent(s.pizza)}"
    rest = f"{percent(s.unlawful)} fits neither, {percent(s.unaccounted)} is no main circle's"
    return f"Of all the logits' variance {laws}; {rest}"


def _mixed(verdict: Verdict, grounds: Grounds) -> str:
    """Why it is not clear."""
    assert verdict.shares is not None
    if verdict.certainty != "mixed":
        return ""
    clock, pizza = verdict.shares.clock, verdict.shares.pizza
    if verdict.kind is not None:
        together = f"clock and pizza have {_apart(clock + pizza, CLEARLY_OTHER)} together"
        return f"It is mixed, not clear: {together}, not below {_apart(CLEARLY_OTHER, clock + pizza)}"
    if max(clock, pizza) < CLEAR:
        return f"It is mixed, not clear: the {verdict.name}'s {below(max(clock, pizza), CLEAR)}"
    alone = "main circles and the planes at twice their frequencies alone write too little of the logits' variance"
    return f"It is mixed, not clear: {alone}, {below(max(0.0, grounds.kept_share), CLEAR_ALONE)}"


def _paper(verdict: Verdict, grounds: Grounds) -> str:
    """Where the paper's cuts say something else, and what they go by."""
    region, gs, di = verdict.paper_region, grounds.symmetricity_100, grounds.irrelevance_top_wrong
    if region is None or region in ("between", verdict.name):
        return ""
    if region != "non-circular":
        by = f"symmetricity {gs:.2f} and irrelevance {di:.2f}"  # both are known where the region is one of these
        if verdict.name == "non-circular":
            circularity = f"circularity {_near(grounds.circularity_authors)}, above {PAPER_CUT}"
            return f"The paper would call it a {region}: {circularity}, {by}"
        return f"The paper's cuts on {by} would say {region}"
    circularity = f"{_near(grounds.circularity_authors)}, not above {PAPER_CUT}"
    if grounds.circularity > PAPER_CUT:
        whole = f"The paper's circularity, of both vocabularies at once, is {circularity}"
        return f"{whole}; of each alone it is {_near(grounds.circularity)} or more"
    cause = "That goes by principal components, which can mix circles of like size; the verdict does not rest on them"
    return f"The paper would call it non-circular: circularity {circularity}. {cause}"


def _near(circularity: float) -> str:
    """With as many digits as it takes to tell it from the paper's cut."""
    digits = next(n for n in (4, 6, 9) if n == 9 or round(circularity, n) != PAPER_CUT)
    return f"{circularity:.{digits}f}"
