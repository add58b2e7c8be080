// Predict, then reveal: the paths stay hidden until people have said what will happen; then the run plays, and what they
// said is compared with what the run computed. Nothing of it leaves the browser.
import { by, make } from "../core/dom.js";
import { keys } from "../core/keys.js";
import { showNotices } from "../core/notices.js";
import { methodName } from "../draw/swatch.js";
import { compareEndings, compareFirst } from "./predictions.js";

/** @typedef {import("../toy/main.js").ToyLab} ToyLab */

const NOBODY = "nobody";
const ENDINGS = ["escapes", "stays", "diverges"];

export class Predict {
  /** @param {ToyLab} page */
  constructor(page) {
    this.page = page;
    /** @type {"off" | "asking" | "playing" | "told"} */
    this.phase = "off";
    /** @type {Record<string, string>} by method, or of "first" */
    this.guesses = {};
    /** @type {import("../core/contract.js").OutcomeRow[]} */
    this.rows = [];
    this.shownFor = ""; // the form that stands there
    this.questions = make("div", { className: "questions" });
    this.reveal = make("button", {
      type: "button",
      className: "button",
      id: "reveal",
      "data-action": "reveal",
      textContent: "Reveal and play",
    });
    this.again = make("button", { type: "button", className: "button", "data-action": "predict-again", textContent: "Guess again" });
    this.verdict = make("p", { id: "predict-verdict", role: "status" });
    this.title = make("h2", {});
    this.place = make("section", { className: "predict", "aria-label": "Prediction", hidden: true });
    this.place.append(this.title, this.questions, this.verdict, make("div", { className: "window-tools" }, this.reveal, this.again));
    this.pictures = /** @type {HTMLElement} */ (document.querySelector(".pictures"));
    this.pictures.before(this.place);
    page.state.listen((changed, source) => this.changed(changed, source));
    page.player.holds.unshift(() => {
      if (this.phase === "asking") this.unveil(); // before a film strip is made of what was hidden
      return false;
    });
    page.player.ends.push(() => this.tell());
    document.addEventListener("pothole:painted", ({ detail }) => this.painted(detail));
    page.actions.add({ reveal: () => page.player.play(), "predict-again": () => this.ask() });
    const asking = () => this.phase === "asking";
    keys.add([
      {
        keys: ["r", "R"],
        shown: "R",
        what: "reveal the hidden paths and play",
        group: "A prediction",
        when: asking,
        run: () => page.player.play(),
      },
      {
        keys: ["g", "G"],
        shown: "G",
        what: "guess again",
        group: "A prediction",
        when: () => this.phase === "told",
        run: () => this.ask(),
      },
    ]);
  }

  get mode() {
    return this.page.state.get("predict") ?? "off";
  }

  /**
   * @param {Set<string>} changed
   * @param {string} source
   */
  changed(changed, source) {
    if (source === "open" || changed.has("predict")) {
      this.rows = [];
      this.ask();
    } else if (changed.has("methods") && this.phase !== "off") this.ask();
  }

  ask() {
    this.phase = this.mode === "off" ? "off" : "asking";
    this.guesses = {};
    if (this.phase === "asking") this.page.player.pause(); // what plays already cannot be revealed
    this.veil(this.phase === "asking");
    this.show();
  }

  /**
   * Where there is no basin to reach there is nothing to guess.
   * @param {import("../core/contract.js").Paths} paths
   */
  painted(paths) {
    const before = this.rows;
    this.rows = paths.methods.map((method) => method.row);
    const same = JSON.stringify(before) === JSON.stringify(this.rows); // drawn anew, as in other colours
    if (this.phase === "asking" && !this.page.surface?.basin) {
      this.phase = "off";
      this.veil(false);
      showNotices("predict", ["This surface has no flat basin to arrive in: there is nothing to predict."]);
    } else if (this.phase === "told" && !same) this.phase = "playing"; // another setting: what was said belongs to the run before
    this.show();
    const { player } = this.page;
    if (!before.length && !player.playing && player.step >= player.steps) this.tell(); // the end was reached before its answer
  }

  /** @param {boolean} on */
  veil(on) {
    this.page.veiled = on;
    document.body.classList.toggle("predicting", on);
    this.page.pictures.setVisible(on ? [] : this.page.state.get("methods"));
    if (on) by("spoken").textContent = "";
    document.dispatchEvent(new CustomEvent("pothole:veil", { detail: on }));
  }

  unveil() {
    this.collect();
    this.phase = "playing";
    this.veil(false);
    this.page.player.seek(0);
    this.show();
    by("play-button").focus({ preventScroll: true });
    this.pictures.scrollIntoView({ block: "nearest" });
  }

  tell() {
    if (this.phase !== "playing" || !this.rows.length || this.page.veiled) return;
    this.phase = "told";
    this.show();
  }

  collect() {
    const chosen = /** @type {HTMLInputElement[]} */ ([...this.questions.querySelectorAll("input:checked")]);
    this.guesses = Object.fromEntries(chosen.map((input) => [input.dataset.method ?? "first", input.value]));
  }

  show() {
    this.place.hidden = this.phase === "off";
    this.place.dataset.phase = this.phase;
    if (this.phase === "off") return;
    const asking = this.phase === "asking";
    this.title.textContent = this.mode === "first" ? "Who arrives first?" : "Who gets out?";
    this.questions.hidden = !asking;
    this.reveal.hidden = !asking;
    this.reveal.disabled = !this.rows.length; // there is nothing to play yet
    this.again.hidden = this.phase !== "told";
    const first = () => compareFirst(this.guesses.first, this.rows);
    const endings = () => compareEndings(this.guesses, this.rows);
    this.verdict.textContent = this.phase === "told" ? (this.mode === "first" ? first() : endings()) : "";
    if (asking && this.shownFor !== this.form) this.build();
  }

  get form() {
    return `${this.mode} ${this.page.state.get("methods")} ${this.page.state.get("preset")} ${this.page.state.get("scene")}`;
  }

  build() {
    this.shownFor = this.form;
    /** @type {string[]} */
    const methods = this.page.state.get("methods");
    /** @type {(name: string, value: string, more: Record<string, unknown>) => HTMLElement} */
    const radio = (name, value, more) =>
      make("label", { className: "segment" }, make("input", { type: "radio", name, value, ...more }), make("span", { textContent: value }));
    /** @type {(title: Node | string, options: HTMLElement[]) => HTMLElement} */
    const group = (title, options) => make("fieldset", {}, make("legend", {}, title), make("div", { className: "segments" }, ...options));
    const name = (/** @type {string} */ method) => methodName(method, this.page.looks[method], this.page.paper);
    if (this.mode === "first") {
      const options = [...methods, NOBODY].map((method) => radio("predict-first", method, {}));
      this.questions.replaceChildren(group(`First in ${this.page.surface?.basin?.name ?? "the basin"} is`, options));
    } else {
      this.questions.replaceChildren(
        ...methods.map((method) =>
          group(
            name(method),
            ENDINGS.map((ending) => radio(`predict-${method}`, ending, { "data-method": method })),
          ),
        ),
      );
    }
  }
}

/** @param {ToyLab} page */
export function addPredict(page) {
  page.predict = new Predict(page);
}
