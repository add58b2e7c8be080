// Searching among ascending numbers.

/**
 * The largest whole number up to `most` at which something that goes from true to false still holds; `least` where it
 * holds nowhere above it.
 * @param {number} least
 * @param {number} most
 * @param {(index: number) => boolean} holds
 */
export function lastWhere(least, most, holds) {
  let [low, high] = [least, most];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * Index of the last of ascending numbers that is at most a value; −1 where all are larger.
 * @param {ArrayLike<number>} numbers
 * @param {number} value
 */
export function lastAtMost(numbers, value) {
  return lastWhere(-1, numbers.length - 1, (index) => /** @type {number} */ (numbers[index]) <= value);
}
