"""A wide one-hot MLP that uses every frequency: a group of neurons for each, and no circle in the embedding.

The embedding is the identity, so each neuron's weights are a function of the token: one wave. It is a linear model,
h = relu(L1(.)): alpha where operands are only added, delta (operands side by side) where neurons tell them apart, x
with separate vocabularies. There is no path around the neurons, so a companion's term takes four of them: relu(x) -
relu(-x) for two directions at 2k.
"""

from __future__ import annotations

import torch
from torch import Tensor

from clockpizza.config import LinearConfig
from clockpizza.frequency import double
from clockpizza.networks.ideal.circles import Circle, at_phase, companion_gain, neurons, read_apart, waves
from clockpizza.networks.linear import Linear, parameter_shapes

_Group = tuple[Tensor, Tensor, Tensor]  # what neurons read of each operand's token, (m, p) twice, and write, (p, m)


def wide(p: int, circles: list[Circle], *, companions: bool, separate_vocabularies: bool) -> Linear:
    """The network, in float64. circles: one for each frequency that is used; their radii mean nothing."""
    groups = [_group(p, circle) for circle in circles]
    if companions:
        groups += [_companion(p, circle) for circle in circles if circle.pizza_share and double(circle.frequency, p)]
    of_a, of_b, out = torch.cat([g[0] for g in groups]), torch.cat([g[1] for g in groups]), [g[2] for g in groups]
    m = len(of_a)
    apart = read_apart(p, circles, None)
    model = "x" if separate_vocabularies else "delta" if apart else "alpha"
    hidden = max(m, p) if model == "alpha" else max(m, 2 * p)
    config = LinearConfig(model, p=p, hidden=hidden + hidden % 2)
    weights = {name: torch.zeros(shape, dtype=torch.float64) for name, shape in parameter_shapes(config).items()}
    one_hot = torch.eye(p, dtype=torch.float64)
    b_from = {"alpha": 0, "x": p, "delta": config.hidden // 2}[model]  # where L1 meets operand b's coordinates
    weights["l1.weight"][:m, :p] = of_a
    weights["l1.weight"][:m, b_from : b_from + p] = of_b
    if model == "x":
        weights["embed1.weight"][:, :p], weights["embed2.weight"][:, p : 2 * p] = one_hot, one_hot
    else:
        weights["embed.weight"][:, :p] = one_hot
    weights["unembed.weight"][:, :m] = torch.cat(out, dim=1)
    return Linear(config, weights)


def _group(p: int, circle: Circle) -> _Group:
    made, wave = neurons(p, circle), waves(p, circle.frequency)
    return at_phase(made.of_a) @ wave, at_phase(made.of_b) @ wave, (made.out @ wave).T


def _companion(p: int, circle: Circle) -> _Group:
    """relu(x) - relu(-x) for the two parts of a companion's term, which go with cos(w c) and sin(w c)."""
    of_a, of_b = (waves(p, 2 * circle.frequency, way * 2 * circle.turn) for way in (1, -1))
    out = companion_gain(p, circle) * waves(p, circle.frequency)
    return torch.cat([of_a, -of_a]), torch.cat([of_b, -of_b]), torch.cat([out, -out]).T
