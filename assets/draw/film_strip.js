// Where the system asks for less motion, Play shows the run as a film strip: six frames side by side, drawn by the same
// code as the map. Who wants to see it move all the same presses "Play anyway".
import { by, make } from "../core/dom.js";
import { lessMotion } from "../core/motion.js";

/** @typedef {{ ready(): boolean, draw(stack: HTMLElement, step: number): void, caption(step: number): string, words(step: number): string }} Frames ready: whether there is a run; the others make one frame */

const FRAMES = 6;

export class FilmStrip {
  /**
   * frames: ready() → whether there is a run; draw(stack, step), caption(step) and words(step) make one frame.
   * @param {{ player: import("../core/player.js").Player, actions: import("../core/actions.js").Actions }} page
   * @param {Frames} frames
   */
  constructor(page, frames) {
    this.page = page;
    this.source = frames;
    this.anyway = false;
    this.frames = make("div", { className: "frames" });
    this.place = make("section", { className: "film-strip", "aria-label": "The run as a film strip", hidden: true });
    const text = "Your system asks for less motion, so the run is shown in frames.";
    const button = make("button", { type: "button", className: "button", "data-action": "play-anyway", textContent: "Play anyway" });
    this.place.append(make("div", { className: "strip-head" }, make("p", { textContent: text }), button), this.frames);
    by("player").after(this.place);
    page.player.holds.push(() => this.hold());
    page.actions.add({ "play-anyway": () => this.playAnyway() });
    document.addEventListener("pothole:veil", () => this.close());
    for (const event of ["pothole:painted", "pothole:restyled", "pothole:run"]) {
      document.addEventListener(event, () => !this.place.hidden && this.show());
    }
  }

  hold() {
    if (!lessMotion() || this.anyway || !this.source.ready()) return false;
    this.show();
    this.page.player.seek(this.page.player.steps);
    return true;
  }

  playAnyway() {
    this.anyway = true;
    this.close();
    this.page.player.seek(0);
    this.page.player.play();
    by("play-button").focus({ preventScroll: true });
  }

  close() {
    this.place.hidden = true;
    this.frames.replaceChildren();
  }

  show() {
    if (!this.source.ready()) {
      this.close();
      return;
    }
    this.place.hidden = false;
    const last = this.page.player.steps;
    const steps = Array.from({ length: FRAMES }, (_, k) => Math.round(last * (k / (FRAMES - 1)) ** 2)); // closer where most happens
    const stacks = steps.map(() => make("div", { className: "strip-frame" }));
    this.frames.replaceChildren(
      ...steps.map((step, k) => {
        const figure = make("figure", { "aria-label": this.source.words(step) });
        figure.append(stacks[k], make("figcaption", { textContent: this.source.caption(step) }));
        return figure;
      }),
    );
    stacks.forEach((stack, k) => this.source.draw(stack, steps[k]));
  }
}
