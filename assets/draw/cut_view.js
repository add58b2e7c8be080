// The cut as lanes, one for each method: the ground along its line, the ball on it with where it came from, the ring
// where the probe looks, the slope there, and the kick that this slope gives the ball.
import { display } from "../core/display.js";
import { captionOf, clipArrow, intoLane, kickWords, laneFrames, laneScale, partOff } from "./cut.js";
import { font } from "./ink.js";
import { Layer } from "./layer.js";
import { drawMarker, traceMarker } from "./markers.js";

/** @typedef {import("./shapes.js").Context} Context */
/** @typedef {import("./shapes.js").Frame} Frame */
/** @typedef {import("./cut.js").CutRow} CutRow */
/** @typedef {import("../core/contract.js").CutFrame} CutFrame */
/** @typedef {import("../core/contract.js").Look} Look */
/** @typedef {import("../core/scheme.js").Colours} Colours */
/** @typedef {ReturnType<typeof laneScale>} Scale */

/**
 * A method's lane.
 * @typedef {object} Lane
 * @property {string} name
 * @property {Look} look
 * @property {CutRow | null} row null where nothing is known yet
 * @property {[number, number][]} trail s and loss of the places before, the last one first
 * @property {boolean} gone whether the walker has diverged by now: the row is its last whole step
 */

/**
 * @typedef {object} CutPicture
 * @property {CutFrame} frame
 * @property {boolean} marks whether the frame's landmarks lie on these lines
 * @property {boolean} plane whether a step can leave its line
 * @property {Lane[]} lanes
 */

const GAP = 10;
const HEAD = 12; // px over the highest loss of the frame
const FOOT = 30; // px under the lowest: ground for words
const BALL = 7.5;
const RING = 6;
const TANGENT = 26; // px, half of the slope's line
const EDGE = 9; // px that what lies beyond a lane keeps from its edge
const LOW = 100; // px: a lower lane has one line of words
const LEAST_OFF = 0.005; // of a step: less is not worth a word

export class CutView {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.ground = new Layer(place);
    this.live = new Layer(place);
    /** @type {CutPicture | null} */
    this.picture = null;
    /** @type {unknown[]} what the ground on the screen was drawn from */
    this.drawn = [];
    /** @type {Frame[]} */
    this.frames = [];
  }

  /**
   * @param {CutPicture | null} picture
   * @param {Colours} colours
   */
  show(picture, colours) {
    this.picture = picture;
    const resized = this.ground.fit();
    this.live.fit();
    this.live.clear();
    if (!picture) {
      this.ground.clear();
      this.drawn = [];
      return;
    }
    this.frames = laneFrames(picture.lanes.length, this.ground.width, this.ground.height, GAP * display.zoom);
    const from = [picture.frame, picture.marks, colours, display.zoom, ...picture.lanes.flatMap(({ name, row }) => [name, row?.ground])];
    if (resized || from.length !== this.drawn.length || from.some((one, k) => one !== this.drawn[k])) {
      this.drawn = from;
      this.ground.clear();
      picture.lanes.forEach((lane, k) => drawGround(this.ground.context, picture, lane, this.frames[k], colours));
    }
    picture.lanes.forEach((lane, k) => drawLane(this.live.context, picture, lane, this.frames[k], colours));
  }
}

const roomOf = () => ({ head: HEAD * display.zoom, foot: FOOT * display.zoom });

/**
 * @param {Context} context
 * @param {CutPicture} picture
 * @param {Lane} lane
 * @param {Frame} box
 * @param {Colours} colours
 */
function drawGround(context, { frame, marks }, { row }, box, colours) {
  const [left, top, width, height] = box;
  const scale = laneScale(frame, box, roomOf());
  context.save();
  context.beginPath();
  context.roundRect(left, top, width, height, 6);
  context.clip();
  context.fillStyle = colours.grid;
  context.globalAlpha = 0.18;
  context.fillRect(left, top, width, height);
  if (row) {
    const { ground } = row;
    const per = width / (ground.length - 1);
    const trace = () => {
      context.beginPath();
      ground.forEach((loss, k) => context.lineTo(left + k * per, scale.y(loss)));
    };
    trace();
    context.lineTo(left + width, top + height);
    context.lineTo(left, top + height);
    context.closePath();
    const fill = context.createLinearGradient(0, top, 0, top + height);
    fill.addColorStop(0, colours.quiet);
    fill.addColorStop(1, colours.grid);
    context.fillStyle = fill;
    context.globalAlpha = 0.32;
    context.fill();
    context.globalAlpha = 1;
    trace();
    Object.assign(context, { strokeStyle: colours.ink, lineWidth: 2 * display.bold, lineJoin: "round" });
    context.setLineDash([]);
    context.stroke();
  }
  context.globalAlpha = 1;
  if (row && marks) {
    Object.assign(context, { font: font(12.5), fillStyle: colours.quiet, textAlign: "center", textBaseline: "alphabetic" });
    for (const { name, s } of frame.landmarks) {
      const half = context.measureText(name).width / 2 + 6;
      context.fillText(name, Math.min(Math.max(scale.x(s), left + half), left + width - half), top + height - 8 * display.zoom);
    }
  }
  context.restore();
}

/**
 * @param {Context} context
 * @param {CutPicture} picture
 * @param {Lane} lane
 * @param {Frame} box
 * @param {Colours} colours
 */
function drawLane(context, { frame, plane }, lane, box, colours) {
  const { look, row, trail } = lane;
  const [left, top, width, height] = box;
  const scale = laneScale(frame, box, roomOf());
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  drawWords(context, lane, plane, box, colours);
  if (row) {
    drawTrail(context, row, trail, look, scale);
    const ball = intoLane(scale.x(row.s), scale.y(row.loss), box, EDGE * display.zoom);
    if (row.probe) {
      const ring = intoLane(scale.x(row.probe.s), scale.y(row.probe.loss), box, EDGE * display.zoom);
      drawLink(context, ball, ring, colours);
      if (!ring.beyond) drawTangent(context, ring, row.slopeThere, scale, look, colours);
      drawRing(context, ring, look, colours);
      drawBeyond(context, ring, look);
    } else if (!ball.beyond) drawTangent(context, ball, row.slopeHere, scale, look, colours);
    drawMarker(context, look, ball.x, ball.y, BALL * display.bold, colours.paper);
    if (!lane.gone) drawKick(context, ball, row.kick * scale.perPlace, box, look, colours);
    drawBeyond(context, ball, look);
  }
  context.restore();
}

/**
 * @param {Context} context
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {string} colour
 * @param {string} paper
 */
function write(context, text, x, y, colour, paper) {
  Object.assign(context, { lineWidth: 4 * display.bold, strokeStyle: paper, lineJoin: "round", fillStyle: colour });
  context.globalAlpha = 0.8;
  context.strokeText(text, x, y);
  context.globalAlpha = 1;
  context.fillText(text, x, y);
}

/**
 * @param {Context} context
 * @param {Lane} lane
 * @param {boolean} plane
 * @param {Frame} box
 * @param {Colours} colours
 */
function drawWords(context, { name, look, row, gone }, plane, [left, top, width, height], colours) {
  const { zoom } = display;
  const x = left + 10 * zoom;
  drawMarker(context, look, x + 5 * zoom, top + 15 * zoom, 5.5 * zoom, colours.paper);
  Object.assign(context, { font: `700 ${font(15)}`, textAlign: "left", textBaseline: "middle" });
  write(context, name, x + 16 * zoom, top + 15 * zoom, look.colour, colours.paper);
  if (!row) return;
  const after = x + 24 * zoom + context.measureText(name).width;
  context.font = font(13);
  if (height < LOW * zoom) {
    write(context, gone ? "diverged" : kickWords(row), after, top + 15.5 * zoom, colours.ink, colours.paper);
    return;
  }
  const words = gone ? `diverged after step ${row.step + 1}` : captionOf(row);
  const narrow = context.measureText(words).width > 0.62 * width;
  let y = top + 35 * zoom;
  for (const line of narrow ? words.split(": ") : [words]) {
    write(context, line, x, y, colours.ink, colours.paper);
    y += 16 * zoom;
  }
  const part = partOff(row);
  if (plane && !gone && part > LEAST_OFF) drawPartOff(context, part, look, x, y, colours);
}

/**
 * How much of the step leaves the line, as a bar and a number.
 * @param {Context} context
 * @param {number} part
 * @param {Look} look
 * @param {number} x
 * @param {number} y
 * @param {Colours} colours
 */
function drawPartOff(context, part, look, x, y, colours) {
  const { zoom } = display;
  const long = 40 * zoom;
  context.globalAlpha = 0.35;
  context.fillStyle = colours.quiet;
  context.fillRect(x, y - 2 * zoom, long, 4 * zoom);
  context.globalAlpha = 1;
  context.fillStyle = look.colour;
  context.fillRect(x, y - 2 * zoom, long * part, 4 * zoom);
  context.font = font(12);
  write(context, `${Math.round(100 * part)} % off the line`, x + long + 6 * zoom, y, colours.quiet, colours.paper);
}

/**
 * @param {Context} context
 * @param {CutRow} row
 * @param {[number, number][]} trail
 * @param {Look} look
 * @param {Scale} scale
 */
function drawTrail(context, row, trail, look, scale) {
  context.strokeStyle = context.fillStyle = look.colour;
  context.lineWidth = 1.4 * display.bold;
  context.setLineDash([]);
  let [fromX, fromY] = [scale.x(row.s), scale.y(row.loss)];
  trail.forEach(([s, loss], k) => {
    const [x, y] = [scale.x(s), scale.y(loss)];
    if (!Number.isFinite(x + y) || Math.abs(x) + Math.abs(y) > 1e5) return;
    context.globalAlpha = 0.55 * (1 - k / trail.length);
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(x, y);
    context.stroke();
    context.beginPath();
    context.arc(x, y, 2.6 * display.bold, 0, 2 * Math.PI);
    context.fill();
    [fromX, fromY] = [x, y];
  });
  context.globalAlpha = 1;
}

/** @typedef {ReturnType<typeof intoLane>} Place */

/**
 * @param {Context} context
 * @param {Place} ball
 * @param {Place} ring
 * @param {Colours} colours
 */
function drawLink(context, ball, ring, colours) {
  Object.assign(context, { strokeStyle: colours.ink, lineWidth: 1.4 * display.bold });
  context.setLineDash([3 * display.bold, 3 * display.bold]);
  context.beginPath();
  context.moveTo(ball.x, ball.y);
  context.lineTo(ring.x, ring.y);
  context.stroke();
  context.setLineDash([]);
}

/**
 * The slope at a place, as a piece of the tangent.
 * @param {Context} context
 * @param {Place} at
 * @param {number} slope
 * @param {Scale} scale
 * @param {Look} look
 * @param {Colours} colours
 */
function drawTangent(context, at, slope, scale, look, colours) {
  const steep = (slope * scale.perLoss) / scale.perPlace;
  const dx = (TANGENT * display.zoom) / Math.hypot(1, steep);
  if (!Number.isFinite(steep)) return;
  for (const { colour, width } of [
    { colour: colours.paper, width: 5 },
    { colour: look.colour, width: 2.4 },
  ]) {
    Object.assign(context, { strokeStyle: colour, lineWidth: width * display.bold, lineCap: "round" });
    context.beginPath();
    context.moveTo(at.x - dx, at.y + steep * dx);
    context.lineTo(at.x + dx, at.y - steep * dx);
    context.stroke();
  }
  context.lineCap = "butt";
}

/**
 * @param {Context} context
 * @param {Place} ring
 * @param {Look} look
 * @param {Colours} colours
 */
function drawRing(context, ring, look, colours) {
  traceMarker(context, look.marker, ring.x, ring.y, RING * display.bold);
  context.fillStyle = colours.paper;
  context.fill();
  Object.assign(context, { strokeStyle: look.colour, lineWidth: 2.4 * display.bold });
  context.stroke();
}

/**
 * The kick, moved to the ball: an arrow along the line, as long as it carries the ball; two more heads where it goes on.
 * @param {Context} context
 * @param {Place} ball
 * @param {number} dx px
 * @param {Frame} box
 * @param {Look} look
 * @param {Colours} colours
 */
function drawKick(context, { x, y }, dx, [left, , width], look, colours) {
  if (!Number.isFinite(dx) || Math.abs(dx) < 2) return;
  const { bold } = display;
  const { to, goesOn } = clipArrow(x, dx, left + 4, left + width - 4);
  const size = Math.min(11 * bold, Math.abs(to - x)) * Math.sign(dx);
  const half = 0.62 * Math.abs(size);
  context.beginPath();
  context.moveTo(x, y - 1.7 * bold);
  context.lineTo(to - size, y - 1.7 * bold);
  context.lineTo(to - size, y + 1.7 * bold);
  context.lineTo(x, y + 1.7 * bold);
  context.closePath();
  for (let k = 0; k < (goesOn ? 3 : 1); k += 1) {
    const tip = to - 0.8 * k * size;
    context.moveTo(tip, y);
    context.lineTo(tip - size, y - half);
    context.lineTo(tip - size, y + half);
    context.closePath();
  }
  Object.assign(context, { strokeStyle: colours.paper, lineWidth: 3 * bold, lineJoin: "round", fillStyle: look.colour });
  context.stroke();
  context.fill();
}

/**
 * A wedge at the edge of the lane that points to what lies beyond it.
 * @param {Context} context
 * @param {Place} place
 * @param {Look} look
 */
function drawBeyond(context, { x, y, beyond }, look) {
  if (!beyond) return;
  const [dx, dy] = [
    beyond.includes("left") ? -1 : beyond.includes("right") ? 1 : 0,
    beyond.includes("above") ? -1 : beyond.includes("below") ? 1 : 0,
  ];
  const size = 4 * display.bold;
  context.fillStyle = look.colour;
  context.beginPath();
  context.moveTo(x + dx * 2 * size, y + dy * 2 * size);
  context.lineTo(x + dx * size + dy * size, y + dy * size - dx * size);
  context.lineTo(x + dx * size - dy * size, y + dy * size + dx * size);
  context.closePath();
  context.fill();
}
