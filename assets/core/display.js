/** How large what is drawn is: 1 on a screen, more on a projector. zoom: of type and its margins; bold: of lines and markers. */
export const display = { zoom: 1, bold: 1 };

const PROJECTOR = { zoom: 1.45, bold: 1.7 };
const SCREEN = { zoom: 1, bold: 1 };

/**
 * Take a theme's sizes.
 * @param {string} theme "projector" or another
 */
export function setDisplay(theme) {
  Object.assign(display, theme === "projector" ? PROJECTOR : SCREEN);
}
