// The slice panel: asks for a slice, draws what comes, coarse before fine, plays the kept weights over it, and says for
// every path what the projection leaves out.
import { decode } from "../../core/arrays.js";
import { by, make, plainTable } from "../../core/dom.js";
import { formatCount, formatNumber } from "../../core/format.js";
import { LatestWinsGate } from "../../core/gate.js";
import { postJson, problemsOf } from "../../core/http.js";
import { lessMotion } from "../../core/motion.js";
import { showNotices } from "../../core/notices.js";
import { Player } from "../../core/player.js";
import { methodName } from "../../draw/swatch.js";
import { JobRequest } from "../job_request.js";
import { SlicePictures } from "./slice_pictures.js";

/** @typedef {import("../../core/contract.js").Encoded} Encoded */
/** @typedef {import("../../core/contract.js").SliceRow} SliceRow */
/** @typedef {import("../../core/contract.js").SliceDone} SliceDone */
/** @typedef {import("../../core/contract.js").SlicePlane} SlicePlane */
/** @typedef {import("../../core/contract.js").SlicePicture} SlicePicture */
/** @typedef {{ captured: number | null, distance: Float32Array, displacement: Float32Array, true: Float32Array, drawn: Float32Array }} Honesty of a path, by kept step */

/**
 * @typedef {object} Slice what has come so far; nothing but the run before its plane
 * @property {string} run
 * @property {string} job
 * @property {(Omit<SlicePlane, "x" | "y"> & { x: Float32Array, y: Float32Array | null }) | null} plane
 * @property {{ x: Encoded, y: Encoded | null } | null} encoded
 * @property {Record<string, Float32Array>} paths projected coordinates by method
 * @property {SlicePicture | null} picture
 * @property {Record<string, Honesty> | null} honesty by method
 * @property {SliceDone | null} done
 */

/** @typedef {Slice & { plane: NonNullable<Slice["plane"]>, picture: SlicePicture }} Shown a slice with a picture */
/** @typedef {{ x: Encoded, y: Encoded | null, losses: Encoded, labels: string[], scale: string }} ToDraw */

const SPEED = 3; // kept weights a second
const HALVES = { train: "training", test: "test" };

export class SlicePanel {
  /** @param {import("./main.js").ExplorePage} page */
  constructor(page) {
    this.page = page;
    /** @type {Slice | null} the answer to what was asked last */
    this.found = null;
    /** @type {Shown | null} */
    this.shown = null;
    /** @type {Shown | null} whose last step was chosen already */
    this.steppedFor = null;
    this.scale = "log";
    this.anyway = false; // it moves though less motion is asked for
    this.began = 0; // when it was asked for, in ms of the page
    /** @type {number | null} ms from there to the first picture */
    this.firstPicture = null;
    /** @type {SlicePictures | null} made for the first slice */
    this.shownPictures = null;
    /** @type {JobRequest<SliceRow>} */
    this.request = new JobRequest("slice", {
      onRow: (row, job, progress) => this.#row(row, job, progress),
      onOver: () => page.explore?.over(),
    });
    // Pictures of arrays are made by the server; of several waiting the newest is drawn.
    /** @type {LatestWinsGate<ToDraw, import("../../core/contract.js").SliceFigures>} */
    this.figures = new LatestWinsGate((body, signal) => postJson("/network/explore/pictures", body, signal), {
      onAnswer: (figures, body) => this.#draw(figures, body),
      onFailure: (error) => showNotices("slice", problemsOf(error, "The server does not answer; the picture is not drawn."), "error"),
    });
    this.player = new Player({
      onStep: (step) => this.#showStep(step),
      onPlaying: (playing) => {
        by("slice-play").textContent = playing ? "Pause" : "Play";
      },
    });
    this.player.speed = SPEED;
    this.player.holds.push(() => this.#hold());
    this.scrubber = make("input", { type: "range", min: 0, max: 0, step: 1, className: "slider", "aria-label": "Kept weights" });
    this.scrubber.addEventListener("input", () => {
      this.player.pause();
      this.player.seek(Number(this.scrubber.value));
    });
    by("slice-scrubber").append(this.scrubber);
    page.actions.add({ "slice-play": () => this.player.toggle() });
  }

  /**
   * @param {string} run
   * @param {Record<string, unknown>} state
   */
  ask(run, state) {
    this.began = performance.now();
    this.firstPicture = null;
    this.found = { run, job: "", plane: null, encoded: null, paths: {}, picture: null, honesty: null, done: null };
    this.request.ask({ kind: "slice", run, state });
  }

  get pictures() {
    return (this.shownPictures ??= new SlicePictures(this.#ground));
  }

  /**
   * @param {SliceRow} row
   * @param {string} job
   * @param {{ total: number }} progress
   */
  #row(row, job, { total }) {
    const { found } = this;
    if (!found) return;
    if (row.plane) {
      const { x, y } = row.plane;
      found.plane = { ...row.plane, x: decode(x), y: decode(y) };
      found.encoded = { x, y };
      found.paths = Object.fromEntries(Object.entries(row.plane.paths).map(([name, path]) => [name, decode(path)]));
      found.job = job;
    }
    if (row.honesty) {
      found.honesty = Object.fromEntries(
        Object.entries(row.honesty).map(([name, { captured, distance, displacement, true: losses, drawn }]) => [
          name,
          { captured, distance: decode(distance), displacement: decode(displacement), true: decode(losses), drawn: decode(drawn) },
        ]),
      );
      if (this.shown === found) {
        this.#setPaths(this.shown);
        this.#alt(this.shown);
      }
    }
    if (row.picture) {
      found.picture = row.picture;
      this.#picture(found);
    }
    if (row.done && hasPicture(found)) this.#done(found, row.done);
    else if (found.plane) this.#status(row, total);
  }

  /** @param {Slice} found */
  #picture({ encoded, plane, picture }) {
    if (!encoded || !plane || !picture) return;
    const scale = this.page.state.get("slice_scale");
    this.figures.ask({ ...encoded, losses: picture.losses, labels: plane.labels.map(short), scale });
  }

  // Draw what is there anew: on another scale.
  restyle() {
    if (this.shown) this.#picture(this.shown);
  }

  /**
   * @param {import("../../core/contract.js").SliceFigures} figures
   * @param {ToDraw} body
   */
  #draw(figures, body) {
    const { found } = this;
    if (!found || !hasPicture(found) || body.losses !== found.picture.losses) return; // of a slice that is no longer wanted
    by("slice-answer").hidden = false;
    this.shown = found;
    this.scale = body.scale;
    this.pictures.setFigures(figures);
    this.#setPaths(found);
    this.#alt(found);
    if (this.firstPicture === null) {
      this.firstPicture = performance.now() - this.began;
      document.dispatchEvent(new CustomEvent("pothole:slice", { detail: this.firstPicture }));
    }
  }

  /** @param {Shown} shown */
  #setPaths(shown) {
    const { plane, paths, honesty } = shown;
    const last = plane.steps.length - 1;
    this.player.setSteps(last);
    if (this.steppedFor !== shown) {
      this.steppedFor = shown;
      this.player.step = last;
      this.scrubber.max = String(last);
    }
    this.pictures.step = this.player.step;
    this.pictures.map.paths.colours = this.pictures.relief.paths.colours = this.page.colours;
    this.pictures.setPaths(paths, honesty, plane.axes, this.scale, this.page.looks);
    this.#showStep(this.player.step);
  }

  /** @param {number} step */
  #showStep(step) {
    if (!this.shown) return;
    const { steps } = this.shown.plane;
    this.scrubber.value = String(step);
    const at = steps[step] === 0 ? "the first weights" : `step ${steps[step]}`;
    this.scrubber.setAttribute("aria-valuetext", at);
    by("slice-step").textContent = `${at}, ${step + 1} of ${steps.length} kept`;
    this.pictures.setStep(step);
    this.#showHonesty(this.shown, step);
  }

  /**
   * @param {Shown} shown
   * @param {number} step
   */
  #showHonesty({ honesty }, step) {
    if (!honesty) {
      by("slice-honesty").replaceChildren(make("p", { className: "hint", textContent: "Being measured …" }));
      return;
    }
    const heads = ["Path", "Variance shown", "Off the plane", "From the middle", "True loss", "Drawn height", "True less drawn"];
    const rows = Object.entries(honesty).map(([name, told]) => [
      methodName(name, this.page.looks[name], this.page.colours.paper),
      share(told.captured),
      formatNumber(told.distance[step]),
      formatNumber(told.displacement[step]),
      formatNumber(told.true[step], 4),
      formatNumber(told.drawn[step], 4),
      formatNumber(told.true[step] - told.drawn[step]),
    ]);
    by("slice-honesty").replaceChildren(plainTable("", heads, rows));
  }

  /**
   * @param {SliceRow} row
   * @param {number} total
   */
  #status(row, total) {
    const evaluated = row.picture?.evaluated ?? row.evaluated;
    if (evaluated === undefined) return;
    const points = Math.max(total - 3, evaluated);
    const error = row.picture?.error;
    const sampled = row.picture?.sampled;
    if (sampled) {
      this.request.say(
        `a coarse picture over ${formatCount(sampled.examples)} examples, standard error ${formatNumber(sampled.standard_error, 2)}; that over all is being made`,
      );
      return;
    }
    this.request.say(
      error === undefined || error === null
        ? `${formatCount(evaluated)} of ${formatCount(points)} points are exact`
        : `${formatCount(evaluated)} evaluations, error so far ${formatNumber(100 * error, 2)} % of the range`,
    );
  }

  /**
   * @param {Shown} found
   * @param {SliceDone} done
   */
  #done(found, done) {
    found.done = done;
    const { plane } = found;
    const over = `${formatCount(plane.examples)}${plane.examples < plane.of_examples ? ` of ${formatCount(plane.of_examples)}` : ""} ${HALVES[plane.half]} examples`;
    const parts = [`${formatCount(done.evaluations)} evaluations over ${over} in ${formatNumber(done.seconds, 2)} s`];
    if (done.relative_error !== undefined) {
      parts.push(
        `largest error ${formatNumber(100 * done.relative_error, 2)} % of the range${done.logarithmic ? " of log L" : ""} on ${done.fresh} fresh points`,
      );
      if (!done.met) parts.push(`more than the ${formatNumber(100 * (done.tolerance ?? NaN))} % asked for`);
    }
    if (done.standard_error !== undefined) {
      parts.push(
        `standard error ${formatNumber(done.standard_error, 2)} (median of ${done.error_points} points, at most ${formatNumber(done.largest_standard_error, 2)})`,
      );
    }
    this.request.say(parts.join("; "));
    by("slice-words").textContent = `Around ${plane.around}: ${plane.labels.join("; ")}.`;
    by("spoken").textContent = done.sentence;
    if (this.shown === found) this.#alt(found);
    this.page.explore?.answered("slice", found);
  }

  // With less motion asked for, a first press leads to the end and only a second, "Play anyway", moves.
  #hold() {
    if (!lessMotion() || this.anyway) return false;
    this.anyway = true;
    this.player.seek(this.player.steps);
    by("slice-play").textContent = by("spoken").textContent = "Play anyway";
    return true;
  }

  /** @param {Shown} shown */
  #alt({ plane, paths, honesty, picture }) {
    const told = Object.keys(paths).map((name) => {
      if (!honesty) return name;
      const losses = honesty[name].true;
      return `${name}, loss ${formatNumber(losses[0])} to ${formatNumber(losses[losses.length - 1])}`;
    });
    const drawn = decode(picture.losses).filter(Number.isFinite);
    const least = drawn.reduce((a, b) => Math.min(a, b), Infinity);
    const most = drawn.reduce((a, b) => Math.max(a, b), -Infinity);
    const range = `from ${formatNumber(least)} to ${formatNumber(most)}`;
    const steps = `steps ${plane.steps[0]} to ${plane.steps[plane.steps.length - 1]}`;
    const what = `${plane.axes === 1 ? "Line" : "Contour map"} of the loss around ${plane.around}, ${range}`;
    by("slice-map-stack").setAttribute(
      "aria-label",
      `${what}. Projected paths, ${steps}: ${told.join("; ")}. Axes: ${plane.labels.join("; ")}.`,
    );
    by("slice-relief-stack").setAttribute("aria-label", `The same loss as a relief, ${range}. Paths, ${steps}: ${told.join("; ")}.`);
    by("slice-map-hint").textContent = plane.axes === 1 ? "dots: the kept weights, projected" : "Paths are projected onto the plane";
  }

  /** What was found is of another run. */
  forget() {
    this.found = this.shown = null;
  }

  get #ground() {
    return this.page.tables.grounds[this.page.state.get("scheme")];
  }

  // The canvases' colours have changed.
  setLooks() {
    if (!this.shown) return;
    this.pictures.setLooks(this.page.looks, this.page.colours, this.#ground);
    this.#showHonesty(this.shown, this.player.step);
  }
}

/**
 * @param {Slice} found
 * @returns {found is Shown}
 */
function hasPicture(found) {
  return found.plane !== null && found.picture !== null;
}

/**
 * A share as a number and a bar of that length.
 * @param {number | null} part
 */
function share(part) {
  if (part === null || !Number.isFinite(part)) return "does not move";
  const bar = make("span", { className: "share-bar", "aria-hidden": "true" });
  bar.style.setProperty("--share", `${100 * Math.min(Math.max(part, 0), 1)}%`);
  return make("span", { className: "share" }, bar, `${formatNumber(100 * part, 3)} %`);
}

/**
 * A whole label has to fit beside an axis.
 * @param {string} label
 */
function short(label) {
  return label.length > 60 ? `${label.slice(0, 58)}…` : label;
}
