// One kind of job about the run, the latest wins: what was asked before is cancelled, on the server too.
import { LatestWinsGate } from "../../core/gate.js";
import { postJson, Refused } from "../../core/http.js";
import { showNotices } from "../../core/notices.js";
import { followJob } from "../follow.js";

const TIMEOUT = 30000; // ms
const NO_ANSWER = "The server does not answer. Ask again in a moment.";

export class Wish {
  // onRow(row, job) for every row of the newest job; onEnd(sentence or "") when it is over; onBusy(bool).
  constructor(kind, { onRow, onEnd, onBusy }) {
    Object.assign(this, { kind, onRow, onEnd, onBusy });
    this.job = null;
    this.follower = null;
    this.running = false;
    this.gate = new LatestWinsGate((wish, signal) => this.#send(wish, signal), {
      timeout: TIMEOUT,
      onAnswer: (answer, wish, newer) => this.#started(answer, wish, newer),
      onFailure: (error, wish, newer) => newer || this.#failed(error),
    });
  }

  ask(run, state) {
    this.follower?.close();
    this.askedAt = performance.now();
    this.onBusy(true);
    this.gate.ask({ kind: this.kind, run, state });
  }

  // Not wanted any more.
  cancel(sentence = "Cancelled.") {
    const { job, running } = this;
    this.gate.cancel();
    this.#over(sentence);
    if (job && running) stop(job);
  }

  // A job that the server has begun before it could hear that it is not wanted is stopped.
  async #send(wish, cancelled) {
    const replaces = this.running ? this.job : null;
    const answer = await postJson("/network/explore", { ...wish, replaces }, AbortSignal.timeout(TIMEOUT));
    if (cancelled.aborted) stop(answer.job);
    return answer;
  }

  // Whether an answer is under way: from the first wish to the end of its job.
  get busy() {
    return this.running || !this.gate.idle;
  }

  #started({ job, notices }, wish, newer) {
    if (newer) {
      stop(job); // something else is asked for already, before it could name this job as the one that it replaces
      return;
    }
    this.job = job;
    this.running = true;
    showNotices(`${this.kind}-clamped`, notices);
    showNotices(this.kind, []);
    this.follower?.close();
    this.follower = followJob(job, {
      onEntry: ({ kind, data }) => {
        if (job !== this.job) return;
        if (kind === "progress") for (const row of data.rows) this.onRow(row, job, data);
        if (kind === "notice" && data.ahead) this.onRow({ waits: data.sentence }, job, data);
        if (kind === "state" && data.state === "failed") this.#failed(new Refused(422, [sentenceOf(data.sentence)]));
        if (kind === "state" && data.state === "stopped") this.#over(data.sentence);
      },
      onEnd: ({ reason, sentence }) => {
        if (job !== this.job) return;
        if (reason !== "over") showNotices(this.kind, [sentence], "error");
        this.#over("");
      },
    });
  }

  #failed(error) {
    const problems = error instanceof Refused ? error.problems : [NO_ANSWER];
    showNotices(this.kind, problems, "error");
    this.#over(problems.join(" "));
  }

  #over(sentence) {
    this.running = false;
    this.follower?.close();
    this.follower = null;
    this.onBusy(false);
    this.onEnd(sentence);
  }
}

function stop(job) {
  postJson("/network/explore/stop", { job }).catch(() => {}); // it ends by itself
}

function sentenceOf(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}
