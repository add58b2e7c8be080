// A statement with its verdict, and the numbers and the setting that it rests on.
import { make } from "../core/dom.js";

/** @typedef {Pick<import("../core/contract.js").Claim, "statement" | "counts" | "detail"> & { verdict: string }} Shown */

/**
 * @param {Shown} claim
 * @param {...Node} more what stands below its words
 */
export function claimNode({ verdict, statement, counts, detail }, ...more) {
  const part = (/** @type {"span" | "p"} */ tag, /** @type {string} */ className, /** @type {string} */ textContent) =>
    make(tag, { className, textContent });
  const parts = [part("span", "verdict", verdict), part("p", "statement", statement)];
  if (counts) parts.push(part("p", "counts", counts));
  if (detail) parts.push(part("p", "detail", detail));
  return make("article", { className: `claim ${verdict.replaceAll(" ", "-")}` }, ...parts, ...more);
}
