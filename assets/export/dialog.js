// The export dialog of a page: sections with a few choices and buttons, and a line that says how an export goes.
import { make, makeButton, makeOptions, makeTool } from "../core/dom.js";
import { formatBytes } from "../core/format.js";
import { Refused } from "../core/http.js";
import { saveFile } from "./files.js";

/** @typedef {{ blob: Blob, name: string, notices?: string[] }} Made */
/** @typedef {(values: Record<string, any>, signal: AbortSignal) => Promise<Made>} Produce values: of the section's controls, by name */
/** @typedef {{ label: string, what: string, make: Produce }} ExportButton what: "the picture as PNG" */

/**
 * What a section's control needs of a row of a table of controls; further properties are of numbers.
 * @typedef {Partial<Omit<import("../core/contract.js").Control, "kind">> & { name: string, kind: string, label: string, help: string, default: any }} ExportControl
 */

/**
 * @typedef {object} Section
 * @property {string} title
 * @property {string} text
 * @property {ExportControl[]} [controls]
 * @property {ExportButton[]} buttons
 */

const TICK = 1000; // ms between two words on how long it has taken

export class ExportDialog {
  /** @param {Section[]} sections */
  constructor(sections) {
    const close = makeButton("Close", () => this.node.close());
    this.status = make("p", { className: "export-status", role: "status", "aria-live": "polite" });
    this.stop = makeButton("Stop", () => this.running?.abort(), { hidden: true });
    /** @type {AbortController | null} */
    this.running = null;
    /** @type {HTMLButtonElement[]} */
    this.buttons = [];
    const titled = { id: "export-dialog", className: "export-dialog", "aria-labelledby": "export-title" };
    this.node = make(
      "dialog",
      titled,
      make("div", { className: "export-head" }, make("h2", { id: "export-title", textContent: "Export" }), close),
      ...sections.map((section, index) => this.#section(section, index)),
      make("div", { className: "export-foot" }, this.status, this.stop),
    );
    // A click beside the dialog closes it, as people expect.
    this.node.addEventListener("click", (event) => event.target === this.node && this.node.close());
    document.body.append(this.node);
  }

  open() {
    this.say("");
    this.node.showModal();
  }

  /**
   * @param {string} text
   * @param {string} [tone]
   */
  say(text, tone = "") {
    this.status.textContent = text;
    this.status.dataset.tone = tone;
  }

  /**
   * One more section, which makes no file.
   * @param {string} title
   * @param {string} text
   * @param {...HTMLElement} row
   */
  add(title, text, ...row) {
    const words = [make("h3", { textContent: title }), make("p", { className: "hint", textContent: text })];
    const section = make("section", { className: "export-section" }, ...words, make("div", { className: "export-row" }, ...row));
    this.node.querySelector(".export-foot")?.before(section);
  }

  /**
   * Fill a choice with what there is now; what was chosen stays where it is still there.
   * @param {string} name of the control
   * @param {string[][]} options
   */
  offer(name, options) {
    const select = this.node.querySelector(`[data-export-field=${name}]`);
    if (!(select instanceof HTMLSelectElement)) throw new Error(`the export dialog has no choice "${name}"`);
    const { value } = select;
    select.replaceChildren(...makeOptions(options));
    if (options.some(([key]) => key === value)) select.value = value;
  }

  /**
   * @param {Section} section
   * @param {number} index
   */
  #section({ title, text, controls = [], buttons }, index) {
    const fields = controls.map((control) => makeField(control));
    const values = () => Object.fromEntries(fields.map(({ name, read }) => [name, read()]));
    const id = `export-section-${index}`;
    return make(
      "section",
      { className: "export-section", "aria-labelledby": id },
      make("h3", { id, textContent: title }),
      make("p", { className: "hint", textContent: text }),
      make("div", { className: "export-row" }, ...fields.map(({ node }) => node), ...buttons.map((button) => this.#button(button, values))),
    );
  }

  /**
   * @param {ExportButton} button
   * @param {() => Record<string, any>} values
   */
  #button({ label, what, make: produce }, values) {
    const run = () => this.run(what, (signal) => produce(values(), signal));
    const button = makeButton(label, run, { "data-export": what, "aria-label": `Save ${what}` });
    this.buttons.push(button);
    return button;
  }

  /**
   * One export at a time. Nothing is passed over in silence: it is saved, stopped, or the reason is said.
   * @param {string} what
   * @param {(signal: AbortSignal) => Promise<Made>} produce
   */
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
      this.say(reasonOf(error, what), "error");
    } finally {
      clearInterval(timer);
      this.running = null;
      this.#busy(false);
    }
  }

  /** @param {boolean} on */
  #busy(on) {
    this.stop.hidden = !on;
    this.node.setAttribute("aria-busy", String(on));
    for (const button of this.buttons) button.setAttribute("aria-disabled", String(on));
  }
}

/**
 * @param {unknown} error
 * @param {string} what
 */
function reasonOf(error, what) {
  if (error instanceof Refused) return error.problems.join(" ");
  if (error instanceof TypeError) return `The server does not answer; ${what} was not saved.`;
  if (!(error instanceof Error)) return `${what} was not saved.`;
  return error.name === "AbortError" ? `Stopped; ${what} was not saved.` : `${what} was not saved: ${error.message}`;
}

/**
 * A choice or a number out of the table of export controls.
 * @param {ExportControl} control
 */
function makeField(control) {
  const words = control.unit ? `${control.label} (${control.unit})` : control.label;
  const described = { "data-export-field": control.name };
  const limits = { type: "number", className: "field", min: control.minimum, max: control.maximum, step: control.step };
  const input =
    control.kind === "choice"
      ? make("select", { className: "select", ...described }, ...makeOptions(control.options ?? []))
      : make("input", { ...limits, ...described });
  input.value = String(control.default);
  const read = () => (control.kind === "choice" ? input.value : input.value === "" ? null : Number(input.value));
  return { name: control.name, read, node: makeTool(words, control.help, input) };
}

/**
 * The choice of a file's colours: those that the page shows, or one of the others.
 * @param {import("../core/schema.js").Schema} schema
 * @returns {ExportControl}
 */
export function schemeChoice(schema) {
  const scheme = schema.control("scheme");
  return { ...scheme, options: [["", "As shown"], ...(scheme.options ?? [])], default: "" };
}
