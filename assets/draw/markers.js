// Markers: one shape per method, so that colour is never the only sign.
import { display } from "../core/display.js";

const corners = {
  square: [[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]],
  triangle: [[0, -1.15], [1.05, 0.75], [-1.05, 0.75]],
  wedge: [[0, 1.15], [1.05, -0.75], [-1.05, -0.75]],
  diamond: [[0, -1.25], [1.1, 0], [0, 1.25], [-1.1, 0]],
  hexagon: [[1, 0], [0.5, 0.87], [-0.5, 0.87], [-1, 0], [-0.5, -0.87], [0.5, -0.87]],
  cross: [
    [-0.4, -1.1], [0.4, -1.1], [0.4, -0.4], [1.1, -0.4], [1.1, 0.4], [0.4, 0.4],
    [0.4, 1.1], [-0.4, 1.1], [-0.4, 0.4], [-1.1, 0.4], [-1.1, -0.4], [-0.4, -0.4],
  ],
};

export function traceMarker(context, shape, x, y, size) {
  context.beginPath();
  if (!corners[shape]) {
    context.arc(x, y, size, 0, 2 * Math.PI);
    return;
  }
  corners[shape].forEach(([dx, dy], index) => {
    if (index) context.lineTo(x + dx * size, y + dy * size);
    else context.moveTo(x + dx * size, y + dy * size);
  });
  context.closePath();
}

export function drawMarker(context, look, x, y, size, paper) {
  traceMarker(context, look.marker, x, y, size);
  context.setLineDash([]);
  context.fillStyle = look.colour;
  context.fill();
  context.lineWidth = 1.5 * display.bold;
  context.strokeStyle = paper;
  context.stroke();
}

// The probe point: a hollow marker at the end of a thin line from the walker.
export function drawProbe(context, look, fromX, fromY, x, y, ink) {
  context.setLineDash([]);
  context.strokeStyle = ink;
  context.lineWidth = display.bold;
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(x, y);
  context.stroke();
  traceMarker(context, look.marker, x, y, 4 * display.bold);
  context.lineWidth = 1.8 * display.bold;
  context.strokeStyle = look.colour;
  context.stroke();
}

export const dashOf = (look) => (look.dash ? look.dash.split(" ").map(Number) : []);
