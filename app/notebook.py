"""The toy lab in a notebook: the page's own client code, computed by the notebook's kernel over the widget's messages.

from app.notebook import ToyLab
lab = ToyLab(surface="annular-well", learning_rate=0.02)
lab                                                  # the last line of a cell shows it
lab.state["learning_rate"], lab.link, lab.runs()     # what was chosen in it, and the numbers

No server and no network: the widget shows a document that carries its scripts and styles and may ask for nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from string import Template
from typing import Any

import numpy as np
import orjson

from app import ASSETS
from app.drawing.appearance import ground_looks, looks
from app.state.schema import BadRequest, State, write_link
from app.toy.answer import answer_alone
from app.toy.batch import run_alone
from app.toy.controls import controls, shown_methods
from app.toy.cut import CUT_KEY, read_cut
from app.toy.explanations import short_words
from app.toy.export.offline import policy
from app.toy.messages import NotebookTables
from app.toy.request import base_of, read_link, read_state, request_of
from app.web.modules import link
from optimizers.methods import grouped, toy_methods
from optimizers.run import Run

try:
    import anywidget
    import traitlets
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("the notebook’s widget needs anywidget: install pothole-lab[app,notebook]") from error

FOLDER = ASSETS / "notebook"
STYLES = (ASSETS / "lab.css", ASSETS / "toy" / "cut.css", FOLDER / "notebook.css")


class WrongState(ValueError, traitlets.TraitError):
    """Settings that cannot be had. A TraitError too, after which traitlets leaves the state as it was."""


class ToyLab(anywidget.AnyWidget):
    """The toy lab's map and cut with player and main sliders, as a widget.

    link: a link of the page, or the part after its question mark.  settings: keys of links (docs/using/controls.md)
    with their values, which go before those of the link.  state: all of them, with what was changed in the widget
    since; set it to some, and the others are what a link with these would have (an entry that is changed within it is
    not shown).  WrongState (a ValueError) with sentences for what does not exist or has the wrong type.
    """

    _esm = FOLDER / "front_end.js"
    _page = traitlets.Unicode().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)

    def __init__(self, link: str = "", **settings: Any) -> None:
        reading = read_link(link.rpartition("?")[2])
        if faults := reading.faults():
            raise WrongState(" ".join(faults))
        chosen = reading.state if link else {}
        super().__init__(_page=write_page(), state=whole_state({**chosen, **settings}))
        self.on_msg(self._hear)

    @traitlets.validate("state")
    def _check(self, proposal: Any) -> State:
        return whole_state(proposal["value"])

    @property
    def link(self) -> str:
        """What to put behind the address of a running Pothole lab to see the same there."""
        state = whole_state(self.state)
        return "/" + write_link(state, base_of(state))

    def runs(self) -> dict[str, Run]:
        """The runs that are shown, by method, in double precision."""
        request = request_of(whole_state(self.state))
        surface = request.make_surface()
        return {name: run_alone(name, request, surface) for name in request.methods}

    def _hear(self, _widget: Any, message: Mapping[str, Any], _buffers: Any) -> None:
        """Answer a view: under its own name and number, as several views may ask."""
        told = {"kind": "answer", "view": message.get("view"), "number": message.get("number")}
        answer = answer_cut if message.get("what") == "cut" else answer_alone
        try:
            self.send({**told, "answer": answer(message["state"]).decode()})
        except BadRequest as error:
            self.send({**told, "problems": list(error.problems)})


def answer_cut(state: Mapping[str, Any]) -> bytes:
    """What /toy/cut answers."""
    return read_cut(state).answer()


def whole_state(settings: Mapping[str, Any]) -> State:
    """The whole state that settings stand for. WrongState with what is wrong in them."""
    reading = read_state({name: plain(value) for name, value in settings.items()})
    if faults := reading.faults():
        raise WrongState(" ".join(faults))
    return reading.state


def plain(value: Any) -> Any:
    """A number of numpy's as Python's own."""
    return value.item() if isinstance(value, np.generic) else value


def tables() -> NotebookTables:
    """What the client code is told once."""
    return {
        "controls": [control.entry() for control in (shown_methods(), *controls())],
        "methods": list(toy_methods()),
        "groups": grouped(toy_methods()),
        "looks": looks(toy_methods()),
        "grounds": ground_looks(),
        "short_words": {name: short_words(name, method) for name, method in toy_methods().items()},
    }


@cache
def write_page() -> str:
    """The document that a view shows: style, script and tables are in it."""
    script = link(ASSETS / "pages" / "notebook.js")
    style = "\n".join(file.read_text(encoding="utf-8") for file in STYLES)
    words = {
        "cut_key": CUT_KEY,
        "policy": policy(script, style),
        "style": style,
        "script": script,
        # Inside a script element nothing but "<" could end the data early.
        "tables": orjson.dumps(tables()).decode().replace("<", "\\u003c"),
    }
    return Template((FOLDER / "notebook.html").read_text(encoding="utf-8")).substitute(words)
