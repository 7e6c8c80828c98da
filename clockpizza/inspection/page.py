"""Views as one page, self-contained: pictures are PNG and SVG inside it, and nothing is loaded.

With a run's snapshots there is a slider over training, drawn by a few lines of script; all else works without scripts.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from clockpizza.errors import visible
from clockpizza.inspection import svg
from clockpizza.inspection.blocks import Bars, Block, Curves, Dots, Picture, Plane, Table, View, Words, doubtful
from clockpizza.inspection.png import data_uri

if TYPE_CHECKING:
    from clockpizza.portrait import Portrait
    from clockpizza.timeline import Timeline

PICTURE = 236  # pixels across
SMALL = 150  # where there are many


def page(portrait: Portrait, views: Iterable[View], history: Timeline | None = None) -> str:
    """The whole page. Names from files are escaped."""
    document = portrait.document
    name = _escaped(document["source"]["path"].replace("\\", "/").rpartition("/")[2])
    shown = list(views)
    body = [f"<h1>{name}</h1>", f"<p>{_escaped(document['describe'])} ({_escaped(document['source']['format'])}), "]
    body.append(f"clockpizza {_escaped(document['clockpizza'])}</p>")
    body += [f'<p class="warning">! {_escaped(warning)}</p>' for warning in document["warnings"]]
    entries = [(view.name, view.title) for view in shown] + [("time", "Through training")] * (history is not None)
    body.append("<nav>" + " ".join(f'<a href="#{key}">{escape(title)}</a>' for key, title in entries) + "</nav>")
    body += [_view(view) for view in shown]
    if history is not None:
        from clockpizza.inspection.through_time import section

        body.append(section(history))
    else:
        body.append(
            "<p>No history: snapshots are taken by <code>clockpizza train</code>, and shown when a run's folder is "
            "inspected.</p>"
        )
    style = files("clockpizza.inspection").joinpath("page.css").read_text(encoding="utf-8")
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head += f"<title>{name}</title><style>{style}</style>"
    return "\n".join(["<!doctype html>", f'<html lang="en"><head>{head}</head><body>', *body, "</body></html>"]) + "\n"


def section_of(name: str, title: str, says: str, source: str, content: str, warning: str = "") -> str:
    """A view's heading, its sentence with its source, and what it shows."""
    words = f"<p>{_escaped(says)} <cite>{_escaped(source)}</cite></p>"
    words += f'<p class="warning">! {_escaped(warning)}</p>' if warning else ""
    return f'<section id="{name}"><h2>{escape(title)}</h2>{words}{content}</section>'


def _view(view: View) -> str:
    pictures = sum(isinstance(block, Picture) for block in view.blocks)
    content = "".join(_block(each, bool(view.warning), SMALL if pictures > 9 else PICTURE) for each in view.blocks)
    return section_of(view.name, view.title, view.says, view.source, content, view.warning)


def _block(block: Block, mark: bool, size: int) -> str:
    if isinstance(block, Words):
        return f"<p>{_escaped(block.text)}</p>"
    if isinstance(block, Table):
        return table(block, mark)
    if isinstance(block, Bars):
        return figure(block.title, svg.bars(block), wide=True)
    if isinstance(block, Plane):
        return figure(block.title, svg.plane(block))
    if isinstance(block, Picture):
        alt = f"{block.title}: {block.rows} down, {block.columns} across"
        image = (
            f'<img class="pixels" width="{size}" height="{size}" alt="{_escaped(alt)}" src="{data_uri(block.values)}">'
        )
        return figure(block.title, image, f"{block.rows} down, {block.columns} across")
    if isinstance(block, Curves):
        return figure(block.title, svg.curves(block))
    assert isinstance(block, Dots)
    return figure(block.title, svg.dots(block))


def figure(title: str, drawn: str, below: str = "", *, wide: bool = False) -> str:
    """A picture with its title over it and its axes below."""
    small = f"<small>{_escaped(below)}</small>" if below else ""
    kind = ' class="wide"' if wide else ""
    return f"<figure{kind}><figcaption>{_escaped(title)}</figcaption>{drawn}{small}</figure>"


def table(block: Table, mark: bool = False) -> str:
    """A table; with ! after each number where they mean nothing."""
    header, *rest = block.rows
    lines = ["<table>", f"<caption>{_escaped(block.caption)}</caption>" if block.caption else ""]
    lines.append("<tr>" + "".join(f"<th>{_escaped(cell)}</th>" for cell in header) + "</tr>")
    for row in rest:
        cells = doubtful(row) if mark else row
        lines.append("<tr>" + "".join(f"<td>{_escaped(cell)}</td>" for cell in cells) + "</tr>")
    return "".join([*lines, "</table>"])


def _escaped(text: str) -> str:
    return escape(visible(text))
