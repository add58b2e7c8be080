// What anywidget loads: a frame with the lab's document, and the messages between it and the kernel. A frame of its own,
// because the lab's styles, keys and ids are those of a whole page, and a notebook may show it more than once.

/**
 * @typedef {object} Model anywidget's, as far as it is used here
 * @property {(name: string) => any} get
 * @property {(name: string, value: unknown) => void} set
 * @property {() => void} save_changes
 * @property {(content: unknown) => void} send
 * @property {(event: string, callback: (content: any) => void) => void} on
 * @property {(event: string, callback: (content: any) => void) => void} off
 */

/** @param {{ model: Model, el: HTMLElement }} place */
function render({ model, el }) {
  const view = Math.random().toString(36); // its questions are its own: a model may have several views
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.title = "Pothole lab: toy lab";
  Object.assign(frame.style, { display: "block", width: "100%", height: "640px", border: "0" });
  /** @type {MessagePort | null} */
  let port = null;
  let keeping = false; // the view's own state, which would come back late where another has followed it meanwhile
  const showState = () => {
    if (!keeping) port?.postMessage({ kind: "state", state: model.get("state") });
  };
  const pass = (/** @type {any} */ content) => {
    if (content.kind === "answer" && content.view === view) port?.postMessage(content);
  };
  const hear = (/** @type {MessageEvent} */ { data }) => {
    if (data.kind === "ask") model.send({ ...data, view });
    if (data.kind === "height") frame.style.height = `${data.pixels}px`;
    if (data.kind !== "keep") return;
    keeping = true;
    model.set("state", data.state);
    keeping = false;
    model.save_changes();
  };
  // Also when a notebook moves its output: a frame that is put elsewhere loads again.
  frame.addEventListener("load", () => {
    const { port1, port2 } = new MessageChannel();
    port?.close();
    port = port1;
    port.onmessage = hear;
    frame.contentWindow?.postMessage("pothole-lab", "*", [port2]);
    showState();
  });
  model.on("change:state", showState);
  model.on("msg:custom", pass);
  frame.srcdoc = model.get("_page");
  el.append(frame);
  return () => {
    model.off("change:state", showState);
    model.off("msg:custom", pass);
    port?.close();
    frame.remove();
  };
}

export default { render };
