// A job of the engine, followed through a websocket: its numbered entries, each once and in order. A connection that
// breaks or falls silent is opened again, from the last number, after a pause that grows while nothing answers.

const SILENT = 25000; // ms without even a heartbeat: the connection is dead
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 8000;

// onEntry({ number, kind, time, data }); onConnection("lost" | "back"); onEnd({ reason, sentence }) when no entry will
// follow. Returns { close(), number }.
export function followJob(job, { from = 0, onEntry, onEnd, onConnection }) {
  const follower = { number: from, closed: false };
  let socket = null;
  let pause = FIRST_PAUSE;
  let lost = false;
  let timer = null;
  let watch = null;

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
    address.search = new URLSearchParams({ job, from: follower.number }).toString();
    socket = new WebSocket(address);
    socket.onclose = again;
    socket.onmessage = ({ data }) => {
      heard();
      pause = FIRST_PAUSE;
      if (lost) onConnection?.("back");
      lost = false;
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

  // As if the connection had just broken.
  follower.interrupt = again;

  follower.close = () => {
    follower.closed = true;
    clearTimeout(watch);
    clearTimeout(timer);
    window.removeEventListener("online", online);
    drop();
  };
  // A browser that was offline is asked at once when it is back.
  const online = () => !follower.closed && lost && (clearTimeout(timer), drop(), open());
  window.addEventListener("online", online);
  open();
  return follower;
}
