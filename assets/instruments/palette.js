// The colours of the maps: one sequential scale that colour-blind people read too (dark blue to yellow, rising in
// lightness), and the hatching of runs that diverged.

const STOPS = [
  [0, 34, 78],
  [26, 56, 111],
  [62, 75, 107],
  [87, 93, 109],
  [112, 113, 115],
  [138, 134, 120],
  [165, 156, 116],
  [195, 179, 105],
  [225, 204, 85],
  [254, 232, 56],
];

const APART = 6; // px between hatching lines along an axis

/** @param {number} part from 0 (dark blue) to 1 (yellow) */
export function sequential(part) {
  const place = Math.min(Math.max(part, 0), 1) * (STOPS.length - 1);
  const low = Math.min(Math.floor(place), STOPS.length - 2);
  const mixed = STOPS[low].map((value, k) => Math.round(value + (place - low) * (STOPS[low + 1][k] - value)));
  return `rgb(${mixed.join(",")})`;
}

export const sequentialGradient = () => `linear-gradient(to right, ${STOPS.map((c) => `rgb(${c.join(",")})`).join(",")})`;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 * @param {string} ink
 */
export function hatch(context, x, y, width, height, ink) {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = ink;
  context.lineWidth = 1;
  context.beginPath();
  // along x + y = c for multiples c of the distance, so that the lines of neighbouring cells meet
  for (let c = Math.ceil((x + y) / APART) * APART; c < x + y + width + height; c += APART) {
    context.moveTo(c - y - height, y + height);
    context.lineTo(c - y, y);
  }
  context.stroke();
  context.restore();
}
