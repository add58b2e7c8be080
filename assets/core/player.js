// Playback: which step is shown. It only moves when someone presses play or opens a preset, and not even then where a part
// of the page holds it: with reduced motion a film strip comes first.
import { advance, rateAt } from "./pace.js";

/** "The last step" in a state, whatever the number of steps: the control's maximum. */
export const END = 3000;

export class Player {
  /**
   * @param {object} listeners
   * @param {(step: number) => void} listeners.onStep after every change
   * @param {(playing: boolean) => void} listeners.onPlaying when playback starts or stops
   */
  constructor({ onStep, onPlaying }) {
    this.onStep = onStep;
    this.onPlaying = onPlaying;
    this.steps = 0;
    this.step = 0;
    this.speed = 60; // steps per second
    /** @type {import("./pace.js").Span[]} where it goes slowly whatever the speed; none: nowhere */
    this.slow = [];
    this.loop = false;
    this.playing = false;
    /** @type {number | null} where it stands between two steps */
    this.exact = null;
    /** @type {number | null} the time of the last frame */
    this.before = null;
    /** @type {(() => boolean)[]} asked before it plays; one that gives true keeps it still */
    this.holds = [];
    /** @type {(() => void)[]} told when the last step is shown */
    this.ends = [];
  }

  /** @param {number} steps */
  setSteps(steps) {
    const atEnd = this.step >= this.steps;
    this.steps = steps;
    // Who looks at the end keeps looking at the end when the number of steps changes.
    this.step = atEnd ? steps : Math.min(this.step, steps);
  }

  /** @param {number} step */
  seek(step) {
    this.exact = null;
    this.#show(Math.min(Math.max(Math.round(step), 0), this.steps));
  }

  /**
   * Stop, and show a step.
   * @param {number} step
   */
  hold(step) {
    this.pause();
    this.seek(step);
  }

  /** Steps per second at the step shown. */
  get rate() {
    return this.slow.length ? rateAt(this.exact ?? this.step, this) : this.speed;
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.playing || !this.steps || this.holds.some((hold) => hold())) return;
    if (this.step >= this.steps) this.seek(0);
    this.playing = true;
    this.before = null;
    this.exact = this.step;
    this.onPlaying(true);
    requestAnimationFrame((now) => this.#tick(now));
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.onPlaying(false);
  }

  /** @param {number} now ms */
  #tick(now) {
    if (!this.playing) return;
    const seconds = this.before === null ? 0 : Math.min((now - this.before) / 1000, 0.25);
    this.before = now;
    this.exact = advance(this.exact ?? this.step, seconds, this);
    if (this.exact >= this.steps) {
      if (!this.loop) {
        this.#show(this.steps);
        this.pause();
        return;
      }
      this.exact = 0;
    }
    const step = Math.floor(this.exact);
    if (step !== this.step) this.#show(step);
    requestAnimationFrame((next) => this.#tick(next));
  }

  /** @param {number} step */
  #show(step) {
    this.step = step;
    this.onStep(step);
    if (step >= this.steps) for (const end of this.ends) end();
  }
}
