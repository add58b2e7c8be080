// One training run as the page knows it: its rows, state, snapshots and sentences, from the job's feed. `onChange` is
// called when anything but the rows has changed, `onRows` when rows have come.
import { postJson } from "../core/http.js";
import { TrainingCurves } from "./curves.js";
import { followJob } from "./follow.js";
import { replayed } from "./replay.js";

const SAID = 60; // sentences kept
const PLACE_EVERY = 3000; // ms between two questions for the place in the queue

/** @typedef {import("../core/contract.js").RunAnswer} RunAnswer */
/** @typedef {import("../core/contract.js").Replay} Replay */
/** @typedef {import("../core/contract.js").RunRow} RunRow */
/** @typedef {RunAnswer["state"]} RunState */
/** @typedef {import("./feed.js").FeedEntry<RunRow>} RunEntry */

/**
 * @typedef {object} RunListeners
 * @property {(run: LiveRun, kind: RunEntry["kind"] | "place") => void} onChange
 * @property {(run: LiveRun) => void} onRows
 * @property {(run: LiveRun, end: import("../core/contract.js").FeedEnd) => void} onEnd
 * @property {(state: "lost" | "back") => void} onConnection
 */

export class LiveRun {
  /**
   * @param {RunAnswer | Replay["run"]} told what the server says of the run
   * @param {RunListeners} listeners
   * @param {Replay | null} [replay] where it is not followed, but ships with the lab
   */
  constructor(told, { onChange, onRows, onEnd, onConnection }, replay = null) {
    this.replay = replay;
    const { job, description, owner } = told;
    this.job = job;
    this.description = description;
    this.owner = owner;
    this.onChange = onChange;
    this.onRows = onRows;
    this.curves = new TrainingCurves(description.methods);
    this.steps = 0;
    /** @type {number} */
    this.total = description.steps;
    /** @type {RunState} */
    this.state = told.state;
    this.gone = false; // the engine has forgotten it
    this.closed = false;
    /** @type {number[]} */
    this.snapshots = [];
    this.final = false;
    /** @type {import("../core/contract.js").KeptResult | null} */
    this.planeFacts = null;
    /** @type {import("../core/contract.js").KeptResult | null} */
    this.boundaryFacts = null;
    /** @type {number | null} */
    this.secondsLeft = null;
    /** @type {{ sentence: string, kind: string, time: number }[]} */
    this.said = [];
    /** @type {Record<string, number>} */
    this.settings = {};
    /** @type {import("../core/contract.js").Notice | null} */
    this.device = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.asking = undefined;
    /** @type {import("../core/contract.js").Phase | null} what comes before the first step */
    this.phase = null;
    this.ahead = told.ahead;
    this.wait = "wait" in told ? told.wait : null;
    this.updates = 0;
    this.lag = 0;
    const onEntry = (/** @type {RunEntry} */ entry) => this.#take(entry);
    const follow = replay ? replayed(replay.entries) : followJob;
    this.follower = follow(job, { onEntry, onEnd: (end) => onEnd(this, end), onConnection });
  }

  // What other parts of the page see, as page.run; of a run that was never trained here they know nothing.
  get public() {
    if (this.replay) return null;
    const { job, description, steps, total, state, snapshots, final, plane, owner } = this;
    return { job, description, steps, total, state, snapshots: [...snapshots], final, plane, owner };
  }

  /** Whether it was trained elsewhere and is only looked at. */
  get recorded() {
    return Boolean(this.description.recorded);
  }

  /** Whether the plane of its picture has been chosen. */
  get plane() {
    return this.planeFacts !== null;
  }

  /** Whether it is on its way. */
  get live() {
    return !this.ended && !this.gone;
  }

  /** Whether it is on its way and can be steered from here. */
  get mine() {
    return this.live && this.owner;
  }

  get ended() {
    return ["finished", "stopped", "failed"].includes(this.state);
  }

  close() {
    this.closed = true;
    clearTimeout(this.asking);
    this.follower.close();
  }

  // The feed says the place in the queue once; as others finish or leave it is asked for anew.
  #askPlace() {
    clearTimeout(this.asking);
    if (this.state !== "queued") return;
    this.asking = setTimeout(async () => {
      /** @type {RunAnswer | null} */
      const told = await postJson("/network/run", { job: this.job }).catch(() => null);
      if (this.closed || this.state !== "queued") return;
      if (told) ({ ahead: this.ahead, wait: this.wait = null } = told);
      this.onChange(this, "place");
      this.#askPlace();
    }, PLACE_EVERY);
  }

  /** @param {RunEntry} entry */
  #take(entry) {
    const { kind, data, time } = entry;
    if (kind === "progress") {
      this.phase = null;
      this.curves.add(data.rows);
      this.steps = this.curves.last?.position ?? 0;
      this.total = data.total || this.total;
      this.secondsLeft = data.seconds_left;
      this.updates += 1;
      this.lag = Date.now() / 1000 - time;
      this.onRows(this);
      return;
    }
    if (kind === "state") {
      this.state = data.state;
      if (data.state !== "queued") this.ahead = this.wait = null;
      this.#askPlace();
      this.#say(data.sentence && data.sentence !== "Started." ? data.sentence : "", data.state, time);
    } else if (kind === "notice") {
      if (data.device) this.device = data;
      if (data.ahead !== undefined) this.ahead = data.ahead;
      this.#say(data.device || data.ahead !== undefined ? "" : data.sentence, data.lost_worker ? "lost" : "note", time);
    } else if (kind === "phase") {
      this.phase = data;
    } else if (kind === "change") {
      Object.assign(this.settings, data.settings);
      this.curves.marks.push({ position: data.position, settings: data.settings });
    } else if (kind === "result") {
      const step = /^weights\/(\d+)$/.exec(data.name)?.[1];
      if (step) this.snapshots.push(Number(step));
      if (data.name === "weights/final") this.final = true;
      if (data.name === "plane") this.planeFacts = data;
      if (data.name === "boundary") this.boundaryFacts = data;
    } else if (kind === "connection") {
      this.#say(data.sentence, data.state === "lost" ? "lost" : "note", time);
    }
    this.onChange(this, kind);
  }

  /**
   * @param {string} sentence
   * @param {string} kind
   * @param {number} time
   */
  #say(sentence, kind, time) {
    if (!sentence) return;
    this.said.push({ sentence, kind, time });
    this.said.splice(0, this.said.length - SAID);
  }
}
