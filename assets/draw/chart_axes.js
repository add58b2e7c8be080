// The axes of a chart over time: lines across with their labels at the left, labels below.
import { font } from "./ink.js";

// frame: { x, y, w, h } in px; up, across: [[px, text]] of the lines, and of the labels below.
export function drawAxes(context, { x, y, w, h }, { quiet, grid }, { up, across }) {
  context.font = font(11);
  context.lineWidth = 1;
  context.setLineDash([]);
  context.strokeStyle = grid;
  context.fillStyle = quiet;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const [at, text] of up) {
    context.beginPath();
    context.moveTo(x, Math.round(at) + 0.5);
    context.lineTo(x + w, Math.round(at) + 0.5);
    context.stroke();
    context.fillText(text, x - 6, at);
  }
  context.textBaseline = "top";
  context.textAlign = "center";
  for (const [at, text] of across) context.fillText(text, at, y + h + 7);
}
