"""Networks built by hand, of known algorithm: the ground truth of the verdict.

All are one-layer transformers with uniform attention (W_Q = W_K = 0), so the stream before the MLP holds operand b in
one subspace (the residual stream) and a + b in another (through W_V, W_O); a is their difference.

Circles. A neuron with input cos(w a + u + h) + cos(w b + u - h) = 2 cos(w (a - b) / 2 + h) cos(w (a + b) / 2 + u),
where u runs over phases and the output weights are the second harmonic of u, writes
|cos(w (a - b) / 2 + h)| cos(w (a + b - c)). With h = 0 that is the pizza; averaged over h it no longer depends on
a - b: the clock. A companion writes -2 cos(w (a - b)) cos(w (a + b - c)) linearly from the embedding's circle at 2k.

Others add on a number line (a + b as a length, one piecewise linear function of it) or store every pair.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from clockpizza.config import TransformerConfig
from clockpizza.errors import BadInput
from clockpizza.networks.transformer import Transformer, parameter_shapes

KINDS = ("clock", "pizza", "blend", "lissajous", "memoriser")
U_PHASES, H_PHASES = 9, 6  # leave harmonics of about 1 % of the wave
ATTENTION_GAIN = 20.0  # of a + b over b alone in the residual stream, so that a pizza's gradients agree to 0.1 %
GAIN = 20.0  # mean amplitude of each circle's logits, about the paper's model A


@dataclass(frozen=True)
class Ideal:
    """A network built by hand and, for a memoriser, the pairs it was shown (indices a * p + b)."""

    network: Transformer
    training_pairs: Tensor | None = None


def ideal(
    kind: str,
    *,
    p: int = 59,
    width: int = 128,
    attention_rate: float = 0.0,
    frequencies: Sequence[int] | None = None,
    pizza_share: float | None = None,
    companions: bool = True,
    train_fraction: float = 1.0,
    seed: int = 0,
) -> Ideal:
    """A network of known algorithm.

    Args:
        kind: clock, pizza, blend (each circle `pizza_share` a pizza), lissajous (one direction per frequency; the sum
            is taken on a number line), memoriser (random embedding, one neuron per pair).
        p, width, attention_rate: as in the paper; a width too small for the construction is refused.
        frequencies: the main circles' k; three by default.
        pizza_share: share of each circle's mean amplitude that is a pizza's, in [0, 1]; only for a blend.
        companions: whether a pizza's main circles are accompanied by circles at 2k.
        train_fraction: share of the pairs a memoriser stores.
        seed: of the memoriser's embedding and pairs.

    Raises:
        BadInput: an argument that no such network can have.
    """
    if kind not in KINDS:
        raise BadInput(f"no ideal network is called {kind!r}; there are {', '.join(KINDS)}")
    if (pizza_share is not None) != (kind == "blend"):
        raise BadInput("a blend needs a pizza share" if kind == "blend" else f"a {kind} has no pizza share to choose")
    ks = list(frequencies) if frequencies is not None else default_frequencies(p)
    if bad := [k for k in ks if not 1 <= k <= p // 2]:
        raise BadInput(f"frequency {bad[0]} is not between 1 and {p // 2}")
    if not ks or len(set(ks)) < len(ks):
        raise BadInput("frequencies must be one or more different numbers")
    if kind == "memoriser":
        return _memoriser(p, width, attention_rate, train_fraction, seed)
    if kind == "lissajous":
        return Ideal(_lissajous(p, width, attention_rate, ks))
    share = {"clock": 0.0, "pizza": 1.0}.get(kind, pizza_share)
    assert share is not None
    if not 0 <= share <= 1:
        raise BadInput(f"pizza share is {share}; it must lie between 0 and 1")
    return Ideal(_circles(p, width, attention_rate, ks, share, companions and share > 0))


def default_frequencies(p: int) -> list[int]:
    """Three frequencies; 17, 3 and 15 at p = 59, as in the paper's model A, and about as far apart elsewhere."""
    wanted = [max(1, round(p * share)) for share in (17 / 59, 3 / 59, 15 / 59)]
    spare = [k for k in range(1, (p - 1) // 2 + 1) if k not in wanted]
    chosen: list[int] = []
    for k in wanted:
        chosen += [k] if k not in chosen else spare[:1]
        spare = [other for other in spare if other not in chosen]
    return chosen


class _Draft:
    """Weights in the making: subspaces of the residual stream are handed out from the front."""

    def __init__(self, p: int, width: int, attention_rate: float, d_mlp: int = 0):
        self.config = TransformerConfig(p=p, width=width, attention_rate=attention_rate, d_mlp=d_mlp)
        self.weights = {
            name: torch.zeros(shape, dtype=torch.float64) for name, shape in parameter_shapes(self.config).items()
        }
        self.used = self.values = self.neurons = 0

    def take(self, n: int) -> slice:
        """n fresh directions of the residual stream."""
        self.used += n
        if self.used > self.config.width:
            raise BadInput(f"width {self.config.width} is too small for this network; it needs at least {self.used}")
        return slice(self.used - n, self.used)

    def embed(self, columns: Tensor) -> tuple[slice, slice]:
        """Give tokens the coordinates `columns` (n, p): where b's stand, and where ATTENTION_GAIN (a + b) stands."""
        n = columns.shape[0]
        b, total = self.take(n), self.take(n)
        self.weights["embed.W_E"][b] = columns
        if self.values + n > self.config.heads * self.config.d_head:
            raise BadInput(f"width {self.config.width} is too small for this network's heads")
        rows = torch.arange(self.values, self.values + n)
        self.values += n
        scale = 1 - self.config.attention_rate / 2  # A' of both positions under uniform attention
        self.weights["blocks.0.attn.W_V"].view(-1, self.config.width)[rows, torch.arange(b.start, b.stop)] = 1
        self.weights["blocks.0.attn.W_O"][torch.arange(total.start, total.stop), rows] = ATTENTION_GAIN / scale
        return b, total

    def neuron_rows(self, n: int) -> slice:
        """n fresh neurons."""
        self.neurons += n
        if self.neurons > self.config.d_mlp:
            raise BadInput(
                f"width {self.config.width} gives {self.config.d_mlp} neurons; this network needs {self.neurons}"
            )
        return slice(self.neurons - n, self.neurons)

    def network(self) -> Transformer:
        return Transformer(self.config, {name: w.float() for name, w in self.weights.items()})


def _waves(p: int, k: int) -> Tensor:
    """cos and sin of 2 pi k t / p over tokens: (2, p)."""
    t = 2 * math.pi * k / p * torch.arange(p, dtype=torch.float64)
    return torch.stack([t.cos(), t.sin()])


def _circles(p: int, width: int, rate: float, ks: list[int], share: float, companions: bool) -> Transformer:
    draft = _Draft(p, width, rate)
    radius = {k: 1 - 0.1 * i / len(ks) for i, k in enumerate(ks)}  # all different: equal circles would mix in a PCA
    if companions:
        radius = {min(2 * k % p, -2 * k % p): 0.6 * r for k, r in radius.items() if 2 * k % p and 3 * k != p} | radius
    plane = {k: draft.embed(r * _waves(p, k)) for k, r in radius.items()}
    W_in, W_out, W_U = (draft.weights[n] for n in ("blocks.0.mlp.W_in", "blocks.0.mlp.W_out", "unembed.W_U"))
    for k in ks:
        out = draft.take(2)
        W_U[out] = _waves(p, k)
        m = float((math.pi * k / p * torch.arange(p, dtype=torch.float64)).cos().abs().mean())
        b1 = share * GAIN / m
        # per neuron: its wave's second harmonic is 4 / (3 pi) of |cos|, half of the phases' sum is left
        unit = 3 * math.pi / (2 * U_PHASES)
        parts = [(0.0, b1 * unit)] if share > 0 else []
        if share < 1:
            clock = (1 - share) * GAIN * unit * (math.pi / 2) / H_PHASES
            parts += [(math.pi * n / H_PHASES, clock) for n in range(H_PHASES)]
        b_at, sum_at = plane[k]
        for h, gain in parts:
            u = 2 * math.pi / U_PHASES * torch.arange(U_PHASES, dtype=torch.float64)
            rows = draft.neuron_rows(U_PHASES)
            read_a = torch.stack([(u + h).cos(), -(u + h).sin()], dim=1) / radius[k]  # cos(w a + u + h)
            read_b = torch.stack([(u - h).cos(), -(u - h).sin()], dim=1) / radius[k]
            W_in[rows, sum_at] = read_a / ATTENTION_GAIN
            W_in[rows, b_at] = read_b - read_a
            W_out[out, rows] = gain * torch.stack([(2 * u).cos(), -(2 * u).sin()])
        twice = min(2 * k % p, -2 * k % p)
        if companions and twice not in (0, k):  # at p / 3 it would be the circle itself
            sign = 1 if twice == 2 * k % p else -1  # the folded frequency turns the other way
            waves = _waves(p, k) * torch.tensor([[1.0], [sign]])
            W_U[plane[twice][1]] += -b1 * 2 / (3 * math.pi) / radius[twice] / ATTENTION_GAIN * waves
    return draft.network()


def _number_line(draft: _Draft, scale: float) -> None:
    """Add a + b as a length and read it with hat functions: neurons relu(s - j), logits the second differences."""
    p = draft.config.p
    tokens = torch.arange(p, dtype=torch.float64) - (p - 1) / 2
    _, total = draft.embed(scale * tokens[None])
    out = draft.take(p)
    draft.weights["unembed.W_U"][out] = torch.eye(p, dtype=torch.float64)
    rows = draft.neuron_rows(2 * p + 1)  # knots j = -1 .. 2p - 1
    draft.weights["blocks.0.mlp.W_in"][rows, total] = 1 / (scale * ATTENTION_GAIN)
    draft.weights["blocks.0.mlp.b_in"][rows] = (p - 1) - (torch.arange(2 * p + 1, dtype=torch.float64) - 1)
    W_out = draft.weights["blocks.0.mlp.W_out"][out, rows]
    for s in range(2 * p - 1):
        for offset, weight in ((0, 1.0), (1, -2.0), (2, 1.0)):
            W_out[s % p, s + offset] += GAIN * weight


def _lissajous(p: int, width: int, rate: float, ks: list[int]) -> Transformer:
    draft = _Draft(p, max(width, p + 2 * len(ks) + 2), rate)
    for i, k in enumerate(ks):
        draft.embed((1 - 0.1 * i) * _waves(p, k)[:1])  # one direction each: a line, and two of them a Lissajous figure
    _number_line(draft, scale=0.05 * math.sqrt(2) / p)  # far below 1 % of the variance: it does the sum all the same
    return draft.network()


def _memoriser(p: int, width: int, rate: float, fraction: float, seed: int) -> Ideal:
    if not 0 < fraction <= 1:
        raise BadInput(f"train fraction is {fraction}; it must lie above 0 and not above 1")
    generator = torch.Generator().manual_seed(seed)
    pairs = torch.randperm(p * p, generator=generator)[: max(1, round(fraction * p * p))].sort().values
    draft = _Draft(p, max(width, 3 * p), rate, d_mlp=len(pairs))
    E = torch.randn(p, p, generator=generator, dtype=torch.float64)  # (d, token)
    b_at, sum_at = draft.embed(E)
    dual = torch.linalg.inv(E)  # row t reads token t and no other
    out = draft.take(p)
    draft.weights["unembed.W_U"][out] = torch.eye(p, dtype=torch.float64)
    a, b = pairs // p, pairs % p
    draft.weights["blocks.0.mlp.W_in"][:, sum_at] = dual[a] / ATTENTION_GAIN
    draft.weights["blocks.0.mlp.W_in"][:, b_at] = dual[b] - dual[a]
    draft.weights["blocks.0.mlp.b_in"][:] = -1.5  # only both operands together get over it
    draft.weights["blocks.0.mlp.W_out"][out.start + (a + b) % p, torch.arange(len(pairs))] = 2 * GAIN
    return Ideal(draft.network(), pairs if fraction < 1 else None)
