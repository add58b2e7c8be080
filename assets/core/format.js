// Numbers as text, and round numbers on an axis.

/**
 * @param {number | null | undefined} value
 * @param {number} [digits] significant ones
 */
export function formatNumber(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) {
    const [mantissa, exponent] = value.toExponential(Math.min(2, digits - 1)).split("e");
    return `${Number(mantissa)}e${Number(exponent)}`.replace("-", "−").replace("e-", "e−");
  }
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

/**
 * A whole number, its thousands apart.
 * @param {number | string | null | undefined} value
 */
export function formatCount(value) {
  return value === null || value === undefined ? "–" : String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/**
 * @param {number | null | undefined} value a share
 * @returns {string} in per cent, to one decimal
 */
export function formatShare(value) {
  return typeof value === "number" && Number.isFinite(value) ? `${(100 * value).toFixed(1)} %` : "–";
}

/** @param {number} bytes */
export function formatBytes(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/**
 * Places of at most `count` round ticks in [low, high].
 * @param {number} low
 * @param {number} high
 * @param {number} count
 */
export function ticks(low, high, count) {
  const span = high - low;
  if (!(span > 0)) return [low];
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9)) ?? 10);
  const places = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * span; k += 1) places.push(k * step + 0); // + 0: no −0
  return places;
}

/**
 * Powers of ten in [low, high], thinned to about `most`.
 * @param {number} low
 * @param {number} high
 * @param {number} most
 */
export function decades(low, high, most) {
  const all = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high) + 1; power += 1) all.push(10 ** power);
  const inside = all.filter((value) => value >= low * 0.999 && value <= high * 1.001);
  const every = Math.max(1, Math.ceil(inside.length / Math.max(2, most)));
  return inside.filter((_, index) => index % every === 0);
}
