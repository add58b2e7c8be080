// The panel of the fair comparison: every method tuned with the same effort by the engine, then judged seed after seed.
import { by, make } from "../../core/dom.js";
import { formatCount, formatNumber } from "../../core/format.js";
import { Chart } from "../../draw/chart.js";
import { claimNode } from "../../draw/claim.js";
import { showTable } from "../../draw/method_table.js";
import { AXES } from "../curves.js";
import { JobRequest } from "../job_request.js";
import { timeInWords } from "../run_bar.js";
import { withError } from "../statements/main.js";
import { drawPairs } from "../statements/pairs.js";
import { bestByRate, curveOf, GOALS } from "./lines.js";

/** @typedef {import("../main.js").NetworkLab} Page */
/** @typedef {import("../../core/contract.js").TuningRow} TuningRow */
/** @typedef {import("../../core/contract.js").TunedOverGrid} TunedOverGrid */
/** @typedef {import("../../core/contract.js").ComparisonFound} ComparisonFound */
/** @typedef {import("../../core/contract.js").MethodOverSeeds} MethodOverSeeds */
/** @typedef {import("../curves.js").Axis} Axis */

/** Settings of the page that are tuned: what stands there makes no difference. */
const TUNED = ["learning_rate", "radius"];
/** Settings of the panel that decide what is trained; the seeds only say how much of it. */
const DECIDE = ["fairness_goal", "fairness_effort"];

export class Fairness {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** @type {TunedOverGrid[]} */
    this.tuned = [];
    /** @type {ComparisonFound | null} */
    this.judged = null;
    /** @type {keyof typeof GOALS} that what is shown was tuned for */
    this.goal = "test_accuracy";
    this.settings = ""; // that what is shown was asked for at
    this.seeds = 0; // asked for
    /** @type {Map<string, string>} settings → the last job asked for at them */
    this.jobs = new Map();
    /** @type {JobRequest<TuningRow>} */
    this.request = new JobRequest(
      "fairness",
      { onRow: (row, job, progress) => this.#row(row, job, progress), onOver: () => this.#show() },
      "/network/fairness",
    );
    const chart = (/** @type {string} */ key) => new Chart(by(`fairness-${key}-chart`), { label: "", readout: true });
    this.charts = { rates: chart("rates"), curves: chart("curves") };
    page.widgets.build(by("fairness-controls"), page.schema.group("fairness"));
    page.actions.add({
      fairness: () => this.ask(),
      "fairness-cancel": () => {
        this.request.cancel("Cancelled. It can go on where it was.");
        page.state.set({ fairness_asked: "no" }, "run");
      },
    });
    page.state.listen((changed, source) => this.#changed(changed, source));
    document.addEventListener("pothole:scheme", () => this.#show());
  }

  /** What decides a comparison, in one text. */
  get present() {
    const { state, schema } = this.page;
    const decides = (/** @type {string} */ name) =>
      !TUNED.includes(name) && (DECIDE.includes(name) || name === "methods" || !schema.isViewOnly(name));
    const trained = Object.entries(state.values).filter(([name]) => decides(name));
    return JSON.stringify(trained.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  get current() {
    return this.settings === this.present && this.seeds === this.page.state.get("fairness_seeds");
  }

  ask() {
    const { state } = this.page;
    if (this.request.busy && this.current) return;
    if (this.settings !== this.present) {
      this.tuned = [];
      this.judged = null;
    }
    this.settings = this.present;
    this.seeds = state.get("fairness_seeds");
    this.goal = state.get("fairness_goal");
    state.set({ fairness_asked: "yes" }, "run");
    this.request.ask({ state: { ...state.values }, after: this.jobs.get(this.settings) ?? null });
    this.#show();
  }

  /**
   * @param {Set<string>} changed
   * @param {string} source
   */
  #changed(changed, source) {
    const asked = this.page.state.get("fairness_asked") === "yes";
    if (source === "open" && asked && !this.current) this.ask();
    else if ([...changed].some((name) => SHOWN.includes(name) || !this.page.schema.isViewOnly(name))) this.#show();
  }

  /**
   * @param {TuningRow} row
   * @param {string} job
   * @param {{ total: number, seconds_left: number | null }} progress
   */
  #row({ position, waiting, tuned, judged }, job, { total, seconds_left: left }) {
    this.jobs.set(this.settings, job);
    const part = total ? position / total : 0;
    by("fairness-bar").style.width = `${100 * part}%`;
    by("fairness-progress").setAttribute("aria-valuenow", String(Math.round(100 * part)));
    if (tuned) this.tuned = tuned;
    if (judged) this.judged = judged;
    const over = position === total;
    const done = this.judged?.seeds.length ?? 0;
    const at = done ? `${done} of ${this.seeds} seeds` : over ? "fewer than two methods came to their end at any setting" : "tuning";
    const wait = waiting ? "waits while other work goes first" : left && !over ? `${timeInWords(left)} left` : "";
    this.request.say([at, wait].filter(Boolean).join(", "));
    if (tuned || judged) this.#show();
    if (this.judged && over)
      by("spoken").textContent = this.judged.claims[this.axis].map(({ statement, verdict }) => `${statement} ${verdict}.`).join(" ");
  }

  /** @returns {Axis} */
  get axis() {
    return this.page.state.get("axis");
  }

  #show() {
    const { current, request, tuned, judged } = this;
    const same = this.settings === this.present;
    const whole = Boolean(judged && current && judged.seeds.length >= this.seeds && !request.busy);
    const button = by("fairness-ask", HTMLButtonElement);
    button.hidden = request.busy && current;
    button.disabled = whole;
    button.textContent = whole ? "Compared" : !tuned.length ? "Tune and compare" : same ? "Go on" : "Compare at these settings";
    by("fairness-progress").hidden = !request.busy;
    by("fairness-answer").hidden = !tuned.length;
    by("fairness-answer").classList.toggle("stale", !same);
    if (!tuned.length) return;
    this.#rates();
    this.#curves();
    const claims = judged?.claims[this.axis] ?? [];
    by("fairness-claims").replaceChildren(
      ...claims.map((claim) => claimNode(claim, make("div", { className: "pairs-row" }, ...claim.pairs.map(drawPairs)))),
    );
    const rows = tuned.map((one) => ({ ...one, over: judged?.methods.find(({ method }) => method === one.method) ?? null }));
    showTable(by("fairness-table"), COLUMNS, rows, this.page.looks, this.page.colours.paper);
  }

  #rates() {
    const { title, more, parts } = GOALS[this.goal];
    const series = this.tuned.map((one) => {
      const { x, y } = bestByRate(one, more);
      const look = this.page.looks[one.method];
      return { name: one.method, x, y: y.map((value) => (value === null ? null : parts * value)), look, points: true };
    });
    const { steps } = this.tuned[0];
    by("fairness-rates-hint").textContent = `${title.toLowerCase()} after ${formatCount(steps)} steps, at the best radius`;
    this.charts.rates.show({ x: { title: "Learning rate η", log: true }, y: upright(this.goal), series }, this.page.colours);
    const ends = this.tuned.map((one) => `${one.method} ${setting(one)}`);
    by("fairness-rates-chart").setAttribute("aria-label", `${title} against the learning rate. Best so far: ${ends.join("; ")}.`);
  }

  #curves() {
    const { title, parts } = GOALS[this.goal];
    const { axis, judged } = this;
    const series = (judged?.curves ?? []).map((curve) => ({
      name: curve.method,
      ...curveOf(curve, axis, parts),
      look: this.page.looks[curve.method],
    }));
    const count = judged?.seeds.length ?? 0;
    by("fairness-curves-hint").textContent = count
      ? `${title.toLowerCase()}, mean of ${count} seed${count > 1 ? "s and its 95 % interval" : ""}`
      : "after the tuning";
    this.charts.curves.show({ x: { title: AXES[axis].title }, y: upright(this.goal), series }, this.page.colours);
    const ends = series.map(({ name, y }) => `${name} ${formatNumber(y.at(-1))}`);
    by("fairness-curves-chart").setAttribute("aria-label", `${title} against ${AXES[axis].words}, at the end: ${ends.join("; ")}.`);
  }
}

/**
 * The axis of a goal: accuracies are per cent, losses logarithmic.
 * @param {keyof typeof GOALS} goal
 * @returns {import("../../draw/chart.js").Axis}
 */
const upright = (goal) => (GOALS[goal].more ? { within: [0, 100] } : { log: true });

const SHOWN = ["methods", "axis", "fairness_seeds", ...DECIDE];

/**
 * A method's best setting, in words.
 * @param {TunedOverGrid} tuned
 */
export function setting({ best, rates, radii }) {
  if (best === null) return "–";
  const radius = radii.length ? `, ρ ${formatNumber(radii[best], 2)}` : "";
  return `η ${formatNumber(rates[best], 2)}${radius}`;
}

/** @typedef {TunedOverGrid & { over: MethodOverSeeds | null }} Line */

/** @param {(row: MethodOverSeeds) => string} text */
const judgedBy =
  (text) =>
  (/** @type {Line} */ { over }) =>
    over ? text(over) : "–";

/** @type {import("../../draw/method_table.js").Column<Line>[]} */
const COLUMNS = [
  ["Method", (row) => row.method],
  ["Best setting", setting],
  ["Settings tried", (row) => `${row.rates.length}`],
  ["Test accuracy", judgedBy((row) => withError(row.test_accuracy, 100))],
  ["Test loss", judgedBy((row) => withError(row.test_loss))],
  ["Training loss", judgedBy((row) => withError(row.train_loss))],
  ["Gradient evaluations", judgedBy((row) => withError(row.evaluations))],
  ["Processor seconds", judgedBy((row) => withError(row.seconds))],
  ["Tuning", (row) => `${formatCount(Math.round(row.evaluations))} evaluations, ${formatNumber(row.seconds, 2)} s`],
];

/** @param {Page} page */
export function addFairness(page) {
  new Fairness(page);
}
