// The pictures of a run while it trains: the curves, and the paths on the plane over the surface that a job of its own
// draws under them, coarse at first.
import { by } from "../core/dom.js";
import { formatNumber } from "../core/format.js";
import { postJson, Refused } from "../core/http.js";
import { Chart } from "../draw/chart.js";
import { followJob } from "./follow.js";
import { PlaneView } from "./plane_view.js";

const GROUND_EVERY = 1200; // ms between two wishes for another piece of the plane
const FOR_GOOD = [404, 422]; // statuses after which a wish is not repeated
const SHARES = { format: (value) => `${Number((100 * value).toPrecision(3))} %`, within: [0, 1] };
const SYMBOLS = { learning_rate: "η", radius: "ρ", momentum: "μ", noise_variance: "σ²", weight_decay: "decay" };

export class LiveView {
  constructor(page, tables) {
    this.page = page;
    this.plane = new PlaneView(by("plane-stack"), tables.schemes);
    this.charts = Object.fromEntries(tables.curves.map((key) => [key, new Chart(by(`${key}-chart`), { readout: true })]));
  }

  setColours(colours, looks, scheme) {
    Object.assign(this, { colours, looks });
    for (const chart of Object.values(this.charts)) chart.colours = colours;
    for (const entry of this.plane.entries) entry.look = looks[entry.name];
    this.plane.setColours(colours, scheme);
  }

  attach(run) {
    this.ground?.close();
    this.ground = null;
    Object.assign(this, { run, positions: {}, bounds: null, groundBounds: null, asked: 0, refusals: 0 });
    this.plane.setSurface(null);
    this.plane.setPaths([], 0);
    this.draw(0);
  }

  // Methods of the run that are also chosen in the legend; all where none is.
  shown() {
    const chosen = this.run?.curves.methods.filter((name) => this.page.state.values.methods?.includes(name)) ?? [];
    return chosen.length ? chosen : (this.run?.curves.methods ?? []);
  }

  draw(step) {
    if (!this.colours) return;
    this.#curves(step);
    this.#paths(step);
  }

  #curves(step) {
    const { axis = "steps", loss_scale: scale = "log" } = this.page.state.values;
    const curves = this.run?.curves;
    const names = this.shown();
    const marks = (curves?.marks ?? []).map(({ position, settings }) => ({
      text: Object.entries(settings)
        .map(([name, value]) => `${SYMBOLS[name] ?? name} ${formatNumber(value)}`)
        .join(", "),
      lines:
        axis === "steps" ? [{ x: position }] : names.map((name) => ({ x: curves.place(name, position, axis), look: this.looks[name] })),
    }));
    for (const [key, chart] of Object.entries(this.charts)) {
      const share = key.endsWith("accuracy");
      const series = names.map((name) => ({ name, look: this.looks[name], ...curves.line(name, key, axis) }));
      const last = Math.max(axis === "steps" ? (this.run?.total ?? 0) : 0, ...series.map(({ x }) => x.at(-1) ?? 0)) || 1;
      chart.at = this.#cursor(step, axis);
      chart.show({ x: { range: [0, last] }, y: share ? SHARES : { log: scale === "log" }, series, marks });
    }
  }

  #cursor(step, axis) {
    const rows = this.run?.curves.rows ?? [];
    return axis === "steps" && step < rows.length - 1 ? rows[step].position : null;
  }

  showStep(step) {
    this.plane.setStep(step);
    const { axis = "steps" } = this.page.state.values;
    const cursor = this.#cursor(step, axis);
    for (const chart of Object.values(this.charts)) {
      if (chart.at !== cursor) chart.setCursor(cursor);
    }
  }

  #paths(step) {
    const rows = this.run?.curves.rows ?? [];
    const points = [];
    const entries = this.shown().map((name) => {
      const kept = (this.positions[name] ??= { array: new Float32Array(1024), count: 0 });
      for (; kept.count < rows.length; kept.count += 1) {
        if (2 * kept.count + 2 > kept.array.length) {
          const larger = new Float32Array(2 * kept.array.length);
          larger.set(kept.array);
          kept.array = larger;
        }
        const at = rows[kept.count].methods[name]?.at;
        kept.array.set(at ?? [NaN, NaN], 2 * kept.count);
      }
      return { name, look: this.looks[name], positions: kept.array, last: kept.count - 1, probes: null, losses: null };
    });
    for (const { positions, last } of entries) {
      for (let i = 0; i <= last; i += 1) {
        if (Number.isFinite(positions[2 * i])) points.push([positions[2 * i], positions[2 * i + 1]]);
      }
    }
    const facts = this.run?.planeFacts;
    if (facts?.extent) points.push(...facts.extent);
    this.bounds = PlaneView.around(points, this.bounds);
    this.plane.bounds = this.bounds;
    this.plane.labels = facts?.labels?.map(short) ?? ["", ""];
    this.plane.setPaths(
      entries.filter(({ last }) => last >= 0),
      step,
    );
    this.plane.draw();
    this.#hint();
    if (this.run?.plane && rows.length) this.#wantGround();
  }

  #hint() {
    const words = [];
    if (!this.run) words.push("Paths are drawn here while the methods train");
    else if (!this.run.plane) words.push(this.run.ended ? "no plane was kept" : "the plane is being chosen");
    else {
      const surface = this.plane.surface;
      words.push("projected paths");
      if (surface) words.push(`loss over ${surface.examples} training examples${surface.stride > 1 ? ", coarse" : ""}`);
      if (surface?.batch_statistics) words.push("batch norm by these examples");
    }
    by("plane-hint").textContent = words.join(" · ");
  }

  // Ask for the surface under the piece that is shown. One wish at a time; the old surface stays until the new comes.
  async #wantGround() {
    const run = this.run;
    const key = JSON.stringify(this.bounds);
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
      const [x, y] = this.bounds;
      const { job } = await postJson("/network/ground", { job: run.job, x, y }, AbortSignal.timeout(30000));
      if (run !== this.run) return;
      this.groundBounds = key;
      this.refusals = 0;
      this.ground?.close();
      this.ground = followJob(job, {
        onEntry: ({ kind, data }) => kind === "progress" && run === this.run && this.#surface(data.rows[data.rows.length - 1]),
        onEnd: () => {},
      });
    } catch (error) {
      if (run !== this.run) return;
      // Where the run is not known or the piece is none, the paths are drawn without a surface. Where there were too
      // many wishes, or no answer, it is asked for again, later each time.
      if (error instanceof Refused && FOR_GOOD.includes(error.status)) this.groundBounds = key;
      else this.asked = performance.now() + GROUND_EVERY * 2 ** (this.refusals = Math.min(this.refusals + 1, 6));
    } finally {
      this.wanting = false;
      // Another piece may be shown by now, and a run that has ended draws nothing that would ask for it.
      if (this.run && this.groundBounds !== JSON.stringify(this.bounds)) this.page.draw();
    }
  }

  #surface(row) {
    this.plane.setSurface(row);
    this.#hint();
    document.dispatchEvent(new CustomEvent("pothole:painted", { detail: row }));
  }
}

// "principal component 1, 97.1 % of the variance of SGDM's first 60 steps" has to fit beside a picture.
function short(label) {
  return label.length > 74 ? `${label.slice(0, 72)}…` : label;
}
