"""Changes to a network that leave its function alone, and small ones that hardly touch it.

Exact in real arithmetic, whatever the weights:

    change_basis       another basis of the residual stream, or of a linear model's embedding
    permute_heads      heads in another order
    permute_neurons    neurons in another order
    scale_neurons      what enters ReLU neurons times c, what leaves them by 1 / c
    rename_tokens      logits[a, b, c] <- logits[u a + v, u b + v_b, u c + v + v_b]
    swap_operands      logits[a, b, c] <- logits[b, a, c]

Not exact: `scaled_planes`, `noisy`, `in_bfloat16`. All return a new network and keep the weights' dtype.

W_out cannot be scaled against W_U alone in a transformer: the skip connection reaches W_U too. `change_basis(network,
c * I)` scales all that writes to the stream against all that reads it, `scale_neurons` W_in against W_out, and in a
linear model, which has no skip connection, `scale_neurons` of the last layer scales it against the unembedding.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar, cast

import torch
from torch import Tensor

from clockpizza.errors import BadInput
from clockpizza.networks import Linear, Transformer, build

N = TypeVar("N", bound=Transformer | Linear)
RANK = 1e-10  # of the largest singular value: below it a direction counts as absent


# ---- exact ----------------------------------------------------------------------------------------------------------


def change_basis(network: N, M: Tensor) -> N:
    """The network with x' = M x for every vector x of its residual stream (a linear model: of its embedding).

    Args:
        network: any network.
        M: invertible, (width, width); (d_embed, d_embed) for a linear model.

    Raises:
        BadInput: M has another shape, or no inverse.
    """
    width = network.config.d_embed if isinstance(network, Linear) else network.config.width
    if M.shape != (width, width):
        raise BadInput(f"the matrix is {tuple(M.shape)}; a change of basis of this network is ({width}, {width})")
    M = M.to(torch.float64)
    back, singular = torch.linalg.inv_ex(M)
    if singular or not back.isfinite().all():
        raise BadInput("the matrix has no inverse; a change of basis needs one")
    changed = _linear_basis(network, M, back) if isinstance(network, Linear) else _stream_basis(network, M, back)
    return _with(network, {name: w.to(network.weights[name].dtype) for name, w in changed.items()})


def random_basis(size: int, seed: int, *, orthogonal: bool = True) -> Tensor:
    """A random matrix for `change_basis`, (size, size) float64: a rotation, or axes also stretched up to twofold."""
    generator = torch.Generator().manual_seed(seed)

    def rotation() -> Tensor:
        return torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))[0]

    if orthogonal:
        return rotation()
    stretch = 2 ** (2 * torch.rand(size, generator=generator, dtype=torch.float64) - 1)
    return rotation() * stretch @ rotation()


def permute_heads(network: Transformer, order: Sequence[int], layer: int = 0) -> Transformer:
    """The network whose head i is head order[i] of `network`, in one block.

    Raises:
        BadInput: `order` is no permutation, or there is no such block.
    """
    config = network.config
    _check_order(order, config.heads, "heads")
    _check_layer(layer, config.layers)
    at, block = torch.tensor(order), f"blocks.{layer}.attn."
    changed = {block + name: network.weights[block + name][at] for name in ("W_Q", "W_K", "W_V")}
    W_O = network.weights[block + "W_O"].view(config.width, config.heads, config.d_head)
    return _with(network, changed | {block + "W_O": W_O[:, at].flatten(1)})


def permute_neurons(network: N, order: Sequence[int], layer: int = 0) -> N:
    """The network whose neuron i is neuron order[i] of `network`, in one block (a linear model: one dense layer).

    Raises:
        BadInput: `order` is no permutation, or there is no such layer.
    """
    into, bias, out = _around_neurons(network, layer)
    _check_order(order, len(network.weights[bias]), "neurons")
    at = torch.tensor(order)
    changed = {name: network.weights[name][at] for name in (into, bias)}
    return _with(network, changed | {out: network.weights[out][:, at]})


def scale_neurons(network: N, factors: Tensor | float, layer: int = 0) -> N:
    """The network with W_in and b_in times c, and W_out by 1 / c: the same function, as relu(c x) = c relu(x).

    Args:
        network: ReLU; with Tanh c = 1 and c = -1 are exact, and with GeLU c = 1 alone.
        factors: c, one number or one a neuron, above 0.
        layer: block, or dense layer of a linear model (0 is l1, 1 is l2).

    Raises:
        BadInput: a factor that is not exact here, or there is no such layer.
    """
    into, bias, out = _around_neurons(network, layer)
    c = torch.as_tensor(factors, dtype=torch.float64).expand(len(network.weights[bias]))
    activation = network.config.activation
    exact = {"relu": c > 0, "tanh": c.abs() == 1, "gelu": c == 1}[activation]
    if not exact.all():
        allowed = {"relu": "above 0", "tanh": "1 or -1", "gelu": "1"}[activation]
        raise BadInput(f"a neuron cannot be scaled by {float(c[~exact][0])}: with {activation} it must be {allowed}")
    scaled = {
        into: network.weights[into] * c[:, None],
        bias: network.weights[bias] * c,
        out: network.weights[out] / c,
    }
    return _with(network, {name: w.to(network.weights[name].dtype) for name, w in scaled.items()})


def rename_tokens(network: N, u: int = 1, v: int = 0, v_b: int | None = None) -> N:
    """The network whose token t does what u t + v did: logits[a, b, c] <- logits[u a + v, u b + v_b, u c + v + v_b].

    Args:
        network: any network.
        u: invertible modulo p.
        v: shift of operand a's tokens.
        v_b: shift of operand b's; the same as v unless operand b has tokens of its own.

    Raises:
        BadInput: u has no inverse, or the operands share tokens and v_b is not v.
    """
    p = network.config.p
    if math.gcd(u, p) > 1:
        raise BadInput(f"{u} has no inverse modulo {p}: tokens cannot be renamed t -> {u} t + {v}")
    v_b = v if v_b is None else v_b
    if (v_b - v) % p and not network.config.separate_vocabularies:
        raise BadInput(f"operands that share tokens share their shift: v_b is {v_b}, and v is {v}")
    tokens = torch.arange(p)
    of_a, of_b, answers = (u * tokens + v) % p, (u * tokens + v_b) % p, (u * tokens + v + v_b) % p
    if isinstance(network, Linear):
        names = (("embed1.weight", of_a), ("embed2.weight", of_b), ("embed.weight", of_a), ("unembed.weight", answers))
        return _with(network, {name: network.weights[name][at] for name, at in names if name in network.weights})
    W_E, W_U = network.weights["embed.W_E"].clone(), network.weights["unembed.W_U"].clone()
    W_E[:, :p] = W_E[:, of_a]
    if network.config.separate_vocabularies:
        W_E[:, p : 2 * p] = W_E[:, p + of_b]
    W_U[:, :p] = W_U[:, answers]
    return _with(network, {"embed.W_E": W_E, "unembed.W_U": W_U})


def swap_operands(network: N) -> N:
    """The network with logits[a, b, c] <- logits[b, a, c].

    A linear model can always be swapped. So can a transformer that reads its answer at the equals token (unless it is
    causal and has several blocks). One that reads it at operand b can where it has one block, constant attention and
    heads enough: it then stores -(1 + W_O W_V) in W_O W_V, and all that reads the stream changes its sign.

    Raises:
        BadInput: the network cannot express it; the message says why.
    """
    if isinstance(network, Linear):
        return _with(network, _swapped_linear(network))
    config, W_pos = network.config, network.weights["pos_embed.W_pos"]
    swapped = {"embed.W_E": _swapped_halves(network), "pos_embed.W_pos": W_pos[[1, 0, *range(2, config.positions)]]}
    if config.equals_token:
        if config.causal and config.layers > 1:
            raise BadInput("operand a cannot see operand b in a causal network of several blocks: no swap of operands")
        return _with(network, swapped)
    if config.layers > 1:
        raise BadInput("operands cannot be swapped in several blocks without an equals token")
    W_Q, W_K = (network.weights[f"blocks.0.attn.{name}"] for name in ("W_Q", "W_K"))
    if config.attention_rate and W_Q.any() and W_K.any():
        raise BadInput("operands cannot be swapped where operand b's query decides on attention")
    swapped |= _swapped_reading(network)
    return _with(network, {name: w.to(network.weights[name].dtype) for name, w in swapped.items()})


# ---- not exact ------------------------------------------------------------------------------------------------------


def scaled_planes(network: N, factors: Mapping[int, float] | torch.Generator, sd: float = 0.1) -> N:
    """The network with every Fourier plane over tokens of its embedding scaled by a factor of its own.

    Args:
        network: any network.
        factors: by frequency 0 .. p//2 (0 is the mean; what is not named stays), or a generator: exp(sd * normal) for
            each frequency from 1.
        sd: for a generator.

    Raises:
        BadInput: a frequency that p tokens do not have.
    """
    p = network.config.p
    scale = torch.ones(p // 2 + 1, dtype=torch.float64)
    if isinstance(factors, torch.Generator):
        scale[1:] = (sd * torch.randn(p // 2, generator=factors, dtype=torch.float64)).exp()
    else:
        for k, factor in factors.items():
            if not 0 <= k <= p // 2:
                raise BadInput(f"frequency {k} is not between 0 and {p // 2}")
            scale[k] = factor

    def scaled(E: Tensor) -> Tensor:  # (p, d)
        return torch.fft.irfft(torch.fft.rfft(E.double(), dim=0) * scale[:, None], n=p, dim=0).to(E.dtype)

    if isinstance(network, Linear):
        names = [name for name in network.weights if name.startswith("embed")]
        return _with(network, {name: scaled(network.weights[name]) for name in names})
    W_E = network.weights["embed.W_E"].clone()
    for start in range(0, p * (2 if network.config.separate_vocabularies else 1), p):
        W_E[:, start : start + p] = scaled(W_E[:, start : start + p].T).T
    return _with(network, {"embed.W_E": W_E})


def noisy(network: N, sd: float, seed: int = 0) -> N:
    """The network with Gaussian noise on every weight: `sd` times the root mean square of the matrix it is in."""
    generator = torch.Generator().manual_seed(seed)

    def disturbed(w: Tensor) -> Tensor:
        noise = torch.randn(w.shape, generator=generator, dtype=torch.float64)
        return (w + sd * w.double().square().mean().sqrt() * noise).to(w.dtype)

    return _with(network, {name: disturbed(w) for name, w in network.weights.items()})


def in_bfloat16(network: N) -> N:
    """The network with every weight rounded to bfloat16 and kept in its dtype: what half precision leaves of it."""
    return _with(network, {name: w.bfloat16().to(w.dtype) for name, w in network.weights.items()})


# ---- how ------------------------------------------------------------------------------------------------------------


def _with(network: N, changed: Mapping[str, Tensor]) -> N:
    return cast(N, build(network.config, {**network.weights, **changed}))


def _stream_basis(network: Transformer, M: Tensor, back: Tensor) -> dict[str, Tensor]:
    W = {name: w.double() for name, w in network.weights.items()}
    changed = {
        "embed.W_E": M @ W["embed.W_E"],
        "pos_embed.W_pos": W["pos_embed.W_pos"] @ M.T,
        "unembed.W_U": back.T @ W["unembed.W_U"],
    }
    for layer in range(network.config.layers):
        attn, mlp = f"blocks.{layer}.attn.", f"blocks.{layer}.mlp."
        changed |= {attn + name: W[attn + name] @ back for name in ("W_Q", "W_K", "W_V")}
        changed |= {name: M @ W[name] for name in (attn + "W_O", mlp + "W_out", mlp + "b_out")}
        changed[mlp + "W_in"] = W[mlp + "W_in"] @ back
    return changed


def _linear_basis(network: Linear, M: Tensor, back: Tensor) -> dict[str, Tensor]:
    changed = {name: w.double() @ M.T for name, w in network.weights.items() if name.startswith("embed")}
    W = network.weights["l1.weight"].double()
    d = network.config.d_embed
    changed["l1.weight"] = torch.cat([W[:, i : i + d] @ back for i in range(0, W.shape[1], d)], dim=1)
    return changed


def _around_neurons(network: Transformer | Linear, layer: int) -> tuple[str, str, str]:
    """Names of the weights into a layer of neurons, of its bias, and of the weights out of it."""
    if isinstance(network, Transformer):
        _check_layer(layer, network.config.layers)
        return f"blocks.{layer}.mlp.W_in", f"blocks.{layer}.mlp.b_in", f"blocks.{layer}.mlp.W_out"
    dense = [name for name in ("l1", "l2") if f"{name}.weight" in network.weights]
    _check_layer(layer, len(dense))
    out = [*dense, "unembed"][layer + 1]
    return f"{dense[layer]}.weight", f"{dense[layer]}.bias", f"{out}.weight"


def _check_layer(layer: int, layers: int) -> None:
    if not 0 <= layer < layers:
        raise BadInput(f"there is no layer {layer}; this network has {layers}, counted from 0")


def _check_order(order: Sequence[int], n: int, what: str) -> None:
    if sorted(order) != list(range(n)):
        raise BadInput(f"the order of {what} must name each of 0 to {n - 1} once")


def _swapped_linear(network: Linear) -> dict[str, Tensor]:
    W = network.weights
    if network.config.model == "x":
        return {"embed1.weight": W["embed2.weight"], "embed2.weight": W["embed1.weight"]}
    if network.config.model == "delta":
        a, b = W["l1.weight"].chunk(2, dim=1)
        return {"l1.weight": torch.cat([b, a], dim=1)}
    return {}  # alpha, beta and gamma add the operands: nothing to swap


def _swapped_halves(network: Transformer) -> Tensor:
    W_E, p = network.weights["embed.W_E"], network.config.p
    if not network.config.separate_vocabularies:
        return W_E
    return torch.cat([W_E[:, p : 2 * p], W_E[:, :p], W_E[:, 2 * p :]], dim=1)


def _swapped_reading(network: Transformer) -> dict[str, Tensor]:
    """Weights for the swapped operands where all attention is one constant c and the last position holds operand b.

    With V = sum over heads of W_O W_V, mid(a, b) = x_b + c V (x_a + x_b). The swapped network's last position holds the
    old x_a. With c V' = -(1 + c V) its stream is x_a - (1 + c V)(x_a + x_b) = -mid, so its readers change their sign.
    """
    config, W = network.config, {name: w.double() for name, w in network.weights.items()}
    c = 1 - config.attention_rate / 2
    V = W["blocks.0.attn.W_O"] @ W["blocks.0.attn.W_V"].flatten(0, 1)
    x = torch.cat([W["embed.W_E"].T, W["pos_embed.W_pos"]])  # V' need act only on what these span
    spread, directions = torch.linalg.svd(x, full_matrices=False)[1:]
    held = directions[spread > RANK * spread[0]]
    U, S, Vh = torch.linalg.svd(-((torch.eye(config.width, dtype=V.dtype) + c * V) / c) @ held.T @ held)
    rank, room = int((S / S[0] > RANK).sum()), config.heads * config.d_head
    if rank > room:
        raise BadInput(f"operands cannot be swapped: it takes {rank} directions of values, and the heads have {room}")
    W_V, W_O = V.new_zeros(room, config.width), V.new_zeros(config.width, room)
    W_V[:rank], W_O[:, :rank] = Vh[:rank], U[:, :rank] * S[:rank]
    return {
        "blocks.0.attn.W_V": W_V.view(config.heads, config.d_head, config.width),
        "blocks.0.attn.W_O": W_O,
        **{name: -W[name] for name in ("blocks.0.mlp.W_in", "blocks.0.mlp.W_out", "blocks.0.mlp.b_out", "unembed.W_U")},
    }
