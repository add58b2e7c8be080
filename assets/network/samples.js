// Losses and accuracies that were measured over some of the examples: how far those over all may be from them.
import { formatCount, formatNumber } from "../core/format.js";

/** @typedef {import("../core/contract.js").RunValues} RunValues */
/** @typedef {import("./curves.js").Quantity} Quantity */
/** @typedef {{ examples: number, of: number, error: number | null }} SampleOf of one quantity */

const MEASURES = /^(train|test)_(loss|accuracy)$/;

/**
 * What a row's value is measured over; null where it is all examples, or no such measurement.
 * @param {RunValues} values
 * @param {Quantity} key
 * @returns {SampleOf | null}
 */
export function sampleOf(values, key) {
  const [, half, quantity] = MEASURES.exec(key) ?? [];
  const sample = values.sampled?.[/** @type {"train" | "test"} */ (half)];
  if (!sample) return null;
  const { examples, of } = sample;
  return { examples, of, error: sample[/** @type {"loss" | "accuracy"} */ (quantity)] ?? null };
}

/**
 * " ± 0.01", or nothing for what is exact.
 * @param {Quantity} key
 * @param {SampleOf | null | undefined} sample
 */
export function errorWords(key, sample) {
  if (!sample) return "";
  if (sample.error === null) return " ± ?";
  return key.endsWith("accuracy") ? ` ± ${formatNumber(100 * sample.error, 2)} %` : ` ± ${formatNumber(sample.error, 2)}`;
}

/**
 * "± 0.01 (256 of 1438 examples)": the largest standard error among some measurements; "" where all are exact.
 * @param {Quantity} key
 * @param {(SampleOf | null | undefined)[]} samples
 */
export function sampleWords(key, samples) {
  const known = samples.flatMap((sample) => (sample ? [sample] : []));
  if (!known.length) return "";
  const worst = known.reduce((a, b) => ((b.error ?? Infinity) > (a.error ?? Infinity) ? b : a));
  return `${errorWords(key, worst).trim()} (${formatCount(worst.examples)} of ${formatCount(worst.of)} examples)`;
}
