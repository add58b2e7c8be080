// The units that costs are counted in, and the seconds that the server measured for a setting.
(() => {
  const lab = (window.potholeLab ??= {});

  // name: in a sentence; median: heads a column of medians; least: heads one of the lowest; to: what a colour stands for.
  // said: one cost in words.
  lab.COST_UNITS = {
    steps: {
      name: "steps", median: "Median step", least: "Fastest where all arrive", to: "Steps to arrival",
      format: (v) => lab.formatNumber(v), said: (v) => `step ${lab.formatNumber(v)}`,
    },
    evaluations: {
      name: "gradient evaluations", median: "Median gradient evaluations", least: "Cheapest where all arrive",
      to: "Gradient evaluations to arrival", format: (v) => (v === null ? "–" : lab.formatCount(Math.round(v))),
      said: (v) => `${lab.formatCount(Number.isInteger(v) ? v : v.toFixed(1))} gradient evaluations`,
    },
    seconds: {
      name: "seconds", median: "Median seconds", least: "Cheapest where all arrive", to: "Seconds to arrival",
      format: (v) => lab.formatNumber(v), said: (v) => `${lab.formatNumber(v)} seconds`,
    },
  };

  // What so many steps with so many refreshes of U cost, at a price for each; null where there are none.
  lab.priced = ({ step, refresh }, steps, refreshes) => (steps === null || steps === undefined ? null : step * steps + refresh * refreshes);

  // Seconds of a step and of a refresh of each method, asked for once for each setting that decides them.
  lab.MeasuredCosts = class {
    constructor(onAnswer) {
      this.measured = null;
      this.gate = new lab.LatestWinsGate((body, signal) => lab.postJson("/toy/cost", body, signal), {
        timeout: 60000,
        onAnswer: (answer, asked) => {
          this.measured = { key: keyOf(asked), ...answer };
          onAnswer();
        },
        onFailure: (error) => error instanceof lab.Refused && lab.notices("request", error.problems, "error"),
      });
    }

    // { methods, what } of the state that a request would carry; null until it has come, and then onAnswer is called.
    of(body) {
      if (this.measured?.key === keyOf(body)) return this.measured;
      const { have: _, methods: __, ...wish } = body;
      this.gate.ask(wish);
      return null;
    }
  };

  // What decides how long a step takes: the server measures it once for each.
  function keyOf(state) {
    const names = Object.keys(state).filter((name) => name === "surface" || name.startsWith("surface.") || ["structure", "probe_norm"].includes(name));
    return names.sort().map((name) => state[name]).join();
  }
})();
