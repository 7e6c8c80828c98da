"""The quantities that the verdict's cuts are on, of networks of known algorithm or of checkpoints: where the gaps are.

    python docs/results/gaps.py                    # networks built by hand, at p = 5 to 113
    python docs/results/gaps.py runs/p13 model.pt  # trained ones, files or folders

A line a network. own-others: of the waves with at least 0.2 % of the logits' variance, the least and the largest by how
much more of itself than of the others a plane takes along (cut: 0.5). explained: cut 2/3. alone: the accuracy of main
circles and their doubles alone over the network's own (cut: 0.9). written: the share of the logits' variance that they
write alone (cut for clear: 0.75). acting: the largest interaction of planes. left: the largest part of a main circle's
wave that fits no law.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from clockpizza import roles
from clockpizza.checkpoints import find, read
from clockpizza.evidence import gather
from clockpizza.grounds import Grounds
from clockpizza.networks import Network
from clockpizza.networks.ideal import ideal
from clockpizza.verdict import judge

IDEALS: list[tuple[str, dict[str, Any]]] = [
    ("pizza", {}),
    ("clock", {}),
    ("blend", {"pizza_share": 0.4}),
    ("wide", {"pizza_share": 0.3}),
    ("lookup", {}),
    ("partial-lookup", {}),
    ("partial-lookup", {"on_circles": True}),
    ("number-line", {}),
    ("idle-circles", {}),
]
HEADER = ("network", "p", "own-others", "explained", "alone", "written", "acting", "left", "verdict")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="*", help="files, or folders of them; none: networks built by hand")
    parser.add_argument(
        "--p", type=int, nargs="*", default=[5, 7, 12, 13, 31, 59], help="moduli of those built by hand"
    )
    options = parser.parse_args()
    row(*HEADER)
    for name, network in networks(options):
        line(name, gather(network).grounds)


def networks(options: argparse.Namespace) -> Iterator[tuple[str, Network]]:
    """Each network with a name."""
    if options.checkpoints:
        files, errors = find(options.checkpoints)
        for error in errors:
            raise SystemExit(str(error))
        for path in files:
            yield "/".join(path.parts[-4:-1] if path.name == "weights.pt" else path.parts[-1:]), read(path).network
        return
    for p in options.p:
        for kind, arguments in IDEALS:
            words = " ".join(f"{key} {value}" for key, value in arguments.items())
            yield f"{kind} {words}".strip(), ideal(kind, p=p, **arguments).network


def line(name: str, grounds: Grounds) -> None:
    """Print one network's quantities."""
    verdict = judge(grounds)
    words = " ".join(each for each in (verdict.name, verdict.certainty, verdict.kind) if each) or "refused"
    if verdict.explained is None:
        row(name, grounds.p, "", "", "", "", "", "", words)
        return
    apart = [own - max(0.0, others) for _, own, others in roles.falls(grounds.waves)]
    circles = verdict.circles
    row(
        *(name, grounds.p, f"{min(apart):+.3f} {max(apart):+.3f}" if apart else "", f"{verdict.explained:.3f}"),
        *(f"{grounds.kept_accuracy / grounds.accuracy:.3f}", f"{grounds.kept_share:+.3f}"),
        f"{max((c.interaction for c in circles), default=0):.4f}",
        f"{max((c.unlawful_part for c in circles), default=0):.4f}",
        words,
    )


def row(*cells: object) -> None:
    widths = (36, 4, 15, 10, 7, 8, 7, 7, 0)
    print("  ".join(str(cell).ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip(), flush=True)


if __name__ == "__main__":
    main()
