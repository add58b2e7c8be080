// From a slider's position to a value and back, and a typed value as the server keeps it.

/** @typedef {import("./controls.js").NumberControl} NumberControl */

const DIGITS = 3; // a slider on a logarithmic scale gives round values; the number field keeps more

/**
 * What the field shows is what is computed. Out of range is the server's to say.
 * @param {NumberControl} control
 * @param {number} value
 */
export function onGrid(control, value) {
  if (value < control.minimum || value > control.maximum) return value;
  if (control.scale !== "linear") {
    const small = control.scale === "log or zero" && value < control.smallest;
    return small ? 0 : Number(value.toPrecision(control.digits));
  }
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(control.step)));
  const rounded = Number((Math.round(value / control.step) * control.step).toFixed(decimals));
  return Math.min(Math.max(rounded, control.minimum), control.maximum) + 0; // + 0: no −0
}

/**
 * @param {NumberControl} control
 * @param {number} value
 */
export function toPosition(control, value) {
  if (control.travel === "root") return Math.sqrt(Math.min(Math.max(value, 0), control.maximum));
  if (control.scale === "linear") return value;
  if (!(value > 0)) return control.low;
  return Math.min(Math.max(Math.log10(value), control.low), control.high);
}

/**
 * @param {NumberControl} control
 * @param {number} position
 */
export function fromPosition(control, position) {
  if (control.travel === "root") return Number((position * position).toPrecision(DIGITS));
  if (control.scale === "linear") return Number(position.toPrecision(9));
  const value = 10 ** position;
  if (control.scale === "log or zero" && value < control.smallest * 0.999) return 0;
  return Math.min(Math.max(Number(value.toPrecision(DIGITS)), control.minimum), control.maximum);
}
