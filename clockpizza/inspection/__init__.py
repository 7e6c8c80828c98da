"""A portrait shown: as text, and as one self-contained page. numpy and rich at most; never imports torch.

views     a portrait -> views: tables, pictures and charts with a sentence and a source each (circles, neurons, sitter)
text      views -> a terminal's text        page      views -> HTML, with svg, png and through_time

docs/inspect.md says where each figure and table of the paper is.
"""
