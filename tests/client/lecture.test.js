// What was said before a run is compared with what happened; the code of a frame.
import assert from "node:assert/strict";
import { test } from "node:test";
import { frameCode } from "../../assets/toy/embed.js";
import { compareEndings, compareFirst } from "../../assets/lecture/predictions.js";

const row = (method, outcome, arrival) => ({ method, outcome, arrival, sentence: `${outcome} (${method})` });
const ROWS = [row("A", "trapped", null), row("B", "reached", 40), row("C", "diverged", null), row("D", "reached", 7)];

test("endings", () => {
  const told = compareEndings({ A: "stays", B: "stays", C: "diverges" }, ROWS);
  assert.equal(told, "2 of 3 right. B: you said “stays”; reached (B). D: reached (D).");
  assert.ok(compareEndings({}, ROWS).startsWith("Nobody guessed. A: trapped (A). B"));
});

test("who is first", () => {
  assert.equal(compareFirst("B", ROWS), "You said B. D arrives first, at step 7, then B at step 40.");
  assert.ok(compareFirst("D", ROWS).startsWith("Right: D. D arrives first"));
  assert.equal(compareFirst("nobody", []), "Right: nobody. No method arrives within the run.");
  assert.equal(compareFirst(undefined, []), "Nobody guessed. No method arrives within the run.");
});

test("the code of a frame is one line of HTML whatever the link holds", () => {
  const code = frameCode('http://lab.example/?embed=1&methods=SGDM,SAM&x="><script>', { width: 900, height: 520 });
  assert.equal(
    code,
    '<iframe src="http://lab.example/?embed=1&amp;methods=SGDM,SAM&amp;x=&quot;><script>" width="900" height="520" style="border: 0" title="Pothole lab"></iframe>',
  );
});
