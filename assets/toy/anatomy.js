// Anatomy of a step: asks for the vectors of the step shown, draws them one by one and writes formula and numbers beside.
import { by, make } from "../core/dom.js";
import { LatestWinsGate } from "../core/gate.js";
import { postJson, Refused } from "../core/http.js";
import { keys } from "../core/keys.js";
import { showNotices } from "../core/notices.js";
import { anatomyColour, AnatomyView } from "../draw/anatomy_view.js";
import { drawSwatch, makePlainSwatch } from "../draw/swatch.js";

/** @typedef {import("../core/contract.js").AnatomyAnswer} AnatomyAnswer */

const LAST = 7;

export class Anatomy {
  /** @param {import("./main.js").ToyLab} page */
  constructor(page) {
    this.page = page;
    this.view = new AnatomyView(by("anatomy-stack"));
    /** @type {AnatomyAnswer | null} */
    this.data = null;
    /** @type {LatestWinsGate<Record<string, unknown>, AnatomyAnswer>} */
    this.gate = new LatestWinsGate((body, signal) => postJson("/toy/anatomy", body, signal), {
      onAnswer: (answer, _, newer) => this.#answered(answer, newer),
      onFailure: (error) => error instanceof Refused && showNotices("request", error.problems, "error"),
    });
    this.methods = page.tables.methods.map((name) => {
      const swatch = makePlainSwatch();
      const does = { "data-action": "anatomy-method", "data-value": name };
      return { name, swatch, button: make("button", { type: "button", className: "method", ...does }, swatch, name) };
    });
    by("anatomy-methods").replaceChildren(...this.methods.map(({ button }) => button));
    page.actions.add({
      "anatomy-next": () => this.move(1),
      "anatomy-back": () => this.move(-1),
      "anatomy-close": () => page.state.set({ anatomy: "off" }, "user"),
      "anatomy-method": (name) => page.state.set({ anatomy_method: name }, "user"),
      "anatomy-stage": (stage) => page.state.set({ anatomy_stage: Number(stage) }, "user"),
    });
    const group = "Anatomy of a step";
    keys.add([
      { keys: ["n"], shown: "N", what: "next vector of the step, then the next step", group, run: () => this.move(1) },
      { keys: ["N"], shown: "Shift N", what: "one vector back", group, run: () => this.move(-1) },
    ]);
    document.addEventListener("pothole:painted", () => this.ask());
    page.followers.push(() => this.ask());
    page.state.listen((changed) => this.#changed(changed));
    page.pictures.map.extras.push((context, map) => this.#frameOnMap(context, map));
  }

  get on() {
    return this.page.state.get("anatomy") === "on";
  }

  get stage() {
    return this.page.state.get("anatomy_stage");
  }

  /**
   * One vector on or back; past the last comes the next step of the walk, and before the first the one before.
   * @param {number} count 1 or −1
   */
  move(count) {
    const { state, player } = this.page;
    if (!this.on) {
      state.set({ anatomy: "on", anatomy_stage: count > 0 ? 1 : LAST }, "user");
      this.#comeIntoView();
      return;
    }
    this.#comeIntoView();
    const next = this.stage + count;
    player.pause();
    // Where the player stands at the end, the step shown is the last one that was taken.
    const step = Math.min(player.step, this.data?.step ?? player.step);
    if (next > LAST && step < (this.data?.last ?? player.steps)) {
      state.set({ anatomy_stage: 1 }, "user");
      player.seek(step + 1);
    } else if (next < 0 && step > 0) {
      state.set({ anatomy_stage: LAST }, "user");
      player.seek(step - 1);
    } else state.set({ anatomy_stage: Math.min(Math.max(next, 0), LAST) }, "user");
  }

  /** The key works from anywhere on the page; what it draws stands below the first screen. */
  #comeIntoView() {
    by("anatomy-section").scrollIntoView({ block: "nearest" });
  }

  ask() {
    if (!this.on || !this.page.surface) return;
    const { have: _, methods: __, ...body } = this.page.request();
    const { anatomy_method: method } = this.page.state.values;
    const step = this.page.pictures.ownStep(method);
    this.gate.ask({ ...body, anatomy_method: method, step });
  }

  /** @param {Set<string>} changed */
  #changed(changed) {
    const { values } = this.page.state;
    by("anatomy-section").hidden = !this.on;
    if (changed.has("anatomy") || changed.has("anatomy_method")) {
      this.data = null;
      this.ask();
      this.page.pictures.map.paths.drawLive();
    }
    if (changed.has("scheme") || changed.has("anatomy_method") || changed.has("methods")) this.#showMethods();
    if (this.data && (changed.has("anatomy_stage") || changed.has("scheme"))) {
      this.#show();
      if (changed.has("anatomy_stage")) this.#speak();
    }
    if (!values.anatomy) this.gate.cancel();
  }

  #showMethods() {
    const { looks, paper, state } = this.page;
    for (const { name, swatch, button } of this.methods) {
      button.setAttribute("aria-pressed", String(name === state.get("anatomy_method")));
      button.hidden = name !== state.get("anatomy_method") && !state.get("methods").includes(name);
      if (paper) drawSwatch(swatch, looks[name], paper);
    }
  }

  /**
   * @param {AnatomyAnswer} answer
   * @param {boolean} newer
   */
  #answered(answer, newer) {
    if (!this.on || (newer && !this.page.player.playing)) return;
    this.data = answer;
    this.#show();
    this.page.pictures.map.paths.drawLive();
    document.dispatchEvent(new CustomEvent("pothole:anatomy", { detail: answer }));
  }

  #show() {
    const { data, stage } = this;
    if (!data || !this.page.surface) return;
    const dark = this.page.state.get("scheme") === "dark";
    this.view.show(data, stage, this.page.pictures.map.paths.colours, dark, this.page.pictures.groundLook.stops);
    const end = data.asked > data.step ? (data.diverged ? ": the last before it diverges" : ": the last of the run") : "";
    by("anatomy-where").textContent = `${data.method}, step ${data.step} to ${data.step + 1}${end}. Lengths in θ are true to the bar.`;
    by("anatomy-stages").replaceChildren(...data.stages.map((told, index) => this.#row(told, index, dark)));
    const words = data.stages.slice(0, stage).map((told) => `${told.title}: ${told.numbers}`);
    this.view.place.setAttribute("aria-label", `Step ${data.step} of ${data.method}. ${words.join(". ") || "Nothing drawn yet"}.`);
  }

  /**
   * @param {import("../core/contract.js").AnatomyStage} stage
   * @param {number} index
   * @param {boolean} dark
   */
  #row({ key, title, formula, numbers, note }, index, dark) {
    const shown = index < this.stage;
    const does = { "data-action": "anatomy-stage", "data-value": index + 1 };
    const name = make("button", { type: "button", className: "anatomy-name", textContent: title, ...does });
    const row = make("li", { className: shown ? "shown" : "waiting" }, name);
    row.style.setProperty("--vector", anatomyColour(key, dark));
    if (index === this.stage - 1) row.setAttribute("aria-current", "step");
    if (!shown) return row;
    row.append(make("span", { className: "formula", textContent: formula }), make("span", { className: "numbers", textContent: numbers }));
    if (note) row.append(make("span", { className: "hint", textContent: note }));
    return row;
  }

  #speak() {
    const told = this.data?.stages[this.stage - 1];
    if (told) this.page.speak(`${told.title}. ${told.formula}. ${told.numbers}. ${told.note}`);
  }

  /**
   * The window of the drawing, on the map.
   * @param {import("../draw/shapes.js").Context} context
   * @param {import("../draw/map.js").MapView} map
   */
  #frameOnMap(context, map) {
    if (!this.on || !this.data || this.data.dimension !== map.dimension) return;
    const { theta, half } = this.data;
    if (map.dimension === 1 || !theta) return;
    const [left, top] = map.pixel([theta[0] - half, theta[1] + half]);
    const [right, bottom] = map.pixel([theta[0] + half, theta[1] - half]);
    for (const { colour, width } of [
      { colour: map.paths.colours.paper, width: 3.5 },
      { colour: map.paths.colours.ink, width: 1.3 },
    ]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.setLineDash([]);
      context.strokeRect(left, top, right - left, bottom - top);
    }
  }
}

/** @param {import("./main.js").ToyLab} page */
export function addAnatomy(page) {
  page.anatomy = new Anatomy(page);
}
