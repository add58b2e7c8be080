// The kernel at the other end of a port: questions with their answers, and the state that it keeps.
import { Refused } from "../core/http.js";

/** @typedef {import("../core/state.js").Values} Values */

export class Kernel {
  /**
   * @param {{ postMessage: (message: any) => void, onmessage: ((event: any) => void) | null }} port
   * @param {(state: Values) => void} onState what somebody else has set
   */
  constructor(port, onState) {
    this.port = port;
    this.onState = onState;
    this.asked = 0;
    /** @type {Map<number, { resolve: (answer: any) => void, reject: (error: unknown) => void }>} by number */
    this.open = new Map();
    port.onmessage = ({ data }) => this.#hear(data);
  }

  /**
   * @param {"compute" | "cut"} what as an address of the page's under /toy/
   * @param {Values} state
   * @param {AbortSignal} signal
   * @returns {Promise<any>} Refused where the kernel refuses it
   */
  ask(what, state, signal) {
    const number = (this.asked += 1);
    return new Promise((resolve, reject) => {
      this.open.set(number, { resolve, reject });
      signal.addEventListener("abort", () => {
        this.open.delete(number);
        reject(signal.reason);
      });
      this.port.postMessage({ kind: "ask", what, number, state });
    });
  }

  /** @param {Values} state */
  keep(state) {
    this.port.postMessage({ kind: "keep", state });
  }

  /** @param {number} pixels that the document takes */
  tellHeight(pixels) {
    this.port.postMessage({ kind: "height", pixels });
  }

  /** @param {{ kind: string, state?: Values, number?: number, answer?: string, problems?: string[] }} message */
  #hear({ kind, state, number = 0, answer, problems }) {
    if (kind === "state" && state) this.onState(state);
    const waiting = this.open.get(number);
    if (kind !== "answer" || !waiting) return;
    this.open.delete(number);
    if (answer === undefined) waiting.reject(new Refused(422, problems ?? []));
    else waiting.resolve(JSON.parse(answer));
  }
}
