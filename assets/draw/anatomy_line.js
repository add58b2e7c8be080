// The anatomy of a step on a curve: above the loss with θ, the probe point and the next θ on it; below one row for each
// vector, along the same axis, because on a line they would cover each other.
import { drawArrow, drawLabel, drawNames } from "./arrows.js";

const CURVE_PART = 0.42; // of the height
const ROW = 26;

export function drawAnatomyLine(view, context, width, height) {
  const { data, colours } = view;
  const { pxPer } = view;
  const x = (offset) => width / 2 + offset * pxPer;
  const [top, bottom] = [26, height * CURVE_PART];
  const span = data.patch.high - data.patch.low || 1;
  const y = (loss) => bottom - ((loss - data.patch.low) / span) * (bottom - top);
  context.strokeStyle = colours.quiet;
  context.lineWidth = 2;
  context.setLineDash([]);
  context.beginPath();
  view.losses.forEach((loss, k) => context.lineTo((k / (view.losses.length - 1)) * width, y(loss)));
  context.stroke();
  const lossAt = (offset) => {
    const place = ((offset / data.half + 1) / 2) * (view.losses.length - 1);
    return view.losses[Math.min(Math.max(Math.round(place), 0), view.losses.length - 1)];
  };
  const dot = (offset, label, colour, hollow) => {
    const [px, py] = [x(offset), y(lossAt(offset))];
    context.beginPath();
    context.arc(px, py, 5, 0, 2 * Math.PI);
    context.fillStyle = hollow ? colours.paper : colour;
    context.fill();
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.stroke();
    drawLabel(context, label, [px, py], [0, -1], colour, colours, view.places, false);
  };
  let row = bottom + ROW;
  const guide = (offset, until) => {
    context.strokeStyle = colours.grid;
    context.lineWidth = 1;
    context.setLineDash([2, 3]);
    context.beginPath();
    context.moveTo(x(offset), y(lossAt(offset)));
    context.lineTo(x(offset), until);
    context.stroke();
    context.setLineDash([]);
  };
  guide(0, height - 60);
  if (view.shows("probe") && data.probing && data.offset) guide(data.offset[0], height - 60);
  if (view.shows("ball") && data.radius > 0) {
    row = bracket(view, context, x, row, data.radius, view.colour("ball"), data.probing ? "ρ-ball" : "ρ-ball (not used)");
    if (data.image) row = bracket(view, context, x, row, Math.abs(data.image[0][0]), view.colour("image"), "U · ball");
    if (data.metric) row = bracket(view, context, x, row, Math.abs(data.metric[0][0]), view.colour("image"), "εU⁻¹ε = ρ²");
  }
  for (const arrow of view.arrows()) {
    const by = [arrow.by[0] * pxPer, 0];
    const strong = view.newest(arrow.stage);
    const name = drawArrow(context, { ...arrow, from: [x(arrow.from[0]), row], by, colour: view.colour(arrow.key), strong }, colours);
    drawNames(context, [name], colours, view.places);
    row += ROW;
  }
  dot(0, "θ", colours.ink, false);
  if (view.shows("probe") && data.probing && data.offset) dot(data.offset[0], "θ+ε", view.colour("probe"), true);
  if (view.shows("step") && data.arrived) dot(data.displacement[0], "next θ", colours.ink, true);
}

// An interval around θ, as a bracket.
function bracket(view, context, x, row, reach, colour, label) {
  context.strokeStyle = colour;
  context.lineWidth = view.newest("ball") ? 2.6 : 1.7;
  context.beginPath();
  for (const side of [-reach, reach]) {
    context.moveTo(x(side), row - 6);
    context.lineTo(x(side), row + 6);
  }
  context.moveTo(x(-reach), row);
  context.lineTo(x(reach), row);
  context.stroke();
  drawLabel(context, label, [x(reach), row], [1, 0], colour, view.colours, view.places, view.newest("ball"));
  return row + ROW;
}
