import { postJson, problemsOf } from "./http.js";

/** @typedef {import("./state.js").Values} Values */

/**
 * What the server would say against these changes of a state; nothing where it takes them as they are.
 * @param {string} address that opens states
 * @param {Values} values
 * @param {Values} changes
 * @returns {Promise<string[]>}
 */
export async function wrongWith(address, values, changes) {
  try {
    const { state, notices } = await postJson(address, { state: { ...values, ...changes } });
    const taken = Object.entries(changes).every(([name, value]) => state[name] === value);
    return taken ? [] : notices;
  } catch (error) {
    return problemsOf(error);
  }
}
