"""Lookup: one neuron for each pair that is stored.

A neuron reads how much operand a is like the pair's a, and b like the pair's b, 1 each where they are the same, and
fires only where both are.
"""

from __future__ import annotations

import torch
from torch import Tensor

from clockpizza.errors import BadInput
from clockpizza.networks.ideal.circles import Circle
from clockpizza.networks.ideal.draft import Draft, Place


def add_lookup(draft: Draft, pairs: Tensor, logit: float, E: list[Tensor]) -> None:
    """Look `pairs` (indices a * p + b) up, with `logit` for the answer, from an embedding of its own.

    E: coordinates of operand a's tokens and of b's, two of (p, p), invertible, a column a token.
    """
    place = draft.embed(*E)
    like = [torch.linalg.inv(coordinates) for coordinates in E]  # row t is 1 at token t and 0 at others
    a, b = pairs // draft.config.p, pairs % draft.config.p
    _write(draft, pairs, draft.read(place, like[0][a], like[1][b]), least=1.0, logit=logit)


def add_lookup_on_circles(
    draft: Draft, pairs: Tensor, logit: float, circles: list[Circle], places: list[Place]
) -> None:
    """Look `pairs` up from circles that are there: a token is like another by the mean of cos(w (t - t')) over them.

    Raises:
        BadInput: the circles do not tell all tokens apart.
    """
    p, n = draft.config.p, len(circles)
    t = torch.arange(p, dtype=torch.float64)
    angles = {c.frequency: 2 * torch.pi * c.frequency / p * t for c in circles}
    like = torch.stack([angle.cos() for angle in angles.values()]).mean(0)
    gap = 1 - float(like[1:].max())
    if gap < 1e-9:
        raise BadInput(f"circles {', '.join(map(str, angles))} do not tell all {p} tokens apart; choose others")
    a, b = pairs // p, pairs % p
    W_in = torch.zeros(len(pairs), draft.config.width, dtype=torch.float64)
    for circle, place in zip(circles, places, strict=True):
        angle = angles[circle.frequency]
        R_a, R_b = (torch.stack([x.cos(), x.sin()], dim=1) for x in (angle[a], angle[b] + circle.phi))
        W_in += draft.read(place, R_a, R_b) / (n * circle.radius)
    _write(draft, pairs, W_in, least=gap, logit=logit)


def _write(draft: Draft, pairs: Tensor, W_in: Tensor, least: float, logit: float) -> None:
    """Neurons that fire by half of `least`, what any other token takes from their input of 2, and write the answer."""
    p = draft.config.p
    out = draft.take(p)
    draft.W_U[out] = torch.eye(p, dtype=torch.float64)
    rows = draft.neuron_rows(len(pairs))
    draft.W_in[rows] = W_in
    draft.b_in[rows] = least / 2 - 2
    answers = (pairs // p + pairs % p) % p
    draft.W_out[out.start + answers, torch.arange(rows.start, rows.stop)] = logit / (least / 2)
