// Type, margins and figures at the size of the display.
import { display } from "../core/display.js";

export const font = (size) => `${size * display.zoom}px Inter, "Segoe UI", "Helvetica Neue", Arial, sans-serif`;

// A chart's margins with room for type of this size.
export const roomFor = (margin) => Object.fromEntries(Object.entries(margin).map(([side, room]) => [side, room * display.zoom]));

// A plotly figure with type and lines of this size; itself where nothing changes.
export function enlarged(figure) {
  if (!figure || (display.zoom === 1 && display.bold === 1)) return figure;
  const larger = structuredClone(figure);
  const walk = (node) => {
    if (!node || typeof node !== "object") return;
    for (const [name, value] of Object.entries(node)) {
      if (/font$/.test(name) && value?.size) value.size *= display.zoom;
      else if (name === "line" && value?.width) value.width *= display.bold;
      else if (name === "thickness" && typeof value === "number") node[name] *= display.zoom;
      else walk(value);
    }
  };
  walk(larger);
  if (larger.layout.margin) larger.layout.margin = roomFor(larger.layout.margin);
  return larger;
}
