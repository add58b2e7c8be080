// An answer's paths as the pictures draw them: one entry per method, with its arrays decoded.
(() => {
  const lab = (window.potholeLab ??= {});

  lab.entriesOf = (paths, looks) =>
    paths.methods.map((method) => ({
      name: method.name,
      look: looks[method.name],
      last: method.last_finite,
      diverged: method.row?.outcome === "diverged",
      positions: lab.decode(method.positions),
      probes: lab.decode(method.probes),
      losses: lab.decode(method.losses),
      heights: lab.decode(method.heights ?? method.losses), // where the relief draws the path
      probeLosses: lab.decode(method.probe_losses),
      distance: lab.decode(method.distance),
      curvature: lab.decode(method.curvature),
      probeCount: Math.min(method.last_finite + 1, paths.steps),
    }));
})();
