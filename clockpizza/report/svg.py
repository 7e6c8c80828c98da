"""A report's diagrams as one SVG: the phase diagrams, the boundary, shares of verdicts and mean shares with intervals.

Plain shapes with their colours as attributes, no style sheets, scripts or fonts of its own: browsers, Inkscape and
LaTeX take it alike. Lengths are in pixels.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from html import escape

from clockpizza.errors import visible
from clockpizza.plots.curves import Axis, number
from clockpizza.plots.marks import MARKS
from clockpizza.report import words
from clockpizza.report.bins import QUANTITIES, Bin
from clockpizza.report.crossing import Crossing
from clockpizza.report.diagram import SYMMETRICITY, TICKS, UNFINISHED, Diagram, Dot, Turn, axis_of, diagrams, ticks_of
from clockpizza.report.interval import Share
from clockpizza.report.point import VERDICTS
from clockpizza.report.report import Report
from clockpizza.report.shares import Mean

WIDTH, HEIGHT = 440, 330  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 58, 16, 30, 48  # of a panel, outside its axes
ACROSS = 2  # panels side by side
RADIUS = 3.2
INK, GRID, BAND = "#222222", "#e6e6e6", "#bbbbbb"
LINE = 16  # between lines of text
LETTERS = 130  # on a line below the panels
WRITERS, RATES = ("clock", "pizza"), "attention_rate"
APART = 3.0  # between the verdicts' points at one place


def svg(report: Report) -> str:
    """The diagrams, a legend, and below them how they came about."""
    found = diagrams(report)
    panels = [_diagram(each) for each in found]
    if report.finished:
        for name, each in report.bins.items():
            if report.has_shares and len(panels) % ACROSS:
                panels.append(iter(()))  # so that shares stand beside verdicts
            panels.append(_verdicts(each, QUANTITIES[name]))
            if report.has_shares:
                panels.append(_means(each, QUANTITIES[name], _passing(report, name)))
    rows = -(-len(panels) // ACROSS)
    notes = [line for note in _notes(report, found) for line in textwrap.wrap(note, LETTERS)]
    top = 34
    legend = top + rows * HEIGHT + 20
    height = legend + LINE * (len(notes) + 2)
    body = [_text(LEFT, 22, visible(report.sweep), 'font-size="15" font-weight="bold"')]
    for i, panel in enumerate(panels):
        body.append(f'<g transform="translate({i % ACROSS * WIDTH} {top + i // ACROSS * HEIGHT})">')
        body += [*panel, "</g>"]
    body += _legend(LEFT, legend, bool(report.begun))
    body += [_text(LEFT, legend + LINE * (i + 2), note) for i, note in enumerate(notes)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{ACROSS * WIDTH}" height="{height}"'
    view = f'viewBox="0 0 {ACROSS * WIDTH} {height}" font-family="Helvetica, Arial, sans-serif" font-size="11"'
    title = f"<title>{escape(visible(report.sweep))}</title>"
    return (
        "\n".join(
            [f'{head} {view} fill="{INK}">', title, '<rect width="100%" height="100%" fill="white"/>', *body, "</svg>"]
        )
        + "\n"
    )


class _Frame:
    """A pair of axes: where values lie, and what surrounds them."""

    def __init__(self, x: Axis, y: Axis, x_ticks: Sequence[float]) -> None:
        self.axes, self.ticks = (x, y), (x_ticks, y.ticks(TICKS))
        self.left, self.right, self.top, self.bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM

    def x(self, value: float) -> float:
        axis = self.axes[0]
        return self.left + (value - axis.low) / (axis.high - axis.low) * (self.right - self.left)

    def y(self, value: float) -> float:
        axis = self.axes[1]
        return self.bottom - (value - axis.low) / (axis.high - axis.low) * (self.bottom - self.top)

    def draw(self, title: str, x_name: str, y_name: str) -> Iterator[str]:
        """Grid, frame, ticks and names."""
        yield _text(self.left, self.top - 10, title, 'font-weight="bold"')
        for value in self.ticks[0]:
            at = self.x(value)
            yield _line(at, self.top, at, self.bottom, GRID)
            yield _line(at, self.bottom, at, self.bottom + 4)
            yield _text(at, self.bottom + 16, number(value), 'text-anchor="middle"')
        for value in self.ticks[1]:
            at = self.y(value)
            yield _line(self.left, at, self.right, at, GRID)
            yield _line(self.left - 4, at, self.left, at)
            yield _text(self.left - 7, at + 4, number(value), 'text-anchor="end"')
        size = f'width="{self.right - self.left}" height="{self.bottom - self.top}"'
        yield f'<rect x="{self.left}" y="{self.top}" {size} fill="none" stroke="{INK}"/>'
        yield _text((self.left + self.right) / 2, self.bottom + 36, x_name, 'text-anchor="middle"')
        middle = (self.top + self.bottom) / 2
        yield _text(16, middle, y_name, f'text-anchor="middle" transform="rotate(-90 16 {middle:g})"')


def _diagram(diagram: Diagram) -> Iterator[str]:
    frame = _Frame(diagram.x, diagram.y, diagram.x_ticks)
    yield from frame.draw(diagram.title, diagram.x_name, diagram.y_name)
    for turn in diagram.turns:
        if turn.upright:
            yield from _turn(frame, turn)
    for name, dots in diagram.dots.items():
        yield from _dots(frame, name, dots)
    for turn in diagram.turns:
        if not turn.upright:
            yield from _turn(frame, turn)


def _dots(frame: _Frame, name: str, dots: Sequence[Dot]) -> Iterator[str]:
    """Marks of one verdict; hollow where it is mixed."""
    for mixed in (True, False):
        marks = [_mark(name, frame.x(dot.x), frame.y(dot.y)) for dot in dots if dot.mixed == mixed]
        if marks:
            yield f"<g {_look(name, mixed)}>"
            yield from marks
            yield "</g>"


def _look(name: str, mixed: bool = False) -> str:
    colour = MARKS[name].paper
    fill = "white" if mixed else colour
    return f'fill="{fill}" fill-opacity="0.75" stroke="{colour}" stroke-width="1"'


def _mark(name: str, x: float, y: float) -> str:
    """A shape a verdict, so that no colour is needed."""
    r = RADIUS
    if name == "clock":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}"/>'
    if name == "pizza":
        return f'<path d="M{x:.1f} {y - 1.25 * r:.1f}l{1.2 * r:.1f} {2.1 * r:.1f}h{-2.4 * r:.1f}z"/>'
    if name == UNFINISHED:
        return f'<path d="M{x - r:.1f} {y:.1f}h{2 * r}M{x:.1f} {y - r:.1f}v{2 * r}"/>'
    return f'<path d="M{x - 0.9 * r:.1f} {y - 0.9 * r:.1f}h{1.8 * r:.1f}v{1.8 * r:.1f}h{-1.8 * r:.1f}z"/>'


def _turn(frame: _Frame, turn: Turn) -> Iterator[str]:
    """Where half have turned: a line across, its interval a band; or a lozenge, its interval a whisker."""
    found = turn.crossing
    if found.value is None:
        return
    axis = frame.axes[0 if turn.upright else 1]
    low, high = (axis.low if found.low is None else found.low), (axis.high if found.high is None else found.high)
    if turn.upright:
        left, right, at = frame.x(low), frame.x(high), frame.x(found.value)
        size = f'width="{right - left:.1f}" height="{frame.bottom - frame.top}"'
        yield f'<rect x="{left:.1f}" y="{frame.top}" {size} fill="{BAND}" fill-opacity="0.4"/>'
        yield _line(at, frame.top, at, frame.bottom, INK, 'stroke-dasharray="4 3"')
    else:
        x = frame.x(turn.at)
        yield _line(x, frame.y(low), x, frame.y(high), INK, 'stroke-width="1.5"')
        yield f'<path d="M{x:.1f} {frame.y(found.value) - 5:.1f}l4 5l-4 5l-4 -5z" fill="white" stroke="{INK}"/>'


def _verdicts(found: Sequence[Bin], name: str) -> Iterator[str]:
    """Each verdict's share by bins, with Wilson's intervals as whiskers."""
    frame = _over(found, name)
    yield from frame.draw(f"Verdicts by {name}", name, "share of verdicts")
    for place, verdict in enumerate(VERDICTS):
        yield from _curve(frame, found, verdict, (place - 1) * APART, [each.tally.verdicts[verdict] for each in found])


def _means(found: Sequence[Bin], name: str, passing: Crossing | None) -> Iterator[str]:
    """What clocks and pizzas write by bins, with bootstrap intervals as whiskers, and where one passes the other."""
    frame = _over(found, name)
    yield from frame.draw(f"Mean shares by {name}", name, "share of what the logits vary")
    if passing is not None:
        yield from _turn(frame, Turn(passing, True))
    for place, verdict in enumerate(WRITERS):
        yield from _curve(frame, found, verdict, (place - 0.5) * APART, [each.shares[verdict] for each in found])


def _over(found: Sequence[Bin], name: str) -> _Frame:
    """A frame for shares by bins."""
    axis = axis_of(name, [end for each in found for end in (each.low, each.high)])
    return _Frame(axis, axis_of("share", [0.0, 1.0]), ticks_of(name, axis, [each.low for each in found]))


def _curve(
    frame: _Frame, found: Sequence[Bin], verdict: str, aside: float, shares: Sequence[Share | Mean]
) -> Iterator[str]:
    """A verdict's shares, one a bin, joined by a line; those that have an interval with a whisker."""
    colour = MARKS[verdict].paper
    points = [
        (frame.x(each.middle) + aside, share.value, share)
        for each, share in zip(found, shares, strict=True)
        if share.value is not None
    ]
    path = " ".join(f"{x:.1f},{frame.y(value):.1f}" for x, value, _ in points)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}"/>'
    for x, value, share in points:
        if share.low is not None and share.high is not None:
            yield _line(x, frame.y(share.low), x, frame.y(share.high), colour, 'stroke-width="1.5"')
        yield f"<g {_look(verdict)}>{_mark(verdict, x, frame.y(value))}</g>"


def _passing(report: Report, name: str) -> Crossing | None:
    """The rate at which the clock share passes the pizza share, where rates lie along x and shapes are alike."""
    found = report.whole.clock_share
    return found if found and found.value is not None and name == RATES and len(report.groups) == 1 else None


def _legend(x: float, y: float, unfinished: bool) -> Iterator[str]:
    for name in (*VERDICTS, *[UNFINISHED] * unfinished):
        yield f"<g {_look(name)}>{_mark(name, x, y - 4)}</g>"
        words = "unfinished, by the last snapshot" if name == UNFINISHED else name
        yield _text(x + 10, y, words)
        x += 28 + 6.2 * len(words)
    yield f"<g {_look('clock', True)}>{_mark('clock', x, y - 4)}</g>"
    yield _text(x + 10, y, "hollow: mixed")


def _notes(report: Report, found: Sequence[Diagram]) -> list[str]:
    many = f"{len(report.points):,} runs such as " if len(report.points) > 1 else ""
    notes = [
        visible(many + report.like) + ". " + words.epochs(report),
        words.short_of_paper(report),
        words.left_out(report),
        *words.editions(report),
        *words.sentences(report),
    ]
    uprights = {turn.upright for each in found for turn in each.turns}
    if uprights:
        how = "Dashed lines with grey bands" if True in uprights else "Lozenges with whiskers"
        notes.append(f"{how}: the rates at which half of the clocks and pizzas are clocks, with 95 % intervals.")
    if report.bins and report.finished:
        notes.append("Whiskers of shares of verdicts: Wilson's 95 % intervals.")
    if report.bins and report.has_shares:
        how = sorted({words.bootstrapped(each) for each in report.bins.values()})[-1]  # the longer where both occur
        notes.append(f"Whiskers of mean shares: 95 % intervals by {how}.")
        if _passing(report, RATES):
            notes.append("Dashed there: where the mean clock share passes the mean pizza share.")
    if report.begun:
        notes.append(
            f"{SYMMETRICITY.capitalize()} is exact for finished runs, on the paper's 100 triples for unfinished ones."
        )
    return [note for note in notes if note]


def _line(x: float, y: float, to_x: float, to_y: float, colour: str = INK, more: str = "") -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}" {more}/>'


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(words)}</text>'
