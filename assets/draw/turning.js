// Turning and zooming a picture by hand. The page keeps what is its own: the wheel scrolls it until the picture has been
// clicked, and one finger scrolls it always; two turn and zoom.
import { keys } from "../core/keys.js";

/**
 * @typedef {object} Turned
 * @property {(across: number, up: number) => void} turn rad
 * @property {(factor: number) => void} zoom of the distance
 * @property {() => void} reset
 * @property {() => void} rest after each movement
 */

const RADIANS = 0.008; // for a pixel
const KEY_TURN = 0.1; // rad
const KEY_ZOOM = 1.1;
const WHEEL = 0.0015; // of the distance's logarithm, for a pixel of the wheel
const LINE = 16; // px of a wheel that counts in lines
const STILL = 250; // ms without the wheel after which it rests

/** Whether the page is used with fingers. */
export const coarsePointer = () => matchMedia("(pointer: coarse)").matches;

/** What one may do, in words for who has a mouse or fingers. */
export const turningHint = () => (coarsePointer() ? "Two fingers turn and zoom" : "Drag to turn; click, then scroll to zoom");

/**
 * @param {HTMLElement} pad takes the focus
 * @param {Turned} turned
 */
export function addTurning(pad, turned) {
  addMouse(pad, turned);
  addWheel(pad, turned);
  addFingers(pad, turned);
  addKeys(pad, turned);
}

/**
 * @param {HTMLElement} pad
 * @param {Turned} turned
 */
function addMouse(pad, { turn, rest }) {
  /** @type {[number, number] | null} */
  let last = null;
  pad.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button !== 0) return;
    last = [event.clientX, event.clientY];
    pad.setPointerCapture(event.pointerId);
  });
  pad.addEventListener("pointermove", (event) => {
    if (!last) return;
    turn(RADIANS * (event.clientX - last[0]), RADIANS * (event.clientY - last[1]));
    last = [event.clientX, event.clientY];
  });
  for (const name of ["pointerup", "pointercancel"]) {
    pad.addEventListener(name, () => {
      if (last) rest();
      last = null;
    });
  }
}

/**
 * @param {HTMLElement} pad
 * @param {Turned} turned
 */
function addWheel(pad, { zoom, rest }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let still;
  pad.addEventListener(
    "wheel",
    (event) => {
      if (document.activeElement !== pad) return;
      event.preventDefault();
      zoom(Math.exp(WHEEL * event.deltaY * (event.deltaMode ? LINE : 1)));
      clearTimeout(still);
      still = setTimeout(rest, STILL);
    },
    { passive: false },
  );
}

/**
 * @param {HTMLElement} pad
 * @param {Turned} turned
 */
function addFingers(pad, { turn, zoom, rest }) {
  /** @type {{ x: number, y: number, apart: number } | null} */
  let last = null;
  const read = ([one, other] = /** @type {Touch[]} */ ([])) => ({
    x: (one.clientX + other.clientX) / 2,
    y: (one.clientY + other.clientY) / 2,
    apart: Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1,
  });
  const follow = (/** @type {TouchEvent} */ event) => {
    if (event.touches.length !== 2) return;
    event.preventDefault();
    const now = read([...event.touches]);
    if (last) {
      turn(RADIANS * (now.x - last.x), RADIANS * (now.y - last.y));
      zoom(last.apart / now.apart);
    }
    last = now;
  };
  pad.addEventListener("touchstart", follow, { passive: false });
  pad.addEventListener("touchmove", follow, { passive: false });
  for (const name of /** @type {const} */ (["touchend", "touchcancel"])) {
    pad.addEventListener(name, () => {
      if (last) rest();
      last = null;
    });
  }
}

/**
 * @param {HTMLElement} pad
 * @param {Turned} turned
 */
function addKeys(pad, { turn, zoom, reset, rest }) {
  /** @type {Record<string, [number, number]>} */
  const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const group = "On the surface";
  const press = (/** @type {(event: KeyboardEvent) => void} */ run) => (/** @type {KeyboardEvent} */ event) => {
    run(event);
    rest();
  };
  const step = (/** @type {KeyboardEvent} */ { key }) => turn(KEY_TURN * directions[key][0], KEY_TURN * directions[key][1]);
  keys.add(
    [
      { keys: Object.keys(directions), shown: "← → ↑ ↓", what: "turn it", group, run: press(step) },
      { keys: ["+", "="], shown: "+", what: "nearer", group, run: press(() => zoom(1 / KEY_ZOOM)) },
      { keys: ["-", "−"], shown: "−", what: "farther", group, run: press(() => zoom(KEY_ZOOM)) },
      { keys: ["0"], shown: "0", what: "as it was first seen", group, run: press(reset) },
    ],
    pad,
  );
}
