// Directions that are sharp here and flat on average, and what a probe adds there, with the learned U and without.
import { by, plainTable } from "../../core/dom.js";
import { formatCount, formatNumber } from "../../core/format.js";
import { Chart } from "../../draw/chart.js";
import { claimNode } from "../../draw/claim.js";
import { methodName } from "../../draw/swatch.js";
import { drawPairs } from "../statements/pairs.js";
import { ExplorePanel } from "./panel.js";

/** @typedef {import("../../core/contract.js").PotholesRow} PotholesRow */
/** @typedef {import("../../core/contract.js").MeasuredPotholes} MeasuredPotholes */
/** @typedef {import("../../core/contract.js").DirectionsOfAKind} DirectionsOfAKind */
/** @typedef {MeasuredPotholes | import("../../core/contract.js").NoPotholes} Measured */
/** @typedef {{ run: string, job: string, about: import("../../core/contract.js").PotholesAbout, rows: Measured[], done: import("../../core/contract.js").MeasuredDone | null }} PotholesFound what has come so far */

const HEADS = [
  ...["Method", "Directions", "Curvature here", "On average", "Step ×, U = I (first order)", "Step ×, with U (first order)"],
  ...["Added with U ÷ without", "95 % interval", "First order misses"],
];

/** @extends {ExplorePanel<PotholesRow, PotholesFound>} */
export class PotholesPanel extends ExplorePanel {
  /** @param {import("./main.js").ExplorePage} page */
  constructor(page) {
    super(page, "potholes");
    this.chart = new Chart(by("potholes-factor-chart"), { label: "" });
  }

  /** @override */
  get nothing() {
    return { rows: [] };
  }

  /**
   * @override
   * @param {PotholesFound} found
   * @param {PotholesRow} row
   */
  take(found, { measured }) {
    if (measured) found.rows.push(measured);
  }

  /** @override @param {PotholesFound} found */
  said(found) {
    return saidOf(found);
  }

  /** @override @param {PotholesFound} found */
  has({ rows }) {
    return rows.length > 0;
  }

  /** @override @param {PotholesFound} found */
  draw({ about, rows }) {
    const { looks, colours } = this.page;
    const fine = rows.filter(isMeasured);
    /** @type {import("../../draw/chart.js").Series[]} */
    const series = fine.flatMap(({ method, groups }) => {
      let before = 0;
      return groups.flatMap(({ factors, first_order_factors: first }) => {
        const x = factors.map((_, k) => before + k + 1);
        before += factors.length;
        const own = { x, look: looks[method] };
        return [
          { ...own, y: first, beneath: true },
          { ...own, y: factors, points: true, line: false },
        ];
      });
    });
    const marks = (fine[0]?.groups ?? []).map(({ kind, factors }, k) => ({ text: kind, lines: [{ x: k * factors.length + 0.5 }] }));
    const count = fine[0]?.groups.flatMap(({ factors }) => factors).length ?? 1;
    const x = { title: "Direction", range: /** @type {[number, number]} */ ([0.5, count + 0.5]) };
    this.chart.show({ x, y: { log: true }, series, marks, level: 1 }, colours);
    by("potholes-factor-chart").setAttribute("aria-label", describeFactors(fine));
    const lines = rows.flatMap((row) => {
      const name = () => methodName(row.method, looks[row.method], colours.paper);
      if (!isMeasured(row)) return [[name(), row.problem, ...Array(HEADS.length - 2).fill("–")]];
      return row.groups.map((group) => [name(), group.kind, ...cellsOf(group)]);
    });
    by("potholes-table").replaceChildren(plainTable(captionOf(about, fine), HEADS, lines));
    const claims = fine.flatMap((row) => row.claims);
    by("potholes-claims").replaceChildren(...claims.map((claim) => claimNode(claim, ...claim.pairs.map(drawPairs))));
  }
}

/**
 * @param {Measured} row
 * @returns {row is MeasuredPotholes}
 */
function isMeasured(row) {
  return !("problem" in row);
}

/** @param {number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * @param {DirectionsOfAKind} group
 * @returns {string[]} the table's cells after the kind
 */
export function cellsOf({ here, average, plain, learned, factor }) {
  const gains = [plain, learned].map((one) => `${formatNumber(one.gain, 3)} (${formatNumber(one.first_order_gain, 3)})`);
  const told = (/** @type {number | null} */ value) => (value === null ? "–" : formatNumber(value, 3));
  const misses = `${formatNumber(100 * learned.first_order_error, 2)} %`;
  return [
    ...[here, average].map((values) => formatNumber(mean(values), 3)),
    ...gains,
    told(factor.mean),
    `${told(factor.low)} to ${told(factor.high)}`,
    misses,
  ];
}

/**
 * @param {MeasuredPotholes[]} rows
 * @returns {string} the chart in words
 */
export function describeFactors(rows) {
  const parts = rows.map(({ method, groups }) => {
    const kinds = groups.map(({ kind, factor }) => `${kind} ${factor.mean === null ? "–" : formatNumber(factor.mean, 3)}`);
    return `${method}: ${kinds.join(", ")}`;
  });
  return `What the probe adds with U, in parts of that without. ${parts.join("; ")}.`;
}

/**
 * @param {import("../../core/contract.js").PotholesAbout} about
 * @param {MeasuredPotholes[]} rows
 */
function captionOf({ step, radius, batches, examples }, rows) {
  const points = rows.map(({ method, points: at }) => `${method} at ${at.length > 1 ? "steps" : "step"} ${at.join(", ")}`);
  return (
    `At step ${step}, ρ = ${formatNumber(radius)}, over ${batches} mini-batches; curvatures vᵀHv here and vᵀH̄v on average over ${examples} ` +
    `training examples, means over the directions${points.length ? `; H̄ of ${points.join(", of ")}` : ""}. Step ×: how many times longer looking ahead ` +
    "makes the step along these directions."
  );
}

/**
 * @param {PotholesFound} found
 * @returns {string} the panel's status
 */
export function saidOf({ about, rows, done }) {
  if (!done) return `${rows.length} of ${about.methods.length} methods measured`;
  return `${formatCount(done.products)} losses, gradients and Hessian products in ${formatNumber(done.seconds, 2)} s`;
}
