// One method against another over seeds, as a picture: a dot for each seed, the interval of the mean as a bar, and where
// the statement wants it as a shaded band.
import { formatNumber } from "../../core/format.js";

/** @typedef {import("../../core/contract.js").PairedSeeds} PairedSeeds */

const [WIDTH, HEIGHT, EDGE, MIDDLE] = [260, 48, 12, 17]; // px
const AIR = 0.08; // of the range, at either end
const SPACE = "http://www.w3.org/2000/svg";

/**
 * The scale of a comparison: from a value to a part of the width. A ratio is drawn by its logarithm; no difference, or a
 * ratio of 1, is always in the picture.
 * @param {PairedSeeds} pairs
 */
export function scaleOf({ ratio, values, low, high, above, below }) {
  const on = (/** @type {number} */ value) => (ratio ? Math.log(value) : value);
  const none = ratio ? 1 : 0;
  const seen = [...values, low, high, above, below, none].filter((value) => value !== null).map(on);
  const [first, last] = [Math.min(...seen), Math.max(...seen)];
  const air = AIR * (last - first) || 1;
  return (/** @type {number | null} */ value, /** @type {number} */ otherwise) =>
    value === null ? otherwise : (on(value) - first + air) / (last - first + 2 * air);
}

/**
 * What the picture shows, for who does not see it.
 * @param {PairedSeeds} pairs
 */
export const pairsInWords = ({ words, unit, each, values }) => {
  const told = values.map((value) => (value === null ? "no value" : `${formatNumber(value)}${unit}`));
  return `${words}, ${each} by ${each}: ${told.join(", ")}.`;
};

/** @param {PairedSeeds} pairs */
export function drawPairs(pairs) {
  const scale = scaleOf(pairs);
  const x = (/** @type {number | null} */ value, otherwise = 0) => EDGE + scale(value, otherwise) * (WIDTH - 2 * EDGE);
  const label = pairsInWords(pairs);
  const picture = svg("svg", {
    class: "pairs",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    width: WIDTH,
    height: HEIGHT,
    role: "img",
    "aria-label": label,
  });
  const wanted = [x(pairs.above), x(pairs.below, 1)];
  picture.append(svg("rect", { class: "wanted", x: wanted[0], y: 2, width: wanted[1] - wanted[0], height: 30 }));
  const none = pairs.ratio ? 1 : 0;
  picture.append(svg("line", { class: "none", x1: x(none), x2: x(none), y1: 2, y2: 32 }));
  if (pairs.low !== null && pairs.high !== null) {
    picture.append(svg("line", { class: "interval", x1: x(pairs.low), x2: x(pairs.high), y1: MIDDLE, y2: MIDDLE }));
  }
  for (const value of pairs.values) if (value !== null) picture.append(svg("circle", { cx: x(value), cy: MIDDLE, r: 3.5 }));
  if (pairs.mean !== null)
    picture.append(svg("line", { class: "mean", x1: x(pairs.mean), x2: x(pairs.mean), y1: MIDDLE - 9, y2: MIDDLE + 9 }));
  const text = svg("text", { x: x(none), y: HEIGHT - 4, "text-anchor": "middle" });
  text.textContent = pairs.ratio ? "equal" : "0";
  picture.append(text);
  return picture;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
function svg(tag, attributes) {
  const node = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}
