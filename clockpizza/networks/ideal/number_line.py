"""A number line: tokens as lengths along one direction, and their sum read by hat functions.

Token t lies at (m t + o) mod p. Neurons relu(s - j) at the knots j, and second differences of them over knots, make
a hat for each sum s = 0 .. 2p - 2, which writes the logit of the answer that s stands for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from clockpizza.errors import BadInput
from clockpizza.networks.ideal.circles import GAIN
from clockpizza.networks.ideal.draft import Draft


@dataclass(frozen=True)
class Ramp:
    """Where tokens lie: (multiplier t + offset) mod p; operand b's own tokens where those `shift` further on do."""

    multiplier: int = 1
    offset: int = 0
    shift: int = 0


def add_number_line(draft: Draft, ramp: Ramp, spread: float) -> None:
    """Add a number line to a draft; `spread` is the standard deviation of its coordinate.

    Raises:
        BadInput: the multiplier has no inverse modulo p, so that tokens would share their places.
    """
    p = draft.config.p
    if math.gcd(ramp.multiplier, p) > 1:
        raise BadInput(f"multiplier {ramp.multiplier} shares a factor with {p}: tokens would share places on the line")
    tokens = torch.arange(p)
    unit = spread / math.sqrt((p * p - 1) / 12)
    middle = (p - 1) / 2
    place = draft.embed(*(unit * (_at(tokens + shift, ramp, p) - middle)[None] for shift in (0, ramp.shift)))
    out = draft.take(p)
    draft.W_U[out] = torch.eye(p, dtype=torch.float64)
    knots = torch.arange(-1, 2 * p, dtype=torch.float64)
    rows = draft.neuron_rows(len(knots))
    reading = torch.full((len(knots), 1), 1 / unit, dtype=torch.float64)
    draft.W_in[rows] = draft.read(place, reading, reading)
    draft.b_in[rows] = 2 * middle - knots
    W_out = draft.W_out[out, rows]
    inverse = pow(ramp.multiplier, -1, p)
    for s in range(2 * p - 1):
        answer = (inverse * (s - 2 * ramp.offset) - ramp.shift) % p
        W_out[answer, s : s + 3] += GAIN * torch.tensor([1.0, -2.0, 1.0], dtype=torch.float64)


def _at(tokens: Tensor, ramp: Ramp, p: int) -> Tensor:
    return ((ramp.multiplier * tokens + ramp.offset) % p).double()
