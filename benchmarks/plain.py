"""The plain implementation of training: the oracle of the engine's tests, and what the engine is timed against.

Every position goes through every layer as the paper's equations say, with torch's autograd and AdamW, one network at
a time; tensors are preloaded and the test set is evaluated every epoch. It shares no code with the engine. A change
here needs a reason in docs/performance.md.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from clockpizza.config import LinearConfig, TransformerConfig
from clockpizza.run_config import RunConfig

ACTIVATIONS = {"relu": torch.relu, "gelu": F.gelu, "tanh": torch.tanh}


def transformer_logits(config: TransformerConfig, weights: dict[str, Tensor], tokens: Tensor) -> Tensor:
    """Logits (N, outputs) at the last position for tokens (N, T)."""
    x = weights["embed.W_E"].T[tokens] + weights["pos_embed.W_pos"]  # (N, T, width)
    T = tokens.shape[1]
    for i in range(config.layers):
        W = {name: weights[f"blocks.{i}.attn.W_{name}"] for name in "KQVO"}
        q, k, v = (torch.einsum("hed,ntd->nhte", W[name], x) for name in "QKV")  # (N, heads, T, d_head)
        scores = q @ k.transpose(-1, -2) / config.d_head**0.5
        if config.causal:
            later = torch.ones(T, T, dtype=torch.bool, device=x.device).triu(1)
            scores = scores.masked_fill(later, float("-inf"))
        pattern = config.attention_rate * scores.softmax(-1) + (1 - config.attention_rate)  # (N, heads, T, T)
        z = (pattern @ v).transpose(1, 2).flatten(2)  # (N, T, heads * d_head)
        x = x + z @ W["O"].T
        W_in, b_in, W_out, b_out = (weights[f"blocks.{i}.mlp.{name}"] for name in ("W_in", "b_in", "W_out", "b_out"))
        x = x + ACTIVATIONS[config.activation](x @ W_in.T + b_in) @ W_out.T + b_out
    return x[:, -1] @ weights["unembed.W_U"]


def linear_logits(config: LinearConfig, weights: dict[str, Tensor], tokens: Tensor) -> Tensor:
    """Logits (N, p) for tokens (N, 2)."""
    a, b = tokens.T
    if config.model == "x":
        E_a, E_b = weights["embed1.weight"][a], weights["embed2.weight"][b]
    else:
        E_a, E_b = weights["embed.weight"][a], weights["embed.weight"][b]

    def layer(name: str, x: Tensor) -> Tensor:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    if config.model == "delta":
        h = torch.relu(layer("l1", torch.cat([E_a, E_b], dim=1)))
    elif config.model == "gamma":
        h = torch.relu(layer("l2", torch.relu(layer("l1", E_a) + layer("l1", E_b))))
    elif config.model == "beta":
        h = torch.relu(layer("l2", torch.relu(layer("l1", E_a + E_b))))
    else:
        h = torch.relu(layer("l1", E_a + E_b))
    return h @ weights["unembed.weight"].T


class Plain:
    """One network's training, an epoch at a time.

    Args:
        config: the run.
        weights: where it starts, by the authors' names; copied in the run's precision.
        training_pairs: indices a * p + b.
        device: where to compute.
    """

    def __init__(
        self, config: RunConfig, weights: dict[str, Tensor], training_pairs: Tensor, device: str | torch.device = "cpu"
    ):
        p = config.network.p
        dtype = torch.float64 if config.precision == "float64" else torch.float32
        self.config = config
        self.weights = {n: w.to(device, dtype, copy=True).requires_grad_() for n, w in weights.items()}
        pairs = torch.arange(p * p, device=device)
        held_out = torch.ones(p * p, dtype=torch.bool, device=device)
        held_out[training_pairs.to(device)] = False
        self.train, self.test = self._tokens(pairs[~held_out]), self._tokens(pairs[held_out])
        self.train_answers, self.test_answers = ((q // p + q % p) % p for q in (pairs[~held_out], pairs[held_out]))
        self.optimiser = torch.optim.AdamW(
            self.weights.values(), lr=config.learning_rate, weight_decay=config.weight_decay, betas=config.betas
        )
        warmup = config.warmup
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: min(step / warmup, 1) if warmup else 1
        )

    def _tokens(self, pairs: Tensor) -> Tensor:
        """Pairs a * p + b as tokens (N, T)."""
        network = self.config.network
        a, b = pairs // network.p, pairs % network.p
        if isinstance(network, TransformerConfig):
            b = b + network.p * network.separate_vocabularies
            if network.equals_token:
                return torch.stack([a, b, torch.full_like(a, network.d_vocab - 1)], dim=1)
        return torch.stack([a, b], dim=1)

    def loss(self, tokens: Tensor, answers: Tensor) -> tuple[Tensor, Tensor]:
        """Mean cross entropy in float64 over all outputs, and accuracy among the p answers."""
        network = self.config.network
        if isinstance(network, LinearConfig):
            logits = linear_logits(network, self.weights, tokens)
        else:
            logits = transformer_logits(network, self.weights, tokens)
        loss = -logits.double().log_softmax(-1).gather(1, answers[:, None]).mean()
        return loss, (logits[:, : network.p].argmax(1) == answers).double().mean()

    def epoch(self) -> tuple[float, float, float, float]:
        """One step: training loss and accuracy before it, test loss and accuracy."""
        loss, accuracy = self.loss(self.train, self.train_answers)
        self.optimiser.zero_grad()
        loss.backward()
        with torch.no_grad():
            test_loss, test_accuracy = self.loss(self.test, self.test_answers)
        self.optimiser.step()
        self.schedule.step()
        return loss.item(), float(accuracy), float(test_loss), float(test_accuracy)
