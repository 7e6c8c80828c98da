"""A report as one page: what the terminal says, with the pictures of `svg` and no file beside it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from clockpizza.errors import visible
from clockpizza.report import words
from clockpizza.report.bins import QUANTITIES
from clockpizza.report.report import Report
from clockpizza.report.svg import svg

STYLE = (
    "body{font:15px/1.5 Helvetica,Arial,sans-serif;color:#222;max-width:900px;margin:2em auto;padding:0 1em}"
    "svg{max-width:100%;height:auto}table{border-collapse:collapse;margin:.5em 0 1.5em}"
    "caption{text-align:left;font-weight:bold;padding:.3em 0}"
    "th,td{text-align:right;padding:.15em .7em;border-bottom:1px solid #ddd;font-variant-numeric:tabular-nums}"
)


def html(report: Report) -> str:
    """The whole page. Names from files are escaped; it has no scripts, and loads nothing."""
    name = escape(visible(report.sweep))
    states = ", ".join(f"{count:,} {state}" for state, count in report.states.items())
    body = [f"<h1>{name}</h1>", _paragraph(f"{states}."), svg(report)]
    if report.finished:
        for over, each in report.bins.items():
            quantity = QUANTITIES[over]
            body.append(_table(words.share_table(each, quantity), f"Verdicts by {quantity}"))
            if report.has_shares:
                caption = f"Mean shares of what the logits vary, by {quantity} ({words.bootstrapped(each)})"
                body.append(_table(words.mean_table(each, quantity), caption))
        body.append(_table(words.shape_table(report), "By shape"))
        if turning := words.turning_table(report):
            body.append(_table(turning, "Attention rates at which half turn"))
    body += [_paragraph(f"{count:,} runs: {visible(reason)}") for reason, count in report.reasons.items()]
    body.append(
        _paragraph(
            "In brackets: 95 % intervals. Wilson's for shares of runs, the profile likelihood's for rates where half "
            "of them turn, the bootstrap's over runs for mean shares and the rate at which they pass each other."
        )
    )
    head = f'<meta charset="utf-8"><title>{name}</title><style>{STYLE}</style>'
    return "\n".join(["<!doctype html>", f'<html lang="en"><head>{head}</head><body>', *body, "</body></html>"]) + "\n"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _table(rows: Sequence[Sequence[str]], caption: str) -> str:
    header, *rest = rows
    lines = [f"<table><caption>{escape(caption)}</caption>", _row(header, "th"), *(_row(each, "td") for each in rest)]
    return "\n".join([*lines, "</table>"])


def _row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(visible(cell))}</{tag}>" for cell in cells) + "</tr>"
