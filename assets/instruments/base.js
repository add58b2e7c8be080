// What every instrument shares: it asks for its answer, in parts or in one, shows it and says that it is complete.
import { COST_UNITS } from "../core/cost_units.js";
import { Progress } from "./progress.js";

/** @typedef {import("./main.js").InstrumentsLab} InstrumentsLab */
/** @typedef {import("../core/controls.js").ChoiceControl} ChoiceControl */
/** @typedef {new (page: InstrumentsLab, place: HTMLElement, name: string) => Instrument<any>} Kind its answer is its own affair */

/** @template {{ left_out?: string[] }} A a part of its answer */
export class Instrument {
  /**
   * @param {InstrumentsLab} page
   * @param {HTMLElement} place
   * @param {string} name its key on the server's side
   */
  constructor(page, place, name) {
    this.page = page;
    this.name = name;
    /** @type {A | null} */
    this.answer = null;
    /** @type {Progress<A>} */
    this.progress = new Progress({
      onPart: (answer, index, of) => {
        page.answered(answer);
        this.part(answer, index, of);
      },
      onBusy: (busy) => place.setAttribute("aria-busy", String(busy)),
      onFailure: (error) => page.failed(error),
    });
  }

  /** The unit that its costs are counted in. */
  get unit() {
    return COST_UNITS.steps;
  }

  get address() {
    return `/instruments/${this.name}`;
  }

  /** Ask for what the page's state stands for. */
  ask() {
    this.progress.ask([{ address: this.address, body: this.page.request() }]);
  }

  stop() {
    this.progress.stop();
  }

  /**
   * A part of the answer has come: of an instrument that comes in one, the whole.
   * @param {A} answer
   * @param {number} _index
   * @param {number} _of parts
   */
  part(answer, _index, _of) {
    this.answer = answer;
    this.show();
    this.complete(this.spoken);
  }

  /** Draw what is there, for the state as it is now. */
  show() {}

  /** The answer in words. */
  get spoken() {
    return "";
  }

  /**
   * What a control above the picture offers now.
   * @param {ChoiceControl} control
   */
  offered(control) {
    return control.options;
  }

  /**
   * What else has to change where a person has changed something above the picture.
   * @param {Set<string>} _changed
   * @returns {Record<string, string> | null}
   */
  follow(_changed) {
    return null;
  }

  /** @param {string} words */
  complete(words) {
    this.page.speak(words);
    document.dispatchEvent(new CustomEvent("pothole:complete", { detail: this.name }));
  }
}

/** @type {Map<string, Kind>} */
const kinds = new Map();

/**
 * Make an instrument known to its page. The server names the module that does it, and says where its tab stands.
 * @param {string} key
 * @param {Kind} kind
 */
export function addInstrument(key, kind) {
  kinds.set(key, kind);
}

/**
 * @param {string} key
 * @param {InstrumentsLab} page
 * @param {HTMLElement} place
 */
export function makeInstrument(key, page, place) {
  const kind = kinds.get(key);
  if (!kind) throw new Error(`no client code draws the instrument "${key}"`);
  return new kind(page, place, key);
}
