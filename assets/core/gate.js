// The latest-wins gate: at most one request in flight; of what is asked meanwhile only the newest is sent next.
// A request that takes longer than the time-out is aborted, so that a lost answer never closes the gate for good.

/**
 * @template V, A what is asked, what is answered
 * @typedef {object} GateOptions
 * @property {(answer: A, value: V, newer: boolean) => void} onAnswer newer: something else has been asked for meanwhile
 * @property {(error: unknown, value: V, newer: boolean) => void} [onFailure]
 * @property {number} [timeout] ms
 */

/** @template V, A */
export class LatestWinsGate {
  /**
   * @param {(value: V, signal: AbortSignal) => Promise<A>} send
   * @param {GateOptions<V, A>} options
   */
  constructor(send, { onAnswer, onFailure, timeout = 10000 }) {
    this.send = send;
    this.onAnswer = onAnswer;
    this.onFailure = onFailure;
    this.timeout = timeout;
    /** @type {{ value: V } | null} */
    this.waiting = null;
    /** @type {AbortController | null} */
    this.inFlight = null;
    this.sent = 0;
    this.answered = 0;
  }

  get idle() {
    return !this.inFlight && !this.waiting;
  }

  /** @param {V} value */
  ask(value) {
    this.waiting = { value };
    this.#next();
  }

  /** Forget what is under way: its answer is of no use any more. */
  cancel() {
    this.waiting = null;
    this.inFlight?.abort();
    this.inFlight = null;
  }

  async #next() {
    if (this.inFlight || !this.waiting) return;
    const { value } = this.waiting;
    this.waiting = null;
    const controller = new AbortController();
    this.inFlight = controller;
    const timer = setTimeout(() => controller.abort(new Error("timeout")), this.timeout);
    this.sent += 1;
    /** @type {{ answer: A } | { failure: unknown }} */
    let outcome;
    try {
      outcome = { answer: await this.send(value, controller.signal) };
    } catch (failure) {
      outcome = { failure };
    }
    clearTimeout(timer);
    if (this.inFlight !== controller) return; // cancelled: another request may be under way already
    this.inFlight = null;
    // What was asked meanwhile goes out before the answer is drawn, so that the network works while we draw.
    const newer = Boolean(this.waiting);
    this.#next();
    if ("failure" in outcome) {
      this.onFailure?.(outcome.failure, value, newer);
      return;
    }
    this.answered += 1;
    this.onAnswer(outcome.answer, value, newer);
  }
}
