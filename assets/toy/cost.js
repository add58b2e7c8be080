// One unit for charts, playback and table: steps, gradient evaluations, or seconds. In another unit than steps, playback
// is at equal cost: each method has got as many steps as the shown budget pays for.
import { COST_UNITS, MeasuredCosts, priced } from "../core/cost_units.js";
import { by } from "../core/dom.js";

/** @typedef {Record<string, (step: number) => number>} Costs by method, up to a step */
/** @typedef {"evaluations" | "seconds"} OtherUnit than steps */
/** @typedef {import("../core/contract.js").MethodPath} MethodPath */

const COLUMNS = { evaluations: "Evaluations in all to arrival / in full", seconds: "Seconds to arrival / in full" };

/**
 * How many refreshes come before a step: see app/toy/costs.py.
 * @param {{ first: number, every: number }} counted
 * @param {number} step
 */
const refreshes = ({ first, every }, step) => (first < 0 || step <= first ? 0 : Math.floor((step - 1 - first) / every) + 1);

export class CostPart {
  /** @param {import("./main.js").ToyLab} page */
  constructor(page) {
    this.page = page;
    this.seconds = new MeasuredCosts(() => this.apply());
    /** @type {import("../core/cost_units.js").Measured | null} */
    this.measured = null;
    /** @type {MethodPath[] | null} */
    this.methods = null;
    /** @type {Costs | null} null while the page counts in steps */
    this.costs = null;
    /** @type {import("./outcomes.js").Column | null} of the table of outcomes */
    this.column = null;
    page.bar.words = (step) => this.#readout(step);
    document.addEventListener("pothole:painted", ({ detail }) => {
      this.methods = detail.methods;
      if (this.unit !== "steps") this.apply();
    });
    page.state.listen((changed) => changed.has("cost") && this.apply());
    page.followers.push(() => this.#showBudget());
  }

  /** @returns {"steps" | OtherUnit} */
  get unit() {
    return this.page.state.get("cost") ?? "steps";
  }

  /** Put the unit on all that shows it; seconds are asked for first where they are not known. */
  apply() {
    const { page, unit, methods } = this;
    if (!methods) return;
    this.measured = unit === "seconds" ? this.seconds.of(page.request()) : null;
    if (unit === "seconds" && !this.measured) {
      by("cost-section").hidden = false;
      by("cost-sentence").textContent = "Measuring how long a step of each method takes on this server…";
      by("cost-now").textContent = by("cost-what").textContent = "";
      return;
    }
    const costs = unit === "steps" ? null : Object.fromEntries(methods.map((method) => [method.name, this.#costOf(method)]));
    this.costs = costs;
    const frozen = page.pictures.frozen?.paths.methods ?? [];
    const frozenCosts = costs && Object.fromEntries(frozen.map((method) => [method.name, this.#costOf(method)]));
    page.pictures.charts.title = COST_UNITS[unit].title;
    page.pictures.setCosts(costs, frozenCosts);
    page.setPace();
    page.pictures.setStep(page.player.step);
    page.bar.showStep(page.player.step);
    const texts =
      costs && unit !== "steps" ? new Map([...textsOf(methods, costs, unit), ...textsOf(frozen, frozenCosts ?? {}, unit)]) : null;
    this.column = texts && unit !== "steps" ? [COLUMNS[unit], (row) => texts.get(row) ?? "–"] : null;
    page.showOutcomes();
    by("cost-section").hidden = !costs;
    if (!costs || unit === "steps") return;
    by("cost-sentence").textContent = sentenceOf(methods, costs, unit);
    by("cost-what").textContent = this.measured?.what ?? countedIn(methods);
    this.#showBudget();
    document.dispatchEvent(new CustomEvent("pothole:cost", { detail: unit }));
  }

  /**
   * @param {MethodPath} method
   * @returns {(step: number) => number}
   */
  #costOf({ name, cost }) {
    const price = this.measured?.methods[name] ?? cost;
    return (step) => priced(price, step, refreshes(cost, step));
  }

  /** @param {number} step */
  #readout(step) {
    const { costs, unit, page } = this;
    const { total } = page.pictures;
    if (!costs || !total) return null;
    const { format, name } = COST_UNITS[unit];
    return `${format((step / page.player.steps) * total)} of ${format(total)} ${name}`;
  }

  #showBudget() {
    if (!this.costs || !this.methods || by("cost-section").hidden) return;
    const { pictures } = this.page;
    const each = this.methods.map(({ name, last_finite: last }) => `${name} step ${Math.min(pictures.ownStep(name), last)}`);
    by("cost-now").textContent = `For the budget shown: ${each.join(", ")}. A method that has walked all its steps stands still.`;
  }
}

/**
 * What the column of the table of outcomes says in each row.
 * @param {MethodPath[]} methods
 * @param {Costs} costs
 * @param {OtherUnit} unit
 * @returns {[import("../core/contract.js").OutcomeRow, string][]}
 */
function textsOf(methods, costs, unit) {
  const { format } = COST_UNITS[unit];
  return methods.map(({ name, row, last_finite: last }) => {
    const arrival = row.arrival === null ? "–" : format(costs[name](row.arrival));
    return [row, `${arrival} / ${format(costs[name](last))}`];
  });
}

/**
 * Who arrives for the least, and whether that is also who needs the fewest steps.
 * @param {MethodPath[]} methods
 * @param {Costs} costs
 * @param {OtherUnit} unit
 */
function sentenceOf(methods, costs, unit) {
  const { name: words, format } = COST_UNITS[unit];
  const arrived = methods.flatMap(({ name, row }) =>
    row.arrival === null ? [] : [{ name, steps: row.arrival, cost: costs[name](row.arrival) }],
  );
  if (!arrived.length) return `Counted in ${words}, no method arrives at any cost here.`;
  const ranked = arrived.sort((a, b) => a.cost - b.cost);
  const each = ranked.map(({ name, cost }) => `${name} after ${format(cost)}`).join(", then ");
  const first = [...ranked].sort((a, b) => a.steps - b.steps)[0];
  const same =
    first.name === ranked[0].name
      ? " The order by steps has the same winner."
      : ` By steps ${first.name} would be first (step ${first.steps}).`;
  return `Counted in ${words}, ${each} arrive${ranked.length > 1 ? "" : "s"}.${ranked.length > 1 ? same : ""}`;
}

/** @param {MethodPath[]} methods */
function countedIn(methods) {
  const each = methods.map(
    ({ name, cost }) =>
      `${name} ${cost.step} a step${cost.first < 0 ? "" : ` and ${cost.refresh} for each refresh of U (every ${cost.every} steps)`}`,
  );
  return `${each.join("; ")}. A curvature product counts as two gradients, about what it costs on a network. The warm start of U is not counted: it stands for what mini-batches teach.`;
}

/** @param {import("./main.js").ToyLab} page */
export function addCosts(page) {
  page.costs = new CostPart(page);
}
