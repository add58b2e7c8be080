// One run along the chosen line: asks the server for its steps, window by window, and keeps them.
import { LatestWinsGate } from "../core/gate.js";
import { postJson, Refused } from "../core/http.js";
import { showNotices } from "../core/notices.js";
import { ownStep } from "../draw/paths.js";
import { CutSteps } from "./cut_steps.js";

/** @typedef {import("../core/contract.js").CutAnswer} CutAnswer */
/** @typedef {import("../draw/shapes.js").PathEntry} PathEntry */
/** @typedef {{ body: Record<string, unknown>, steps: number[], known: CutSteps, entries: PathEntry[] }} Wish */

const AGAIN = 1000; // ms after no answer, or a busy server's

export class CutRun {
  /**
   * @param {object} listeners
   * @param {() => void} listeners.ask when there may be more to ask for
   * @param {() => void} listeners.draw when more is known
   * @param {(body: Record<string, unknown>, signal: AbortSignal) => Promise<CutAnswer>} [listeners.post] who answers
   */
  constructor({ ask, draw, post = (body, signal) => postJson("/toy/cut", body, signal) }) {
    this.ready = { ask, draw };
    this.known = new CutSteps(); // of the run on the screen
    this.shown = this.known; // what is drawn: the run before, until something of this one is known
    /** @type {PathEntry[]} the runs that `shown` belongs to */
    this.entries = [];
    /** @type {Record<string, unknown> | null} */
    this.body = null;
    /** @type {LatestWinsGate<Wish, CutAnswer>} */
    this.gate = new LatestWinsGate(({ body, steps }, signal) => post({ ...body, cut_steps: steps }, signal), {
      onAnswer: (answer, wish) => this.#answered(answer, wish),
      onFailure: (error) => {
        if (error instanceof Refused && error.status === 422) showNotices("request", error.problems, "error");
        else setTimeout(ask, AGAIN);
      },
    });
  }

  /** Whether nothing is asked for, and what is known belongs to the newest paths. */
  get idle() {
    return this.gate.idle && this.shown === this.known;
  }

  /**
   * New paths, or another line: what is known belongs to the ones before.
   * @param {Record<string, unknown>} body the state that they were asked with
   */
  begin(body) {
    this.body = body;
    this.known = new CutSteps();
  }

  /** There is no such run any more. */
  end() {
    this.gate.cancel();
    this.body = null;
    this.known = this.shown = new CutSteps();
  }

  /**
   * Ask for what is not known yet.
   * @param {PathEntry[]} entries the paths
   * @param {{ step: number, steps: number }} player
   * @param {boolean} hurry for the step shown alone
   */
  ask(entries, { step, steps }, hurry) {
    if (!this.body || !this.gate.idle) return;
    const at = [...new Set(entries.map((entry) => Math.min(ownStep(entry, step), entry.last)))];
    const wanted = this.known.wanted(at.length ? at : [step], steps, hurry);
    if (wanted.length) this.gate.ask({ body: this.body, steps: wanted, known: this.known, entries });
  }

  /**
   * While a slider is dragged the paths may be newer by now: their cut comes next, and this one is nearer than the last.
   * @param {CutAnswer} answer
   * @param {Wish} wish
   */
  #answered(answer, { known, steps, entries }) {
    known.keep(answer, steps);
    this.shown = known;
    this.entries = entries;
    this.ready.ask();
    this.ready.draw();
  }
}
