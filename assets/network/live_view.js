// The pictures of a run while it trains: the curves, and the paths on the plane over the surface that a job of its own
// draws under them, coarse at first.
import { by } from "../core/dom.js";
import { formatNumber } from "../core/format.js";
import { postJson, Refused } from "../core/http.js";
import { Chart } from "../draw/chart.js";
import { BoundaryView } from "./boundary_view.js";
import { AXES } from "./curves.js";
import { followJob } from "./follow.js";
import { PATH_ALONE } from "../draw/paths.js";
import { PlaneView } from "./plane_view.js";
import { errorWords, sampleWords } from "./samples.js";

/** @typedef {import("../core/contract.js").GroundRow} GroundRow */
/** @typedef {import("../core/scheme.js").Colours} Colours */
/** @typedef {import("../core/scheme.js").Looks} Looks */
/** @typedef {import("../draw/shapes.js").Range} Range */
/** @typedef {import("./curves.js").Quantity} Quantity */
/** @typedef {import("./curves.js").Axis} Axis */
/** @typedef {import("./run.js").LiveRun} LiveRun */

const GROUND_EVERY = 1200; // ms between two requests for another piece of the plane
const FOR_GOOD = [404, 422]; // statuses after which a request is not repeated
/** @type {import("../draw/chart.js").Axis} */
const SHARES = { format: (value) => `${Number((100 * value).toPrecision(3))} %`, within: [0, 1] };
/** @type {Record<string, string>} */
const SYMBOLS = { learning_rate: "η", radius: "ρ", momentum: "μ", noise_variance: "σ²", weight_decay: "decay" };
/** @type {import("./curves.js").Points} */
const NOTHING = { x: [], y: [], samples: [] };

export class LiveView {
  /**
   * @param {import("./main.js").NetworkLab} page
   * @param {import("../core/contract.js").NetworkTables} tables
   */
  constructor(page, tables) {
    this.page = page;
    /** @type {Looks} */
    this.looks = tables.looks;
    this.plane = new PlaneView(by("plane-stack"), tables.schemes);
    this.charts = /** @type {Quantity[]} */ (tables.curves).map((key) => ({
      key,
      chart: new Chart(by(`${key}-chart`), { readout: true }),
    }));
    this.boundary = new BoundaryView();
    /** @type {LiveRun | null} */
    this.run = null;
    /** @type {Record<string, { array: Float32Array, count: number }>} what is known of each method's path */
    this.positions = {};
    /** @type {Range[] | null} the piece of the plane that is shown */
    this.bounds = null;
    /** @type {import("./follow.js").Follower | null} of the job that makes the surface */
    this.ground = null;
    this.groundBounds = ""; // the piece whose surface was asked for
    this.wanting = false;
    this.asked = 0; // when, in ms of the page
    this.refusals = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.later = undefined;
  }

  get colours() {
    return this.plane.colours;
  }

  /**
   * @param {Colours} colours
   * @param {Looks} looks
   * @param {string} scheme
   */
  setColours(colours, looks, scheme) {
    this.looks = looks;
    for (const { chart } of this.charts) chart.colours = colours;
    for (const entry of this.plane.entries) entry.look = looks[entry.name];
    this.plane.setColours(colours, scheme);
  }

  /** @param {LiveRun | null} run */
  attach(run) {
    this.ground?.close();
    Object.assign(this, { run, ground: null, positions: {}, bounds: null, groundBounds: "", asked: 0, refusals: 0 });
    this.plane.setSurface(run?.replay?.ground ?? null);
    this.plane.setPaths([], 0);
    this.draw(0);
  }

  /** Methods of the run that are also chosen in the legend; all where none is. */
  shown() {
    const chosen = this.run?.curves.methods.filter((name) => this.page.state.values.methods?.includes(name)) ?? [];
    return chosen.length ? chosen : (this.run?.curves.methods ?? []);
  }

  /** @param {number} step */
  draw(step) {
    if (!this.colours) return;
    this.boundary.draw(this.run, this.shown(), this.looks, this.colours, step);
    this.#curves(step);
    this.#paths(step);
  }

  /** @returns {Axis} */
  get axis() {
    return this.run?.recorded ? "steps" : (this.page.state.get("axis") ?? "steps");
  }

  /** @param {number} step */
  #curves(step) {
    const { axis } = this;
    const { loss_scale: scale = "log" } = this.page.state.values;
    const curves = this.run?.curves;
    const names = this.shown();
    const going = curves?.goingOf(names);
    const rows = curves?.rows.length;
    const marks = (curves?.marks ?? []).map(({ position, settings }) => ({
      text: Object.entries(settings)
        .map(([name, value]) => `${SYMBOLS[name] ?? name} ${formatNumber(value)}`)
        .join(", "),
      lines:
        axis === "steps"
          ? [{ x: position }]
          : names.map((name) => ({ x: curves?.place(name, position, axis) ?? NaN, look: this.looks[name] })),
    }));
    for (const { key, chart } of this.charts) {
      const share = key.endsWith("accuracy");
      const series = names.map((name) => {
        const { x, y, samples } = curves?.line(name, key, axis) ?? NOTHING;
        return {
          name,
          look: this.looks[name],
          x,
          y,
          samples,
          beyond: !going?.includes(name),
          note: (/** @type {number} */ k) => errorWords(key, samples[k]),
        };
      });
      const hint = by(`${key}-hint`);
      hint.dataset.exact ??= hint.textContent;
      hint.textContent =
        sampleWords(
          key,
          series.map(({ samples }) => samples.at(-1)),
        ) || hint.dataset.exact;
      // Nobody knows what a training elsewhere has seen on the way, unless it was kept beside the weights; and a run may
      // have ended before it could pay for all that there is to measure.
      const figure = by(`${key}-chart`).closest("figure");
      if (figure) figure.hidden = Boolean((this.run?.recorded || this.run?.ended) && rows && series.every(({ x }) => !x.length));
      const last = Math.max(axis === "steps" ? (this.run?.total ?? 0) : 0, ...series.map(({ x }) => x.at(-1) ?? 0)) || 1;
      chart.at = this.#cursor(step);
      chart.show({ x: { range: [0, last], title: AXES[axis].title }, y: share ? SHARES : { log: scale === "log" }, series, marks });
    }
  }

  /** @param {number} step */
  #cursor(step) {
    const rows = this.run?.curves.rows ?? [];
    return this.axis === "steps" && step < rows.length - 1 ? rows[step].position : null;
  }

  /** @param {number} step */
  showStep(step) {
    if (this.colours) this.boundary.draw(this.run, this.shown(), this.looks, this.colours, step);
    this.plane.setStep(step);
    const cursor = this.#cursor(step);
    for (const { chart } of this.charts) {
      if (chart.at !== cursor) chart.setCursor(cursor);
    }
  }

  /** @param {number} step */
  #paths(step) {
    const rows = this.run?.curves.rows ?? [];
    /** @type {number[][]} */
    const points = [];
    const entries = this.shown().map((name) => {
      const kept = (this.positions[name] ??= { array: new Float32Array(1024), count: 0 });
      for (; kept.count < rows.length; kept.count += 1) {
        if (2 * kept.count + 2 > kept.array.length) {
          const larger = new Float32Array(2 * kept.array.length);
          larger.set(kept.array);
          kept.array = larger;
        }
        const [x, y] = rows[kept.count].methods[name]?.at ?? [];
        kept.array.set([x ?? NaN, y ?? NaN], 2 * kept.count);
      }
      return { ...PATH_ALONE, name, look: this.looks[name], positions: kept.array, last: kept.count - 1 };
    });
    const going = this.run?.curves.goingOf(this.shown());
    for (const { positions, last } of entries.filter(({ name }) => going?.includes(name))) {
      for (let i = 0; i <= last; i += 1) {
        if (Number.isFinite(positions[2 * i])) points.push([positions[2 * i], positions[2 * i + 1]]);
      }
    }
    const facts = this.run?.planeFacts;
    if (facts?.extent) points.push(...facts.extent);
    const drawn = this.run?.replay?.ground;
    this.plane.bounds = this.bounds = drawn ? [asRange(drawn.x), asRange(drawn.y)] : PlaneView.around(points, this.bounds);
    this.plane.labels = facts?.labels?.map(short) ?? ["", ""];
    this.plane.setPaths(
      entries.filter(({ last }) => last >= 0),
      step,
    );
    this.#hint();
    if (this.run?.plane && rows.length && !drawn) this.#wantGround(this.run, this.bounds);
  }

  #hint() {
    const words = [];
    const { run } = this;
    if (!run || (!run.plane && !run.ended && run.state !== "running")) words.push("Paths are drawn here while the methods train");
    else if (run.phase) words.push("paths begin after it");
    else if (!run.plane) words.push(run.ended ? "no plane was kept" : "the plane is being chosen");
    else {
      const surface = this.plane.surface;
      words.push("projected paths");
      if (surface) words.push(`loss over ${surface.examples} training examples${surface.stride > 1 ? ", coarse" : ""}`);
      if (surface?.batch_statistics) words.push("batch norm by these examples");
    }
    by("plane-hint").textContent = words.join(" · ");
  }

  /**
   * Ask for the surface under the piece that is shown. One request at a time; the old surface stays until the new comes.
   * @param {LiveRun} run
   * @param {Range[]} bounds
   */
  async #wantGround(run, bounds) {
    const key = JSON.stringify(bounds);
    if (key === this.groundBounds || this.wanting) return;
    const wait = this.asked + GROUND_EVERY - performance.now();
    if (wait > 0) {
      clearTimeout(this.later);
      this.later = setTimeout(() => this.page.draw(), wait + 10);
      return;
    }
    this.asked = performance.now();
    this.wanting = true;
    try {
      const [x, y] = bounds;
      /** @type {import("../core/contract.js").AskedJob} */
      const { job } = await postJson("/network/ground", { job: run.job, x, y }, AbortSignal.timeout(30000));
      if (run !== this.run) return;
      this.groundBounds = key;
      this.refusals = 0;
      this.ground?.close();
      this.ground = followJob(job, {
        onEntry: (/** @type {import("./feed.js").FeedEntry<GroundRow>} */ { kind, data }) =>
          kind === "progress" && run === this.run && this.#surface(data.rows[data.rows.length - 1]),
      });
    } catch (error) {
      if (run !== this.run) return;
      // Where the run is not known or the piece is none, the paths are drawn without a surface. Where there were too
      // many requests, or no answer, it is asked for again, later each time.
      if (error instanceof Refused && FOR_GOOD.includes(error.status)) this.groundBounds = key;
      else this.asked = performance.now() + GROUND_EVERY * 2 ** (this.refusals = Math.min(this.refusals + 1, 6));
    } finally {
      this.wanting = false;
      // Another piece may be shown by now, and a run that has ended draws nothing that would ask for it.
      if (this.run && this.groundBounds !== JSON.stringify(this.bounds)) this.page.draw();
    }
  }

  /** @param {GroundRow} row */
  #surface(row) {
    this.plane.setSurface(row);
    this.#hint();
    document.dispatchEvent(new CustomEvent("pothole:painted", { detail: row }));
  }
}

/** @param {number[]} ends */
const asRange = ([from, to]) => /** @type {Range} */ ([from, to]);

/**
 * "principal component 1, 97.1 % of the variance of SGDM's first 60 steps" has to fit beside a picture.
 * @param {string} label
 */
function short(label) {
  return label.length > 74 ? `${label.slice(0, 72)}…` : label;
}
