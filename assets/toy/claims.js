// Claims of the paper, tested by the server on many runs after the picture is painted; a newer setting cancels the test.
import { make } from "../core/dom.js";
import { LatestWinsGate } from "../core/gate.js";
import { postJson, Refused } from "../core/http.js";
import { claimNode } from "../draw/claim.js";

/** @typedef {import("../core/contract.js").Claim} Claim */

const PAUSE = 500; // ms without a change before the server is asked

export class Claims {
  /**
   * @param {HTMLElement} section
   * @param {HTMLElement} place
   */
  constructor(section, place) {
    this.section = section;
    this.place = place;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {LatestWinsGate<Record<string, unknown>, { claims: Claim[] }>} */
    this.gate = new LatestWinsGate((state, signal) => postJson("/toy/claims", state, signal), {
      timeout: 60000,
      onAnswer: (answer, _, newer) => !newer && this.show(answer.claims),
      onFailure: (error) => this.fail(error),
    });
  }

  /** @param {Record<string, unknown>} state */
  ask(state) {
    clearTimeout(this.timer);
    this.gate.cancel();
    this.place.setAttribute("aria-busy", "true");
    this.place.classList.add("stale");
    this.timer = setTimeout(() => this.gate.ask({ ...state }), PAUSE);
  }

  /** @param {Claim[]} claims */
  show(claims) {
    this.place.classList.remove("stale");
    this.place.setAttribute("aria-busy", "false");
    this.section.hidden = claims.length === 0;
    const sources = [...new Set(claims.map((claim) => claim.source))];
    this.place.replaceChildren(
      ...sources.flatMap((source) => {
        const title = make("h3", { textContent: source.charAt(0).toUpperCase() + source.slice(1) });
        return [title, ...claims.filter((claim) => claim.source === source).map((claim) => claimNode(claim))];
      }),
    );
  }

  /** @param {unknown} error */
  fail(error) {
    if ((error instanceof Error && error.name === "AbortError") || (error instanceof Refused && error.status === 404)) return;
    this.place.setAttribute("aria-busy", "false");
    this.section.hidden = false;
    const reason = error instanceof Error ? error.message : String(error);
    this.place.replaceChildren(make("p", { textContent: `The claims were not tested: ${reason}` }));
  }
}
