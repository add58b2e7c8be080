// An answer's paths as the pictures draw them: one entry per method, with its arrays decoded.
import { decode } from "../core/arrays.js";

export const entriesOf = (paths, looks) =>
  paths.methods.map((method) => ({
    name: method.name,
    look: looks[method.name],
    last: method.last_finite,
    diverged: method.row?.outcome === "diverged",
    positions: decode(method.positions),
    probes: decode(method.probes),
    losses: decode(method.losses),
    heights: decode(method.heights ?? method.losses), // where the relief draws the path
    probeLosses: decode(method.probe_losses),
    distance: decode(method.distance),
    curvature: decode(method.curvature),
    probeCount: Math.min(method.last_finite + 1, paths.steps),
  }));
