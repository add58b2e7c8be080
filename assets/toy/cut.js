// The cut beside the map: asks for the steps of the run along the chosen line, window by window, and draws the one shown.
import { by } from "../core/dom.js";
import { LatestWinsGate } from "../core/gate.js";
import { postJson, Refused } from "../core/http.js";
import { showNotices } from "../core/notices.js";
import { captionOf, partOff } from "../draw/cut.js";
import { CutView } from "../draw/cut_view.js";
import { ownStep } from "../draw/paths.js";
import { pictureOf } from "./cut_lanes.js";
import { CutSteps } from "./cut_steps.js";

/** @typedef {import("../core/contract.js").CutAnswer} CutAnswer */
/** @typedef {import("./run_charts.js").RunEntry} RunEntry */
/** @typedef {{ body: Record<string, unknown>, steps: number[], known: CutSteps, entries: RunEntry[] }} Wish */

/** @type {Record<string, string>} */
const ALONG = { basin: "loss on the way to the basin", gradient: "loss straight downhill", probe: "loss where the probe looks" };
const AFTER = 20; // ms after new paths: they are painted first
const PACE = 100; // ms between two requests for new paths: a dragged slider goes before
const AGAIN = 1000; // ms after no answer, or a busy server's
const REST = 400; // ms without a change before the picture is put into words

export class Cut {
  /** @param {import("./main.js").ToyLab} page */
  constructor(page) {
    this.page = page;
    this.view = new CutView(by("cut-stack"));
    this.known = new CutSteps(); // of the run on the screen
    this.shown = this.known; // what is drawn: the run before, until something of this one is known
    /** @type {RunEntry[]} the runs that `shown` belongs to */
    this.entries = [];
    /** @type {Record<string, unknown> | null} */
    this.body = null;
    this.scheduled = 0;
    this.began = -PACE; // when it was last asked for new paths
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.beginning = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.resting = undefined;
    /** @type {LatestWinsGate<Wish, CutAnswer>} */
    this.gate = new LatestWinsGate(({ body, steps }, signal) => postJson("/toy/cut", { ...body, cut_steps: steps }, signal), {
      onAnswer: (answer, wish) => this.#answered(answer, wish),
      onFailure: (error) => {
        if (error instanceof Refused && error.status === 422) showNotices("request", error.problems, "error");
        else setTimeout(() => this.#ask(), AGAIN);
      },
    });
    page.widgets.build(by("cut-controls"), page.schema.group("cut"));
    document.addEventListener("pothole:painted", () => this.#begin());
    for (const event of ["pothole:veil", "pothole:restyled"]) document.addEventListener(event, () => this.draw());
    page.followers.push(() => this.#follow());
    page.state.listen((changed, source) => {
      if (changed.has("cut_line") && this.body && source !== "open") this.#begin();
      if (changed.has("methods") || changed.has("scheme")) this.draw();
    });
    new ResizeObserver(() => this.draw()).observe(by("cut-stack"));
  }

  /** New paths, or another line: what is known belongs to the ones before. */
  #begin() {
    const { lastRequest, state } = this.page;
    if (!lastRequest) return;
    const { have: _, ...body } = lastRequest;
    this.body = { ...body, cut_line: state.get("cut_line") };
    this.known = new CutSteps();
    const curve = this.page.surface?.dimension === 1; // is its own line
    by("cut-controls").hidden = curve;
    by("cut-hint").textContent = curve ? "the loss itself" : ALONG[state.get("cut_line")];
    this.beginning ??= setTimeout(
      () => {
        this.beginning = undefined;
        this.began = performance.now();
        this.#ask();
      },
      Math.max(AFTER, this.began + PACE - performance.now()),
    );
  }

  #follow() {
    this.#ask();
    this.draw();
  }

  #ask() {
    if (!this.body || this.beginning) return;
    const { pictures, player, gate } = this.page;
    const at = [...new Set(pictures.entries.map((entry) => Math.min(ownStep(entry, player.step), entry.last)))];
    const steps = this.known.wanted(at.length ? at : [player.step], player.steps, !gate.idle);
    if (steps.length && this.gate.idle) this.gate.ask({ body: this.body, steps, known: this.known, entries: pictures.entries });
  }

  /**
   * While a slider is dragged the paths may be newer by now: their cut comes next, and this one is nearer than the last.
   * @param {CutAnswer} answer
   * @param {Wish} wish
   */
  #answered(answer, { known, steps, entries }) {
    known.keep(answer, steps);
    this.shown = known;
    this.entries = entries;
    this.#ask();
    cancelAnimationFrame(this.scheduled);
    this.scheduled = requestAnimationFrame(() => this.draw());
  }

  draw() {
    const { page, shown } = this;
    clearTimeout(this.resting);
    /** @type {string[]} */
    const methods = page.state.get("methods");
    const entries = this.entries.filter(({ name }) => methods.includes(name));
    const picture = pictureOf(shown, entries, page.looks, page.player.step);
    if (!picture) return;
    picture.walkers = !page.veiled;
    this.view.show(picture, page.pictures.map.paths.colours);
    const words = wordsOf(picture, page.player.step);
    const figure = by("cut-picture");
    const tell = () => figure.setAttribute("aria-label", words);
    if (figure.hasAttribute("aria-label")) this.resting = setTimeout(tell, REST);
    else tell();
  }
}

/**
 * The picture in words.
 * @param {import("../draw/cut_view.js").CutPicture} picture
 * @param {number} step
 */
function wordsOf({ lanes, walkers }, step) {
  if (!walkers) return "Cut through the ground; walkers are hidden until you have guessed.";
  const each = lanes.map(({ name, row, gone }) => {
    if (gone) return `${name} has diverged`;
    return row ? `${name}, ${captionOf(row)}, ${Math.round(100 * partOff(row))} % off the line` : name;
  });
  return `Cut through the ground at step ${step}. ${each.join("; ")}.`;
}

/** @param {import("./main.js").ToyLab} page */
export function addCut(page) {
  page.cut = new Cut(page);
}
