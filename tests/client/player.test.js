// Playback, frame by frame.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { SLOW, advance, rateAt, slowSpans } from "../../assets/core/pace.js";
import { Player } from "../../assets/core/player.js";

let frames = [];

beforeEach(() => {
  frames = [];
  globalThis.requestAnimationFrame = (draw) => frames.push(draw);
});

// Run the frames that wait, at these times in ms.
function run(...times) {
  for (const time of times) for (const draw of frames.splice(0)) draw(time);
}

function make(steps = 100) {
  const shown = [];
  const states = [];
  const player = new Player({ onStep: (step) => shown.push(step), onPlaying: (playing) => states.push(playing) });
  player.setSteps(steps);
  player.seek(0);
  shown.length = 0;
  return { player, shown, states };
}

test("it goes on by time, not by frames, and stops at the end", () => {
  const { player, shown, states } = make(30);
  player.speed = 100;
  player.play();
  run(1000, 1100, 1150);
  assert.deepEqual(shown, [10, 15]);
  let ended = 0;
  player.ends.push(() => (ended += 1));
  run(1400);
  assert.deepEqual([player.step, player.playing, ended], [30, false, 1]);
  assert.deepEqual(states, [true, false]);
});

test("after a pause of the browser it does not jump", () => {
  const { player } = make(1000);
  player.speed = 100;
  player.play();
  run(0, 60000);
  assert.equal(player.step, 25);
});

test("a loop begins anew, and a press at the end plays from the start", () => {
  const { player } = make(10);
  Object.assign(player, { speed: 100, loop: true });
  player.seek(10);
  player.play();
  assert.equal(player.step, 0);
  run(0, 90, 200);
  assert.deepEqual([player.step, player.playing], [0, true]);
});

test("it is slow in the first steps and before the first escape, and as fast as chosen elsewhere", () => {
  const pace = { speed: 60, slow: slowSpans([null, 300, 120, null]) };
  assert.deepEqual(pace.slow, [
    [0, 20],
    [96, 120],
  ]);
  for (const slow of [0, 7.5, 20, 96, 110, 120]) assert.equal(rateAt(slow, pace), SLOW);
  for (const fast of [58, 200, 300, 600]) assert.equal(rateAt(fast, pace), 60);
  let before = rateAt(0, pace);
  for (let at = 0; at < 600; at += 0.5) {
    const rate = rateAt(at, pace);
    assert.ok(rate / before < 1.1 && before / rate < 1.1, `no jerk at ${at}`);
    before = rate;
  }
  assert.deepEqual(slowSpans([null, null]), [[0, 20]]);
  assert.equal(rateAt(0, { speed: 2, slow: [[0, 20]] }), 2, "never faster than chosen");
});

test("its way is the same however the frames fall", () => {
  const pace = { speed: 60, slow: slowSpans([30]) };
  let [fine, coarse] = [0, 0];
  for (let k = 0; k < 600; k += 1) fine = advance(fine, 1 / 60, pace);
  for (let k = 0; k < 60; k += 1) coarse = advance(coarse, 1 / 6, pace);
  assert.ok(Math.abs(fine - coarse) < 0.5, `${fine} and ${coarse}`);
  assert.ok(fine > 200 && fine < 400, "30 steps in five seconds, the rest at speed");
  assert.equal(advance(10, 0.25, { speed: 100, slow: [] }), 35);
});

test("the player goes by the pace", () => {
  const { player } = make(1000);
  Object.assign(player, { speed: 100, slow: [[0, 20]] });
  player.play();
  run(0, 250, 500, 750, 1000, 1100);
  assert.equal(player.step, 6);
  assert.equal(player.rate, SLOW);
  player.hold(500);
  assert.equal(player.rate, 100);
});

test("what holds it keeps it still", () => {
  const { player, states } = make();
  player.holds.push(() => true);
  player.toggle();
  assert.deepEqual([player.playing, states], [false, []]);
});

test("who looks at the end keeps looking at the end", () => {
  const { player } = make(100);
  player.seek(100);
  player.setSteps(600);
  assert.equal(player.step, 600);
  player.seek(40);
  player.setSteps(30);
  assert.equal(player.step, 30);
  player.hold(-5);
  assert.equal(player.step, 0);
});
