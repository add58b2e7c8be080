// What differs from a preset, and which settings a group's reset drops.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Schema } from "../../assets/core/schema.js";
import { changesFrom, rowsInWords } from "../../assets/toy/preset_changes.js";

const schema = new Schema([
  { name: "preset", role: "computed", group: "preset" },
  { name: "surface", role: "computed", group: "surface" },
  { name: "learning_rate", role: "computed", group: "main" },
  { name: "momentum", role: "computed", group: "walk" },
  { name: "methods", role: "computed", kept: true, group: "methods" },
  { name: "speed", role: "view", group: "view" },
]);
const preset = {
  preset: "figure-2",
  surface: "ring",
  "surface.depth": 3.5,
  learning_rate: 0.01,
  momentum: 0.9,
  methods: ["SAM"],
  speed: 60,
};

test("what is computed counts as a change, how it is looked at does not", () => {
  assert.deepEqual(changesFrom(preset, { ...preset, methods: ["SGDM"], speed: 7 }, schema), []);
  assert.deepEqual(changesFrom(preset, { ...preset, learning_rate: 0.03, "surface.depth": 2 }, schema), ["surface.depth", "learning_rate"]);
});

test("a reset drops its groups and nothing else", () => {
  const dropped = (groups) => Object.keys(preset).filter((name) => !(name in schema.without(preset, groups)));
  assert.deepEqual(
    [dropped(["walk"]), dropped(["main", "walk"]), dropped(["surface"])],
    [["momentum"], ["learning_rate", "momentum"], ["surface.depth"]],
  );
});

test("dug potholes read as numbers in a sentence, with a true minus sign", () => {
  assert.equal(rowsInWords("-0.638,4.582,4.6,0.29;1,2,1,0.3"), "(−0.638, 4.582, 4.6, 0.29) (1, 2, 1, 0.3)");
});
