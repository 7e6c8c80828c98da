"""Weights in the making: a one-layer transformer whose subspaces of the residual stream are handed out from the front.

Attention is constant, so the stream that the MLP reads is linear in the operands. How it holds them:

    read at operand b     b where it was embedded, and ATTENTION_GAIN (a + b) elsewhere; a is their difference
    own planes            operand b's tokens in directions of their own: a and b each elsewhere, times ATTENTION_GAIN
    equals token          ATTENTION_GAIN (a + b) alone
    equals token, apart   half of the heads look at a, half at b: a and b each elsewhere; takes an attention rate
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from clockpizza.config import TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.networks.transformer import Transformer, parameter_shapes

ATTENTION_GAIN = 20.0  # of a + b over b alone in the residual stream, so that a pizza's gradients agree to 0.1 %
SCORE = 60.0  # of the position that a head looks at, over the others' 0: e^-60 is left for them


@dataclass(frozen=True)
class Place:
    """Where n coordinates of the operands stand in the stream that the MLP reads.

    Attributes:
        directions: slices of n directions each: the embedding's, then attention's.
        of_a, of_b: what reads the coordinates of each operand off the stream, (n, width); None where only their sum
            can be read.
        of_sum: what reads the coordinates of a + b, (n, width).
    """

    directions: list[slice]
    of_a: Tensor | None
    of_b: Tensor | None
    of_sum: Tensor


class Draft:
    """A transformer's weights, all zero at first, in float64.

    Args:
        config: of the network.
        own_planes: operand b's tokens are embedded in directions of their own.
        apart: the network must read a and b apart.

    Raises:
        BadInput: they cannot be read apart.
    """

    def __init__(self, config: TransformerConfig, *, own_planes: bool = False, apart: bool = False):
        self.config, self.own_planes = config, own_planes
        self.weights = {
            name: torch.zeros(shape, dtype=torch.float64) for name, shape in parameter_shapes(config).items()
        }
        self.W_in, self.b_in, self.W_out = (self.weights[f"blocks.0.mlp.{n}"] for n in ("W_in", "b_in", "W_out"))
        self.W_U = self.weights["unembed.W_U"][:, : config.p]  # the answers
        self.used = self.neurons = 0
        self.values = [0, 0]  # used by the heads that look at a (or at both), and by those that look at b
        self.by_heads = apart and config.equals_token and not own_planes
        if self.by_heads:
            self._look_at_operands()

    def take(self, n: int) -> slice:
        """n fresh directions of the residual stream. Raises BadInput where there are not so many."""
        self.used += n
        if self.used > self.config.width:
            raise BadInput(f"width {self.config.width} is too small for this network; it needs at least {self.used}")
        return slice(self.used - n, self.used)

    def neuron_rows(self, n: int) -> slice:
        """n fresh neurons. Raises BadInput where there are not so many."""
        self.neurons += n
        if self.neurons > self.config.d_mlp:
            raise BadInput(
                f"width {self.config.width} gives {self.config.d_mlp} neurons; this network needs {self.neurons}"
            )
        return slice(self.neurons - n, self.neurons)

    def embed(self, columns_a: Tensor, columns_b: Tensor | None = None) -> Place:
        """Give tokens the coordinates `columns_a` (n, p), and operand b's own tokens `columns_b`."""
        n, p = columns_a.shape
        W_E = self.weights["embed.W_E"]
        if self.own_planes:
            assert columns_b is not None
            at_a, at_b = self.take(n), self.take(n)
            W_E[at_a, :p], W_E[at_b, p : 2 * p] = columns_a, columns_b
            total_a, total_b = self._attend(at_a, 1.0), self._attend(at_b, 1.0)
            return self._apart([at_a, at_b, total_a, total_b], total_a, total_b)
        at = self.take(n)
        W_E[at, :p] = columns_a
        if self.config.separate_vocabularies:
            W_E[at, p : 2 * p] = columns_a if columns_b is None else columns_b
        if self.by_heads:
            return self._embed_by_heads(at)
        total = self._attend(at, 1.0)
        of_sum = self._reading(total) / ATTENTION_GAIN
        if self.config.equals_token:
            return Place([at, total], None, None, of_sum)
        of_b = self._reading(at)
        return Place([at, total], of_sum - of_b, of_b, of_sum)

    def read(self, place: Place, R_a: Tensor, R_b: Tensor) -> Tensor:
        """Rows that read R_a x_a + R_b x_b off the stream: (m, width), from coordinates (m, n)."""
        if torch.allclose(R_a, R_b, rtol=0, atol=1e-9 * float(R_a.abs().max())):
            return R_a @ place.of_sum
        if place.of_a is None or place.of_b is None:
            raise AssertionError("a network that reads a and b apart must be drafted so")
        return R_a @ place.of_a + R_b @ place.of_b

    def transformer(self) -> Transformer:
        """The network as it stands, in float64."""
        return Transformer(self.config, self.weights)

    def _reading(self, at: slice) -> Tensor:
        return torch.eye(self.config.width, dtype=torch.float64)[at]

    def _apart(self, directions: list[slice], total_a: slice, total_b: slice) -> Place:
        of_a, of_b = self._reading(total_a) / ATTENTION_GAIN, self._reading(total_b) / ATTENTION_GAIN
        return Place(directions, of_a, of_b, of_a + of_b)

    def _attend(self, at: slice, share: float) -> slice:
        """Fresh directions where attention, summed over positions and scaled to `share`, writes what stands at `at`."""
        total = self.take(at.stop - at.start)
        rows = self._value_rows(at, 0)
        uniform = 1 - self.config.attention_rate * (1 - 1 / self.config.positions)  # A' of every position
        self.weights["blocks.0.attn.W_O"][torch.arange(total.start, total.stop), rows] = (
            share * ATTENTION_GAIN / uniform
        )
        return total

    def _value_rows(self, at: slice, group: int) -> Tensor:
        """Fresh rows of W_V, of one group of heads, that hold what stands at `at`."""
        n = at.stop - at.start
        room = self.config.heads // 2 if self.by_heads else self.config.heads
        first = self.values[group] + group * room * self.config.d_head
        self.values[group] += n
        if self.values[group] > room * self.config.d_head:
            raise BadInput(f"width {self.config.width} is too small for this network's heads")
        rows = torch.arange(first, first + n)
        self.weights["blocks.0.attn.W_V"].view(-1, self.config.width)[rows, torch.arange(at.start, at.stop)] = 1
        return rows

    def _look_at_operands(self) -> None:
        """Let the first half of the heads look from the equals token at operand a, the other half at operand b."""
        if not self.config.attention_rate:
            raise BadInput(
                "at an equals token, uniform attention tells a and b apart only in planes of their own; give an "
                "attention rate above 0, or separate vocabularies with own planes"
            )
        query, key_a, key_b = (self.take(1).start for _ in range(3))
        W_pos = self.weights["pos_embed.W_pos"]
        W_pos[2, query] = W_pos[0, key_a] = W_pos[1, key_b] = 1
        size = (SCORE * self.config.d_head**0.5) ** 0.5
        half = self.config.heads // 2
        self.weights["blocks.0.attn.W_Q"][:, 0, query] = size
        self.weights["blocks.0.attn.W_K"][:half, 0, key_a] = size
        self.weights["blocks.0.attn.W_K"][half:, 0, key_b] = size

    def _embed_by_heads(self, at: slice) -> Place:
        # Heads of the first group hold z = x_a + q x_b with q = 1 - rate, the others z' = x_b + q x_a.
        q = 1 - self.config.attention_rate
        n = at.stop - at.start
        rows, total = [self._value_rows(at, group) for group in (0, 1)], [self.take(n), self.take(n)]
        W_O, scale = self.weights["blocks.0.attn.W_O"], ATTENTION_GAIN / (1 - q * q)
        for group in (0, 1):
            to = torch.arange(total[group].start, total[group].stop)
            W_O[to, rows[group]], W_O[to, rows[1 - group]] = scale, -q * scale
        return self._apart([at, *total], *total)
