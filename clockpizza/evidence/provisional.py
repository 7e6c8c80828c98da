"""A verdict on a network in training, in no more time than a snapshot may take.

It is judged by the same rule from fewer grounds. Left out: that each wave falls with its own plane and with no other
(taken for granted of a circle with 1 % of the embedding's variance and roundness .5, of which there may be few);
carriers; the planes at k/2, which stay in where laws are read; those at 2k go out all at once, not one by one. A
network that does not come out as circles gets no name meanwhile: what else it is takes the full examination.
"""

from __future__ import annotations

from torch import Tensor

from clockpizza.cuts import LEAST_ACCURACY, LEAST_HELD_OUT
from clockpizza.evidence.ablations import Ablations
from clockpizza.evidence.accuracy import Accuracy
from clockpizza.evidence.circle_grounds import LEAST_PLANE, LEAST_ROUND
from clockpizza.evidence.planes import Planes
from clockpizza.frequency import double
from clockpizza.grounds import Grounds, Wave
from clockpizza.roles import LEAST_WAVE
from clockpizza.verdict import Verdict, judge

MOST = 5  # main circles, or half of all frequencies where that is more: with more it may be a table


def likely_roles(ablations: Ablations, planes: Planes) -> dict[int, str]:
    """`main` and `companion` by frequency, the strongest writer first, by what the intact network shows."""
    p, share = ablations.probe.p, ablations.waves.share
    found = [
        k
        for k in range(1, p // 2 + 1)
        if share[k] >= LEAST_WAVE and planes.variance[k] >= LEAST_PLANE and planes.roundness[k] >= LEAST_ROUND
    ]
    main = dict.fromkeys(sorted(found, key=lambda k: -float(share[k])), "main")
    doubles = (double(k, p) for k in main)
    return main | {k: "companion" for k in doubles if k and k not in main and planes.variance[k] >= LEAST_PLANE}


def provisional(ablations: Ablations, roles: dict[int, str], accuracy: Accuracy) -> Verdict | None:
    """The verdict as far as it can be told; None where it cannot. `roles` as `likely_roles` has them."""
    p = ablations.probe.p
    main = [k for k, role in roles.items() if role == "main"]
    solved = accuracy.all_pairs >= LEAST_ACCURACY and (accuracy.held_out or 1.0) >= LEAST_HELD_OUT
    if not main or not solved or len(main) > max(MOST, (p - 1) // 4):
        return None
    kept_accuracy, change = ablations.kept(roles)
    verdict = judge(
        Grounds(
            p=p,
            accuracy=accuracy.all_pairs,
            held_out=accuracy.held_out,
            separate_vocabularies=ablations.probe.config.separate_vocabularies,
            waves=_waves(ablations, roles, main),
            kept=sorted(roles),
            kept_accuracy=kept_accuracy,
            kept_share=1 - change,
            number_line=None,
            idle=[],
            circularity=0.0,
            circularity_authors=0.0,
            symmetricity_100=None,
            irrelevance_top_wrong=None,
        )
    )
    return verdict if verdict.kind is None else None


def _waves(ablations: Ablations, roles: dict[int, str], main: list[int]) -> list[Wave]:
    """The main circles' waves, each as if its plane took it and no other."""
    p, waves = ablations.probe.p, ablations.waves
    return [
        Wave(
            frequency=k,
            share=float(waves.share[k]),
            written=float(waves.written[k]),
            amplitude=waves.amplitude[:, k].tolist(),
            without_double=None,
            without_half=None,
            without_both=amplitude[:, k].tolist(),
            left=[0.0 if j == k else 1.0 for j in range(1, p // 2 + 1)],
            left_without_half=None,
            effect=float(waves.share[k]),
            effect_double=None,
        )
        for k, amplitude in _amplitudes(ablations, roles, main).items()
    ]


def _amplitudes(ablations: Ablations, roles: dict[int, str], main: list[int]) -> dict[int, Tensor]:
    """Where each main circle's law is read: with all companions out, and with its double where that is a main circle.

    Two ablations do for all: in a chain of doubles every second one is out in the first, the others in the second.
    """
    p = ablations.probe.p
    outs = [{k for k, role in roles.items() if role == "companion"} for _ in range(2)]
    read: list[set[int]] = [set(), set()]
    for k in main:
        twice = double(k, p)
        for out, readers in zip(outs, read, strict=True):
            if k not in out and twice not in readers:
                out |= {twice} & set(main)
                readers.add(k)
                break
    found = [
        ablations.out(out).amplitude if out and readers else ablations.waves.amplitude
        for out, readers in zip(outs, read, strict=True)
    ]
    return {k: found[1] if k in read[1] else found[0] if k in read[0] else ablations.waves.amplitude for k in main}
