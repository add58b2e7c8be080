// Where the words of a chart's marks stand: beside their lines, on rows below the upper edge, none over another.

/** @typedef {{ at: number, width: number }} MarkWords at: px across, of the mark's line; width of the words in px */
/** @typedef {{ x: number, row: number }} WordPlace x: of the words' left end */

const BESIDE = 4; // px from the line
const APART = 6; // px between the words of two marks

/**
 * The newest mark chooses first. A word that has no room to the right of its line stands to its left; one that finds no
 * row, as after a drag of many changes, is left out: its line is there.
 * @param {MarkWords[]} marks
 * @param {{ x: number, w: number }} frame of the axes, px
 * @param {number} rows
 * @returns {(WordPlace | null)[]}
 */
export function placeMarkWords(marks, { x, w }, rows) {
  /** @type {[from: number, to: number][][]} */
  const taken = Array.from({ length: rows }, () => []);
  /** @type {(WordPlace | null)[]} */
  const places = marks.map(() => null);
  for (let k = marks.length - 1; k >= 0; k -= 1) {
    const { at, width } = marks[k];
    const sides = [at + BESIDE, at - BESIDE - width].filter((left) => left >= x && left + width <= x + w);
    const all = sides.flatMap((left) => taken.map((_, row) => ({ x: left, row })));
    const free = all.find(({ x: left, row }) => taken[row].every(([from, to]) => left + width + APART <= from || left >= to + APART));
    if (!free) continue;
    places[k] = free;
    taken[free.row].push([free.x, free.x + width]);
  }
  return places;
}
