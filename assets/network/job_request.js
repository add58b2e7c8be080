// One kind of job that a panel asks for, the latest wins: what was asked before is cancelled, on the server too.
import { by } from "../core/dom.js";
import { LatestWinsGate } from "../core/gate.js";
import { postJson, problemsOf, Refused } from "../core/http.js";
import { showNotices } from "../core/notices.js";
import { followJob } from "./follow.js";

const TIMEOUT = 30000; // ms
const NO_ANSWER = "The server does not answer. Ask again in a moment.";

/** @typedef {import("../core/contract.js").AskedJob} AskedJob */
/** @typedef {Record<string, unknown>} Asked what the address takes */

/** @template R the job's rows */
export class JobRequest {
  /**
   * @param {string} kind also of the panel, whose status and cancel button follow the job
   * @param {object} listeners
   * @param {(row: R, job: string, progress: { total: number, seconds_left: number | null }) => void} listeners.onRow for every row of the newest job
   * @param {() => void} [listeners.onOver] no row will follow: it has ended, or is not wanted any more
   * @param {string} [address] where it is asked for
   */
  constructor(kind, { onRow, onOver }, address = "/network/explore") {
    this.kind = kind;
    this.onRow = onRow;
    this.onOver = onOver;
    this.address = address;
    this.job = "";
    /** @type {import("./follow.js").Follower | null} */
    this.follower = null;
    this.running = false;
    /** @type {LatestWinsGate<Asked, AskedJob>} */
    this.gate = new LatestWinsGate((asked, signal) => this.#send(asked, signal), {
      timeout: TIMEOUT,
      onAnswer: (answer, _, newer) => this.#started(answer, newer),
      onFailure: (error, _, newer) => newer || this.#failed(error),
    });
  }

  /** @param {Asked} asked */
  ask(asked) {
    this.follower?.close();
    this.#showBusy(true);
    this.say("Asked …");
    this.gate.ask(asked);
  }

  /** @param {string} sentence for the panel's status */
  say(sentence) {
    by(`${this.kind}-status`).textContent = sentence;
  }

  /** @param {boolean} busy */
  #showBusy(busy) {
    by(`${this.kind}-cancel`).hidden = !busy;
    by(`${this.kind}-panel`).setAttribute("aria-busy", String(busy));
  }

  /**
   * Not wanted any more.
   * @param {string} [sentence]
   */
  cancel(sentence = "Cancelled.") {
    const { job, running } = this;
    this.gate.cancel();
    this.#over(sentence);
    if (job && running) this.#stop(job);
  }

  /**
   * A job that the server has begun before it could hear that it is not wanted is stopped.
   * @param {Asked} asked
   * @param {AbortSignal} cancelled
   * @returns {Promise<AskedJob>}
   */
  async #send(asked, cancelled) {
    const replaces = this.running ? this.job : null;
    /** @type {AskedJob} */
    const answer = await postJson(this.address, { ...asked, replaces }, AbortSignal.timeout(TIMEOUT));
    if (cancelled.aborted) this.#stop(answer.job);
    return answer;
  }

  // Whether an answer is under way: from the first request to the end of its job.
  get busy() {
    return this.running || !this.gate.idle;
  }

  /**
   * @param {AskedJob} answer
   * @param {boolean} newer
   */
  #started({ job, notices }, newer) {
    if (newer) {
      this.#stop(job); // something else is asked for already, before it could name this job as the one that it replaces
      return;
    }
    this.job = job;
    this.running = true;
    showNotices(`${this.kind}-clamped`, notices ?? []);
    showNotices(this.kind, []);
    this.follower?.close();
    this.follower = followJob(job, {
      onEntry: (/** @type {import("./feed.js").FeedEntry<R>} */ { kind, data }) => {
        if (job !== this.job) return;
        if (kind === "progress") for (const row of data.rows) this.onRow(row, job, data);
        if (kind === "notice" && data.ahead) this.say(data.sentence);
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

  /** @param {string} job */
  #stop(job) {
    postJson(`${this.address}/stop`, { job }).catch(() => {}); // it ends by itself
  }

  /** @param {unknown} error */
  #failed(error) {
    const problems = problemsOf(error, NO_ANSWER);
    showNotices(this.kind, problems, "error");
    this.#over(problems.join(" "));
  }

  /** @param {string} sentence */
  #over(sentence) {
    this.running = false;
    this.follower?.close();
    this.follower = null;
    this.#showBusy(false);
    if (sentence) this.say(sentence);
    this.onOver?.();
  }
}

/** @param {string} text */
function sentenceOf(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}
