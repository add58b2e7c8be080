// The latest-wins gate.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { LatestWinsGate } from "../../assets/core/gate.js";
import { Refused } from "../../assets/core/http.js";

test("the latest wins, a refusal and a lost answer free the gate, and what is cancelled is not drawn", async () => {
  const [sent, drawn, failed] = [[], [], []];
  const answers = new Map(); // value → what lets its answer come
  const send = (value, signal) => {
    sent.push(value);
    return new Promise((resolve, reject) => {
      answers.set(value, () => (value === "bad" ? reject(new Refused(422, ["No."])) : resolve(value)));
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  };
  const options = { timeout: 1e8, onAnswer: (answer) => drawn.push(answer), onFailure: (error) => failed.push(error.message) };
  const gate = new LatestWinsGate(send, options);
  const come = async (value) => {
    answers.get(value)();
    await pause(0);
  };
  for (let k = 0; k <= 9; k += 1) gate.ask(k);
  assert.deepEqual(sent, [0]);
  await come(0);
  await come(9);
  assert.ok(gate.idle);
  gate.ask("bad");
  await come("bad");
  gate.timeout = 20;
  gate.ask("lost");
  gate.timeout = 1e8;
  gate.ask("after");
  while (!answers.has("after")) await pause(1); // sent when the lost one's time is up
  await come("after");
  gate.ask("cancelled");
  gate.cancel();
  gate.ask("last");
  await come("cancelled");
  await come("last");
  assert.deepEqual(sent, [0, 9, "bad", "lost", "after", "cancelled", "last"]);
  assert.deepEqual(drawn, [0, 9, "after", "last"]);
  assert.deepEqual(failed, ["No.", "timeout"]);
  assert.ok(gate.idle);
});
