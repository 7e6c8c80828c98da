"""A framed part of a room that draws itself as lines, and repaints those lines alone that have changed.

Over a slow connection that is what counts: a panel that is drawn anew every second costs what its news cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.text import Text
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from clockpizza.errors import visible

if TYPE_CHECKING:
    from textual.events import Resize

    from tui.app import ClockpizzaApp


class Panel(Widget, can_focus=True):
    """Subclasses say what to `draw`, and call `redraw` when that may have changed. A resize redraws by itself.

    What is drawn beyond the panel's size is cut off. `caption` writes on the frame.
    """

    EMPTY = ""  # shown, wrapped and dim, while `draw` returns nothing
    ALLOW_MAXIMIZE = True
    DEFAULT_CSS = """
    Panel { padding: 0 1; border: round $secondary 60%; }
    Panel { border-title-color: $foreground; border-subtitle-color: $secondary; }
    Panel:focus { border: round $primary; border-title-color: $primary; border-title-style: bold; }
    """

    app: ClockpizzaApp

    def __init__(self, title: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._caption, self._silent = ("", ""), False
        self._lines: list[Text] = []
        self._strips: list[Strip] = []
        self.caption(title)

    def caption(self, title: str, subtitle: str = "") -> None:
        """Write on the frame, above and below; only those two lines are repainted."""
        if (title, subtitle) == self._caption:
            return
        self._caption = (title, subtitle)
        self._silent = True  # Textual would repaint all of the panel
        self.border_title, self.border_subtitle = Content(visible(title)), Content(visible(subtitle))
        self._silent = False
        width, height = self.outer_size
        (left, top), (_, inner) = self.content_offset, self.size
        self.refresh(*(Region(-left, y, width, 1) for y in (-top, height - top - 1) if inner))

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Textual's, but for what `caption` has to say."""
        if self._silent:
            return self
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def draw(self, width: int, height: int) -> Text | list[Text]:
        """The content for a frame of that many cells, as a text or line by line."""
        raise NotImplementedError

    def copy_text(self) -> str:
        """What `y` copies: all that is shown, unless a subclass knows better."""
        return "\n".join(line.plain.rstrip() for line in self._lines)

    def redraw(self) -> None:
        """Draw anew, and repaint the lines that are not as they were."""
        width, height = self.size
        if not width or not height:
            return
        drawn = self.draw(width, height)
        lines = drawn if isinstance(drawn, list) else list(drawn.split("\n", allow_blank=True))
        if self.EMPTY and not any(lines):
            lines = list(Text(self.EMPTY, self.app.palette.dim).wrap(self.app.console, max(8, width)))
        lines = [line if line.plain.isprintable() else Text(visible(line.plain)) for line in lines[:height]]
        before, strips = self._lines, self._strips
        count = min(len(before), len(lines))
        changed = [y for y in range(count) if not same(lines[y], before[y])]
        changed += range(count, max(len(before), len(lines)))
        for y in changed:
            strips[y : y + 1] = [Strip(lines[y].render(self.app.console, end=""))] if y < len(lines) else []
        self._lines, self._strips = lines, strips[: len(lines)]
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        style = self.visual_style.rich_style
        if y >= len(self._strips):
            return Strip.blank(self.size.width, style)
        return self._strips[y].adjust_cell_length(self.size.width, style).apply_style(style)

    def on_resize(self, event: Resize) -> None:
        """Draw for the new size."""
        self._lines, self._strips = [], []
        self.redraw()
        self.refresh()  # lines below the new ones may have been painted since, with what was there before

    def notify_style_update(self) -> None:
        """A change of theme changes colours: nothing drawn before holds."""
        super().notify_style_update()
        if self.is_attached and self._lines:
            self._lines, self._strips = [], []
            self.call_later(self.redraw)


def same(one: Text, other: Text) -> bool:
    """Whether two lines look alike; Text's own equality leaves the base style out."""
    return one is other or (one.plain == other.plain and one.spans == other.spans and one.style == other.style)
