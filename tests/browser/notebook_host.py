"""A page that does what a notebook does for a widget: anywidget's contract, wired to the widget in this process."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from playwright.sync_api import Frame, Page

from app.notebook import ToyLab
from tests.browser.waiting import WITHIN

HOST = """
const model = {
  listeners: {},
  ends: [],
  held: {},
  get(name) { return this.held[name]; },
  set(name, value) {
    if (JSON.stringify(this.held[name]) === JSON.stringify(value)) return;
    this.held[name] = value;
    this.pending = { ...this.pending, [name]: value };
    this.tell("change:" + name);
  },
  save_changes() { window.toKernel({ update: this.pending }); this.pending = {}; },
  send(content) { window.toKernel({ custom: content }); },
  on(event, callback) { (this.listeners[event] ??= new Set()).add(callback); },
  off(event, callback) { this.listeners[event]?.delete(callback); },
  receive(traits) {
    Object.assign(this.held, traits);
    for (const name of Object.keys(traits)) this.tell("change:" + name);
  },
  tell(event, content) { for (const callback of this.listeners[event] ?? []) callback(content); },
};
window.model = model;
window.show = async (source) => {
  const { default: widget } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  model.ends.push(widget.render({ model, el: document.body }));
};
"""


class Notebook:
    """A page with views of one widget. Its messages reach the widget as they would from a kernel's comm."""

    def __init__(self, page: Page, lab: ToyLab) -> None:
        self.page, self.lab = page, lab
        page.goto("about:blank")
        page.expose_function("toKernel", self._hear)
        page.add_script_tag(content=HOST)
        lab.send = self._send  # type: ignore[method-assign]
        self._set({"_page": lab._page, "state": lab.state})
        lab.send_state = lambda key: self._set({key: getattr(lab, key)})  # type: ignore[method-assign, assignment]

    def show(self) -> Frame:
        """One more view; its document, with the first run in it."""
        before = set(self.page.frames)
        self.page.evaluate("source => show(source)", self.lab._esm)
        self.page.locator("iframe").nth(len(before) - 1).wait_for()
        (frame,) = set(self.page.frames) - before
        frame.wait_for_selector("#outcomes td")
        return frame

    def wait_for(self, holds: Callable[[], bool]) -> None:
        """Until it holds, with messages coming and going meanwhile."""
        end = monotonic() + WITHIN
        while not holds():
            assert monotonic() < end, "it does not come to hold"
            self.page.wait_for_timeout(20)

    def idle(self, view: Frame) -> bool:
        """Whether a view has all its answers."""
        lab = "document.getElementById('tables').lab"
        return bool(view.evaluate(f"{lab}.gate.idle && {lab}.cut.run.idle"))

    def _set(self, traits: dict[str, Any]) -> None:
        self.page.evaluate("traits => model.receive(traits)", traits)

    def _send(self, content: Any, buffers: Any = None) -> None:
        self.page.evaluate("content => model.tell('msg:custom', content)", content)

    def _hear(self, told: dict[str, Any]) -> None:
        if "update" in told:
            self.lab.set_state(told["update"])
        else:
            self.lab._handle_custom_msg(told["custom"], [])
