// The vectors of a step: what is drawn at which stage, from where, and under which name.
import assert from "node:assert/strict";
import { test } from "node:test";
import { vectorsOf } from "../../assets/draw/anatomy_view.js";

const STEP = {
  dimension: 2,
  probing: true,
  gradient: [1, 0],
  offset: [0.5, 0],
  outer: [2, 2],
  noise: [0, 1],
  direction: [1, 3],
  velocity: [4, 4],
  displacement: [-0.4, -0.4],
  names: { direction: "Ug⁺ = g⁺", velocity: "v", step: "−ηv" },
};
const drawn = (/** @type {object} */ more) =>
  vectorsOf(/** @type {any} */ ({ ...STEP, ...more }), 0.1, () => true).map(({ label, from, by }) => [
    label,
    from,
    by.map((v) => Number(v.toFixed(9))),
  ]);

test("noise stands on the gradient at the probe point where the step uses that", () => {
  assert.deepEqual(drawn({ mixed: null }), [
    ["g", [0, 0], [0.1, 0]],
    ["ε", [0, 0], [0.5, 0]],
    ["g⁺", [0.5, 0], [0.2, 0.2]],
    ["noise", [0.7, 0.2], [0, 0.1]],
    ["Ug⁺ = g⁺", [0, 0], [0.1, 0.3]],
    ["v", [0, 0], [0.4, 0.4]],
    ["−ηv", [0, 0], [-0.4, -0.4]],
  ]);
});

test("a mix of both gradients is an arrow of its own, and noise stands on it", () => {
  const names = { direction: "Uh = h", velocity: "v", step: "Δθ" };
  const found = drawn({ mixed: [1, 2], names });
  assert.deepEqual(
    found.map(([label]) => label),
    ["g", "ε", "g⁺", "h", "noise", "Uh = h", "v", "Δθ"],
  );
  assert.deepEqual(found[3], ["h", [0, 0], [0.1, 0.2]]);
  assert.deepEqual(found[4], ["noise", [0.1, 0.2], [0, 0.1]]);
});
