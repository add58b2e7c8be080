// A lecture or the exercises as a text with pictures, to be printed: for the hall with lines to write on, for the lecturer
// with notes, answers and solutions. Pictures are drawn on the server from each scene's link, one after the other.
import { Actions } from "../core/actions.js";
import { by, make } from "../core/dom.js";
import { postFile, postJson, problemsOf } from "../core/http.js";
import { showNotices } from "../core/notices.js";
import { END } from "../core/player.js";
import { sceneList } from "./scene_list.js";

/** @typedef {import("../core/contract.js").LectureScene} LectureScene */

const LINES = 3; // to write an answer on
const WIDTH = 1280; // pixels: twice what a picture takes on the page

/** @param {string} className @param {string} textContent */
const paragraph = (className, textContent) => make("p", { className, textContent });

/**
 * The text of one scene.
 * @param {LectureScene} scene
 * @param {number} number
 * @param {boolean} answers
 * @returns {HTMLElement}
 */
function describeScene(scene, number, answers) {
  /** @type {HTMLElement[]} */
  const lines = [make("h3", { textContent: `${number}. ${scene.title}` })];
  if (scene.say) lines.push(paragraph("say", scene.say));
  lines.push(make("figure", { className: "handout-picture", hidden: true }));
  if (scene.ask) lines.push(paragraph("ask", scene.ask));
  if (scene.goal) lines.push(paragraph("goal", `Goal: ${scene.goal_words}`));
  if (answers) {
    if (scene.answer) lines.push(paragraph("answer", scene.answer));
    if (scene.solution) lines.push(paragraph("solution", `One solution: ${scene.solution_words}`));
    lines.push(...scene.notes.map((text) => paragraph("notes", text)));
  } else if (scene.ask) lines.push(...Array.from({ length: LINES }, () => make("div", { className: "line" })));
  return make("section", {}, ...lines);
}

export class Handout {
  constructor() {
    const query = new URLSearchParams(location.search);
    this.kind = ["lab", "exercises", "own"].find((kind) => kind === query.get("scenes")) ?? "lab";
    this.answers = query.get("answers") === "yes";
    this.actions = new Actions({ print: () => window.print() });
    const other = by("handout-answers", HTMLAnchorElement);
    other.textContent = this.answers ? "Without answers" : "With answers";
    other.href = `/handout?scenes=${this.kind}${this.answers ? "" : "&answers=yes"}`;
    void this.show();
  }

  async show() {
    const place = by("handout-text");
    try {
      const { title, scenes } = await sceneList.load(this.kind);
      const minutes = scenes.reduce((sum, scene) => sum + scene.minutes, 0);
      place.append(make("h1", { textContent: title }));
      if (this.answers && minutes) place.append(paragraph("hint", `${scenes.length} scenes, ${minutes} minutes.`));
      let part = "";
      const sections = scenes.map((scene, index) => {
        if (scene.part !== part) place.append(make("h2", { textContent: (part = scene.part) }));
        const section = describeScene(scene, index + 1, this.answers);
        place.append(section);
        return { scene, section };
      });
      for (const { scene, section } of sections) await this.#draw(scene, section);
    } catch (error) {
      showNotices("handout", problemsOf(error, "The server does not answer. Reload the page."), "error");
    }
    place.setAttribute("aria-busy", "false");
  }

  /**
   * The picture of a scene of the toy lab: of its link's step for who has to say what comes, else of the end, solved.
   * @param {LectureScene} scene
   * @param {HTMLElement} section
   */
  async #draw({ link, title, solution }, section) {
    if (!link.startsWith("/?")) return;
    const { state } = await postJson("/toy/open", { query: link.slice(1) + (this.answers && solution ? `&${solution}` : "") });
    const wish = { ...state, scheme: "light", format: "png", picture: "slide", width: WIDTH, ...(this.answers ? { step: END } : {}) };
    const { blob } = await postFile("/export/toy", wish);
    const image = make("img", { alt: `Map and cut of the scene “${title}”`, src: URL.createObjectURL(blob) });
    await image.decode();
    const figure = /** @type {HTMLElement} */ (section.querySelector("figure"));
    figure.append(image);
    figure.hidden = false;
  }
}
