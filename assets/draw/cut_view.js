// The cut as lanes, one for each method: the ground along its line, the ball on it with where it came from, the ring
// where the probe looks, the slope there, and the kick that this slope gives the ball.
import { display } from "../core/display.js";
import { captionOf, clipArrow, intoLane, kickWords, landmarksOn, laneFrames, laneScale, partOff } from "./cut.js";
import { Layer } from "./layer.js";
import { drawMarker, traceMarker } from "./markers.js";

/** @typedef {import("./shapes.js").Context} Context */
/** @typedef {import("./shapes.js").Frame} Frame */
/** @typedef {import("./cut.js").CutRow} CutRow */
/** @typedef {import("../core/contract.js").CutFrame} CutFrame */
/** @typedef {import("../core/contract.js").Look} Look */
/** @typedef {import("../core/scheme.js").Colours} Colours */
/** @typedef {ReturnType<typeof intoLane>} Place */

/**
 * A method's lane.
 * @typedef {object} Lane
 * @property {string} name
 * @property {Look} look
 * @property {CutRow | null} row null where nothing is known yet
 * @property {[number, number][]} trail s and loss of the places before, the last one first
 * @property {boolean} gone whether the walker has diverged by now: the row is its last whole step
 * @property {CutRow | null} [frozen] where the walker of the run that is compared with stands, on a line of its own
 */

/**
 * @typedef {object} CutPicture
 * @property {CutFrame} frame
 * @property {boolean} marks whether the frame's landmarks lie on these lines
 * @property {boolean} plane whether a step can leave its line
 * @property {boolean} walkers whether they are shown: a prediction must not be given away
 * @property {Lane[]} lanes
 */

/**
 * What a lane is drawn with.
 * @typedef {object} Pen
 * @property {Context} context
 * @property {Frame} box of the lane
 * @property {ReturnType<typeof laneScale>} scale
 * @property {Look} look
 * @property {Colours} colours
 * @property {number} k how many times as large as on a laptop
 */

const GAP = 10; // px between lanes
const HEAD = 12; // px over the highest loss of the frame
const FOOT = 28; // px under the lowest: ground for words
const BALL = 7.5;
const RING = 6;
const TANGENT = 26; // px, half of the slope's line
const EDGE = 9; // px that what lies beyond a lane keeps from its edge
const USUAL = [235, 165]; // px: a lane with words and marks of the usual size; a larger one has larger ones
const LARGEST = 1.6;
const LOW = 100; // px: a lower lane has one line of words
const PALE = 0.5; // what shows of a run that is compared with
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
   * @param {CutPicture} picture
   * @param {Colours} colours
   */
  show(picture, colours) {
    this.picture = picture;
    const { ground, live } = this;
    const resized = ground.fit();
    live.fit();
    live.clear();
    const { frame, marks, lanes, plane, walkers } = picture;
    this.frames = laneFrames(lanes.length, ground.width, ground.height, GAP * display.zoom);
    const from = [frame, marks, colours, display.zoom, ...lanes.flatMap(({ name, row, frozen }) => [name, row?.ground, frozen?.ground])];
    if (resized || from.length !== this.drawn.length || from.some((one, k) => one !== this.drawn[k])) {
      this.drawn = from;
      ground.clear();
      lanes.forEach((lane, k) => drawGround(penOf(ground.context, frame, lane, this.frames[k], colours), lane, marks ? frame : null));
    }
    lanes.forEach((lane, k) => {
      const shown = walkers ? lane : { ...lane, row: null };
      drawLane(penOf(live.context, frame, lane, this.frames[k], colours), shown, plane);
    });
  }
}

/**
 * @param {Context} context
 * @param {CutFrame} frame
 * @param {Lane} lane
 * @param {Frame} box
 * @param {Colours} colours
 * @returns {Pen}
 */
function penOf(context, frame, { look }, box, colours) {
  const room = Math.min(box[2] / USUAL[0], box[3] / USUAL[1]);
  const k = Math.min(Math.max(room, 1), LARGEST) * Math.sqrt(display.zoom);
  return { context, box, look, colours, k, scale: laneScale(frame, box, { head: HEAD * k, foot: FOOT * k }) };
}

/**
 * @param {Pen} pen
 * @param {number} px
 * @param {string} [weight]
 */
function setFont({ context, k }, px, weight = "400") {
  context.font = `${weight} ${px * k}px Inter, "Segoe UI", "Helvetica Neue", Arial, sans-serif`;
}

/**
 * @param {Pen} pen
 * @param {Lane} lane
 * @param {CutFrame | null} marked the frame whose landmarks lie on the line
 */
function drawGround(pen, { row, frozen }, marked) {
  const { context, scale, colours, k } = pen;
  const [left, top, width, height] = pen.box;
  context.save();
  context.beginPath();
  context.roundRect(left, top, width, height, 6);
  context.clip();
  context.fillStyle = colours.grid;
  context.globalAlpha = 0.18;
  context.fillRect(left, top, width, height);
  if (row) {
    const per = width / (row.ground.length - 1);
    const trace = (ground = row.ground) => {
      context.beginPath();
      ground.forEach((loss, index) => context.lineTo(left + index * per, scale.y(loss)));
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
    Object.assign(context, { lineWidth: 2 * k, lineJoin: "round" });
    context.setLineDash([]);
    if (frozen) {
      context.globalAlpha = PALE;
      context.strokeStyle = pen.look.colour;
      trace(frozen.ground);
      context.stroke();
    }
    context.globalAlpha = 1;
    trace();
    context.strokeStyle = colours.ink;
    context.stroke();
  }
  context.globalAlpha = 1;
  if (row && marked) {
    setFont(pen, 12.5);
    Object.assign(context, { fillStyle: colours.quiet, textAlign: "center", textBaseline: "alphabetic" });
    /** @type {[number, number][]} middle and half width of each word */
    const written = [];
    for (const { name, s } of landmarksOn(row.ground, marked)) {
      const half = context.measureText(name).width / 2 + 6;
      const x = Math.min(Math.max(scale.x(s), left + half), left + width - half);
      if (written.some(([other, room]) => Math.abs(other - x) < room + half)) continue; // two potholes side by side
      written.push([x, half]);
      context.fillText(name, x, top + height - 8 * k);
    }
  }
  context.restore();
}

/**
 * @param {Pen} pen
 * @param {Lane} lane
 * @param {boolean} plane whether a step can leave the line
 */
function drawLane(pen, lane, plane) {
  const { context, box, scale, look, colours, k } = pen;
  const { row, frozen } = lane;
  context.save();
  context.beginPath();
  context.rect(...box);
  context.clip();
  const free = drawWords(pen, lane, plane);
  const placed = (/** @type {{ s: number, loss: number }} */ { s, loss }) => intoLane(scale.x(s), scale.y(loss), box, EDGE * k, free);
  if (frozen) drawFrozen(pen, placed(frozen));
  if (row) {
    drawTrail(pen, row, lane.trail);
    const ball = placed(row);
    const ring = row.probe && placed(row.probe);
    if (ring) drawLink(pen, ball, ring);
    drawTangent(pen, ring ?? ball, row.slope);
    if (ring) drawRing(pen, ring);
    if (!lane.gone) drawKick(pen, ball, row.kick * scale.perPlace);
    drawMarker(context, look, ball.x, ball.y, BALL * k, colours.paper);
    drawBeyond(pen, ball);
  }
  context.restore();
}

/**
 * Where the walker of the run that is compared with stands: a pale ball.
 * @param {Pen} pen
 * @param {Place} place
 */
function drawFrozen({ context, look, colours, k }, { x, y }) {
  context.globalAlpha = PALE;
  drawMarker(context, look, x, y, BALL * k, colours.paper);
  context.globalAlpha = 1;
}

/**
 * @param {Pen} pen
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {string} colour
 */
function write({ context, colours, k }, text, x, y, colour) {
  Object.assign(context, { lineWidth: 4 * k, strokeStyle: colours.paper, lineJoin: "round", fillStyle: colour });
  context.globalAlpha = 0.8;
  context.strokeText(text, x, y);
  context.globalAlpha = 1;
  context.fillText(text, x, y);
}

/**
 * @param {Pen} pen
 * @param {Lane} lane
 * @param {boolean} plane
 * @returns {number} px where the first line has ended
 */
function drawWords(pen, { name, row, gone }, plane) {
  const { context, look, colours, k } = pen;
  const [left, top, width, height] = pen.box;
  const x = left + 10 * k;
  drawMarker(context, look, x + 5 * k, top + 15 * k, 5.5 * k, colours.paper);
  setFont(pen, 15, "700");
  const room = (left + width - x - 20 * k) / context.measureText(name).width;
  if (room < 1) setFont(pen, 15 * room, "700"); // many methods on a phone
  Object.assign(context, { textAlign: "left", textBaseline: "middle" });
  write(pen, name, x + 16 * k, top + 15 * k, look.colour);
  const after = x + 24 * k + context.measureText(name).width;
  if (!row) return after;
  setFont(pen, 13);
  if (height < LOW * k) {
    const words = gone ? "diverged" : kickWords(row);
    const end = after + context.measureText(words).width;
    if (end >= left + width) return after;
    write(pen, words, after, top + 15.5 * k, colours.ink);
    return end;
  }
  const whole = gone ? `diverged after step ${row.step + 1}` : captionOf(row);
  const fits = context.measureText(whole).width < (gone ? width - 20 * k : 0.62 * width);
  const short = gone ? ["diverged"] : [row.place.replace(/^probe (?!beside)/, ""), kickWords(row)];
  let y = top + 34 * k;
  for (const line of fits ? [whole] : short) {
    write(pen, line, x, y, colours.ink);
    y += 16 * k;
  }
  const part = partOff(row);
  if (plane && !gone && part > LEAST_OFF) drawPartOff(pen, part, x, y, 0.66 * width);
  return after;
}

/**
 * How much of the step leaves the line, as a bar and a number.
 * @param {Pen} pen
 * @param {number} part
 * @param {number} x
 * @param {number} y
 * @param {number} room px from the lane's edge, before the ground rises into the words
 */
function drawPartOff(pen, part, x, y, room) {
  const { context, look, colours, k } = pen;
  const long = 30 * k;
  context.globalAlpha = 0.35;
  context.fillStyle = colours.quiet;
  context.fillRect(x, y - 2 * k, long, 4 * k);
  context.globalAlpha = 1;
  context.fillStyle = look.colour;
  context.fillRect(x, y - 2 * k, long * part, 4 * k);
  setFont(pen, 12);
  const percent = `${Math.round(100 * part)} % off`;
  const whole = `${percent} the line`;
  const fits = context.measureText(whole).width + long + 16 * k < room;
  write(pen, fits ? whole : percent, x + long + 6 * k, y, colours.quiet);
}

/**
 * @param {Pen} pen
 * @param {CutRow} row
 * @param {[number, number][]} trail
 */
function drawTrail({ context, scale, look, k }, row, trail) {
  context.strokeStyle = context.fillStyle = look.colour;
  context.lineWidth = 1.4 * k;
  context.setLineDash([]);
  let [fromX, fromY] = [scale.x(row.s), scale.y(row.loss)];
  trail.forEach(([s, loss], index) => {
    const [x, y] = [scale.x(s), scale.y(loss)];
    if (!(Math.abs(x) + Math.abs(y) < 1e5)) return;
    context.globalAlpha = 0.6 * (1 - index / trail.length);
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(x, y);
    context.stroke();
    context.beginPath();
    context.arc(x, y, 2.6 * k, 0, 2 * Math.PI);
    context.fill();
    [fromX, fromY] = [x, y];
  });
  context.globalAlpha = 1;
}

/**
 * @param {Pen} pen
 * @param {Place} ball
 * @param {Place} ring
 */
function drawLink({ context, colours, k }, ball, ring) {
  Object.assign(context, { strokeStyle: colours.ink, lineWidth: 1.4 * k });
  context.setLineDash([3 * k, 3 * k]);
  context.beginPath();
  context.moveTo(ball.x, ball.y);
  context.lineTo(ring.x, ring.y);
  context.stroke();
  context.setLineDash([]);
}

/**
 * The slope at a place, as a piece of the tangent.
 * @param {Pen} pen
 * @param {Place} at
 * @param {number} slope
 */
function drawTangent({ context, scale, look, colours, k }, at, slope) {
  const steep = (slope * scale.perLoss) / scale.perPlace;
  if (at.beyond || !Number.isFinite(steep)) return;
  const dx = (TANGENT * k) / Math.hypot(1, steep);
  for (const { colour, width } of [
    { colour: colours.paper, width: 5 },
    { colour: look.colour, width: 2.6 },
  ]) {
    Object.assign(context, { strokeStyle: colour, lineWidth: width * k, lineCap: "round" });
    context.beginPath();
    context.moveTo(at.x - dx, at.y + steep * dx);
    context.lineTo(at.x + dx, at.y - steep * dx);
    context.stroke();
  }
  context.lineCap = "butt";
}

/**
 * @param {Pen} pen
 * @param {Place} ring
 */
function drawRing(pen, ring) {
  const { context, look, colours, k } = pen;
  traceMarker(context, look.marker, ring.x, ring.y, RING * k);
  context.fillStyle = colours.paper;
  context.fill();
  Object.assign(context, { strokeStyle: look.colour, lineWidth: 2.4 * k });
  context.stroke();
  drawBeyond(pen, ring);
}

/**
 * The kick, moved to the ball: an arrow along the line, as long as it carries the ball; two more heads where it goes on.
 * @param {Pen} pen
 * @param {Place} ball
 * @param {number} dx px
 */
function drawKick({ context, box, look, colours, k }, { x, y }, dx) {
  if (!Number.isFinite(dx) || Math.abs(dx) < BALL * k) return; // the ball would cover it
  const { to, goesOn } = clipArrow(x, dx, box[0] + 4, box[0] + box[2] - 4);
  const size = Math.min(11 * k, Math.abs(to - x)) * Math.sign(dx);
  const half = 0.62 * Math.abs(size);
  context.beginPath();
  context.rect(x, y - 1.8 * k, to - size - x, 3.6 * k);
  for (let head = 0; head < (goesOn ? 3 : 1); head += 1) {
    const tip = to - 0.8 * head * size;
    context.moveTo(tip, y);
    context.lineTo(tip - size, y - half);
    context.lineTo(tip - size, y + half);
    context.closePath();
  }
  Object.assign(context, { strokeStyle: colours.paper, lineWidth: 3 * k, lineJoin: "round", fillStyle: look.colour });
  context.stroke();
  context.fill();
}

/**
 * A wedge at the edge of the lane that points to what lies beyond it.
 * @param {Pen} pen
 * @param {Place} place
 */
function drawBeyond({ context, look, k }, { x, y, beyond }) {
  if (!beyond) return;
  const dx = beyond.includes("left") ? -1 : beyond.includes("right") ? 1 : 0;
  const dy = beyond.includes("above") ? -1 : beyond.includes("below") ? 1 : 0;
  const size = 4 * k;
  context.fillStyle = look.colour;
  context.beginPath();
  context.moveTo(x + dx * 2 * size, y + dy * 2 * size);
  context.lineTo(x + dx * size + dy * size, y + dy * size - dx * size);
  context.lineTo(x + dx * size - dy * size, y + dy * size + dx * size);
  context.closePath();
  context.fill();
}
