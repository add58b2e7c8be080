// Which keys a press stands for, and what the help sheet lists.
import assert from "node:assert/strict";
import { test } from "node:test";
import { keys, pressed } from "../../assets/core/keys.js";

const press = (key, code, shiftKey = false) => pressed({ key, code, shiftKey });

test("letters of other alphabets work by their place, Latin ones by their name", () => {
  assert.deepEqual(press("т", "KeyN"), ["т", "n"]);
  assert.deepEqual(press("Т", "KeyN", true), ["Т", "N"]);
  assert.deepEqual(press("ν", "KeyN"), ["ν", "n"]);
  assert.deepEqual(press("q", "KeyA"), ["q"], "on a French keyboard A is where Q is, and says so");
  assert.deepEqual(press("ü", "BracketLeft"), ["ü"]);
  assert.deepEqual(press("ArrowLeft", "ArrowLeft"), ["ArrowLeft"]);
});

test("digits work where a keyboard has them with Shift alone, and so does the sheet of keys", () => {
  assert.deepEqual(press("&", "Digit1"), ["&", "1"]);
  assert.deepEqual(press("1", "Digit1"), ["1"]);
  assert.deepEqual(press("!", "Digit1", true), ["!"]);
  assert.deepEqual(press("?", "Slash", true), ["?"]);
});

test("the sheet lists a key also where it does nothing now", () => {
  globalThis.document = { addEventListener: () => {} };
  const entry = { keys: ["PageDown"], shown: "PageDown", what: "next scene", group: "A lecture", when: () => false, run: () => {} };
  keys.add([entry]);
  assert.ok(keys.shown.some(({ shown }) => shown === "PageDown"));
  delete globalThis.document;
});
