// Rows of numbers in a text, "1,2,3;4,5,6", as links hold them.

const DIGITS = 4; // significant, as app/toy/pits.py keeps them

/**
 * @param {string} text
 * @returns {number[][]}
 */
export function parseRows(text) {
  const rows = text.split(";").filter((part) => part.trim());
  return rows.map((part) => part.split(",").map(Number));
}

/** @param {number[][]} rows */
export function writeRows(rows) {
  return rows.map((row) => row.map((value) => String(Number(value.toPrecision(DIGITS)))).join(",")).join(";");
}
