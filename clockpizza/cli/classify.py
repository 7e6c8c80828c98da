"""`clockpizza classify`: networks in, verdicts out."""

from __future__ import annotations

import csv as csv_module
import json as json_module
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clockpizza.cli.options import ActivationOption, ModulusOption, RateOption
from clockpizza.errors import BadInput, visible

if TYPE_CHECKING:
    from clockpizza.classification import Classification

PANELS = 20  # more networks than this get a line each: a panel is a screen high


def classify(
    paths: Annotated[list[Path], typer.Argument(help="Checkpoints, or folders of them.")],
    json: Annotated[bool, typer.Option("--json", help="A JSON object a line, one a network.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="A table with one row a network.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="One line a network: file, verdict, certainty.")] = False,
    device: Annotated[str, typer.Option("--device", help="Where to compute: cpu, cuda, cuda:1 ...")] = "cpu",
    precision: Annotated[str, typer.Option("--precision", help="float64 or float32.")] = "float64",
    attention_rate: RateOption = None,
    activation: ActivationOption = None,
    p: ModulusOption = None,
    ascii: Annotated[bool, typer.Option("--ascii", help="Draw without braille and half blocks.")] = False,
) -> None:
    """Say which algorithm each network found: clock, pizza or non-circular, with certainty and evidence.

    Reads the paper authors' files (model_ID.pt beside config_ID.json), Nanda et al.'s, TransformerLens's and our own.
    """
    if json + csv + quiet > 1:
        raise BadInput("--json, --csv and --quiet exclude each other")
    from clockpizza import checkpoints
    from clockpizza.classification import classify as classify_checkpoint
    from clockpizza.classification import usable_device
    from clockpizza.cli.bar import bar
    from clockpizza.memory import keep_freed_memory

    keep_freed_memory()
    usable_device(device, precision)
    overrides = checkpoints.Overrides(p=p, attention_rate=attention_rate, activation=activation)
    files, errors = checkpoints.find(paths)
    out = _Output(json=json, csv=csv, quiet=quiet, ascii=ascii, networks=len(files))
    for error in errors:
        out.failure(error)
    with bar(len(files)) as advance:
        for path in files:
            advance(path.name, 0)
            try:
                checkpoint = checkpoints.read(path, overrides)
                result = classify_checkpoint(checkpoint, device=device, precision=precision, tick=lambda what: None)
            except BadInput as error:
                out.failure(error, path)
            else:
                out.result(result)
            advance(path.name, 1)
    if out.failed:
        raise typer.Exit(2)
    if out.refused:
        raise typer.Exit(3)


class _Output:
    """Writes results as they come, in the form that was asked for, and remembers what went wrong."""

    def __init__(self, *, json: bool, csv: bool, quiet: bool, ascii: bool, networks: int):
        from rich.console import Console

        self.json, self.quiet, self.ascii = json, quiet, ascii
        self.csv = csv_module.writer(sys.stdout, lineterminator="\n") if csv else None
        self.console = Console(highlight=False)
        self.panels = networks <= PANELS and self.console.is_terminal
        self.brief = networks > PANELS
        self.failed = self.refused = False
        if self.csv:
            self.csv.writerow(COLUMNS)

    def result(self, result: Classification) -> None:
        from clockpizza.cli import panel

        verdict = result.verdict
        self.refused |= verdict.name is None
        if self.json:
            print(json_module.dumps(result.to_dict(), allow_nan=False))
        elif self.csv:
            self.csv.writerow(_row(result))
        elif self.quiet or self.brief:
            what = f"refused: {verdict.refused}" if verdict.name is None else f"{verdict.name} ({verdict.certainty})"
            what += f": {verdict.kind}" if verdict.kind else ""
            print(f"{visible(str(result.checkpoint.path))}: {what}")
        elif self.panels:
            # Printed as text: a console would write past the progress bar, into its line.
            with self.console.capture() as captured:
                self.console.print(panel.panel(result, self.console, ascii=self.ascii))
            print(captured.get(), end="")
        else:
            print("\n".join(panel.plain_lines(result)) + "\n")
        sys.stdout.flush()

    def failure(self, error: BadInput, path: Path | None = None) -> None:
        self.failed = True
        print(f"clockpizza: {visible(str(error))}", file=sys.stderr)
        if self.json:
            print(json_module.dumps({"path": None if path is None else str(path), "error": str(error)}), flush=True)


COLUMNS = [
    *("path", "format", "verdict", "certainty", "kind", "edition", "paper_region"),
    *("clock_share", "pizza_share", "unlawful_share", "unaccounted_share"),
    *("model", "p", "layers", "width", "attention_rate", "activation", "separate_vocabularies", "accuracy"),
    *("gradient_symmetricity", "gradient_symmetricity_100", "distance_irrelevance", "distance_irrelevance_top_wrong"),
    *("circularity_authors", "circularity", "circularity_by_circle", "parameter_norm", "main_circles", "reasons"),
]


def _row(result: Classification) -> list[Any]:
    from clockpizza.verdict import share_measures

    verdict, e, config = result.verdict, result.evidence, result.checkpoint.network.config
    circles = " ".join(f"{c.frequency}:{c.wave:.3f}:{c.pizza_part:.3f}" for c in verdict.circles)
    return [
        *(str(result.checkpoint.path), result.checkpoint.format, verdict.name or "refused", verdict.certainty),
        *(verdict.kind, verdict.edition, verdict.paper_region),
        *share_measures(verdict).values(),
        *(config.model, config.p, config.layers, config.width, config.attention_rate, config.activation),
        *(config.separate_vocabularies, e.accuracy.all_pairs),
        *(e.gradient_symmetricity.exact, e.gradient_symmetricity.paper_sample),
        *(e.distance_irrelevance.correct, e.distance_irrelevance.top_wrong),
        *(e.circularity.authors, e.circularity.paper, e.circularity.by_circle, e.parameter_norm),
        *(circles, verdict.reasons),
    ]
