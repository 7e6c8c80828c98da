"""Every key of the screen, as data: the bindings, the bar at the bottom, the help and the palette are made from it.

`[tui.keys]` in clockpizza.toml gives an id other keys: `quit = "ctrl+q"`, or several as `"q,ctrl+q"`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clockpizza.config import nearest
from clockpizza.errors import BadInput

if TYPE_CHECKING:
    from textual.binding import Binding

# Where keys hold, in the order of the help.
PLACES = {
    "app": "Everywhere",
    "screen": "In every room",
    "list": "In a list",
    "runs": "Runs",
    "sweep": "Sweep",
    "points": "In a diagram or a grid of runs",
    "network": "Network",
    "circle": "In a circle",
    "circles": "In the table of circles, or a spectrum",
    "pictures": "In pictures",
    "start": "Start",
    "machine": "Machine",
    "dialog": "In a question",
}

# What people call keys that Textual has other words for.
NAMES = {
    **{"question_mark": "?", "slash": "/", "left_square_bracket": "[", "right_square_bracket": "]", "plus": "+"},
    **{
        "minus": "-",
        "equals_sign": "=",
        "comma": ",",
        "full_stop": ".",
        "less_than_sign": "<",
        "greater_than_sign": ">",
        "escape": "esc",
        "delete": "del",
    },
    **{"left": "←", "right": "→", "up": "↑", "down": "↓", "pagedown": "pgdn", "pageup": "pgup"},
}


@dataclass(frozen=True)
class Key:
    """What a key does.

    id: its name in the config file. keys: as Textual writes them, several apart by commas. action: Textual's.
    help: a sentence for the help. where: a key of PLACES. short: a word for the bar at the bottom, "" to leave it out.
    """

    id: str
    keys: str
    action: str
    help: str
    where: str
    short: str = ""


KEYS = (
    Key("help", "question_mark,f1", "help", "Show all keys.", "app", "help"),
    Key("palette", "ctrl+p", "command_palette", "Find a command by typing a part of its name.", "app", "find"),
    Key("room_runs", "1", "room('runs')", "Runs: the list, with curves beside it.", "app", "runs"),
    Key("room_sweep", "2", "room('sweep')", "Sweep: the phase diagram of the sweep last looked at.", "app", "sweep"),
    Key("room_network", "3", "room('network')", "Network: inside the run last looked at.", "app", "network"),
    Key("room_start", "4", "room('start')", "Start: a form for a training or a sweep.", "app", "start"),
    Key("room_machine", "5", "room('machine')", "Machine: devices, disk, workers and their logs.", "app", "machine"),
    Key("theme", "T", "next_theme", "Change between the dark, the light and the 16-colour theme.", "app"),
    Key("quit", "q", "quit", "Leave. Trainings go on.", "app", "quit"),
    Key("back", "escape", "back", "One step back: out of a full-screen panel, out of a room.", "screen", "back"),
    Key("zoom", "z", "zoom", "Show the panel that has the focus on the whole screen, and back.", "screen", "zoom"),
    Key("copy", "y", "copy", "Copy what the panel that has the focus shows; also into a file.", "screen", "copy"),
    Key("save", "S", "save_screen", "Save the screen as SVG and as text, in the current folder.", "screen"),
    Key("redraw", "ctrl+l", "redraw", "Draw everything anew.", "screen"),
    Key("focus_next", "tab", "app.focus_next", "To the next panel or field.", "screen"),
    Key("focus_previous", "shift+tab", "app.focus_previous", "To the panel or field before.", "screen"),
    Key("down", "j,down", "move(1)", "One line down.", "list"),
    Key("up", "k,up", "move(-1)", "One line up.", "list"),
    Key("page_down", "pagedown,ctrl+d", "page(1)", "A page down.", "list"),
    Key("page_up", "pageup,ctrl+u", "page(-1)", "A page up.", "list"),
    Key("first", "home,g", "end(0)", "To the first line.", "list"),
    Key("last", "end,G", "end(1)", "To the last line.", "list"),
    Key("choose", "enter", "choose", "Open what is under the cursor: a network, or a sweep.", "list", "open"),
    Key(
        "filter",
        "slash,f",
        "filter",
        "Filter the runs: rate>=.5 width:128 verdict:pizza -state:crashed.",
        "runs",
        "filter",
    ),
    Key(
        "sort",
        "o",
        "sort(1)",
        "Sort by the next of sweep, newest, accuracy, loss, rate, width ...",
        "runs",
        "sort",
    ),
    Key("sort_back", "O", "sort(-1)", "Sort by the column before.", "runs"),
    Key("reverse", "R", "reverse", "Turn the order round.", "runs"),
    Key("pin", "space,p", "pin", "Pin a run's curves, to lie over those of others; fold a sweep.", "runs", "pin"),
    Key("unpin", "P", "unpin", "Unpin all.", "runs"),
    Key("resume", "r", "resume", "Go on with what was stopped, has crashed or waits.", "runs", "resume"),
    Key("stop", "x", "stop", "Ask the worker to save and leave; asks first.", "runs", "stop"),
    Key("delete", "D,delete", "delete", "Remove a run or a sweep from the disk; asks first.", "runs"),
    Key("metric", "a", "metric", "Curves of the loss, or of the accuracy.", "runs", "loss/acc"),
    Key("log_x", "X", "log('x')", "Epochs on a logarithmic axis, or not.", "runs"),
    Key("log_y", "Y", "log('y')", "Losses on a logarithmic axis, or not.", "runs"),
    Key("smooth", "s", "smooth", "Smooth the curves: not, over 5, over 15 points.", "runs"),
    Key("cursor_left", "h,left", "cursor(-1)", "Read the curves one point to the left.", "runs"),
    Key("cursor_right", "l,right", "cursor(1)", "Read the curves one point to the right.", "runs"),
    Key("cursor_far_left", "H,shift+left", "cursor(-20)", "Twenty points to the left.", "runs"),
    Key("cursor_far_right", "L,shift+right", "cursor(20)", "Twenty points to the right.", "runs"),
    Key("zoom_in", "plus,equals_sign", "magnify(0.5)", "Epochs twice as wide, about the cursor.", "runs"),
    Key("zoom_out", "minus", "magnify(2)", "Epochs half as wide.", "runs"),
    Key("pan_left", "left_square_bracket", "pan(-1)", "To earlier epochs.", "runs"),
    Key("pan_right", "right_square_bracket", "pan(1)", "To later epochs.", "runs"),
    Key("reset", "0", "reset", "All epochs again, without a cursor.", "runs"),
    Key("measure", "m", "measure", "Change what the diagram shows: which measures, against what.", "sweep", "measure"),
    Key("grid_rows", "g", "grid", "Change what the lines of the grid are: widths, seeds, depths.", "sweep", "grid"),
    Key("open_point", "enter", "open", "Open the network under the cursor.", "sweep", "open"),
    Key("point_left", "h,left", "move(-1, 0)", "To the next run on the left.", "points"),
    Key("point_right", "l,right", "move(1, 0)", "To the next run on the right.", "points"),
    Key("point_up", "k,up", "move(0, 1)", "To the next run above.", "points"),
    Key("point_down", "j,down", "move(0, -1)", "To the next run below.", "points"),
    Key("point_next", "n,space", "next(1)", "To the next of several runs at one place.", "points"),
    Key("page_on", "right_square_bracket", "page(1)", "To the next panels.", "network", "panels"),
    Key("page_back", "left_square_bracket", "page(-1)", "To the panels before.", "network"),
    Key("circle_on", "n", "circle(1)", "To the next circle.", "network", "circle"),
    Key("circle_back", "N", "circle(-1)", "To the circle before.", "network"),
    Key("play", "space", "play", "Play through training, or pause.", "network", "play"),
    Key("time_on", "full_stop", "time(1)", "To the next snapshot.", "network"),
    Key("time_back", "comma", "time(-1)", "To the snapshot before.", "network", "time"),
    Key("time_first", "less_than_sign", "time(-100000)", "To the first snapshot.", "network"),
    Key(
        "time_last",
        "greater_than_sign",
        "time(100000)",
        "To the last snapshot; a training is then followed.",
        "network",
    ),
    Key("walk_on", "l,right", "walk(1)", "On to the next token round the circle.", "circle", "walk"),
    Key("walk_back", "h,left", "walk(-1)", "Back to the token before.", "circle"),
    Key("walk_circle_on", "j,down", "screen.circle(1)", "To the next circle.", "circle"),
    Key("walk_circle_back", "k,up", "screen.circle(-1)", "To the circle before.", "circle"),
    Key("row_on", "j,down,l,right", "screen.circle(1)", "To the next circle.", "circles"),
    Key("row_back", "k,up,h,left", "screen.circle(-1)", "To the circle before.", "circles"),
    Key("picture_on", "l,right", "choose(1)", "To the next picture.", "pictures", "next"),
    Key("picture_back", "h,left", "choose(-1)", "To the picture before.", "pictures"),
    Key("start", "ctrl+s", "start", "Start what the form says; it goes on without the screen.", "start", "start"),
    Key("quick", "ctrl+n", "fill('quick')", "Fill in a quick training, which ends in a clock.", "start", "quick one"),
    Key("paper", "ctrl+r", "fill('')", "Empty the form: what is left empty is as in the paper.", "start", "empty"),
    Key("next_field", "down", "app.focus_next", "To the next field.", "start"),
    Key("previous_field", "up", "app.focus_previous", "To the field before.", "start"),
    Key("yes", "y", "answer(1)", "Yes, do it.", "dialog"),
    Key("no", "n,escape,q", "answer(0)", "No, leave it.", "dialog"),
)


def bindings(*places: str) -> list[Binding]:
    """The bindings that hold in any of `places`, for a BINDINGS of Textual's."""
    from textual.binding import Binding

    return [
        Binding(key.keys, key.action, key.help, id=key.id, show=bool(key.short)) for key in KEYS if key.where in places
    ]


def by_id() -> dict[str, Key]:
    """All keys by their ids."""
    return {key.id: key for key in KEYS}


def shown(bound: str) -> str:
    """Keys as people call them: `question_mark,f1` is `? f1`."""
    return " ".join("+".join(NAMES.get(part, part) for part in key.strip().split("+")) for key in bound.split(","))


def check(given: Mapping[str, object], source: str) -> dict[str, str]:
    """A person's own keys, by id.

    Raises:
        BadInput: an unknown id (with the nearest known one), or no keys; the message begins with `source`.
    """
    known = list(by_id())
    for id, keys in given.items():
        if id not in known:
            raise BadInput(f"{source}: no key is called {id!r}{nearest(id, known)}")
        if not isinstance(keys, str) or not keys.strip():
            raise BadInput(f'{source}: {id} is {keys!r}; expected keys as text, such as "ctrl+q" or "q,f10"')
    return {id: str(keys) for id, keys in given.items()}
