// What the network page knows of a run: its curves, its table, and its place in the queue.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newestBoundary } from "../../assets/network/boundary_view.js";
import { TrainingCurves } from "../../assets/network/curves.js";
import { methodRows } from "../../assets/network/method_table.js";
import { cellsOf, describeLines, saidOf } from "../../assets/network/explore/between_panel.js";
import { cellsOf as cellsOfSolution, describeCuts, saidOf as saidOfCuts } from "../../assets/network/explore/cuts_panel.js";
import { cellsOf as cellsOfPotholes, describeFactors, saidOf as saidOfPotholes } from "../../assets/network/explore/potholes_panel.js";
import { PlaneView } from "../../assets/network/plane_view.js";
import { isUnchanged } from "../../assets/network/presets.js";
import { replayed } from "../../assets/network/replay.js";
import { LiveRun } from "../../assets/network/run.js";
import { queueInWords, runInWords } from "../../assets/network/run_bar.js";
import { errorWords, sampleWords } from "../../assets/network/samples.js";

test("the table has the newest measurement, however long ago", () => {
  const curves = new TrainingCurves(["SGDM"]);
  const row = (position) => {
    const SGDM = { loss: 1 / position, seconds: position, evaluations: position, products: 0, off: 2 };
    if (position % 500 === 1) Object.assign(SGDM, { train_loss: position, test_accuracy: 0.5 });
    return { position, methods: { SGDM } };
  };
  curves.add(Array.from({ length: 1000 }, (_, k) => row(k + 1)));
  curves.add([row(1000)]); // told twice, kept once
  assert.equal(curves.rows.length, 1000);
  const at = (index) => methodRows(curves, index)[0];
  assert.deepEqual(
    [0, 499, 500, 999].map((index) => at(index).train_loss),
    [1, 1, 501, 501],
  );
  assert.deepEqual([at(999).off, at(999).test_loss], [2, undefined]);
  assert.deepEqual(methodRows(curves, 1000), [], "of a step that has not come, as when a run begins anew");
  assert.equal(curves.place("SGDM", 700, "evaluations"), 700);
});

test("pictures are framed around the methods that go on", () => {
  const curves = new TrainingCurves(["SGDM", "SAM", "LLQR"]);
  const lost = { loss: null, stopped: true };
  assert.deepEqual(curves.goingOf(["SAM", "LLQR"]), ["SAM", "LLQR"]);
  curves.add([{ position: 9, methods: { SGDM: { loss: 1 }, SAM: { loss: 1 }, LLQR: lost } }]);
  assert.deepEqual(curves.goingOf(["SAM", "LLQR"]), ["SAM"]);
  assert.deepEqual(curves.goingOf(["LLQR"]), ["LLQR"], "where none of those shown does, around all");
});

test("what is measured over some of the examples says how far it may be off, wherever it stands", () => {
  const curves = new TrainingCurves(["SGDM", "SAM"]);
  const values = (train_loss, test_accuracy, sampled) => ({ train_loss, test_accuracy, ...(sampled && { sampled }) });
  const some = (error, share) => ({
    train: { examples: 256, of: 1438, loss: error, accuracy: 0.02 },
    test: { examples: 256, of: 359, loss: 0.1, accuracy: share },
  });
  curves.add([{ position: 0, methods: { SGDM: values(2.3, 0.1, some(0.012, 0.013)), SAM: values(2.3, 0.1, some(0.031, null)) } }]);
  curves.add([{ position: 9, methods: { SGDM: values(0.2, 0.9), SAM: values(0.3, 0.8) } }]);
  const of = (name, key) => curves.line(name, key, "steps").samples;
  const newest = (key, k) => sampleWords(key, [of("SGDM", key)[k], of("SAM", key)[k]]);
  assert.equal(newest("train_loss", 0), "± 0.031 (256 of 1\u202f438 examples)", "the largest");
  assert.equal(newest("test_accuracy", 0), "± ? (256 of 359 examples)");
  assert.equal(newest("train_loss", 1), "", "all examples");
  assert.equal(errorWords("test_accuracy", of("SGDM", "test_accuracy")[0]), " ± 1.3 %");
  assert.deepEqual(
    [0, 1].map((index) => methodRows(curves, index)[0].errors.train_loss),
    [" ± 0.012", ""],
  );
});

test("a run that waits says for how many others, and when it starts", () => {
  const words = (ahead, wait) => queueInWords({ ahead, wait });
  assert.equal(words(0, null), "Waits for a worker process");
  assert.equal(words(2, null), "Waits for 2 other runs");
  assert.equal(words(0, { seconds: 41.2, at_least: false }), "Is next · starts in about 41 s");
  assert.equal(words(1, { seconds: 300, at_least: true }), "Waits for 1 other run · starts in at least 5 min");
});

test("a run tells how far it is in what comes before its first step, and then in its own", () => {
  const run = { description: { seed: 0 }, state: "running", device: null, replay: null, owner: true, recorded: false };
  const phase = { words: "First fitted", done: 1200, total: 4000, seconds_left: 3.2 };
  const words = (more) => runInWords({ ...run, steps: 0, total: 500, secondsLeft: null, phase, ...more });
  assert.match(words({}), /^First fitted · step 1.200 of 4.000 · about 3 s left\.$/);
  assert.match(words({ state: "paused" }), /^Paused · First fitted · step 1.200 of 4.000\.$/);
  assert.match(words({ phase: { ...phase, done: 0, seconds_left: null } }), /^First fitted · step 0 of 4.000\.$/);
  assert.match(words({ phase: null, steps: 20, secondsLeft: 12 }), /^Is being set up · step 20 of 500 · about 12 s left\.$/);
});

test("a run that is closed is not asked about any more", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let asked = 0;
  let enter = null;
  let answer = null;
  context.mock.method(globalThis, "fetch", () => {
    asked += 1;
    return new Promise((resolve) => {
      answer = () => resolve(new Response(JSON.stringify({ ahead: 1 })));
    });
  });
  globalThis.location = new URL("http://127.0.0.1/network");
  globalThis.window = new EventTarget();
  globalThis.WebSocket = class {
    constructor() {
      enter = (entry) => this.onmessage({ data: JSON.stringify(entry) });
    }

    close() {}
  };
  const told = { job: "j", description: { methods: ["SGDM"], steps: 9 }, owner: true, state: "queued", ahead: 1 };
  const nothing = () => {};
  const run = new LiveRun(told, { onChange: nothing, onRows: nothing, onEnd: nothing });
  enter({ number: 1, kind: "state", data: { state: "queued", sentence: "" }, time: 0 });
  context.mock.timers.tick(3000);
  assert.equal(asked, 1);
  run.close();
  answer();
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  context.mock.timers.tick(60000);
  assert.equal(asked, 1);
});

test("the piece of the plane that is shown stays while the paths are inside, and is the same for all who watch", () => {
  const first = PlaneView.around([
    [0, 0],
    [1, 0.4],
  ]);
  assert.deepEqual(
    PlaneView.around(
      [
        [0, 0],
        [1.1, 0.4],
      ],
      first,
    ),
    first,
  );
  const [[x0, x1], [y0, y1]] = first;
  assert.ok(x0 <= 0 && x1 >= 1 && y0 <= 0 && y1 >= 0.4 && x1 - x0 === y1 - y0);
  assert.equal(Math.log2(x1 - x0) % 1, 0);
  assert.notDeepEqual(
    PlaneView.around(
      [
        [0, 0],
        [9, 0],
      ],
      first,
    ),
    first,
  );
});

const feed = [
  { kind: "notice", data: { sentence: "Trains.", device: "the CPU" } },
  { kind: "progress", data: { rows: [0, 50, 100].map((position) => ({ position, methods: {} })), total: 100 } },
];

/** What has come of a replayed feed, at the motion that is asked for. */
function listen(reduce) {
  globalThis.window = { matchMedia: () => ({ matches: reduce }) };
  const heard = { kinds: [], positions: [], ended: 0 };
  const onEntry = ({ kind, data }) => {
    heard.kinds.push(kind);
    if (kind === "progress") heard.positions.push(...data.rows.map(({ position }) => position));
  };
  const follower = replayed(feed)("", { onEntry, onEnd: () => (heard.ended += 1) });
  return { heard, follower };
}

test("a replayed run comes in its order over a few seconds, and all at once where less motion is wanted", (context) => {
  let now = 1;
  context.mock.method(performance, "now", () => now);
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const moving = listen(false);
  assert.deepEqual(moving.heard.kinds, [], "whoever asked has the run first");
  context.mock.timers.tick(1);
  assert.deepEqual(moving.heard.positions, [0]);
  now += 3500;
  context.mock.timers.tick(100);
  assert.deepEqual([moving.heard.positions, moving.heard.ended], [[0, 50], 0]);
  now += 3500;
  context.mock.timers.tick(100);
  assert.deepEqual([moving.heard.positions, moving.heard.ended], [[0, 50, 100], 1]);
  assert.deepEqual(moving.heard.kinds, ["notice", "progress", "progress", "progress"]);

  const still = listen(true);
  context.mock.timers.tick(1);
  assert.deepEqual([still.heard.positions, still.heard.ended], [[0, 50, 100], 1]);

  const closed = listen(false);
  closed.follower.close();
  context.mock.timers.tick(1);
  assert.deepEqual(closed.heard.kinds, []);
});

test("the border that is shown is the newest up to the step", () => {
  const curves = new TrainingCurves(["SGDM"]);
  const row = (position, boundary) => ({ position, methods: { SGDM: { ...(boundary && { boundary }) } } });
  curves.add([row(0), row(1, ["first"]), row(2), row(3, ["second"])]);
  const shown = [0, 1, 2, 3, 9].map((index) => newestBoundary(curves, "SGDM", index)[0]);
  assert.deepEqual(shown, [undefined, "first", "first", "second", "second"]);
  assert.deepEqual(newestBoundary(curves, "SAM", 3), []);
});

test("a preset is changed by what is trained, and not by how it is looked at", () => {
  const schema = { isViewOnly: (name) => name === "axis" };
  const base = { steps: 400, methods: ["SGDM", "SAM"], axis: "steps" };
  assert.ok(isUnchanged({ ...base, methods: ["SGDM", "SAM"], axis: "seconds", preset: "one" }, base, schema));
  assert.ok(!isUnchanged({ ...base, steps: 300 }, base, schema));
  assert.ok(!isUnchanged({ ...base, methods: ["SGDM"] }, base, schema));
});

test("a way between two solutions tells its barrier, or that there is none", () => {
  const line = { way: "straight", losses: [0.5, 2, 0.25], barrier: 1.625, barrier_error: 0.0412, highest: 0.5 };
  assert.deepEqual(cellsOf(line), ["1.63 ± 0.04", "0.5", "0.5 and 0.25", "2"]);
  assert.deepEqual(cellsOf({ ...line, barrier_error: null })[0], "1.63");
  assert.deepEqual(cellsOf({ ...line, barrier: null, barrier_error: null }).slice(0, 2), ["not finite", "0.5"]);
  assert.deepEqual(cellsOf({ ...line, losses: [2, 1, 0.5], barrier: 0 }), ["none", "", "2 and 0.5", "2"]);
  const about = { first: "SGDM, step 24", second: "SAM, step 24", distance: 3, examples: 64, of_examples: 256, statistics: null };
  const words = describeLines(about, [line, { ...line, way: "curve", losses: [0.5, 0.25] }]);
  assert.equal(words, "Loss on the way from SGDM, step 24 to SAM, step 24. Straight: from 0.25 to 2. Trained curve: from 0.25 to 0.5.");
  assert.equal(saidOf(about, 1.5), "64 of 256 training examples, distance 3, 1.5 s");
  assert.match(saidOf({ ...about, examples: 256, statistics: "kept" }, 1), /^all 256 .*statistics of the beginning, 1 s$/);
});

test("potholes tell what a probe adds there, and how surely", () => {
  const gains = { gain: 1.465, first_order_gain: 1.473, first_order_error: 0.204 };
  const group = { kind: "potholes", here: [11, 9], average: [5, 3], plain: gains, learned: { ...gains, gain: 1.357 } };
  const known = { ...group, factors: [0.5, 0.6], factor: { mean: 0.631, low: 0.6, high: 0.67 } };
  assert.deepEqual(cellsOfPotholes(known), ["10", "4", "1.47 (1.47)", "1.36 (1.47)", "0.631", "0.6 to 0.67", "20 %"]);
  const single = { ...group, factors: [null], factor: { mean: 0.5, low: null, high: null } };
  assert.deepEqual(cellsOfPotholes(single).slice(4, 6), ["0.5", "– to –"]);
  const told = describeFactors([{ method: "LLQR", groups: [known, { ...single, kind: "random" }] }]);
  assert.equal(told, "What the probe adds with U, in parts of that without. LLQR: potholes 0.631, random 0.5.");
  const about = { methods: ["LLQR", "LLQR+SAM"] };
  assert.equal(saidOfPotholes({ about, rows: [{}], done: null }), "1 of 2 methods measured");
  assert.match(saidOfPotholes({ about, rows: [], done: { products: 12, seconds: 1.5 } }), /^12 losses, .* in 1\.5 s$/);
});

test("cuts through the solutions tell how far they are, and what they show", () => {
  const about = { methods: ["SGDM", "SAM"], step: 9, t: [-1, 0, 1], directions: 3, examples: 64, of_examples: 100 };
  const curves = (directions) => ({ directions, train: [2, 0.5, 1], test: [3, 1, 5] });
  const said = (more) => saidOfCuts({ about, cuts: {}, solutions: [], done: null, ...more });
  assert.equal(said({ cuts: { SGDM: curves(2), SAM: curves(1) } }), "1 of 3 directions");
  assert.equal(said({ cuts: { SGDM: curves(3), SAM: curves(3) }, solutions: [{}] }), "1 of 2 solutions measured");
  assert.equal(said({ done: { seconds: 2 } }), "3 directions, 64 of 100 training examples, 2 s");
  assert.equal(describeCuts("test", { SGDM: curves(3) }), "Test loss on the cuts. SGDM: 1 in the middle, 4 at the ends.");
  assert.equal(cellsOfSolution({ method: "SAM", problem: "lost" }).length, 7);
  const solution = { train_loss: 0.5, test_loss: 1, rise: 2, length: 7, eigenvalue: 3, relative_eigenvalue: 2, converged: false };
  assert.deepEqual(cellsOfSolution({ ...solution, relative_trace: 4, relative_trace_error: 0.1 }).slice(4), [
    "3 (not converged)",
    "2 (not converged)",
    "4 ± 0.1",
  ]);
});
