// Compare: a run that is frozen stays in pale beside the one that is changed, in map, surface, cut, charts and table. The
// state holds its settings as a link of their own; the server walks it once, and a dragged slider does not ask again.
import { by } from "../core/dom.js";
import { LatestWinsGate } from "../core/gate.js";
import { postJson, problemsOf, Refused } from "../core/http.js";
import { keys } from "../core/keys.js";
import { writeLink } from "../core/link.js";
import { showNotices } from "../core/notices.js";
import { changesFrom, NAMED, wordsFor } from "./preset_changes.js";

/** @typedef {import("./main.js").ToyLab} ToyLab */
/** @typedef {import("../core/state.js").Values} Values */
/** @typedef {{ query: string, methods: string[] }} Wish */
/** @typedef {{ values: Values, notices: string[], ground: string, paths: import("../core/contract.js").Paths }} Run ground: the surface's key */

const AGAIN = 1000; // ms after no answer

/**
 * The settings that decide a run, as a link holds them.
 * @param {Values} values
 * @param {Values} base
 * @param {import("../core/schema.js").Schema} schema
 */
export function freeze(values, base, schema) {
  const decides = (/** @type {string} */ name) => (schema.controls.get(name)?.role ?? "computed") === "computed" && name !== "methods";
  return writeLink(Object.fromEntries(Object.entries(values).filter(([name]) => decides(name))), base);
}

/**
 * What differs between a frozen run and the one on the screen, in one sentence.
 * @param {ToyLab} page
 * @param {Values} frozen
 */
export function compareInWords(page, frozen) {
  const { values } = page.state;
  const moved = frozen.surface !== values.surface; // its parameters and its places are others then
  const names = changesFrom(frozen, values, page.schema).filter((name) => !moved || !/^(surface\.|start_)/.test(name));
  if (!names.length) return "This run is frozen: change anything, and it stays in pale beside the new one.";
  const each = names.slice(0, NAMED).map((name) => {
    const { title, say } = wordsFor(page, name);
    const [was, now] = [frozen[name], values[name]].map((value) => (value === undefined || value === "" ? "none" : say(value)));
    return `${title} ${was} → now ${now}`;
  });
  const more = names.length > NAMED ? `, and ${names.length - NAMED} more` : "";
  return `Frozen: ${each.join(", ")}${more}.`;
}

export class Compare {
  /** @param {ToyLab} page */
  constructor(page) {
    this.page = page;
    this.asked = "";
    /** @type {Run | null} */
    this.run = null;
    /** @type {LatestWinsGate<Wish, Run>} */
    this.gate = new LatestWinsGate((wish, signal) => this.#walk(wish, signal), {
      timeout: 60000,
      onAnswer: (run, _, newer) => !newer && this.#answered(run),
      onFailure: (error) => this.#failed(error),
    });
    page.actions.add({ freeze: () => this.toggle() });
    const what = "freeze this run, to compare with it; again lets it go";
    keys.add([{ keys: ["f", "F"], shown: "F", what, group: "Playback", run: () => this.toggle() }]);
    page.state.listen((changed) => {
      if (changed.has("frozen") || changed.has("methods")) this.ask();
      this.#say();
    });
    document.addEventListener("pothole:painted", () => {
      this.ask();
      this.#place();
    });
  }

  get on() {
    return Boolean(this.page.state.get("frozen"));
  }

  toggle() {
    const { state, schema } = this.page;
    state.set({ frozen: this.on ? "" : freeze(state.values, state.base, schema) }, "user");
  }

  /** Ask for the frozen run where it is another than the one that is known. */
  ask() {
    const { state, surfaceKey } = this.page;
    const query = state.get("frozen");
    const methods = state.get("methods");
    const wanted = query ? `${query} ${methods}` : "";
    if (wanted === this.asked || (wanted && !surfaceKey)) return; // the ground on the screen comes first
    this.asked = wanted;
    if (query) {
      this.gate.ask({ query, methods });
      return;
    }
    this.gate.cancel();
    this.run = null;
    showNotices("frozen", []);
    this.#place();
  }

  /**
   * @param {Wish} wish
   * @param {AbortSignal} signal
   * @returns {Promise<Run>}
   */
  async #walk({ query, methods }, signal) {
    const { state, notices } = await postJson("/toy/open", { query }, signal);
    const values = { ...state, methods };
    const asked = this.page.request(values);
    const { surface, paths } = await postJson("/toy/compute", asked, signal);
    return { values, notices, ground: surface?.key ?? asked.have, paths };
  }

  /** @param {Run} run */
  #answered(run) {
    this.run = run;
    showNotices(
      "frozen",
      run.notices.map((sentence) => `Of the frozen run: ${sentence}`),
    );
    this.#place();
    this.#say();
  }

  /** @param {unknown} error */
  #failed(error) {
    const { asked } = this;
    showNotices("frozen", problemsOf(error), "error");
    if (error instanceof Refused && error.status === 422) return;
    setTimeout(() => {
      if (this.asked !== asked) return; // another is wanted by now, or none
      this.asked = "";
      this.ask();
    }, AGAIN);
  }

  /** Hand the run to all that shows it; only charts and table take one on another ground. */
  #place() {
    const { page, run } = this;
    const here = run?.ground === page.surfaceKey;
    const { frozen } = page.pictures;
    if (frozen?.paths === run?.paths && (frozen?.here ?? false) === (run ? here : false)) return;
    page.pictures.setFrozen(run && { paths: run.paths, here }, page.looks);
    if (page.costs && page.costs.unit !== "steps") page.costs.apply();
    else page.showOutcomes();
    const body = run && here ? page.request(run.values) : null;
    page.cut?.setFrozen(body);
    this.#say();
  }

  #say() {
    const { page, run, on } = this;
    const place = by("frozen");
    const button = by("freeze-button");
    place.hidden = !on;
    button.setAttribute("aria-pressed", String(on));
    button.textContent = on ? "Unfreeze" : "Freeze this run";
    button.title = on ? "Let the frozen run go (F)" : "Keep this run in pale beside what you change (F)";
    const elsewhere = run && run.ground !== page.surfaceKey ? " Its ground is another: it is in charts and table alone." : "";
    const words = on && run ? compareInWords(page, run.values) + elsewhere : "";
    if (place.textContent !== words) place.textContent = words; // a drag asks often
  }
}

/** @param {ToyLab} page */
export function addCompare(page) {
  page.compare = new Compare(page);
}
