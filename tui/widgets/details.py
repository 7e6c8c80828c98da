"""The facts of a run, or of a sweep, in a few lines."""

from __future__ import annotations

from rich.text import Text

from clockpizza.cli.progress import span, title
from clockpizza.cli.results import OLDER, counts, is_older, older_note
from clockpizza.errors import visible
from clockpizza.store import ENDED, Row, SweepIndex
from tui.themes import Palette
from tui.widgets.panel import Panel

# Measures that have a name in the paper, with the words for them.
MEASURES = {
    "gradient_symmetricity": "gradient symmetricity",
    "distance_irrelevance": "distance irrelevance",
    "circularity": "circularity",
}


class Details(Panel):
    """What is known of the run or the sweep under the cursor."""

    def __init__(self, *, id: str) -> None:
        super().__init__("run", id=id)
        self._item: Row | SweepIndex | None = None
        self._rate = 0.0

    def show(self, item: Row | SweepIndex | None, rate: float = 0.0) -> None:
        """Show a run or a sweep. rate: epochs a second, 0 where nobody trains it."""
        self._item, self._rate = item, rate
        self.caption("sweep" if isinstance(item, SweepIndex) else "run")
        self.redraw()

    def draw(self, width: int, height: int) -> Text:
        item, palette = self._item, self.app.palette
        if item is None:
            return Text()
        facts = _of_run(item, palette, self._rate) if isinstance(item, Row) else _of_sweep(item)
        name = max(len(each) for each, _ in facts)
        lines = []
        for word, value in facts:
            wrapped = value.wrap(self.app.console, max(8, width - name - 2))
            for number, part in enumerate(wrapped):
                lines.append(Text.assemble((f"{'' if number else word:{name}}  ", palette.dim), part))
        return Text("\n").join(lines)


def _of_run(row: Row, palette: Palette, rate: float) -> list[tuple[str, Text]]:
    facts = [("run", Text(visible(row.name), "bold")), ("network", Text(row.config.network.describe()))]
    config = row.config
    recipe = f"seed {config.seed}, weight decay {config.weight_decay:g}, learning rate {config.learning_rate:g}"
    facts.append(("recipe", Text(f"{recipe}, {config.train_fraction:.0%} of the pairs, {config.precision}")))
    state = palette.mark(row.state.value)
    if row.reason:
        state.append(f"  {visible(row.reason)}", palette.dim)
    facts.append(("state", state))
    epoch = f"{row.epoch:,} of {row.epochs:,}"
    if rate and row.state not in ENDED:
        epoch += f", {rate:.1f} a second, {span((row.epochs - row.epoch) / rate)} left"
    facts.append(("epoch", Text(epoch)))
    if row.owner:
        device = row.owner.details.get("device")
        facts.append(("trained by", Text(visible(f"{row.owner}" + (f", {device}" if device else "")))))
    if row.metrics:
        pairs = [f"{row.metrics[name]:.3g}" for name in ("train_loss", "test_loss") if name in row.metrics]
        facts.append(("loss", Text(", held out ".join(pairs))))
        pairs = [f"{row.metrics[name]:.2%}" for name in ("train_accuracy", "test_accuracy") if name in row.metrics]
        facts.append(("accuracy", Text(", held out ".join(pairs))))
    older = f"  by edition {row.edition}" if is_older(row) else ""
    if row.refused:
        verdict = palette.mark("refused").append(older, palette.dim)
        facts.append(("verdict", verdict.append(f"  {visible(row.refused)}")))
    elif row.verdict:
        verdict = palette.mark(visible(row.verdict)).append(f" {visible(row.certainty)}")
        facts.append(("verdict", verdict.append(older if row.state in ENDED else "  so far", palette.dim)))
    known = [f"{words} {row.measures[name]:.4f}" for name, words in MEASURES.items() if name in row.measures]
    return [*facts, ("measures", Text(", ".join(known)))] if known else facts


def _of_sweep(sweep: SweepIndex) -> list[tuple[str, Text]]:
    rows = list(sweep.rows.values())
    facts = [("sweep", Text(visible(sweep.name), "bold")), ("runs", Text(visible(title(sweep))))]
    if sweep.error:
        return facts
    done, total = sum(row.epochs if row.state in ENDED else row.epoch for row in rows), sum(r.epochs for r in rows)
    facts += [("state", Text(counts(rows))), ("done", Text(f"{done / total:.1%} of {total:,} epochs"))]
    at_work = [owned for owned in sweep.owners if not owned[1].gone]
    rate = sum(standing.beat.rate * len(holder.runs) for holder, standing in at_work)
    if rate and done < total:
        facts.append(("left", Text(f"about {span((total - done) / rate)}")))
    facts += [
        ("worker", Text(f"{holder}, {holder.name}: {visible(standing.beat.doing)}")) for holder, standing in at_work
    ]
    if older := sum(map(is_older, rows)):
        facts.append(("verdicts", Text(visible(f"{OLDER} {older:,} {older_note(rows)}"))))
    if sweep.spec and sweep.spec.asked:
        asked = ", ".join(f"{key} {value}" for key, value in sweep.spec.asked.items())
        facts.append(("asked for", Text(visible(asked))))
    return facts
