// A picture of what is on the screen: figures with their captions and canvases, as a PNG.
import { contextOf } from "../draw/layer.js";
import { drawMarker } from "../draw/markers.js";

/** @typedef {import("../core/scheme.js").Colours} Colours */

const SCALE = 2; // pixels of the picture for one of the page
const PADDING = 16;

/**
 * figures: elements, drawn where they stand to each other; head and foot: lines of text above and below; key: the methods
 * with their markers, a line below the head.
 * @param {HTMLElement[]} figures
 * @param {{ head?: string[], key?: { name: string, look: import("../core/contract.js").Look }[], foot?: string[], colours: Colours }} lines
 */
export async function screenPicture(figures, { head = [], key = [], foot = [], colours }) {
  const shown = figures.filter((figure) => figure.offsetParent !== null);
  if (!shown.length) throw new Error("there is nothing on the screen to draw");
  const boxes = shown.map((figure) => figure.getBoundingClientRect());
  const left = Math.min(...boxes.map((box) => box.left)) - PADDING;
  const above = head.length + Math.min(key.length, 1); // lines
  const top = Math.min(...boxes.map((box) => box.top)) - PADDING - 22 * above;
  const width = Math.max(...boxes.map((box) => box.right)) + PADDING - left;
  const height = Math.max(...boxes.map((box) => box.bottom)) + PADDING + 18 * foot.length - top;
  const canvas = Object.assign(document.createElement("canvas"), { width: SCALE * width, height: SCALE * height });
  const context = contextOf(canvas);
  context.setTransform(SCALE, 0, 0, SCALE, 0, 0);
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, width, height);
  const family = getComputedStyle(document.body).fontFamily;
  /** @type {(text: string, y: number, font: string, colour: string) => void} */
  const line = (text, y, font, colour) => {
    Object.assign(context, { font: `${font} ${family}`, fillStyle: colour, textAlign: "left", textBaseline: "top" });
    context.fillText(text, PADDING, y, width - 2 * PADDING);
  };
  head.forEach((text, k) => line(text, PADDING / 2 + 22 * k, k ? "13px" : "600 16px", k ? colours.quiet : colours.ink));
  let x = PADDING;
  for (const { name, look } of key) {
    const y = PADDING / 2 + 22 * head.length;
    drawMarker(context, look, x + 6, y + 6.5, 5.5, colours.paper);
    Object.assign(context, { font: `13px ${family}`, fillStyle: colours.ink, textAlign: "left", textBaseline: "top" });
    context.fillText(name, x + 16, y);
    x += context.measureText(name).width + 36;
  }
  foot.forEach((text, k) => line(text, height - 18 * (foot.length - k), "12px", colours.quiet));
  context.translate(-left, -top);
  for (const figure of shown) drawFigure(context, figure, colours);
  const blob = await new Promise((/** @type {(blob: Blob | null) => void} */ resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("the picture is too large for this browser");
  return blob;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLElement} figure
 * @param {Colours} colours
 */
function drawFigure(context, figure, colours) {
  for (const layer of figure.querySelectorAll("canvas")) {
    if (layer.offsetParent === null || layer.hidden) continue;
    const box = layer.getBoundingClientRect();
    if (box.width && box.height) context.drawImage(layer, box.left, box.top, box.width, box.height);
  }
  for (const words of /** @type {NodeListOf<HTMLElement>} */ (figure.querySelectorAll("figcaption span:not([id$=-hint])")))
    drawWords(context, words, colours);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLElement} words
 * @param {Colours} colours
 */
function drawWords(context, words, colours) {
  const texts = [...words.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
  const text = texts
    .map((node) => node.textContent ?? "")
    .join("")
    .trim();
  if (!text || words.offsetParent === null) return;
  const range = document.createRange();
  range.selectNodeContents(texts[0]);
  const box = range.getBoundingClientRect();
  const style = getComputedStyle(words);
  context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.fillStyle = words.classList.contains("hint") ? colours.quiet : colours.ink;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(text, box.left, box.top + box.height / 2, box.width + 1);
}
