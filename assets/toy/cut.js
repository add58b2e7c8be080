// The cut beside the map: asks for the steps of the run along the chosen line, window by window, and draws the one shown.
import { by } from "../core/dom.js";
import { captionOf, partOff } from "../draw/cut.js";
import { CutView } from "../draw/cut_view.js";
import { pictureOf } from "./cut_lanes.js";
import { CutRun } from "./cut_run.js";

/** @type {Record<string, string>} */
export const ALONG = { basin: "loss on the way to the basin", gradient: "loss straight downhill", probe: "loss where the probe looks" };
const AFTER = 20; // ms after new paths: they are painted first
const PACE = 100; // ms between two requests for new paths: a dragged slider goes before
const REST = 400; // ms without a change before the picture is put into words

export class Cut {
  /** @param {import("./main.js").ToyLab} page */
  constructor(page) {
    this.page = page;
    this.view = new CutView(by("cut-stack"));
    const listeners = { ask: () => this.#ask(), draw: () => this.#drawSoon() };
    this.run = new CutRun(listeners);
    this.frozen = new CutRun(listeners); // the run that it is compared with
    this.scheduled = 0;
    this.began = -PACE; // when it was last asked for new paths
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.beginning = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.resting = undefined;
    page.widgets.build(by("cut-controls"), page.schema.group("cut"));
    document.addEventListener("pothole:painted", () => this.#begin());
    for (const event of ["pothole:veil", "pothole:restyled"]) document.addEventListener(event, () => this.draw());
    page.followers.push(() => this.#follow());
    page.state.listen((changed, source) => {
      if (changed.has("cut_line") && this.run.body && source !== "open") {
        this.#begin();
        this.setFrozen(this.frozen.body);
      }
      if (changed.has("methods") || changed.has("scheme")) this.draw();
    });
    new ResizeObserver(() => this.draw()).observe(by("cut-stack"));
  }

  /** Whether all that is asked for is known. */
  get idle() {
    return !this.beginning && this.run.idle && this.frozen.idle;
  }

  /** New paths, or another line: what is known belongs to the ones before. */
  #begin() {
    const { lastRequest, state } = this.page;
    if (!lastRequest) return;
    const { have: _, ...body } = lastRequest;
    this.run.begin({ ...body, cut_line: state.get("cut_line") });
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

  /**
   * A run to compare with, by the state that its paths were asked with; null: none.
   * @param {Record<string, unknown> | null} body
   */
  setFrozen(body) {
    if (body) this.frozen.begin({ ...body, cut_line: this.page.state.get("cut_line") });
    else this.frozen.end();
    this.#ask();
    this.#drawSoon();
  }

  #ask() {
    if (this.beginning) return;
    const { pictures, player, gate } = this.page;
    this.run.ask(pictures.entries, player, !gate.idle);
    if (gate.idle) this.frozen.ask(pictures.frozen?.entries ?? [], player, false);
  }

  #drawSoon() {
    cancelAnimationFrame(this.scheduled);
    this.scheduled = requestAnimationFrame(() => this.draw());
  }

  draw() {
    const { page, run, frozen } = this;
    clearTimeout(this.resting);
    /** @type {string[]} */
    const methods = page.state.get("methods");
    const entries = run.entries.filter(({ name }) => methods.includes(name));
    const other = frozen.body && !page.veiled ? { known: frozen.shown, entries: frozen.entries } : null;
    const picture = pictureOf(run.shown, entries, page.looks, page.player.step, other);
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
export function wordsOf({ lanes, walkers }, step) {
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
