// What people said before a run, compared with what the run computed.

/** @typedef {import("../core/contract.js").OutcomeRow} OutcomeRow */

const NOBODY = "nobody";

/** @param {OutcomeRow} row */
const endingOf = (row) => (row.outcome === "diverged" ? "diverges" : row.arrival !== null ? "escapes" : "stays");

/**
 * What is said after the run: how many guesses are right, and what happened where one is not.
 * @param {Record<string, string>} guesses
 * @param {OutcomeRow[]} rows
 */
export function compareEndings(guesses, rows) {
  const guessed = rows.filter((row) => guesses[row.method]);
  const wrong = guessed.filter((row) => guesses[row.method] !== endingOf(row));
  const not = rows.filter((row) => !guesses[row.method]).map((row) => `${row.method}: ${row.sentence}.`);
  const head = guessed.length ? `${guessed.length - wrong.length} of ${guessed.length} right.` : "Nobody guessed.";
  return [head, ...wrong.map((row) => `${row.method}: you said “${guesses[row.method]}”; ${row.sentence}.`), ...not].join(" ");
}

/**
 * @param {string | undefined} guess
 * @param {OutcomeRow[]} rows
 */
export function compareFirst(guess, rows) {
  const arrived = rows
    .flatMap(({ method, arrival, outcome }) => (arrival === null || outcome === "diverged" ? [] : [{ method, arrival }]))
    .sort((a, b) => a.arrival - b.arrival);
  const first = arrived.filter((row) => row.arrival === arrived[0].arrival).map((row) => row.method);
  const right = arrived.length ? first.includes(guess ?? "") : guess === NOBODY;
  const head = !guess ? "Nobody guessed." : right ? `Right: ${guess}.` : `You said ${guess}.`;
  if (!arrived.length) return `${head} No method arrives within the run.`;
  const told = `${first.join(" and ")} ${first.length > 1 ? "arrive" : "arrives"} first, at step ${arrived[0].arrival}`;
  const later = arrived.slice(first.length).map((row) => `${row.method} at step ${row.arrival}`);
  return `${head} ${told}${later.length ? `, then ${later.join(", ")}` : "; no other method arrives"}.`;
}
