// Arrays from the server: base64 of little-endian numbers, with a shape.

/** @typedef {import("./contract.js").Encoded} Encoded */

/**
 * Float32 values; null where there is nothing.
 * @type {{ (encoded: Encoded): Float32Array; (encoded: Encoded | null | undefined): Float32Array | null }}
 */
export const decode = (/** @type {Encoded | null | undefined} */ encoded) => {
  const found = encoded ? new Float32Array(bytesOf(encoded.bdata)) : null;
  return /** @type {any} */ (found); // which of the two it is, the caller knows
};

/**
 * Unsigned 16-bit values.
 * @param {string} bdata
 */
export function decodeShorts(bdata) {
  return new Uint16Array(bytesOf(bdata));
}

/** @param {string} text */
function bytesOf(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes.buffer;
}
