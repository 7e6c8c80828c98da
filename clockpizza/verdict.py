"""From grounds to a verdict: clock, pizza or non-circular, with certainty, shares and reasons.

The rule, in order (docs/verdict.md argues each step):
1. A network that does not solve the task is refused: below 0.95 on all pairs, or below 0.9 on held-out pairs.
2. It is circles when main circles (clockpizza/roles.py) write at least 2/3 of the logits' variance at their
   frequencies, and they and the planes at twice their frequencies alone answer at least 0.9 of what it answers.
3. Each main circle's law (clockpizza/law.py) divides its wave into a clock's part, a pizza's, and an unlawful rest;
   what no main circle writes is unaccounted. The four are shares of all the logits' variance and sum to 1.
4. The larger of clock and pizza is the name; together they must have half of the variance, and neither other share may
   be larger. It is clear at 0.8 or more, where the circles alone write 0.75 of the logits' variance; else mixed.
5. Anything else is non-circular, and says what it is instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from clockpizza import reasons, roles
from clockpizza.cuts import (
    CLEAR,
    CLEAR_ALONE,
    CLEARLY_OTHER,
    EDITION,
    LEAST_ACCURACY,
    LEAST_HELD_OUT,
    LEAST_LAWFUL,
    PAPER_CUT,
)
from clockpizza.frequency import double, halves
from clockpizza.grounds import Grounds
from clockpizza.law import Law, read_law


@dataclass(frozen=True)
class Shares:
    """Of all the logits' variance, summing to 1; the first three are what main circles write.

    unlawful: waves of main circles that fit neither law. unaccounted: what no main circle writes.
    """

    clock: float
    pizza: float
    unlawful: float
    unaccounted: float


@dataclass(frozen=True)
class CircleVerdict:
    """What a main circle does.

    wave: share of the logits' variance that is its wave; own: the part of the wave that falls with its plane.
    law: with the planes at 2k and k/2 out (`out`). interaction, unlawful_part: see `clockpizza.law.Reading`; pizza_part
    is the law's. clock, pizza, unlawful: its shares of all the logits' variance, waves that it carries at twice its
    frequency included.
    """

    frequency: int
    companion: int | None
    wave: float
    own: float
    out: list[int]
    law: Law
    interaction: float
    pizza_part: float
    unlawful_part: float
    clock: float
    pizza: float
    unlawful: float


@dataclass(frozen=True)
class Verdict:
    """The verdict on one network.

    edition: of the rule.
    name: "clock", "pizza", "non-circular", or None when the network is refused (`refused` says why).
    certainty: "clear" or "mixed"; None when refused.
    kind: of a non-circular network: "number line", "lookup or broad", "idle circles" or "lawless"; else None.
    shares: of all the logits' variance; None when refused.
    explained: share of the logits' variance at the main circles' frequencies, as far as it falls with their planes.
    circles: the main circles, the strongest writer first.
    reasons: a few sentences with the numbers that decided.
    paper_region: where the paper's own cuts put it: "pizza", "clock", "between" or "non-circular".
    """

    edition: int
    name: str | None
    certainty: str | None
    kind: str | None
    shares: Shares | None
    explained: float | None
    circles: list[CircleVerdict]
    reasons: str
    refused: str | None
    paper_region: str | None


def judge(grounds: Grounds) -> Verdict:
    """The verdict that the grounds support."""
    if refusal := _refusal(grounds):
        return Verdict(EDITION, None, None, None, None, None, [], refusal, refusal, None)
    found = roles.mains(grounds.waves, grounds.p)
    carried = roles.carried(grounds.waves, found, grounds.p)
    circles = [_circle(main, carried, grounds) for main in found]
    clock, pizza, unlawful = (sum(getattr(c, name) for c in circles) for name in ("clock", "pizza", "unlawful"))
    shares = Shares(clock, pizza, unlawful, max(0.0, 1 - clock - pizza - unlawful))
    explained = roles.explained(found, carried, grounds.waves)
    kind = _kind(grounds, shares)
    if kind is None:
        name, share = max(("pizza", pizza), ("clock", clock), key=lambda each: each[1])
        certainty = "clear" if share >= CLEAR and grounds.kept_share >= CLEAR_ALONE else "mixed"
    else:
        name = "non-circular"
        certainty = "clear" if kind == "number line" or clock + pizza < CLEARLY_OTHER else "mixed"
    region = paper_region(grounds)
    bare = Verdict(EDITION, name, certainty, kind, shares, explained, circles, "", None, region)
    return Verdict(**{**vars(bare), "reasons": reasons.of(bare, grounds)})


def share_measures(verdict: Verdict | None) -> dict[str, float | None]:
    """The shares by the names that lists, filters and reports know them by; None where there are none."""
    shares = asdict(verdict.shares) if verdict and verdict.shares else {}
    return {f"{field.name}_share": shares.get(field.name) for field in fields(Shares)}


def paper_region(grounds: Grounds) -> str:
    """Where the regions read off the authors' table put the network; they hold for their width-128 one-layer runs.

    Circularity above 0.995; then pizza: symmetricity >= .98 and irrelevance (top wrong logit) <= .40; clock: <= .90 and
    >= .60.
    """
    gs, di = grounds.symmetricity_100, grounds.irrelevance_top_wrong
    if grounds.circularity_authors <= PAPER_CUT:
        return "non-circular"
    if gs is not None and di is not None:
        if gs >= 0.98 and di <= 0.40:
            return "pizza"
        if gs <= 0.90 and di >= 0.60:
            return "clock"
    return "between"


def _refusal(grounds: Grounds) -> str | None:
    if grounds.accuracy < LEAST_ACCURACY:
        return f"it does not solve the task: accuracy {grounds.accuracy:.4f} on all pairs, below {LEAST_ACCURACY}"
    if grounds.held_out is not None and grounds.held_out < LEAST_HELD_OUT:
        return f"it does not generalise: accuracy {grounds.held_out:.4f} on held-out pairs, below {LEAST_HELD_OUT}"
    if grounds.p == 3:
        return "with p = 3 there is one frequency only, and a circle cannot be told from a table of all answers"
    return None


def _circle(main: roles.Main, carried: Sequence[roles.Carried], grounds: Grounds) -> CircleVerdict:
    reading = read_law(main.wave, grounds.p, free_phase=grounds.separate_vocabularies)
    k, share = main.frequency, {wave.frequency: wave.share for wave in grounds.waves}
    writes = main.wave.share * main.own
    writes += sum(share[each.frequency] * each.part for each in carried if each.carrier == k)
    lawful, part = writes * (1 - reading.unlawful), reading.law.pizza
    return CircleVerdict(
        frequency=k,
        companion=main.companion,
        wave=main.wave.share,
        own=main.own,
        out=sorted({double(k, grounds.p), *halves(k, grounds.p)} - {0}),
        law=reading.law,
        interaction=reading.interaction,
        pizza_part=part,
        unlawful_part=reading.unlawful,
        clock=lawful * (1 - part),
        pizza=lawful * part,
        unlawful=writes * reading.unlawful,
    )


def _kind(grounds: Grounds, shares: Shares) -> str | None:
    """What a network is that is not circles; None where it is."""
    if not roles.are_circles(grounds.waves, grounds.p, accuracy=grounds.accuracy, kept_accuracy=grounds.kept_accuracy):
        if grounds.number_line is not None:
            return "number line"
        return "idle circles" if grounds.idle else "lookup or broad"
    lawful, most = shares.clock + shares.pizza, max(shares.clock, shares.pizza)
    if lawful < LEAST_LAWFUL or max(shares.unlawful, shares.unaccounted) > most:
        return "lawless"
    return None
