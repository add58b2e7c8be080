// Light and dark, screen and projector: tell the page, and give the colours and looks that canvases need.
import { display, setDisplay } from "./display.js";

/** @typedef {import("./contract.js").Look} Look */
/** @typedef {{ ink: string, quiet: string, grid: string, paper: string }} Colours */
/** @typedef {Record<string, Look>} Looks a method's name → its look */

/** @type {Colours} */
export const FIRST_COLOURS = { ink: "#1f2933", quiet: "#5b6875", grid: "#dde3e9", paper: "#fff" };

/**
 * The colours that a link names, if it does.
 * @param {string} query
 * @returns {string | undefined} "light" or "dark"
 */
export function namedScheme(query) {
  return ["light", "dark"].find((scheme) => scheme === new URLSearchParams(query).get("scheme"));
}

/** The colours that the reader's system prefers. */
export const systemScheme = () => (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

/**
 * @param {string} scheme "light" or "dark"
 * @param {Looks} looks
 */
export function showScheme(scheme, looks) {
  document.documentElement.dataset.scheme = scheme;
  const button = document.getElementById("scheme-button");
  if (button) button.textContent = scheme === "dark" ? "Light" : "Dark";
  return coloursIn(scheme, looks);
}

/**
 * The colours of the scheme that the page's root shows, and the methods' looks in it.
 * @param {string} scheme
 * @param {Looks} looks
 */
export function coloursIn(scheme, looks) {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  /** @type {Colours} */
  const colours = { ink: colour("ink"), quiet: colour("quiet"), grid: colour("grid"), paper: colour("paper") };
  const shown = Object.entries(looks).map(([name, look]) => [
    name,
    { ...look, width: look.width * display.bold, colour: (scheme === "dark" && look.colour_on_dark) || look.colour },
  ]);
  return { colours, looks: /** @type {Looks} */ (Object.fromEntries(shown)) };
}

/**
 * True when the theme has changed: what is drawn must then be drawn anew.
 * @param {string} theme "screen" or "projector"
 */
export function showTheme(theme) {
  if (document.documentElement.dataset.theme === theme) return false;
  document.documentElement.dataset.theme = theme;
  setDisplay(theme);
  return true;
}
