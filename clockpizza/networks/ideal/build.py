"""`ideal`: a network of known algorithm, by its kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from clockpizza.config import TransformerConfig
from clockpizza.networks import Network, build
from clockpizza.networks.ideal.circles import (
    GAIN,
    Circle,
    Companions,
    add_circles,
    neuron_count,
    read_apart,
    waves,
)
from clockpizza.networks.ideal.draft import Draft, Place
from clockpizza.networks.ideal.lookup import add_lookup, add_lookup_on_circles
from clockpizza.networks.ideal.number_line import Ramp, add_number_line
from clockpizza.networks.ideal.options import Options
from clockpizza.networks.ideal.wide import wide
from clockpizza.networks.symmetries import change_basis, noisy

HIDDEN_SPREAD = 0.05 / 6**0.5  # of a number line beside circles: far below 1 % of the variance, it adds all the same
LOOKUP_SPREAD = 0.05  # likewise, of each coordinate of what a partial lookup reads beside circles
SMALL_GAIN = GAIN / 10  # of the circles beside a lookup


@dataclass(frozen=True)
class Ideal:
    """A network built by hand.

    training_pairs: what a memoriser was shown, indices a * p + b; None where it was shown everything.
    lookup_pairs: what a partial lookup answers by lookup, likewise; None for other kinds.
    """

    network: Network
    training_pairs: Tensor | None = None
    lookup_pairs: Tensor | None = None


def ideal(
    kind: str,
    *,
    p: int = 59,
    width: int = 128,
    attention_rate: float = 0.0,
    equals_token: bool = False,
    separate_vocabularies: bool = False,
    b_shift: float = 0.0,
    b_turn: float = 0.0,
    own_planes: bool = False,
    frequencies: Sequence[int] | None = None,
    pizza_share: float | Sequence[float] | None = None,
    turn: float | None = None,
    companions: bool | None = None,
    companion_size: float = 0.6,
    companion_lines: bool = False,
    tied: bool = False,
    radii: Sequence[float] | None = None,
    overlap: float = 0.0,
    multiplier: int = 1,
    offset: int = 0,
    one_hot: bool = False,
    on_circles: bool = False,
    lookup_share: float = 0.9,
    lookup_size: float = 20.0,
    train_fraction: float = 1.0,
    noise: float = 0.0,
    seed: int = 0,
) -> Ideal:
    """A network of known algorithm, in float32.

    Kinds:
        clock: amplitude g_k(d) of every main circle constant.
        pizza: g_k(d) = b1 |cos(w d / 2 + turn)|, plus its companion's -4 / (3 pi) b1 cos(w d + 2 turn).
        blend: each circle `pizza_share` a pizza, the rest a clock.
        lissajous: one direction a frequency, which writes nothing; a number line of under 1 % of the variance adds.
        idle-circles: the same with round circles.
        number-line: the line alone.
        memoriser: a neuron for each pair that it was shown; random embedding, or one-hot.
        lookup: the same for all pairs.
        partial-lookup: small circles answer all pairs; neurons of a much larger logit look most of them up.
        wide: a linear model with one-hot embedding and a group of neurons for every frequency.

    Args:
        p, width, attention_rate, equals_token, separate_vocabularies: as in the paper. A width too small for circles is
            refused; other kinds are made as wide as they must be.
        b_shift, b_turn: with separate vocabularies, operand b's circles are turned by so many tokens and radians.
        own_planes: with separate vocabularies, operand b's circles lie in planes of their own.
        frequencies: the main circles' k; three by default, and all in a wide network.
        pizza_share: share of a circle's mean amplitude that is a pizza's, in [0, 1]: one, or one for each frequency.
            A blend needs it; by default a partial lookup's circles are clocks, and a wide network's groups pizzas.
        turn: h of the pizzas, radians; by default what adding the operands' vectors gives: 0, where they are turned
            against each other by phi -phi / 2.
        companions: whether circles at 2k fill a pizza's blind spots; yes by default, in a wide network where p is even.
            A companion that meets another main circle shares its plane; p/2 and p/3 have none.
        companion_size: a companion's radius, as a multiple of its main circle's.
        companion_lines: companions have one direction instead of two, and write the part that it can.
        tied: all main circles have one radius.
        radii: of the main circles, one for each; else they fall by a tenth in all.
        overlap: cosine between corresponding directions of any two main planes in the residual stream.
        multiplier, offset: token t lies at (multiplier t + offset) mod p on the number line.
        one_hot: look up from a one-hot embedding instead of a random one.
        on_circles: a partial lookup reads the circles, and needs no embedding of its own.
        lookup_share: share of the pairs that a partial lookup looks up.
        lookup_size: a partial lookup's logit, as a multiple of the largest that its circles give.
        train_fraction: share of the pairs that a memoriser stores.
        noise: standard deviation of Gaussian noise on each weight, relative to the root mean square of its matrix.
        seed: of noise, and of a lookup's embedding and pairs.

    Raises:
        BadInput: an argument, or a combination, that no such network can have.
    """
    made = _made(Options(**locals()))
    network = noisy(made.network, noise, seed) if noise else made.network
    weights = {name: w.float() for name, w in network.weights.items()}
    return replace(made, network=build(network.config, weights))


def _made(options: Options) -> Ideal:
    makers: dict[str, Callable[[Options], Ideal]] = {
        "lissajous": _on_a_number_line,
        "idle-circles": _on_a_number_line,
        "number-line": _on_a_number_line,
        "memoriser": _lookup,
        "lookup": _lookup,
        "partial-lookup": _partial_lookup,
        "wide": _wide,
    }
    return makers.get(options.kind, _circles)(options)


def _circles(options: Options) -> Ideal:
    circles, companions = _main(options, GAIN), _companions(options)
    draft = _draft(options, apart=read_apart(options.p, circles, companions))
    places = add_circles(draft, circles, companions)
    return Ideal(_overlapping(draft, places, options.overlap))


def _on_a_number_line(options: Options) -> Ideal:
    idle = {"lissajous": 1, "idle-circles": 2, "number-line": 0}[options.kind]  # directions of each circle
    circles = _main(options, GAIN) if idle else []
    draft = _draft(options, width=options.p + _directions(options, 1 + idle * len(circles)))
    places = [
        draft.embed(*(c.radius * waves(options.p, c.frequency, phase)[:idle] for phase in (0.0, c.phi)))
        for c in circles
    ]
    ramp = Ramp(options.multiplier, options.offset, options.whole_shift)
    add_number_line(draft, ramp, HIDDEN_SPREAD if idle else 1.0)
    return Ideal(_overlapping(draft, places, options.overlap))


def _lookup(options: Options) -> Ideal:
    p, generator = options.p, torch.Generator().manual_seed(options.seed)
    pairs = _some_pairs(p, options.train_fraction, generator)
    draft = _draft(options, width=p + _directions(options, p, apart=True), apart=True, d_mlp=len(pairs))
    add_lookup(draft, pairs, GAIN, _token_coordinates(options, generator))
    return Ideal(draft.transformer(), pairs if options.train_fraction < 1 else None)


def _partial_lookup(options: Options) -> Ideal:
    p, generator = options.p, torch.Generator().manual_seed(options.seed)
    pairs = _some_pairs(p, options.lookup_share, generator)
    circles, companions = _main(options, SMALL_GAIN), _companions(options)
    needed = sum(neuron_count(p, circle.pizza_share) for circle in circles)
    coordinates = 4 * len(circles) + (0 if options.on_circles else p)  # of circles and companions, and of the lookup
    width = p + 2 * len(circles) + _directions(options, coordinates, apart=True)
    draft = _draft(options, width=width, apart=True, d_mlp=len(pairs) + needed)
    places = add_circles(draft, circles, companions)
    logit = options.lookup_size * SMALL_GAIN * len(circles)
    if options.on_circles:
        add_lookup_on_circles(draft, pairs, logit, circles, places)
    else:
        add_lookup(draft, pairs, logit, [LOOKUP_SPREAD * E for E in _token_coordinates(options, generator)])
    return Ideal(_overlapping(draft, places, options.overlap), lookup_pairs=pairs)


def _wide(options: Options) -> Ideal:
    network = wide(
        options.p,
        _main(options, GAIN),
        companions=options.has_companions,
        separate_vocabularies=options.separate_vocabularies,
    )
    return Ideal(network)


def _main(options: Options, gain: float) -> list[Circle]:
    return [
        Circle(k, radius, share, phi, -phi / 2 if options.turn is None else options.turn, gain)
        for k, radius, share in zip(options.ks, options.sizes, options.shares, strict=True)
        for phi in [options.phi(k)]
    ]


def _companions(options: Options) -> Companions | None:
    return Companions(options.companion_size, options.companion_lines) if options.has_companions else None


def _draft(options: Options, *, width: int = 0, d_mlp: int = 0, apart: bool = False) -> Draft:
    config = TransformerConfig(
        p=options.p,
        width=max(options.width, width),
        attention_rate=options.attention_rate,
        separate_vocabularies=options.separate_vocabularies,
        equals_token=options.equals_token,
        d_mlp=d_mlp,
    )
    return Draft(config, own_planes=options.own_planes, apart=apart)


def _directions(options: Options, coordinates: int, *, apart: bool = False) -> int:
    """How many directions of the residual stream a draft takes for so many coordinates of the tokens."""
    if options.own_planes:
        return 4 * coordinates
    return 3 * coordinates + 3 if options.equals_token and apart else 2 * coordinates


def _some_pairs(p: int, share: float, generator: torch.Generator) -> Tensor:
    return torch.randperm(p * p, generator=generator)[: max(1, round(share * p * p))].sort().values


def _token_coordinates(options: Options, generator: torch.Generator) -> list[Tensor]:
    """Coordinates of operand a's tokens and of b's, two of (p, p); the same where they share tokens."""
    n = 2 if options.separate_vocabularies else 1
    if options.one_hot:
        return [torch.eye(options.p, dtype=torch.float64)] * 2
    drawn = [torch.randn(options.p, options.p, generator=generator, dtype=torch.float64) for _ in range(n)]
    return drawn * (2 // n)


def _overlapping(draft: Draft, places: list[Place], cosine: float) -> Network:
    """The network with the places' directions, the first of each and so on, at that cosine to one another."""
    network = draft.transformer()
    if not cosine:
        return network
    gram = torch.full((len(places), len(places)), cosine, dtype=torch.float64).fill_diagonal_(1)
    values, vectors = torch.linalg.eigh(gram)
    root = vectors * values.sqrt() @ vectors.T  # columns are unit vectors at that cosine
    M = torch.eye(draft.config.width, dtype=torch.float64)
    for directions in zip(*(place.directions for place in places), strict=True):
        for starts in zip(*(range(each.start, each.stop) for each in directions), strict=True):
            at = torch.tensor(starts)
            M[at[:, None], at] = root
    return change_basis(network, M)
