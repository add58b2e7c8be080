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
