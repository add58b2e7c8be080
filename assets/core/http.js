// Requests to the server, and its refusals in sentences.

const SILENCE = "The server does not answer. Reload the page when it runs again.";

/** What the server refuses, with its reasons. */
export class Refused extends Error {
  /**
   * @param {number} status of HTTP
   * @param {string[]} problems sentences
   */
  constructor(status, problems) {
    super(problems.join(" "));
    this.status = status;
    this.problems = problems;
  }
}

/**
 * The sentences to show for a failed request: the server's own, or one for a server that does not answer.
 * @param {unknown} error
 * @param {string} [silence]
 */
export function problemsOf(error, silence = SILENCE) {
  return error instanceof Refused ? error.problems : [silence];
}

/**
 * The answer's JSON. Refused where the server answers with an error.
 * @param {string} address
 * @param {unknown} value
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>} its form is the address's own: see contract.d.ts
 */
export async function postJson(address, value, signal) {
  return (await post(address, value, signal)).json();
}

/**
 * A file that the server makes.
 * @param {string} address
 * @param {unknown} value
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ blob: Blob, name: string, notices: string[] }>}
 */
export async function postFile(address, value, signal) {
  const response = await post(address, value, signal);
  const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "pothole-lab";
  const notices = response.headers.get("X-Pothole-Notices");
  return { blob: await response.blob(), name, notices: notices ? JSON.parse(decodeURIComponent(notices)) : [] };
}

/**
 * @param {string} address
 * @param {unknown} value
 * @param {AbortSignal} [signal]
 */
async function post(address, value, signal) {
  const body = JSON.stringify(value);
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(address, { method: "POST", headers, body, signal: signal ?? null });
  if (response.ok) return response;
  const problems = await response.json().then(
    (told) => told.problems,
    () => null,
  );
  throw new Refused(response.status, problems ?? [`The server answered with status ${response.status}.`]);
}
