// Where scenes come from: the server's list, or a file of one's own that is kept in this browser. Only the server reads
// the format; a file of one's own is sent there to be checked, and nowhere kept but here.
import { postJson, Refused } from "../core/http.js";
import { showNotices } from "../core/notices.js";

const KEPT = "pothole-lab.scenes";

const stored = () => {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // a browser that keeps nothing
  }
};

export const sceneList = {
  /** @type {string | undefined} what was last opened, where the browser keeps nothing */
  text: undefined,

  hasOwn: () => stored() !== null,

  // The text that is kept, or what was last opened.
  own: () => sceneList.text ?? stored(),

  /**
   * Check a text and keep it. Throws what the server refuses.
   * @param {string} text
   * @returns {Promise<import("../core/contract.js").SceneList>}
   */
  async keep(text) {
    const list = await postJson("/lecture/check", { text });
    sceneList.text = text;
    try {
      localStorage.setItem(KEPT, text);
    } catch {
      showNotices("scenes", ["This browser keeps nothing: the scenes are there until the page is left."]);
    }
    return list;
  },

  forget() {
    sceneList.text = undefined;
    try {
      localStorage.removeItem(KEPT);
    } catch {
      // nothing was kept
    }
  },

  /**
   * { title, scenes } of a kind: "lab", "exercises" or "own".
   * @param {string} kind
   * @returns {Promise<import("../core/contract.js").SceneList>}
   */
  async load(kind) {
    if (kind === "own") {
      const text = sceneList.own();
      if (text === null) throw new Refused(404, ["This browser keeps no scene file. Open one in the lecture window (key L)."]);
      return postJson("/lecture/check", { text });
    }
    const response = await fetch(kind === "exercises" ? "/lecture/exercises" : "/lecture/scenes");
    if (!response.ok) throw new Refused(response.status, ["The server does not give its scenes. Reload the page."]);
    return response.json();
  },
};
