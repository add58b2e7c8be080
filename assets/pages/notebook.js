// The entry of the document that a notebook's widget shows: it begins with the port to the kernel, which its host sends.
import { by } from "../core/dom.js";
import { NotebookLab } from "../notebook/lab.js";

const place = by("tables");
addEventListener("message", ({ data, ports: [port] }) => {
  if (data !== "pothole-lab" || !port) return;
  Object.assign(place, { lab: new NotebookLab(JSON.parse(place.textContent ?? ""), port) }); // for who looks at its console
});
