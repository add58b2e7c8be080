// The cut: lanes, arrows and words, and which steps are known and asked for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { arrangeLanes, captionOf, clipArrow, intoLane, landmarksOn, laneFrames, laneScale, partOff } from "../../assets/draw/cut.js";
import { pictureOf, trailOf } from "../../assets/toy/cut_lanes.js";
import { CutSteps, MOST } from "../../assets/toy/cut_steps.js";

const row = (more) => ({
  s: 4,
  slope: 3,
  place: "probe up the wall",
  kick: -0.5,
  along: 3,
  off: 4,
  probe: { s: 4.3, loss: 2, off: 0 },
  ...more,
});

test("lanes fill the figure: two by two in a square, a column in a tall one, a row in a wide one", () => {
  assert.deepEqual(arrangeLanes(4, 800, 420), { columns: 2, rows: 2 });
  assert.deepEqual(arrangeLanes(4, 300, 640), { columns: 1, rows: 4 });
  assert.deepEqual(arrangeLanes(4, 1600, 210), { columns: 4, rows: 1 });
  for (const count of [1, 2, 3, 5, 7]) {
    const frames = laneFrames(count, 600, 400, 10);
    assert.equal(frames.length, count);
    for (const [x, y, w, h] of frames) assert.ok(x >= 0 && y >= 0 && x + w <= 600.001 && y + h <= 400.001 && w > 0 && h > 0);
  }
});

test("a lane's scale puts the frame's corners where its ground begins and its sky ends", () => {
  const scale = laneScale({ along: [-1, 7], losses: [0, 4] }, [100, 50, 400, 200], { head: 10, foot: 30 });
  assert.deepEqual([scale.x(-1), scale.x(7), scale.y(0), scale.y(4)], [100, 500, 220, 60]);
});

test("a landmark is named where the walker's own line has its minimum, and not where it passes the pothole by", () => {
  const frame = {
    along: [-1, 5],
    landmarks: [
      { name: "flat basin", s: 0 },
      { name: "pothole", s: 4 },
    ],
  };
  const ground = (loss) => Float32Array.from({ length: 241 }, (_, k) => loss(-1 + (6 * k) / 240));
  const named = (loss) => landmarksOn(ground(loss), frame).map(({ name }) => name);
  assert.deepEqual(
    named((s) => 0.1 * s * s - 2 * Math.exp(-(((s - 4.1) / 0.3) ** 2))),
    ["flat basin", "pothole"],
  );
  assert.deepEqual(
    named((s) => 0.1 * s * s),
    ["flat basin"],
  );
  assert.deepEqual(
    named((s) => Math.min(400 * s * s, 3)),
    ["flat basin"],
    "a wall above the lane",
  );
});

test("an arrow ends at the lane's edge and says that it goes on", () => {
  assert.deepEqual(clipArrow(50, 20, 0, 100), { to: 70, goesOn: false });
  assert.deepEqual(clipArrow(50, 80, 0, 100), { to: 100, goesOn: true });
  assert.deepEqual(clipArrow(50, -80, 0, 100), { to: 0, goesOn: true });
  assert.deepEqual(intoLane(50, -900, [0, 0, 100, 100], 5), { x: 50, y: 5, beyond: "above" });
  assert.deepEqual(intoLane(-40, -900, [0, 0, 100, 100], 5, 60), { x: 65, y: 5, beyond: "above left" }, "beside the words");
  assert.deepEqual(intoLane(-40, -900, [0, 0, 100, 100], 5, 120).x, 95, "but within the lane");
  assert.equal(intoLane(400, 50, [0, 0, 100, 100], 5).beyond, "right");
  assert.equal(intoLane(50, 50, [0, 0, 100, 100], 5).beyond, "");
});

test("the words in a lane: where the slope is from, and the kick with its direction", () => {
  assert.equal(captionOf(row({ kick: -3.21 })), "probe up the wall: kick 3.2 ←");
  assert.equal(captionOf(row({ kick: 0.5, place: "own slope" })), "own slope: kick 0.5 →");
  assert.equal(captionOf(row({ kick: 0 })), "probe up the wall: kick 0");
  assert.equal(captionOf(row({ kick: 4e-15 })), "probe up the wall: kick 0", "rounding has no direction");
});

test("the part of a step off its line", () => {
  assert.equal(partOff(row({})), 0.8);
  assert.equal(partOff(row({ along: 0, off: 0 })), 0);
  assert.equal(partOff(row({ along: 1e-16, off: 6e-15 })), 0, "a ball at rest leaves no line");
  assert.equal(partOff(row({ along: NaN, off: NaN })), 0);
});

const encode = (values, shape) => ({ dtype: "f4", bdata: Buffer.from(new Float32Array(values).buffer).toString("base64"), shape });

function answer(steps, last = 599) {
  const n = steps.length;
  const each = (make) => encode(steps.flatMap(make), "");
  const levels = Buffer.from(new Uint16Array([0, 65535, 65535, 0]).buffer).toString("base64");
  return {
    dimension: 2,
    line: "gradient",
    points: 2,
    words: ["own slope", "probe up the wall"],
    frame: { along: [0, 1], losses: [0, 1], span: [-1, 3], centre: [1, 0], landmarks: [] },
    methods: [
      {
        ...{ name: "SAM", last, steps, ground: levels, which: steps.map((step) => step % 2) },
        direction: each(() => [0.6, 0.8]),
        ball: each((step) => [step, 10 * step]),
        probe: each((step) => [step + 1, 5, 0.25]),
        slope: encode(Array(n).fill(1), ""),
        place: steps.map(() => 1),
        kick: each((step) => [-step]),
        moved: each(() => [3, 4]),
      },
    ],
  };
}

test("a kept step is found, another one by the nearest, one after the end by the last", () => {
  const known = new CutSteps();
  assert.equal(known.find("SAM", 3), null);
  known.keep(answer([2, 4, 9], 9), [2, 4, 9]);
  const found = known.find("SAM", 4);
  assert.equal(found.place, "probe up the wall");
  assert.deepEqual([found.step, found.s, found.loss, found.kick, found.probe.s, found.probe.off], [4, 4, 40, -4, 5, 0.25]);
  assert.deepEqual([...found.ground], [-1, 3]);
  assert.deepEqual(
    [6, 7, 0, 600].map((step) => known.find("SAM", step).step),
    [4, 9, 2, 9],
  );
  known.keep(answer([3], 9), [3]);
  assert.deepEqual([...known.find("SAM", 3).ground], [3, -1]);
});

test("what is asked for: the shown in a hurry, else its block, the next and some of the whole run, each once", () => {
  const known = new CutSteps();
  assert.deepEqual(known.wanted([30], 600, true), [30]);
  const first = known.wanted([30], 600, false);
  assert.equal(first[0], 30);
  for (const step of [0, 95, 300, 600]) assert.ok(first.includes(step));
  assert.ok(first.length <= MOST && new Set(first).size === first.length);
  known.keep(answer(first), first);
  assert.deepEqual(known.wanted([30], 600, false), []);
  assert.deepEqual(known.wanted([30], 600, true), []);
  const next = known.wanted([48], 600, false);
  assert.ok(next.includes(143) && !next.includes(95));
  assert.ok(known.wanted([599], 600, false).every((step) => step <= 600));
});

test("a frame of play never waits: at every step of a run the block it stands in has been asked for a block before", () => {
  const known = new CutSteps();
  for (let step = 0; step <= 600; step += 1) {
    if (step > 0) assert.ok(known.known.has(step), `step ${step}`);
    const wanted = known.wanted([step], 600, false);
    if (wanted.length) known.keep(answer(wanted), wanted);
  }
});

test("the trail is where the walker was, on the shown step's line, the last place first", () => {
  const entry = { positions: new Float32Array([1, 0, 2, 0, 1, 5]), losses: new Float32Array([7, 8, 9]) };
  const trail = trailOf(entry, { step: 2, direction: [0.6, 0.8] }, [1, 0]);
  assert.deepEqual(
    trail.map(([s, loss]) => [Number(s.toFixed(6)), loss]),
    [
      [0.6, 8],
      [0, 7],
    ],
  );
});

test("a lane for each method that is shown; one that has diverged says so; landmarks where they lie on the line", () => {
  const known = new CutSteps();
  const entry = { name: "SAM", last: 9, diverged: true, positions: new Float32Array(22), losses: new Float32Array(11) };
  assert.equal(pictureOf(known, [entry], {}, 3), null);
  known.keep(answer([0, 3, 8], 8), [0, 3, 8]);
  const picture = pictureOf(known, [entry, { ...entry, name: "SGDM" }], { SAM: "look" }, 3);
  assert.deepEqual(
    picture.lanes.map((lane) => [lane.name, lane.look, lane.gone, lane.row?.step]),
    [
      ["SAM", "look", false, 3],
      ["SGDM", undefined, false, undefined],
    ],
  );
  assert.equal(picture.marks, false);
  assert.equal(pictureOf(known, [entry], {}, 20).lanes[0].gone, true);
  assert.equal(pictureOf(known, [entry], {}, 20).lanes[0].row.step, 8);
  assert.equal(pictureOf(known, [{ ...entry, stepAt: () => 0 }], {}, 9).lanes[0].row.step, 0);
});
