// An answer's paths as the pictures draw them: one entry per method, with its arrays decoded.
import { decode } from "../core/arrays.js";

/**
 * @param {import("../core/contract.js").Paths} paths
 * @param {import("../core/scheme.js").Looks} looks
 * @returns {import("./run_charts.js").RunEntry[]}
 */
export function entriesOf(paths, looks) {
  return paths.methods.map((method) => ({
    name: method.name,
    look: /** @type {import("../core/contract.js").Look} */ (looks[method.name]),
    last: method.last_finite,
    diverged: method.row?.outcome === "diverged",
    positions: decode(method.positions),
    probes: decode(method.probes),
    losses: decode(method.losses),
    heights: decode(method.losses),
    probeLosses: decode(method.probe_losses),
    distance: decode(method.distance),
    curvature: decode(method.curvature),
    probeCount: Math.min(method.last_finite + 1, paths.steps),
  }));
}

const PALE = "80"; // of a colour, as its last two hexadecimal digits
const THIN = 0.6; // of a line's width

/**
 * The same of a run that is only compared with: pale, thin, without probes.
 * @param {import("../core/contract.js").Paths} paths
 * @param {import("../core/scheme.js").Looks} looks
 * @returns {import("./run_charts.js").RunEntry[]}
 */
export function frozenEntriesOf(paths, looks) {
  return entriesOf(paths, paleLooks(looks)).map((entry) => ({ ...entry, probes: null, probeLosses: null, probeCount: 0, frozen: true }));
}

/**
 * @param {import("../core/scheme.js").Looks} looks
 * @returns {import("../core/scheme.js").Looks}
 */
export function paleLooks(looks) {
  const pale = Object.entries(looks).map(([name, look]) => [name, { ...look, colour: look.colour + PALE, width: THIN * look.width }]);
  return Object.fromEntries(pale);
}
