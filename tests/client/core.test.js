// Numbers as text, the state, the link, searching, a slider's scale: what knows no page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "../../assets/core/arrays.js";
import { priced } from "../../assets/core/cost_units.js";
import { decades, formatCount, formatNumber, ticks } from "../../assets/core/format.js";
import { isUndoable, takeLook, writeLink } from "../../assets/core/link.js";
import { lastAtMost, lastWhere } from "../../assets/core/search.js";
import { Schema } from "../../assets/core/schema.js";
import { fromPosition, onGrid, toPosition } from "../../assets/core/slider_scale.js";
import { parseRows, writeRows } from "../../assets/core/number_rows.js";
import { State } from "../../assets/core/state.js";

test("numbers as text", () => {
  const told = [0, 4.97318, -0.25, 123456, 1e-9, NaN, null, undefined].map((value) => formatNumber(value));
  assert.deepEqual(told, ["0", "4.97", "−0.25", "1.23e5", "1e−9", "–", "–", "–"]);
  assert.deepEqual(
    [formatCount(12345), formatCount(1234567), formatCount(999), formatCount(null)],
    ["12\u202f345", "1\u202f234\u202f567", "999", "–"],
  );
});

test("ticks are round, inside, and as many as asked for at most", () => {
  assert.deepEqual([ticks(0, 600, 5), ticks(-1, 1, 4), ticks(3, 3, 4)], [[0, 200, 400, 600], [-1, -0.5, 0, 0.5, 1], [3]]);
  assert.deepEqual(decades(0.02, 5000, 10).map(Number), [0.1, 1, 10, 100, 1000]);
  assert.deepEqual(
    decades(1e-8, 1, 3).map((value) => formatNumber(value)),
    ["1e−8", "1e−5", "0.01"],
    "thinned evenly",
  );
});

test("arrays come as base64 of float32", () => {
  const bdata = Buffer.from(Float32Array.of(1, -2.5, 1e-3).buffer).toString("base64");
  assert.deepEqual(decode({ dtype: "f4", bdata, shape: "3" }), Float32Array.of(1, -2.5, 1e-3));
  assert.equal(decode(null), null);
});

test("the state tells what changed, and by whom, once", () => {
  const state = new State();
  const heard = [];
  state.listen((changed, source) => heard.push([[...changed].sort(), source]));
  state.replace({ radius: 0.3, methods: ["SAM"] }, "open");
  state.set({ radius: 0.3, methods: ["SAM"] }, "user");
  state.set({ radius: 0.4 }, "slider");
  state.set({ methods: ["SAM", "LLQR"] }, "user");
  assert.deepEqual(heard, [
    [["methods", "radius"], "open"],
    [["radius"], "slider"],
    [["methods"], "user"],
  ]);
  assert.deepEqual([state.get("radius"), state.get("nothing")], [0.4, undefined]);
});

test("rows of numbers, as a link holds dug potholes", () => {
  assert.deepEqual(parseRows("3,1,2.5,0.3;-2,0.5,1,0.25"), [
    [3, 1, 2.5, 0.3],
    [-2, 0.5, 1, 0.25],
  ]);
  assert.deepEqual([parseRows(""), parseRows(";; ")], [[], []]);
  assert.equal(writeRows([[1.23456, -0.00049999, 1000, 0.1]]), "1.235,-0.0005,1000,0.1");
  assert.equal(writeRows(parseRows("3,1,2.5,0.3;-2,0.5,1,0.25")), "3,1,2.5,0.3;-2,0.5,1,0.25");
  assert.equal(writeRows([]), "");
});

test("a link carries every key, with lists in commas", () => {
  assert.equal(
    writeLink({ preset: "figure-2", methods: ["SGDM", "LLQR+SAM"], radius: 0.3 }),
    "?preset=figure-2&methods=SGDM,LLQR%2BSAM&radius=0.3",
  );
  const base = { "surface.width": 0.25, start_x: 4, seed: 0 };
  assert.equal(writeLink({ ...base, seed: 1 }, base), "?seed=1");
  const wider = writeLink({ ...base, "surface.width": 0.5 }, base);
  assert.equal(wider, "?surface.width=0.5&start_x=4", "with its parameters a surface's own start moves");
  const read = new URLSearchParams(writeLink({ text: "a b&c=d" }));
  assert.equal(read.get("text"), "a b&c=d");
});

test("Back takes back what a person changed of what is computed, and nothing else", () => {
  const schema = new Schema([
    { name: "radius", role: "computed" },
    { name: "speed", role: "view" },
  ]);
  const undoable = (names, source) => isUndoable(new Set(names), source, schema);
  assert.deepEqual(
    [undoable(["radius"], "slider"), undoable(["radius", "speed"], "map"), undoable(["surface.depth"], "field")],
    [true, true, true],
  );
  assert.deepEqual([undoable(["speed"], "user"), undoable(["radius"], "server"), undoable(["step"], "player")], [false, false, false]);
});

test("a page with a state of its own is looked at as the one before", () => {
  assert.equal(takeLook("?scenes=lab&scene=1", "?radius=1&theme=projector&scheme=dark"), "?scenes=lab&scene=1&theme=projector&scheme=dark");
  assert.equal(takeLook("?scenes=lab&theme=projector", "?radius=1"), "?scenes=lab");
  assert.equal(takeLook("", "?radius=1"), "");
});

test("the last at most a value", () => {
  assert.deepEqual(
    [-1, 0, 0.5, 1, 7, 99].map((value) => lastAtMost([0, 1, 1, 7], value)),
    [-1, 0, 0, 2, 3, 3],
  );
  assert.equal(lastAtMost([], 3), -1);
  assert.equal(
    lastWhere(0, 600, (step) => 2 * step <= 500),
    250,
  );
});

test("a price of steps and refreshes", () => {
  assert.equal(priced({ step: 2, refresh: 100 }, 10, 3), 320);
  assert.equal(priced({ step: 2, refresh: 100 }, null, 3), null);
});

const LINEAR = { scale: "linear", minimum: -2, maximum: 2, low: -2, high: 2, step: 0.05, smallest: 0, digits: 4 };
const LOG = { scale: "log", minimum: 1e-4, maximum: 1, low: -4, high: 0, step: 0.01, smallest: 1e-4, digits: 4 };
const LOG_OR_ZERO = { ...LOG, scale: "log or zero", minimum: 0, low: -4.1 };

test("a slider's position and its value lead to each other", () => {
  for (const control of [LINEAR, LOG, LOG_OR_ZERO]) {
    for (let part = 0; part <= 1; part += 0.05) {
      const value = fromPosition(control, control.low + part * (control.high - control.low));
      assert.ok(value >= control.minimum && value <= control.maximum);
      const again = fromPosition(control, toPosition(control, value));
      assert.ok(Math.abs(again - value) <= 1e-9 * Math.max(1, Math.abs(value)), `${control.scale}: ${value} became ${again}`);
    }
  }
  assert.equal(fromPosition(LOG_OR_ZERO, LOG_OR_ZERO.low), 0, "the end of the scale is off");
  const root = { ...LOG_OR_ZERO, travel: "root", smallest: 1e-15, low: 0, high: 1 };
  assert.deepEqual(
    [0, 0.2, 0.5, 1].map((at) => fromPosition(root, at)),
    [0, 0.04, 0.25, 1],
  );
  assert.deepEqual(
    [0, 0.04, 0.25, 1, 7].map((value) => toPosition(root, value)),
    [0, 0.2, 0.5, 1, 1],
  );
});

test("a typed value is rounded as the server rounds it", () => {
  assert.equal(onGrid(LINEAR, 0.123), 0.1);
  assert.ok(Object.is(onGrid(LINEAR, -0.01), 0), "no minus zero");
  assert.equal(onGrid(LOG, 0.0123456), 0.01235);
  assert.equal(onGrid(LOG_OR_ZERO, 1e-6), 0);
  assert.equal(onGrid(LINEAR, 77), 77, "out of range is the server's to say");
});
