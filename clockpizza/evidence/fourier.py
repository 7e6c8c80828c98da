"""The Fourier view: which frequencies do the embedding, the unembedding, attention and neurons hold?

Source: Nanda et al. 2023 (norms of W_E along Fourier directions; attention and neuron activations as pictures over
(a, b) and their two-dimensional spectra).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from clockpizza.evidence.fourier_norms import unembedding
from clockpizza.evidence.probe import Probe
from clockpizza.evidence.waves import wave_power


@dataclass(frozen=True)
class Fourier:
    """Shares at frequencies 1 .. p//2, each list summing to 1 (or all 0).

    embedding: variance of W_E along the two Fourier directions of k, per vocabulary half.
    unembedding: the same of the columns of W_U that are answers.
    logits: power of the right answer's wave, mean_d g_k(d)^2.
    attention: per head of the first block, the strongest (frequency of a, frequency of b) of the last query's
        attention to operand a, and its share of the power; empty without attention.
    """

    embedding: dict[str, list[float]]
    unembedding: list[float]
    logits: list[float]
    attention: list[HeadSpectrum]


@dataclass(frozen=True)
class HeadSpectrum:
    """The strongest pair of frequencies in one head's attention picture, and its share of the picture's power."""

    frequency_a: int
    frequency_b: int
    share: float


def fourier(probe: Probe) -> Fourier:
    """Spectra of embedding, unembedding, logits and attention."""
    heads = attention_pictures(probe)
    return Fourier(
        embedding={name: token_spectrum(E) for name, E in probe.halves.items()},
        unembedding=token_spectrum(unembedding(probe)),
        logits=wave_power(probe)[1:],
        attention=[_strongest(spectrum_2d(head)) for head in heads] if heads is not None else [],
    )


def token_spectrum(E: Tensor) -> list[float]:
    """Shares of a (p, d) matrix's variance over its rows at frequencies 1 .. p//2."""
    power = (torch.fft.rfft(E, dim=0).abs() ** 2).sum(1)[1:]
    if E.shape[0] % 2 == 0:
        power[-1] /= 2
    total = power.sum()
    return (power / total if total > 0 else power).tolist()


def attention_pictures(probe: Probe) -> Tensor | None:
    """A' of the first block from the last query to operand a, as pictures over (a, b): (heads, p, p).

    None without attention.
    """
    if not probe.config.attention_rate:
        return None
    return probe.patterns[0][:, :, -1, 0].T.reshape(-1, probe.p, probe.p)


def spectrum_2d(picture: Tensor) -> Tensor:
    """Power of a mean-free picture (p, p) over (a, b) at each pair of frequencies: (p//2 + 1, p//2 + 1), summing to 1.

    Signs of frequencies are folded: (ka, kb) holds (+-ka, +-kb).
    """
    p = picture.shape[0]
    power = torch.fft.fft2(picture - picture.mean()).abs() ** 2
    folded = power.new_zeros(p // 2 + 1, p // 2 + 1)
    fold = torch.minimum(torch.arange(p), p - torch.arange(p)).to(picture.device)
    folded.index_put_((fold[:, None].expand(p, p), fold[None].expand(p, p)), power, accumulate=True)
    total = folded.sum()
    return folded / total if total > 0 else folded


def _strongest(spectrum: Tensor) -> HeadSpectrum:
    at = int(spectrum.argmax())
    width = spectrum.shape[1]
    return HeadSpectrum(at // width, at % width, float(spectrum.flatten()[at]))
