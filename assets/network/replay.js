// A run that ships with the lab, shown as if it were on its way: its feed comes in pieces over a few seconds.
import { lessMotion } from "../core/motion.js";

/** @typedef {import("../core/contract.js").Replay} Replay */
/** @typedef {import("../core/contract.js").RunRow} RunRow */
/** @typedef {import("./feed.js").FeedEntry<RunRow>} RunEntry */
/** @typedef {import("./follow.js").Follower} Follower */

const SECONDS = 6; // the whole run
const EVERY = 60; // ms between two pieces

/**
 * What stands in for following a job; see `followJob`.
 * @param {Replay["entries"]} entries
 * @returns {typeof import("./follow.js").followJob<RunRow>}
 */
export const replayed =
  (entries) =>
  (_, { onEntry, onEnd }) => {
    const rows = /** @type {RunRow[]} */ (entries.flatMap(({ kind, data }) => (kind === "progress" ? data.rows : [])));
    const total = rows.at(-1)?.position ?? 0;
    let sent = 0;
    let began = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const send = (/** @type {Replay["entries"][number]} */ { kind, data }) => {
      follower.number += 1;
      onEntry(/** @type {RunEntry} */ ({ number: follower.number, kind, time: Date.now() / 1000, data }));
    };
    const step = () => {
      if (follower.closed) return;
      if (!began) {
        began = performance.now();
        for (const entry of entries) if (entry.kind !== "progress") send(entry);
      }
      const reached = lessMotion() ? total : (total * (performance.now() - began)) / (1000 * SECONDS);
      const to = rows.findIndex(({ position }) => position > reached);
      const next = rows.slice(sent, to < 0 ? rows.length : to);
      sent += next.length;
      if (next.length) send({ kind: "progress", data: { rows: next, total, seconds_left: null } });
      if (sent < rows.length) timer = setTimeout(step, EVERY);
      else onEnd?.({ reason: "over", sentence: "" });
    };
    /** @type {Follower} */
    const follower = {
      number: 0,
      closed: false,
      interrupt() {},
      close() {
        follower.closed = true;
        clearTimeout(timer);
      },
    };
    timer = setTimeout(step, 0); // whoever asked has the run first
    return follower;
  };
