// A method's run in small: the map of the toy lab without its axes, and a button that plays it.
import { Player } from "../core/player.js";
import { MapView } from "../draw/map.js";

/** @typedef {import("../core/contract.js").SurfaceAnswer} SurfaceAnswer */
/** @typedef {import("../core/contract.js").GroundLook} GroundLook */
/** @typedef {import("../core/scheme.js").Colours} Colours */
/** @typedef {import("./run_charts.js").RunEntry} RunEntry */

const SPEED = 100; // steps per second, after first steps that can be seen
/** @type {import("../core/pace.js").Span[]} */
const FIRST = [[0, 4]];

export class Miniature {
  /** @param {HTMLElement} figure */
  constructor(figure) {
    this.figure = figure;
    this.name = figure.dataset.method ?? "";
    const inside = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (figure.querySelector(selector));
    this.words = inside(".miniature-words");
    this.button = inside("[data-action=miniature]");
    this.view = new MapView(inside(".canvas-stack"), { bare: true });
    this.player = new Player({ onStep: (step) => this.view.paths.setStep(step), onPlaying: (playing) => this.#showPlaying(playing) });
    this.player.speed = SPEED;
    this.player.slow = FIRST;
    this.showing = false; // whether it is on the screen
  }

  get ready() {
    return this.view.paths.ready;
  }

  /**
   * Another run, or another ground, at the run's end.
   * @param {SurfaceAnswer} surface
   * @param {import("../draw/ground.js").Ground | null} ground the surface's, read
   * @param {RunEntry} entry
   * @param {{ steps: number, start: number[], sentence: string }} run
   */
  setRun(surface, ground, entry, { steps, start, sentence }) {
    this.player.pause();
    this.surface = surface;
    this.ground = ground;
    this.view.basin = surface.basin;
    this.view.start = start;
    this.view.paths.entries = [entry];
    this.words.textContent = sentence;
    this.figure.setAttribute("aria-label", `A run of ${this.name} on ${surface.title}: ${sentence}`);
    this.player.setSteps(steps);
    this.player.step = this.view.paths.step = steps;
  }

  /**
   * @param {Colours} colours
   * @param {import("../core/contract.js").Look} look
   * @param {GroundLook} groundLook
   */
  draw(colours, look, groundLook) {
    if (!this.surface) return;
    this.view.setSurface(this.surface, groundLook, this.ground);
    this.view.paths.colours = colours;
    for (const entry of this.view.paths.entries) entry.look = look;
    this.view.draw();
  }

  /** @param {boolean} playing */
  #showPlaying(playing) {
    this.button.textContent = playing ? "Pause" : "Play";
    this.button.setAttribute("aria-label", `${this.button.textContent} ${this.name}`);
  }
}
