// What a scene says beside the picture: its sentence, the controls to turn, its question, and the answer or, of an
// exercise, whether it is solved. The controls are the page's own: they stand here while the scene is shown.
import { by, make, makeButton } from "../core/dom.js";
import { postJson, problemsOf } from "../core/http.js";

/** @typedef {import("../core/contract.js").LectureScene} LectureScene */
/** @typedef {import("../core/contract.js").GoalAnswer} GoalAnswer */
/** @typedef {{ state: import("../core/state.js").State, widgets?: import("../core/widgets.js").Widgets, request?: () => Record<string, any> }} CardPage */

// Where a scene's "show" finds what stands below the first screen; cut, map and surface stand there anyway.
/** @type {Record<string, string>} */
const BELOW = {
  losses: "figure:has(> #losses-chart)",
  distance: "figure:has(> #distance-chart)",
  curvature: "figure:has(> #curvature-chart)",
  outcomes: "section:has(> #outcomes)",
  claims: "#claims-section",
  anatomy: "#anatomy-section",
};

/** @param {string} text */
const paragraph = (text, className = "") => make("p", { textContent: text, className });

/**
 * The conditions of a goal as a list: which hold, and what was found.
 * @param {GoalAnswer} answer
 */
function conditionsOf({ conditions }) {
  const line = (/** @type {GoalAnswer["conditions"][number]} */ { wanted, holds, found }) =>
    make("li", { className: holds ? "holds" : "fails" }, make("strong", { textContent: `${holds ? "✓" : "✗"} ${wanted}` }), `: ${found}.`);
  return make("ul", { className: "conditions" }, ...conditions.map(line));
}

export class SceneCard {
  /** @param {CardPage} page */
  constructor(page) {
    this.page = page;
    this.place = by("lecture-card");
    this.turn = make("div", { className: "card-turn" });
    this.shown = ""; // which scene stands here
    /** @type {LectureScene | null} */
    this.scene = null;
    /** @type {Map<Element, Comment>} what stands with the scene for a while → where it belongs */
    this.lent = new Map();
  }

  /**
   * @param {LectureScene | null} scene null: none
   * @param {string} key of the scene, so that it is built once
   */
  show(scene, key) {
    const said = scene && (scene.say || scene.ask || scene.turn.length);
    this.place.hidden = !said;
    document.body.dataset.show = scene?.show.join(" ") ?? "";
    document.body.classList.toggle("showing", Boolean(scene?.show.length));
    this.scene = scene;
    if (said && this.shown !== key) this.#build(scene);
    this.shown = said ? key : "";
    this.borrow();
  }

  /** @param {LectureScene} scene */
  #build(scene) {
    const words = make("div", { className: "card-words" });
    if (scene.say) words.append(paragraph(scene.say, "card-say"));
    if (scene.ask) words.append(scene.goal ? paragraph(scene.ask, "card-say") : this.#question(scene));
    if (scene.goal) words.append(this.#exercise(scene));
    if (scene.notes.length) {
      const more = make("details", { className: "card-more" }, make("summary", { textContent: "Read more" }));
      more.append(...scene.notes.map((text) => paragraph(text)));
      words.append(more);
    }
    this.place.replaceChildren(words, this.turn);
  }

  /** @param {LectureScene} scene */
  #question({ ask, answer }) {
    if (!answer) return paragraph(ask, "card-ask");
    return make("details", { className: "card-ask" }, make("summary", { textContent: ask }), paragraph(answer));
  }

  /** @param {LectureScene} scene */
  #exercise(scene) {
    const told = make("div", { className: "card-told", role: "status", "aria-live": "polite" });
    const check = async () => {
      told.replaceChildren("Running the methods…");
      try {
        /** @type {GoalAnswer} */
        const answer = await postJson("/lecture/try", { scene, state: this.page.request?.() ?? this.page.state.values });
        const head = answer.solved ? `Solved. ${scene.answer}` : "Not yet.";
        told.replaceChildren(paragraph(head, answer.solved ? "solved" : "unsolved"), conditionsOf(answer));
      } catch (error) {
        told.replaceChildren(...problemsOf(error, "The server does not answer. Try again in a moment.").map((text) => paragraph(text)));
      }
    };
    return make(
      "div",
      { className: "card-exercise" },
      makeButton("Check", () => void check(), { id: "check-exercise" }),
      told,
    );
  }

  /** The scene's controls stand here, and what it shows among the pictures; what another scene had goes home. */
  borrow() {
    const { turn, show } = this.scene ?? { turn: [], show: [] };
    const rows = turn.map((name) => this.page.widgets?.shown.get(name)?.row).filter((row) => row !== undefined);
    const parts = show.flatMap((name) => document.querySelector(BELOW[name] ?? "none") ?? []);
    if ([...rows, ...parts].length === this.lent.size && [...rows, ...parts].every((node) => this.lent.has(node))) return;
    this.#giveBack();
    for (const node of [...rows, ...parts]) {
      const mark = document.createComment("");
      node.before(mark);
      this.lent.set(node, mark);
    }
    this.turn.replaceChildren(...rows);
    document.querySelector(".pictures")?.append(...parts);
  }

  #giveBack() {
    for (const [node, mark] of this.lent) {
      if (mark.isConnected) mark.replaceWith(node);
      else node.remove(); // its place has been built anew, with another in its stead
    }
    this.lent.clear();
  }
}
