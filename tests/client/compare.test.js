// A frozen run: the link that holds its settings, what differs in words, and how pictures and table show it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Schema } from "../../assets/core/schema.js";
import { compareInWords, freeze } from "../../assets/toy/compare.js";
import { pictureOf } from "../../assets/toy/cut_lanes.js";
import { frozenEntriesOf } from "../../assets/toy/entries.js";
import { joinRanges } from "../../assets/toy/run_charts.js";

const schema = new Schema([
  { name: "preset", role: "computed" },
  { name: "surface", role: "computed", label: "Surface", options: [["ring", "Ring"], ["valley", "Valley"]] }, // prettier-ignore
  { name: "radius", role: "computed", symbol: "ρ" },
  { name: "learning_rate", role: "computed", symbol: "η" },
  { name: "momentum", role: "computed", symbol: "μ" },
  { name: "seed", role: "computed", label: "Seed" },
  { name: "methods", role: "computed", kept: true },
  { name: "scheme", role: "drawn" },
  { name: "frozen", role: "view", kept: true },
]);
const values = {
  ...{ preset: "figure-2", surface: "ring", "surface.depth": 3, radius: 0.3, learning_rate: 0.01, momentum: 0.9, seed: 0 },
  ...{ methods: ["SAM"], scheme: "dark", frozen: "?radius=1" },
};
const page = (now) => ({ schema, state: { values: now, get: (name) => now[name] }, tables: { surfaces: { ring: { controls: [] } } } });

test("a frozen run's link holds the settings that differ and decide, nothing of the view", () => {
  assert.equal(freeze(values, { ...values }, schema), "?");
  const link = freeze({ ...values, radius: 0.5, scheme: "light", methods: ["SGDM"] }, { ...values }, schema);
  assert.equal(link, "?radius=0.5");
});

test("what differs is told by name, the first three, on other ground without its parameters", () => {
  assert.match(compareInWords(page(values), values), /^This run is frozen/);
  assert.equal(compareInWords(page({ ...values, radius: 0.6 }), values), "Frozen: ρ 0.3 → now 0.6.");
  const many = compareInWords(page({ ...values, radius: 0.6, learning_rate: 0.02, momentum: 0.5, seed: 1 }), values);
  assert.equal(many, "Frozen: ρ 0.3 → now 0.6, η 0.01 → now 0.02, μ 0.9 → now 0.5, and 1 more.");
  const { "surface.depth": _, ...others } = values;
  const moved = compareInWords(page({ ...others, surface: "valley", "surface.stiff": 9, preset: "custom" }), values);
  assert.equal(moved, "Frozen: Surface Ring → now Valley.");
});

test("frozen paths are the method's, pale and thin, without probes; charts hold both runs", () => {
  const floats = (...numbers) => ({ dtype: "f4", bdata: Buffer.from(new Float32Array(numbers).buffer).toString("base64"), shape: "" });
  const one = { name: "SAM", last_finite: 1, row: { outcome: "trapped" }, positions: floats(0, 1, 2, 3), probes: floats(0, 1) };
  const more = { losses: floats(1, 2), probe_losses: floats(1), distance: floats(1, 2), curvature: floats(1, 2) };
  const look = { colour: "#0072B2", width: 2, dash: "7 4", marker: "square" };
  const [entry] = frozenEntriesOf({ steps: 1, methods: [{ ...one, ...more }] }, { SAM: look });
  assert.deepEqual(entry.look, { ...look, colour: "#0072B280", width: 1.2 });
  assert.equal(entry.frozen && entry.probes, null);
  assert.deepEqual([...entry.positions], [0, 1, 2, 3]);
  const ranges = { losses: [0, 1], distance: [2, 3], curvature: [-1, 1] };
  assert.deepEqual(joinRanges(ranges, undefined), ranges);
  const both = joinRanges(ranges, { losses: [0.5, 9], distance: [1, 2], curvature: [0, 0] });
  assert.deepEqual(both, { losses: [0, 9], distance: [1, 3], curvature: [-1, 1] });
});

test("a lane of the cut has the frozen walker of its method, at a step of its own run", () => {
  const steps = (name, last) => ({
    frame: { centre: [0] },
    dimension: 1,
    line: "basin",
    find: (of, step) => of === name && { step: Math.min(step, last) },
  });
  const entry = { name: "SAM", last: 9, positions: new Float32Array(10), losses: new Float32Array(10) };
  const frozen = { known: steps("SAM", 4), entries: [{ ...entry, last: 5 }] };
  const lanes = pictureOf({ ...steps("SAM", 9), find: () => null }, [entry, { ...entry, name: "SGDM" }], {}, 8, frozen)?.lanes;
  assert.deepEqual(
    lanes?.map((lane) => lane.frozen),
    [{ step: 4 }, null],
  );
});
