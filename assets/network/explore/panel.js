// What the panels of numbers share: one kind of job is asked for, and what has come of it is shown as it comes.
import { by } from "../../core/dom.js";
import { JobRequest } from "../job_request.js";

/** @typedef {{ about?: any, done?: any }} Row of the job's feed */
/** @typedef {{ run: string, job: string, about: any, done: any }} Found what has come so far */
/** @typedef {{ total: number, seconds_left: number | null }} Progress */

/**
 * @template {Row} R
 * @template {Found} F
 */
export class ExplorePanel {
  /**
   * @param {import("./main.js").ExplorePage} page
   * @param {import("./main.js").Kind} kind
   */
  constructor(page, kind) {
    this.page = page;
    this.kind = kind;
    /** @type {F | null} the answer to what was asked last */
    this.found = null;
    /** @type {F | null} the answer on the screen */
    this.shown = null;
    /** @type {JobRequest<R>} */
    this.request = new JobRequest(kind, {
      onRow: (row, job, progress) => this.#row(row, job, progress),
      onOver: () => page.explore?.over(),
    });
  }

  /**
   * @param {string} run
   * @param {Record<string, unknown>} state
   */
  ask(run, state) {
    this.found = /** @type {F} */ ({ run, job: "", about: null, ...this.nothing, done: null });
    this.request.ask({ kind: this.kind, run, state });
  }

  /**
   * What has been found before anything has come.
   * @returns {Omit<F, keyof Found>}
   */
  get nothing() {
    throw new Error("a panel says what it begins with");
  }

  /**
   * Put a row's own parts into what was found.
   * @param {F} _found
   * @param {R} _row
   */
  take(_found, _row) {}

  /**
   * @param {F} _found of which something is known
   * @param {R} _row the newest
   * @param {Progress} _progress
   * @returns {string} the panel's status, "" to leave it
   */
  said(_found, _row, _progress) {
    return "";
  }

  /**
   * Whether there is something to show.
   * @param {F} _found
   * @returns {boolean}
   */
  has(_found) {
    return false;
  }

  /** @param {F} _found of which there is something to show */
  draw(_found) {}

  /**
   * @param {R} row
   * @param {string} job
   * @param {Progress} progress
   */
  #row(row, job, progress) {
    const { found, kind } = this;
    if (!found) return;
    if (row.about) Object.assign(found, { about: row.about, job });
    this.take(found, row);
    if (!found.about) return;
    if (row.done) {
      found.done = row.done;
      by(`${kind}-words`).textContent = by("spoken").textContent = row.done.sentence;
      this.page.explore?.answered(kind, found);
    }
    const said = this.said(found, row, progress);
    if (said) this.request.say(said);
    if (!this.has(found)) return;
    by(`${kind}-answer`).hidden = false;
    this.shown = found;
    this.draw(found);
  }

  /** What was found is of another run. */
  forget() {
    this.found = this.shown = null;
  }

  setLooks() {
    if (this.shown) this.draw(this.shown);
  }
}
