"""Shake a network's circles, and see what the paper's circularity says.

    python docs/results/shake_planes.py model.pt [more.pt ...] [--by 0.05] [--draws 1000] [--accuracy 100] [--seed 0]

Every Fourier plane of the embedding is scaled by a factor of its own, drawn uniformly from 1 - by to 1 + by. Circles
stay circles: each keeps its shape, its frequency and its place. Printed are the circularity of the draws, how many of
them are above the paper's .995, and, of the first of them, the network's accuracy; `--verdicts N` also judges the first
N by the rule of this laboratory.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np
import torch

from clockpizza.checkpoints import find, read
from clockpizza.cuts import PAPER_CUT
from clockpizza.evidence import Probe, gather
from clockpizza.evidence.circularity import circularity
from clockpizza.evidence.components import principal_components
from clockpizza.networks import Network
from clockpizza.networks.symmetries import scaled_planes
from clockpizza.verdict import judge


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", help="files, or folders of them")
    parser.add_argument("--by", type=float, default=0.05, help="the most that a plane is scaled by")
    parser.add_argument("--draws", type=int, default=1000, help="how often circularity is measured")
    parser.add_argument("--accuracy", type=int, default=100, help="in how many of the draws accuracy is measured, too")
    parser.add_argument("--verdicts", type=int, default=0, help="in how many of the draws the network is judged, too")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    options = parser.parse_args()
    files, errors = find(options.checkpoints)
    for error in errors:
        raise SystemExit(str(error))
    for path in files:
        shake(str(path), read(path).network, options)


def shake(name: str, network: Network, options: argparse.Namespace) -> None:
    """Print what becomes of one network."""
    generator = np.random.default_rng(options.seed)
    before = paper_circularity(network)
    found, right, verdicts = [], [], []
    for draw in range(options.draws):
        factors = 1 + options.by * generator.uniform(-1, 1, network.config.p // 2)
        shaken = scaled_planes(network, {k + 1: float(factor) for k, factor in enumerate(factors)})
        found.append(paper_circularity(shaken))
        if draw < options.accuracy:
            probe = Probe(shaken)
            right.append(probe.accuracy(probe.logits))
        if draw < options.verdicts:
            verdict = judge(gather(shaken).grounds)
            verdicts.append(f"{verdict.name or 'refused'} {verdict.certainty or ''}".strip())
    values = np.array(found)
    print(f"{name}: planes scaled by up to {options.by:.0%}, {options.draws} draws")
    print(f"  circularity {before:.4f} as it is; {values.min():.3f} to {values.max():.4f} when shaken, ", end="")
    print(f"above {PAPER_CUT} in {np.mean(values > PAPER_CUT):.0%} of the draws")
    if right:
        print(f"  accuracy {min(right):.4f} to {max(right):.4f} in the first {len(right)} of them")
    if verdicts:
        counts = ", ".join(f"{count} {verdict}" for verdict, count in Counter(verdicts).most_common())
        print(f"  verdicts on the first {len(verdicts)} of them: {counts}")


def paper_circularity(network: Network) -> float:
    """Of each vocabulary half, the least: the paper's cut is at .995."""
    probe = Probe(network)
    with torch.no_grad():
        return circularity(probe, {name: principal_components(E) for name, E in probe.halves.items()}).paper


if __name__ == "__main__":
    main()
