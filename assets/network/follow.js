// A job of the engine, followed through a websocket: its numbered entries, each once and in order. A connection that
// breaks or falls silent is opened again, from the last number, after a pause that grows while nothing answers.

const SILENT = 25000; // ms without even a heartbeat: the connection is dead
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 8000;

/** @typedef {import("../core/contract.js").FeedEnd} FeedEnd */
/** @typedef {ReturnType<typeof setTimeout> | undefined} Timer */
/** @typedef {{ number: number, closed: boolean, interrupt(): void, close(): void }} Follower number: of the last entry; interrupt: as if the connection had just broken */

/**
 * @template R the job's rows
 * @param {string} job
 * @param {object} listeners
 * @param {(entry: import("./feed.js").FeedEntry<R>) => void} listeners.onEntry
 * @param {(end: FeedEnd) => void} [listeners.onEnd] no entry will follow
 * @param {(state: "lost" | "back") => void} [listeners.onConnection]
 * @returns {Follower}
 */
export function followJob(job, { onEntry, onEnd, onConnection }) {
  /** @type {WebSocket | null} */
  let socket = null;
  let pause = FIRST_PAUSE;
  let lost = false;
  /** @type {Timer} */
  let timer;
  /** @type {Timer} */
  let watch;

  const heard = () => {
    clearTimeout(watch);
    watch = setTimeout(() => again(), SILENT);
  };

  const again = () => {
    clearTimeout(watch);
    clearTimeout(timer);
    if (follower.closed) return;
    drop();
    if (!lost) onConnection?.("lost");
    lost = true;
    timer = setTimeout(open, pause * (0.75 + 0.5 * Math.random())); // a hall's browsers do not come back as one
    pause = Math.min(2 * pause, LONGEST_PAUSE);
  };

  const drop = () => {
    if (!socket) return;
    socket.onmessage = socket.onclose = null;
    socket.close();
    socket = null;
  };

  const open = () => {
    const address = new URL("/network/follow", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    address.search = new URLSearchParams({ job, from: String(follower.number) }).toString();
    socket = new WebSocket(address);
    socket.onclose = again;
    socket.onmessage = ({ data }) => {
      heard();
      pause = FIRST_PAUSE;
      if (lost) onConnection?.("back");
      lost = false;
      /** @type {import("./feed.js").StreamMessage<R>} */
      const entry = JSON.parse(data);
      if (entry.kind === "heartbeat") return;
      if (entry.kind === "end") {
        follower.close();
        onEnd?.(entry.data);
        return;
      }
      if (entry.kind !== "connection" && entry.number <= follower.number) return;
      follower.number = entry.number;
      onEntry(entry);
    };
    heard();
  };

  // A browser that was offline is asked at once when it is back.
  const online = () => {
    if (follower.closed || !lost) return;
    clearTimeout(timer);
    drop();
    open();
  };

  /** @type {Follower} */
  const follower = {
    number: 0,
    closed: false,
    interrupt: again,
    close() {
      follower.closed = true;
      clearTimeout(watch);
      clearTimeout(timer);
      window.removeEventListener("online", online);
      drop();
    },
  };
  window.addEventListener("online", online);
  open();
  return follower;
}
