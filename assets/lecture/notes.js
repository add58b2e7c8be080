// The speaker's notes: a channel between the lecture's window and the page /notes, and that page.
import { Actions } from "../core/actions.js";
import { by, make } from "../core/dom.js";
import { keys } from "../core/keys.js";
import { showScheme, showTheme } from "../core/scheme.js";
import { showHelp } from "./help.js";

/** @typedef {{ title: string, scenes: LectureScene[], index: number, scheme?: string, theme?: string }} Told what the notes' window is told */
/** @typedef {import("../core/contract.js").LectureScene} LectureScene */

const CHANNEL = "pothole-lab-lecture";

// The lecture's end: tell(told) when a scene changes; ask() gives the same to a window that opens later.
export class NotesChannel {
  /**
   * @param {() => Told} ask
   * @param {(step: number) => void} onStep
   */
  constructor(ask, onStep) {
    this.channel = new BroadcastChannel(CHANNEL);
    this.channel.addEventListener("message", ({ data }) => {
      if (data.hello && ask().scenes.length) this.tell(ask());
      if (data.step) onStep(data.step);
    });
  }

  /** @param {Told} told */
  tell(told) {
    this.channel.postMessage({ told });
  }
}

/**
 * How long the scene takes, and when it should be over by the lecture's own plan.
 * @param {LectureScene[]} scenes
 * @param {number} index from 1
 */
function timeOf(scenes, index) {
  const minutes = scenes[index - 1]?.minutes ?? 0;
  if (!minutes) return "";
  const until = scenes.slice(0, index).reduce((sum, scene) => sum + scene.minutes, 0);
  const seconds = Math.round(60 * until);
  return ` · ${minutes} min, to ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} on the clock`;
}

export class Notes {
  constructor() {
    this.channel = new BroadcastChannel(CHANNEL);
    this.channel.addEventListener("message", ({ data }) => data.told && this.show(data.told));
    this.began = Date.now();
    this.actions = new Actions({
      "notes-next": () => this.step(1),
      "notes-previous": () => this.step(-1),
      "notes-restart": () => {
        this.began = Date.now();
        this.tick();
      },
      help: showHelp,
    });
    const group = "A lecture";
    const next = "play or reveal what waits for it, then the next scene";
    keys.add([
      { keys: ["PageDown", "ArrowRight"], shown: "PageDown →", what: next, group, run: () => this.step(1) },
      { keys: ["PageUp", "ArrowLeft"], shown: "PageUp ←", what: "previous scene", group, run: () => this.step(-1) },
      { keys: ["?"], shown: "?", what: "this sheet", group: "The page", run: showHelp },
    ]);
    setInterval(() => this.tick(), 1000);
    this.tick();
    this.channel.postMessage({ hello: true });
  }

  /** @param {number} step */
  step(step) {
    this.channel.postMessage({ step });
  }

  tick() {
    const seconds = Math.floor((Date.now() - this.began) / 1000);
    const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
    by("notes-elapsed").textContent = `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
    const now = new Date();
    by("notes-clock").textContent = `${two(now.getHours())}:${two(now.getMinutes())}`;
  }

  /** @param {Told} told */
  show({ title, scenes, index, scheme, theme }) {
    if (scheme) showScheme(scheme, {});
    if (theme) showTheme(theme === "projector" ? "screen" : theme); // notes are read from close by
    const scene = scenes[index - 1];
    by("notes-place").textContent = scene ? `${title} · scene ${index} of ${scenes.length}${timeOf(scenes, index)}` : "";
    by("notes-title").textContent = scene ? scene.title : "Notes";
    const none = scene ? "This scene has no notes." : "The lecture has ended.";
    const spoken = scene ? [scene.ask && `Ask: ${scene.ask}`, scene.answer && `Answer: ${scene.answer}`].filter(Boolean) : [];
    const paragraphs = scene?.notes.length || spoken.length ? [...(scene?.notes ?? []), ...spoken] : [none];
    by("notes-text").replaceChildren(...paragraphs.map((textContent) => make("p", { textContent })));
    by("notes-following").textContent = scenes[index]?.title ?? "the end";
    by("notes-previous", HTMLButtonElement).disabled = index <= 1;
    by("notes-next", HTMLButtonElement).disabled = index >= scenes.length;
  }
}
