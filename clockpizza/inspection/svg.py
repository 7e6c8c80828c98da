"""Blocks as SVG: plain shapes with their colours as attributes, no style sheets or scripts. Lengths are in pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from clockpizza.errors import visible
from clockpizza.inspection.blocks import Array, Bars, Curves, Dots, Plane
from clockpizza.plots.circle import ROUND, walk
from clockpizza.plots.curves import Axis, number, span

INK, GRID = "#222222", "#e6e6e6"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito's
SIDE = 250  # of a plane
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 26, 42


def plane(block: Plane) -> str:
    """Tokens as dots, each with its number outside it, coloured by its place on the walk round the circle."""
    points, p = block.points, len(block.points)
    reach = float(np.abs(points).max()) or 1.0
    middle, radius = SIDE / 2, SIDE / 2 - 24
    places = walk(points)
    body = [f'<text x="{middle - 3}" y="{middle + 4}" fill="#999999">+</text>']
    for t, (x, y) in enumerate(points):
        at = middle + x / reach * radius, middle - y / reach * radius
        away = np.array([x, -y]) / (np.hypot(x, y) or 1.0) * 11
        colour = ROUND[int(places[t]) * len(ROUND) // p]
        body.append(f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="3" fill="{colour}"/>')
        body.append(_text(at[0] + away[0], at[1] + away[1] + 3, str(t), 'text-anchor="middle" font-size="8.5"'))
    return _svg(SIDE, SIDE, body)


def bars(block: Bars) -> str:
    """A bar a frequency, series stacked (their squares add up, if they are norms), the tallest ones named."""
    width, height = 620, 120
    total = np.sqrt((block.values**2).sum(0)) if len(block.values) > 1 else block.values[0]
    top = float(total.max()) or 1.0
    n = len(total)
    step = (width - LEFT - RIGHT) / n
    bottom, room = height - 20, height - 44
    body = [_line(LEFT, bottom, width - RIGHT, bottom)]
    named = set(np.argsort(-total, kind="stable")[:8].tolist()) if n > 12 else set(range(n))
    for i in range(n):
        x, h = LEFT + i * step, float(total[i]) / top * room
        parts = block.values[:, i] ** 2 / (total[i] ** 2 or 1.0) if len(block.values) > 1 else np.ones(1)
        y = float(bottom)
        for series, part in enumerate(parts):
            y -= part * h
            size = f'width="{max(1.0, step - 1.5):.1f}" height="{part * h:.2f}"'
            body.append(f'<rect x="{x:.1f}" y="{y:.2f}" {size} fill="{("#0072b2", "#9ecae1")[series % 2]}"/>')
        if i in named and total[i] > 0.08 * top:
            body.append(_text(x + step / 2, bottom - h - 3, str(block.first + i), 'text-anchor="middle" font-size="9"'))
    body += [
        _text(LEFT, bottom + 14, f"frequency {block.first}"),
        _text(LEFT - 6, TOP, number(top), 'text-anchor="end"'),
    ]
    body.append(_text(width - RIGHT, bottom + 14, str(block.first + n - 1), 'text-anchor="end"'))
    return _svg(width, height, body)


def curves(block: Curves) -> str:
    """Lines on one pair of axes."""
    width, height = 480, 220
    x, y = (
        span([line[i] for line in block.lines.values()], log=axis in block.log) for i, axis in enumerate(("x", "y"))
    )
    if "y" not in block.log and y.low > 0:
        y = Axis(0.0, y.high)
    frame = _Frame(x, y, width, height)
    body = list(frame.draw(block.x, block.y))
    for i, (name, (xs, ys)) in enumerate(block.lines.items()):
        colour, dash = COLOURS[i % len(COLOURS)], ' stroke-dasharray="3 3"' if name in block.dotted else ""
        path = frame.path(xs, ys)
        body.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.6"{dash}/>')
    return _svg(width, height + _legend_height(block.lines), [*body, *_legend(list(block.lines), height)])


def dots(block: Dots) -> str:
    """Points on one pair of axes of one scale."""
    side = 320
    known = [points for points in block.series.values() if len(points)]
    both = span([points.ravel() for points in known], log=False)
    if block.ends is not None:
        both = Axis(*block.ends)
    frame = _Frame(both, both, side, side)
    body = list(frame.draw(block.x, block.y))
    if block.diagonal:
        body.append(_line(frame.x(both.low), frame.y(both.low), frame.x(both.high), frame.y(both.high), "#999999"))
    for i, points in enumerate(block.series.values()):
        colour = COLOURS[i % len(COLOURS)]
        body.append(f'<g fill="{colour}" fill-opacity="0.7">')
        body += [f'<circle cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" r="2.6"/>' for x, y in points]
        body.append("</g>")
    return _svg(side, side + _legend_height(block.series), [*body, *_legend(list(block.series), side)])


class _Frame:
    """A pair of axes."""

    def __init__(self, x: Axis, y: Axis, width: int, height: int):
        self.axes, self.left, self.right, self.top, self.bottom = (x, y), LEFT, width - RIGHT, TOP - 14, height - BOTTOM

    def x(self, value: float) -> float:
        return self.left + float(self.axes[0].place(np.array([value]))[0]) * (self.right - self.left)

    def y(self, value: float) -> float:
        return self.bottom - float(self.axes[1].place(np.array([value]))[0]) * (self.bottom - self.top)

    def path(self, x: Array, y: Array) -> str:
        """A path through points, broken where one has no place."""
        across, up = self.axes[0].place(x.astype(float)), self.axes[1].place(y.astype(float))
        words, drawing = [], False
        for at, height in zip(across, up, strict=True):
            if not (np.isfinite(at) and np.isfinite(height)):
                drawing = False
                continue
            left, down = self.left + at * (self.right - self.left), self.bottom - height * (self.bottom - self.top)
            words.append(f"{'L' if drawing else 'M'}{left:.1f} {down:.1f}")
            drawing = True
        return "".join(words)

    def draw(self, x_name: str, y_name: str) -> Iterator[str]:
        for value in self.axes[0].ticks(6):
            at = self.x(value)
            yield _line(at, self.top, at, self.bottom, GRID)
            yield _text(at, self.bottom + 14, number(value), 'text-anchor="middle"')
        for value in self.axes[1].ticks(5):
            at = self.y(value)
            yield _line(self.left, at, self.right, at, GRID)
            yield _text(self.left - 6, at + 4, number(value), 'text-anchor="end"')
        size = f'width="{self.right - self.left}" height="{self.bottom - self.top}"'
        yield f'<rect x="{self.left}" y="{self.top}" {size} fill="none" stroke="{INK}"/>'
        yield _text((self.left + self.right) / 2, self.bottom + 32, x_name, 'text-anchor="middle"')
        middle = (self.top + self.bottom) / 2
        yield _text(12, middle, y_name, f'text-anchor="middle" transform="rotate(-90 12 {middle:g})"')


PER_LINE = 3  # names of a legend


def _legend_height(names: Sequence[str] | dict[str, Array] | dict[str, tuple[Array, Array]]) -> int:
    return 16 * -(-len(names) // PER_LINE) + 4


def _legend(names: Sequence[str], top: int) -> Iterator[str]:
    apart = max(24 + 6 * max(map(len, names), default=0), 72)
    for i, name in enumerate(names):
        x, y = LEFT + i % PER_LINE * apart, top + 12 + i // PER_LINE * 16
        yield f'<rect x="{x}" y="{y - 8}" width="9" height="9" fill="{COLOURS[i % len(COLOURS)]}"/>'
        yield _text(x + 13, y, name)


def _svg(width: float, height: float, body: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'{head} font-family="Helvetica, Arial, sans-serif" font-size="11" fill="{INK}">{"".join(body)}</svg>'


def _line(x: float, y: float, to_x: float, to_y: float, colour: str = INK) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(visible(words))}</text>'
