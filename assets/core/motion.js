/** Whether the system asks for less motion. */
export function lessMotion() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}
