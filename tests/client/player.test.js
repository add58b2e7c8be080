// Playback, frame by frame.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
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
