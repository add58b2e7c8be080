import assert from "node:assert/strict";
import { test } from "node:test";

import { Refused } from "../../assets/core/http.js";
import { Kernel } from "../../assets/notebook/kernel.js";

/** A port, with what was sent through it. */
function makePort() {
  const sent = /** @type {any[]} */ ([]);
  return { sent, postMessage: (/** @type {any} */ message) => sent.push(message), onmessage: /** @type {any} */ (null) };
}

test("answers find their questions, whatever their order; what the kernel refuses is refused in its words", async () => {
  const port = makePort();
  const kernel = new Kernel(port, () => {});
  const { signal } = new AbortController();
  const [first, second, third] = [1, 2, 3].map((steps) => kernel.ask("compute", { steps }, signal));
  assert.deepEqual(
    port.sent.map(({ number, state }) => [number, state.steps]),
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  );
  port.onmessage({ data: { kind: "answer", number: 2, answer: '{"paths": 2}' } });
  port.onmessage({ data: { kind: "answer", number: 1, answer: '{"paths": 1}' } });
  port.onmessage({ data: { kind: "answer", number: 3, problems: ["Too many."] } });
  assert.deepEqual(await Promise.all([first, second]), [{ paths: 1 }, { paths: 2 }]);
  await assert.rejects(third, (error) => error instanceof Refused && error.problems[0] === "Too many.");
});

test("a question that is given up takes no answer any more", async () => {
  const port = makePort();
  const kernel = new Kernel(port, () => {});
  const controller = new AbortController();
  const asked = kernel.ask("cut", {}, controller.signal);
  controller.abort(new Error("timeout"));
  await assert.rejects(asked, /timeout/);
  port.onmessage({ data: { kind: "answer", number: 1, answer: "{}" } });
  assert.equal(kernel.open.size, 0);
});

test("a state of somebody else's is handed on", () => {
  const port = makePort();
  const states = /** @type {any[]} */ ([]);
  const kernel = new Kernel(port, (state) => states.push(state));
  port.onmessage({ data: { kind: "state", state: { steps: 3 } } });
  kernel.keep({ steps: 4 });
  kernel.tellHeight(500);
  assert.deepEqual(states, [{ steps: 3 }]);
  assert.deepEqual(port.sent, [
    { kind: "keep", state: { steps: 4 } },
    { kind: "height", pixels: 500 },
  ]);
});
