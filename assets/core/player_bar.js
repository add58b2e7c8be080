// The bar under the pictures: its buttons, the player's keys, the scrubber and the speed. Scrubber and speed are native
// sliders, because they move at every frame.
import { by, make } from "./dom.js";
import { keys } from "./keys.js";

/** @typedef {import("./player.js").Player} Player */

/**
 * A slider in a place, in place of what was there.
 * @param {HTMLElement} place
 * @param {object} options
 * @param {string} options.label
 * @param {number} options.minimum
 * @param {number} options.maximum
 * @param {number} options.step
 * @param {(value: number) => void} options.onInput
 * @param {string} [options.className]
 */
function rangeInput(place, { label, minimum, maximum, step, onInput, className = "" }) {
  const input = make("input", { type: "range", min: minimum, max: maximum, step, className, "aria-label": label });
  input.addEventListener("input", () => onInput(Number(input.value)));
  place.replaceChildren(input);
  return input;
}

/**
 * A button of the bar, under an icon where its text is none.
 * @param {string} action
 * @param {string} title what it does, with its key
 * @param {Record<string, unknown>} more
 * @param {string} [icon]
 */
function barButton(action, title, more, icon) {
  const button = make("button", { type: "button", className: "button", "data-action": action, ...(title && { title }), ...more });
  if (icon) button.append(make("span", { className: `icon ${icon}`, "aria-hidden": "true" }));
  return button;
}

/** What stands in the bar of every page, file and notebook. */
function barParts() {
  return [
    barButton("home", "First step (Home)", { "aria-label": "First step" }, "first"),
    barButton("back", "One step back (←)", { "aria-label": "One step back" }, "back"),
    barButton("play", "Play or pause (space)", { id: "play-button", textContent: "Play" }),
    barButton("forward", "One step on (→)", { "aria-label": "One step on" }, "forward"),
    barButton("end", "Last step (End)", { "aria-label": "Last step" }, "last"),
    make("div", { id: "scrubber", className: "scrubber" }),
    make("output", { id: "step-readout", className: "readout" }),
    make("div", { id: "speed", className: "speed" }),
    barButton("loop", "", { id: "loop-button", textContent: "Loop", "aria-pressed": "false" }),
  ];
}

export class PlayerBar {
  /**
   * @param {Player} player
   * @param {object} listeners
   * @param {(speed: number) => void} listeners.onSpeed
   * @param {(on: boolean) => void} listeners.onLoop
   */
  constructor(player, { onSpeed, onLoop }) {
    this.player = player;
    by("player").prepend(...barParts());
    this.readout = by("step-readout");
    this.play = by("play-button");
    this.loop = by("loop-button");
    this.scrubber = rangeInput(by("scrubber"), {
      label: "Step shown",
      minimum: 0,
      maximum: 1,
      step: 1,
      onInput: (step) => player.hold(step),
    });
    this.speed = rangeInput(by("speed"), {
      ...{ label: "Speed in steps per second", minimum: 0, maximum: 3, step: 0.05 },
      onInput: (power) => onSpeed(Number((10 ** power).toPrecision(2))),
    });
    this.speedText = make("span", { className: "readout" });
    by("speed").append(this.speedText);
    /** @type {((step: number) => string | null) | null} what the readout says where steps are not the unit */
    this.words = null;
    /** @type {import("./actions.js").ActionTable} */
    this.actions = {
      play: () => player.toggle(),
      home: () => player.hold(0),
      end: () => player.hold(player.steps),
      back: () => player.hold(player.step - 1),
      forward: () => player.hold(player.step + 1),
      loop: () => onLoop(!player.loop),
    };
    addPlayerKeys(player);
  }

  /** @param {number} step */
  showStep(step) {
    const { steps } = this.player;
    this.scrubber.max = String(steps);
    this.scrubber.value = String(step);
    this.scrubber.setAttribute("aria-valuetext", `step ${step} of ${steps}`);
    this.readout.textContent = this.words?.(step) ?? `step ${step} of ${steps}`;
    this.#showRate();
  }

  /** @param {boolean} playing */
  showPlaying(playing) {
    this.play.textContent = playing ? "Pause" : "Play";
    this.#showRate();
  }

  /** The speed as it is: while it plays slowly where it matters, less than what was chosen. */
  #showRate() {
    const { playing, rate, speed } = this.player;
    this.speedText.textContent = `${playing ? Math.min(Math.round(rate), speed) : speed} steps/s`;
  }

  /** @param {number} speed steps per second */
  showSpeed(speed) {
    this.player.speed = speed;
    this.speed.value = String(Math.log10(speed));
    this.speed.setAttribute("aria-valuetext", `${speed} steps per second`);
    this.#showRate();
  }

  /** @param {boolean} on */
  showLoop(on) {
    this.player.loop = on;
    this.loop.setAttribute("aria-pressed", String(on));
  }
}

/** @param {Player} player */
function addPlayerKeys(player) {
  const group = "Playback";
  const moveBy = (/** @type {number} */ sign) => (/** @type {KeyboardEvent} */ event) =>
    player.hold(player.step + sign * (event.shiftKey ? 10 : 1));
  const outside = () => !document.body.classList.contains("in-lecture"); // in a lecture the arrows go from scene to scene, as clickers expect
  keys.add([
    { keys: [" "], shown: "Space", what: "play or pause", group, run: () => player.toggle() },
    { keys: ["ArrowLeft"], shown: "←", what: "one step back (with Shift: ten)", group, when: outside, run: moveBy(-1) },
    { keys: ["ArrowRight"], shown: "→", what: "one step on (with Shift: ten)", group, when: outside, run: moveBy(1) },
    { keys: [",", "<", ";"], shown: ",", what: "one step back, in a lecture too (with Shift: ten)", group, run: moveBy(-1) },
    { keys: [".", ">", ":"], shown: ".", what: "one step on, in a lecture too (with Shift: ten)", group, run: moveBy(1) },
    { keys: ["Home"], shown: "Home", what: "first step", group, run: () => player.hold(0) },
    { keys: ["End"], shown: "End", what: "last step", group, run: () => player.hold(player.steps) },
  ]);
}
