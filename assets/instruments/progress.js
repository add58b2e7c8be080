// A picture that comes in parts: the newest request wins, coarse parts before fine ones. A first part is let finish (it
// is quick, and a drag then shows a picture for each); later parts wait until nothing has changed for a moment and are
// given up as soon as something has.
import { postJson, Refused } from "../core/http.js";

const QUIET = 250; // ms without a change before the finer parts are asked for
const AGAIN = 1000; // ms until a busy or silent server is asked again
const wait = (/** @type {number} */ time) => new Promise((resolve) => setTimeout(resolve, time));

/** @typedef {{ address: string, body: Record<string, unknown> }} Part what is asked for, and where */

/** @template A a part of the answer */
export class Progress {
  /**
   * @param {object} listeners
   * @param {(answer: A, index: number, of: number) => void} listeners.onPart
   * @param {(busy: boolean) => void} listeners.onBusy
   * @param {(error: unknown) => void} listeners.onFailure
   */
  constructor({ onPart, onBusy, onFailure }) {
    this.onPart = onPart;
    this.onBusy = onBusy;
    this.onFailure = onFailure;
    /** @type {Part[] | null} */
    this.wanted = null;
    this.running = false;
    this.stopped = false;
    /** @type {AbortController | null} of a later part */
    this.later = null;
  }

  /** @param {Part[]} parts the first of them quick */
  ask(parts) {
    this.wanted = parts;
    this.later?.abort();
    if (!this.running) this.#run();
  }

  stop() {
    this.wanted = null;
    this.stopped = true;
    this.later?.abort();
  }

  async #run() {
    this.running = true;
    this.onBusy(true);
    while (this.wanted) {
      const parts = this.wanted;
      this.wanted = null;
      this.stopped = false;
      const given = () => this.wanted || this.stopped;
      for (let index = 0; index < parts.length && !given(); index += 1) {
        if (index === 1) await wait(QUIET);
        if (given()) break;
        this.later = index ? new AbortController() : null;
        /** @type {A} */
        let answer;
        try {
          answer = await postJson(parts[index].address, parts[index].body, this.later?.signal);
        } catch (error) {
          if (given()) break;
          this.onFailure(error);
          if (error instanceof Refused && error.status !== 429) break;
          await wait(AGAIN);
          index -= 1;
          continue;
        }
        if (index === 0 ? !this.stopped : !given()) this.onPart(answer, index, parts.length);
      }
    }
    this.running = false;
    this.later = null;
    this.onBusy(false);
  }
}
