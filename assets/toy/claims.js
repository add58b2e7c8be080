// Claims of the paper, tested by the server on many runs after the picture is painted; a newer setting cancels the test.
import { LatestWinsGate } from "../core/gate.js";
import { postJson } from "../core/http.js";

const PAUSE = 500; // ms without a change before the server is asked

export class Claims {
  constructor(section, place) {
    Object.assign(this, { section, place });
    this.gate = new LatestWinsGate((state, signal) => postJson("/toy/claims", state, signal), {
      timeout: 60000,
      onAnswer: (answer, _, newer) => !newer && this.show(answer.claims),
      onFailure: (error) => this.fail(error),
    });
  }

  ask(state) {
    clearTimeout(this.timer);
    this.gate.cancel();
    this.place.setAttribute("aria-busy", "true");
    this.place.classList.add("stale");
    this.timer = setTimeout(() => this.gate.ask({ ...state }), PAUSE);
  }

  show(claims) {
    this.place.classList.remove("stale");
    this.place.setAttribute("aria-busy", "false");
    this.section.hidden = claims.length === 0;
    const sources = [...new Set(claims.map((claim) => claim.source))];
    this.place.replaceChildren(
      ...sources.flatMap((source) => {
        const title = document.createElement("h3");
        title.textContent = source.charAt(0).toUpperCase() + source.slice(1);
        return [title, ...claims.filter((claim) => claim.source === source).map(claimNode)];
      }),
    );
  }

  fail(error) {
    if (error.name === "AbortError" || error.status === 404) return;
    this.place.setAttribute("aria-busy", "false");
    this.section.hidden = false;
    const text = document.createElement("p");
    text.textContent = `The claims were not tested: ${error.message}`;
    this.place.replaceChildren(text);
  }
}

function claimNode(claim) {
  const node = document.createElement("article");
  node.className = `claim ${claim.verdict.replaceAll(" ", "-")}`;
  const add = (tag, name, text) => {
    const part = document.createElement(tag);
    part.className = name;
    part.textContent = text;
    node.append(part);
  };
  add("span", "verdict", claim.verdict);
  add("p", "statement", claim.statement);
  if (claim.counts) add("p", "counts", claim.counts);
  if (claim.detail) add("p", "detail", claim.detail);
  return node;
}
