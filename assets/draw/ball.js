// A walker in 3-D: a ball on the ground, lit like it, with its method's sign on it and a seam that turns as it rolls.
import { traceMarker } from "./markers.js";

/** @typedef {import("../core/contract.js").Look} Look */
/** @typedef {import("./shapes.js").Context} Context */

const SIGN = 0.52; // of the radius
const HIGHLIGHT = [-0.35, -0.42]; // where the light falls, in radii

/**
 * @param {Context} context
 * @param {Look} look
 * @param {number} x px, the ball's middle
 * @param {number} y
 * @param {number} radius
 * @param {{ roll: number, heading: number }} motion rad: how far it has rolled, and whither on the screen
 * @param {string} paper
 */
export function drawBall(context, look, x, y, radius, { roll, heading }, paper) {
  context.setLineDash([]);
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = look.colour;
  context.fill();
  // The seam: a great circle across the heading, seen as half an ellipse that comes towards the viewer and goes.
  const across = Math.cos(roll);
  context.save();
  context.clip();
  context.beginPath();
  context.ellipse(
    x,
    y,
    Math.abs(across) * radius,
    radius,
    heading,
    across > 0 ? -Math.PI / 2 : Math.PI / 2,
    across > 0 ? Math.PI / 2 : 1.5 * Math.PI,
  );
  context.strokeStyle = "rgb(0 0 0 / 35%)";
  context.lineWidth = radius / 4;
  context.stroke();
  const shade = context.createRadialGradient(x + HIGHLIGHT[0] * radius, y + HIGHLIGHT[1] * radius, 0, x, y, 1.15 * radius);
  shade.addColorStop(0, "rgb(255 255 255 / 65%)");
  shade.addColorStop(0.35, "rgb(255 255 255 / 8%)");
  shade.addColorStop(1, "rgb(0 0 0 / 45%)");
  context.fillStyle = shade;
  context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
  context.restore();
  traceMarker(context, look.marker, x, y, SIGN * radius);
  context.fillStyle = look.colour;
  context.fill();
  context.strokeStyle = paper;
  context.lineWidth = radius / 6;
  context.stroke();
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.strokeStyle = paper;
  context.lineWidth = 1;
  context.stroke();
}
