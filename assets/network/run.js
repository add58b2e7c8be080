// One training run as the page knows it: its rows, state, snapshots and sentences, from the job's feed. `onChange` is
// called when anything but the rows has changed, `onRows` when rows have come.
import { postJson } from "../core/http.js";
import { TrainingCurves } from "./curves.js";
import { followJob } from "./follow.js";

const SAID = 60; // sentences kept
const PLACE_EVERY = 3000; // ms between two questions for the place in the queue

export class LiveRun {
  // told: what the server says of the run ("/network/run").
  constructor(told, { onChange, onRows, onEnd, onConnection }) {
    const { job, description, owner } = told;
    Object.assign(this, { job, description, owner, onChange, onRows, told });
    this.curves = new TrainingCurves(description.methods);
    this.steps = 0;
    this.total = description.steps;
    this.state = told.state;
    this.snapshots = [];
    this.final = this.plane = false;
    this.planeFacts = null; // { labels, extent, plane_kind }
    this.secondsLeft = null;
    this.said = []; // { sentence, kind, time }
    this.settings = {};
    this.device = "";
    this.ahead = told.ahead;
    this.updates = 0;
    this.lag = 0;
    this.follower = followJob(job, { onEntry: (entry) => this.#take(entry), onEnd: (end) => onEnd(this, end), onConnection });
  }

  // What other parts of the page see, as page.run.
  get public() {
    const { job, description, steps, total, state, snapshots, final, plane, owner } = this;
    return { job, description, steps, total, state, snapshots: [...snapshots], final, plane, owner };
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
      const told = await postJson("/network/run", { job: this.job }).catch(() => null);
      if (this.closed || this.state !== "queued") return;
      if (told) this.ahead = told.ahead;
      this.onChange(this, "place");
      this.#askPlace();
    }, PLACE_EVERY);
  }

  #take({ kind, data, time }) {
    if (kind === "progress") {
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
      if (data.state !== "queued") this.ahead = null;
      this.#askPlace();
      this.#say(data.sentence && data.sentence !== "Started." ? data.sentence : "", data.state, time);
    } else if (kind === "notice") {
      if (data.device) this.device = data;
      if (data.ahead !== undefined) this.ahead = data.ahead;
      this.#say(data.device || data.ahead !== undefined ? "" : data.sentence, data.lost_worker ? "lost" : "note", time);
    } else if (kind === "change") {
      Object.assign(this.settings, data.settings);
      this.curves.marks.push({ position: data.position, settings: data.settings });
    } else if (kind === "result") {
      const step = /^weights\/(\d+)$/.exec(data.name)?.[1];
      if (step) this.snapshots.push(Number(step));
      if (data.name === "weights/final") this.final = true;
      if (data.name === "plane") {
        this.plane = true;
        this.planeFacts = data;
      }
    } else if (kind === "connection") {
      this.#say(data.sentence, data.state === "lost" ? "lost" : "note", time);
    }
    this.onChange(this, kind);
  }

  #say(sentence, kind, time) {
    if (!sentence) return;
    this.said.push({ sentence, kind, time });
    this.said.splice(0, this.said.length - SAID);
  }
}
