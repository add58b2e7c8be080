// One unit for charts, playback and table: steps, gradient evaluations, or seconds. In another unit than steps, playback
// is at equal cost: each method has got as many steps as the shown budget pays for.
import { COST_UNITS, MeasuredCosts, priced } from "../core/cost_units.js";
import { by } from "../core/dom.js";
import { showOutcomes } from "./outcomes.js";

const COLUMNS = { evaluations: "Evaluations in all to arrival / in full", seconds: "Seconds to arrival / in full" };

// How many refreshes come before a step: see app/toy/costs.py.
const refreshes = ({ first, every }, step) => (first < 0 || step <= first ? 0 : Math.floor((step - 1 - first) / every) + 1);

class Costs {
  constructor(page) {
    this.page = page;
    this.seconds = new MeasuredCosts(() => this.apply());
    page.bar.words = (step) => this.#readout(step);
    document.addEventListener("pothole:painted", ({ detail }) => {
      this.paths = detail;
      if (this.unit !== "steps") this.apply();
    });
    page.state.listen((changed) => changed.has("cost") && this.paths && this.apply());
    page.followers.push((step) => this.#showBudget(step));
  }

  get unit() {
    return this.page.state.get("cost") ?? "steps";
  }

  // Put the unit on all that shows it; seconds are asked for first where they are not known.
  apply() {
    const { page, unit } = this;
    this.measured = unit === "seconds" ? this.seconds.of(page.request()) : null;
    if (unit === "seconds" && !this.measured) {
      by("cost-section").hidden = false;
      by("cost-sentence").textContent = "Measuring how long a step of each method takes on this server…";
      by("cost-now").textContent = by("cost-what").textContent = "";
      return;
    }
    const costs = unit === "steps" ? null : Object.fromEntries(this.paths.methods.map((method) => [method.name, this.#costOf(method)]));
    this.costs = costs;
    page.pictures.setCosts(costs);
    page.pictures.setStep(page.player.step);
    page.bar.showStep(page.player.step);
    showOutcomes(by("outcomes"), this.paths.methods.map(({ row }) => row), page.looks, page.paper, costs && this.#column());
    by("cost-section").hidden = !costs;
    if (!costs) return;
    by("cost-sentence").textContent = this.sentence();
    by("cost-what").textContent = this.#what();
    this.#showBudget(page.player.step);
    document.dispatchEvent(new CustomEvent("pothole:cost", { detail: unit }));
  }

  #costOf({ name, cost }) {
    const { step, refresh } = this.unit === "seconds" ? this.measured.methods[name] : cost;
    return (t) => priced({ step, refresh }, t, refreshes(cost, t));
  }

  #column() {
    const { format } = COST_UNITS[this.unit];
    const told = (method) => {
      const cost = this.costs[method.name];
      const { arrival } = method.row;
      return `${arrival === null ? "–" : format(cost(arrival))} / ${format(cost(method.last_finite))}`;
    };
    const texts = Object.fromEntries(this.paths.methods.map((method) => [method.name, told(method)]));
    return [COLUMNS[this.unit], (row) => texts[row.method]];
  }

  // Who arrives for the least, and whether that is also who needs the fewest steps.
  sentence() {
    const { name: unit, format } = COST_UNITS[this.unit];
    const here = this.paths.methods.filter(({ row }) => row.arrival !== null);
    if (!here.length) return `Counted in ${unit}, no method arrives at any cost here.`;
    const ranked = here.map(({ name, row }) => ({ name, steps: row.arrival, cost: this.costs[name](row.arrival) })).sort((a, b) => a.cost - b.cost);
    const each = ranked.map(({ name, cost }) => `${name} after ${format(cost)}`).join(", then ");
    const first = [...ranked].sort((a, b) => a.steps - b.steps)[0];
    const same = ranked.length < 2 ? "" : first.name === ranked[0].name ? " The order by steps has the same winner." : ` By steps ${first.name} would be first (step ${first.steps}).`;
    return `Counted in ${unit}, ${each} arrive${ranked.length > 1 ? "" : "s"}.${same}`;
  }

  #what() {
    if (this.unit === "seconds") return this.measured.what;
    const each = this.paths.methods.map(({ name, cost }) => `${name} ${cost.step} a step${cost.first < 0 ? "" : ` and ${cost.refresh} for each refresh of U (every ${cost.every} steps)`}`);
    return `${each.join("; ")}. A curvature product counts as two gradients, about what it costs on a network. The warm start of U is not counted: it stands for what mini-batches teach.`;
  }

  #readout(step) {
    if (!this.costs || !this.page.pictures.total) return null;
    const { format, name } = COST_UNITS[this.unit];
    const total = this.page.pictures.total;
    return `${format((step / this.page.player.steps) * total)} of ${format(total)} ${name}`;
  }

  #showBudget() {
    if (!this.costs || by("cost-section").hidden) return;
    const { pictures } = this.page;
    const each = this.paths.methods.map(({ name, last_finite: last }) => `${name} step ${Math.min(pictures.ownStep(name), last)}`);
    by("cost-now").textContent = `For the budget shown: ${each.join(", ")}. A method that has walked all its steps stands still.`;
  }
}

export function addCosts(page) {
  page.costs = new Costs(page);
}
