// What the fair comparison draws: the best at each learning rate, the tuned methods' means with their intervals.

/** @typedef {import("../../core/contract.js").TunedOverGrid} TunedOverGrid */
/** @typedef {import("../../core/contract.js").CurveOverSeeds} CurveOverSeeds */

/** What is tuned for: its name, whether more is better, and the parts that 1 is shown as. */
export const GOALS = {
  test_accuracy: { title: "Test accuracy", more: true, parts: 100 },
  test_loss: { title: "Test loss", more: false, parts: 1 },
  train_loss: { title: "Training loss", more: false, parts: 1 },
};

/**
 * The best value that each learning rate gives, over the radii tried; null where all stopped or none has ended.
 * @param {TunedOverGrid} tuned
 * @param {boolean} more whether more is better
 */
export function bestByRate({ rates, values }, more) {
  const x = [...new Set(rates)].sort((a, b) => a - b);
  const y = x.map((rate) => {
    const found = values.filter((value, k) => rates[k] === rate && value !== null).map(Number);
    return found.length ? (more ? Math.max(...found) : Math.min(...found)) : null;
  });
  return { x, y };
}

/**
 * A curve against a cost, in the goal's unit, with its band.
 * @param {CurveOverSeeds} curve
 * @param {"steps" | "evaluations" | "seconds"} axis
 * @param {number} parts of 1
 */
export function curveOf(curve, axis, parts) {
  const scaled = (/** @type {(number | null)[]} */ values) => values.map((value) => (value === null ? null : parts * value));
  return { x: curve[axis], y: scaled(curve.mean), band: { low: scaled(curve.low), high: scaled(curve.high) } };
}
