"""A sweep in numbers, tables and pictures, from what its folder says. numpy at most; never imports torch.

gather   rows of an index -> Report: counts, shares with intervals, the rate at which half turn clock, by shape
text     a Report -> a terminal's text, with the paper's phase diagrams
svg      a Report -> one picture        html   a Report -> one page, self-contained

docs/report.md says what each number is.
"""

from clockpizza.report.html import html
from clockpizza.report.report import Report, gather
from clockpizza.report.svg import svg
from clockpizza.report.text import text

__all__ = ["Report", "gather", "html", "svg", "text"]
