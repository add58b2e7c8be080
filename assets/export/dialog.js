// The export dialog of a page: sections with a few choices and buttons, and a line that says how an export goes.
import { formatBytes } from "../core/format.js";
import { Refused } from "../core/http.js";
import { saveFile } from "./files.js";

const TICK = 1000; // ms between two words on how long it has taken

export class ExportDialog {
  // sections: [{ title, text, controls: [entries of the table], buttons: [{ label, what, make(values, signal) → { blob, name, notices } }] }]
  constructor(sections) {
    const close = make("button", { type: "button", className: "button", textContent: "Close" });
    close.addEventListener("click", () => this.node.close());
    this.status = make("p", { className: "export-status" }, { role: "status", "aria-live": "polite" });
    this.stop = make("button", { type: "button", className: "button", textContent: "Stop", hidden: true });
    this.stop.addEventListener("click", () => this.running?.abort());
    this.buttons = [];
    this.node = make(
      "dialog", { id: "export-dialog", className: "export-dialog" }, { "aria-labelledby": "export-title" },
      make("div", { className: "export-head" }, {}, make("h2", { id: "export-title", textContent: "Export" }), close),
      ...sections.map((section, index) => this.#section(section, index)),
      make("div", { className: "export-foot" }, {}, this.status, this.stop),
    );
    // A click beside the dialog closes it, as people expect.
    this.node.addEventListener("click", (event) => event.target === this.node && this.node.close());
    document.body.append(this.node);
  }

  open() {
    this.say("");
    this.node.showModal();
  }

  say(text, tone = "") {
    this.status.textContent = text;
    this.status.dataset.tone = tone;
  }

  #section({ title, text, controls = [], buttons }, index) {
    const fields = controls.map((control) => field(control));
    const values = () => Object.fromEntries(fields.map(({ name, read }) => [name, read()]));
    const id = `export-section-${index}`;
    return make(
      "section", { className: "export-section" }, { "aria-labelledby": id },
      make("h3", { id, textContent: title }),
      make("p", { className: "hint", textContent: text }),
      make("div", { className: "export-row" }, {}, ...fields.map(({ node }) => node), ...buttons.map((button) => this.#button(button, values))),
    );
  }

  #button({ label, what, make: produce }, values) {
    const button = make("button", { type: "button", className: "button", textContent: label }, { "data-export": what, "aria-label": `Save ${what}` });
    button.addEventListener("click", () => this.run(what, (signal) => produce(values(), signal)));
    this.buttons.push(button);
    return button;
  }

  // One export at a time. Nothing is passed over in silence: it is saved, stopped, or the reason is said.
  async run(what, produce) {
    if (this.running) return;
    const controller = (this.running = new AbortController());
    const began = performance.now();
    const tell = () => {
      const seconds = Math.round((performance.now() - began) / 1000);
      this.say(`Making ${what}…${seconds > 0 ? ` ${seconds} s` : ""}`);
    };
    tell();
    const timer = setInterval(tell, TICK);
    this.#busy(true);
    try {
      const { blob, name, notices = [] } = await produce(controller.signal);
      if (controller.signal.aborted) throw new DOMException("stopped", "AbortError");
      saveFile(blob, name);
      this.say([...notices, `${name} (${formatBytes(blob.size)}) goes to your downloads.`].join(" "));
      document.dispatchEvent(new CustomEvent("pothole:exported", { detail: name }));
    } catch (error) {
      this.say(reason(error, what), "error");
    } finally {
      clearInterval(timer);
      this.running = null;
      this.#busy(false);
    }
  }

  #busy(on) {
    this.stop.hidden = !on;
    this.node.setAttribute("aria-busy", String(on));
    for (const button of this.buttons) button.setAttribute("aria-disabled", String(on));
  }
}

function reason(error, what) {
  if (error.name === "AbortError") return `Stopped; ${what} was not saved.`;
  if (error instanceof Refused) return error.problems.join(" ");
  if (error instanceof TypeError) return `The server does not answer; ${what} was not saved.`;
  return `${what} was not saved: ${error.message}`;
}

// A choice or a number out of the table of export controls.
function field(control) {
  const words = make("span", { textContent: control.label });
  let input;
  if (control.kind === "choice") {
    input = make("select", { className: "select" }, {}, ...control.options.map(([value, textContent]) => make("option", { value, textContent })));
  } else {
    input = make("input", { type: "number", className: "field", min: control.minimum, max: control.maximum, step: control.step });
    if (control.unit) words.textContent += ` (${control.unit})`;
  }
  input.value = control.default;
  input.dataset.exportField = control.name;
  const read = () => (control.kind === "choice" ? input.value : input.value === "" ? null : Number(input.value));
  return { name: control.name, read, node: make("label", { className: "tool", title: control.help }, {}, words, input) };
}

function make(tag, properties = {}, attributes = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
