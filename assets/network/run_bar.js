// The bar of the run: what it is at in words, how far it is, and the buttons that fit its state.
import { by, make } from "../core/dom.js";
import { formatCount } from "../core/format.js";

const SHOWN = 5; // sentences
const IDLE = "Nothing is being trained. Choose a network, data and methods, then press Start.";

/** @typedef {import("./run.js").LiveRun} LiveRun */

/** @param {number} seconds */
export function timeInWords(seconds) {
  if (seconds < 1.5) return "about a second";
  if (seconds < 90) return `about ${Math.round(seconds)} s`;
  return seconds < 5400 ? `about ${Math.round(seconds / 60)} min` : `about ${(seconds / 3600).toFixed(1)} h`;
}

/**
 * @param {Pick<LiveRun, "ahead" | "wait">} run
 */
export function queueInWords({ ahead, wait }) {
  const others = ahead ? `Waits for ${ahead} other run${ahead > 1 ? "s" : ""}` : "Is next";
  if (!wait) return ahead ? others : "Waits for a worker process";
  const time = timeInWords(wait.seconds);
  return `${others} · starts in ${wait.at_least ? time.replace("about", "at least") : time}`;
}

/** @type {Record<import("./run.js").RunState, (run: LiveRun) => string>} */
const WORDS = {
  queued: (run) => queueInWords(run),
  running: ({ device, phase }) => phase?.words ?? (device ? `Trains on ${device.device}` : "Is being set up"),
  paused: () => "Paused",
  finished: () => "Finished",
  stopped: () => "Stopped",
  failed: () => "Failed",
};

/** @type {Record<import("./run.js").RunState, string>} a run that is only looked at */
const RECORDED = {
  queued: "waits for a worker process",
  running: "is being read and measured",
  paused: "paused",
  finished: "read and measured",
  stopped: "not read to its end",
  failed: "could not be read",
};

/**
 * The steps that it is at: of what comes before the first, or its own.
 * @param {LiveRun} run
 */
function stretchOf({ phase, steps, total, secondsLeft }) {
  return phase ? { steps: phase.done, total: phase.total, secondsLeft: phase.seconds_left } : { steps, total, secondsLeft };
}

/** @param {LiveRun} run */
export function runInWords(run) {
  const { state, device, replay, phase } = run;
  const { steps, total, secondsLeft } = stretchOf(run);
  const kept = replay ? [`A recorded run, seed ${run.description.seed}`] : [WORDS[state](run)];
  const parts = run.recorded ? ["Trained elsewhere", RECORDED[state]] : kept;
  if (run.gone) parts.push("the engine has forgotten this run");
  if (phase && state !== "running") parts.push(phase.words);
  if (steps || state === "running") parts.push(`step ${formatCount(steps)} of ${formatCount(total)}`);
  if (state === "running" && secondsLeft !== null && steps) parts.push(`${timeInWords(secondsLeft)} left`);
  if (device) parts.push(`${formatCount(device.parameters)} weights, ${formatCount(device.examples)} training examples`);
  if (replay) parts.push("press Start to train it here");
  else if (!run.owner && !run.recorded) parts.push("somebody else’s run: you can watch it");
  return `${parts.join(" · ")}.`;
}

export class RunBar {
  constructor() {
    this.key = ""; // the sentences that are shown
  }

  /**
   * @param {LiveRun | null} run
   * @param {boolean} [asking] a run is being started
   */
  show(run, asking) {
    by("run-status").textContent = run ? runInWords(run) : IDLE;
    by("run").dataset.state = run ? run.state : "none";
    const { steps, total } = run ? stretchOf(run) : { steps: 0, total: 1 };
    const part = steps / Math.max(total, 1);
    by("run-bar").style.width = `${100 * part}%`;
    by("run-progress").setAttribute("role", "progressbar");
    by("run-progress").setAttribute("aria-valuenow", String(Math.round(100 * part)));
    by("run-progress").setAttribute("aria-label", "Part of the steps done");
    const start = by("start-button", HTMLButtonElement);
    const again = run && !run.recorded && !run.replay;
    start.textContent = asking ? "Starting" : again ? (run.mine ? "Start anew" : "Start again") : "Start";
    start.disabled = Boolean(asking);
    start.title = run?.mine ? "Stop this run and start one with the settings at the left" : "Train with the settings at the left";
    by("pause-button").hidden = by("stop-button").hidden = !run?.mine;
    by("pause-button").textContent = run?.state === "paused" ? "Continue" : "Pause";
    by("pause-button").dataset.action = run?.state === "paused" ? "resume" : "pause";
    this.#said(run);
  }

  /** @param {LiveRun | null} run */
  #said(run) {
    const place = by("run-said");
    const said = (run?.said ?? []).slice(-SHOWN);
    const key = said.map(({ sentence }) => sentence).join("\n");
    if (key === this.key) return;
    this.key = key;
    place.replaceChildren(...said.map(({ sentence, kind }) => make("li", { textContent: sentence, "data-kind": kind })));
  }
}
