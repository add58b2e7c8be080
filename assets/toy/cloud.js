// The cloud: many walkers of each method on the map at the step shown, what becomes of them, and the ghost minima.
import { decodeShorts } from "../core/arrays.js";
import { display } from "../core/display.js";
import { by, plainTable } from "../core/dom.js";
import { formatCount } from "../core/format.js";
import { LatestWinsGate } from "../core/gate.js";
import { postJson, Refused } from "../core/http.js";
import { showNotices } from "../core/notices.js";
import { drawLabel } from "../draw/arrows.js";
import { LabelPlaces } from "../draw/label_places.js";
import { traceMarker } from "../draw/markers.js";
import { methodName } from "../draw/swatch.js";

/** @typedef {import("../draw/shapes.js").Context} Context */
/** @typedef {import("../draw/map.js").MapView} MapView */
/** @typedef {import("../core/contract.js").CloudAnswer} CloudAnswer */

const PAUSE = 200; // ms without a change before the server is asked
const NOWHERE = 65535;
const DECIDES = ["cloud", "cloud_spread"];

export class Cloud {
  /** @param {import("./main.js").ToyLab} page */
  constructor(page) {
    this.page = page;
    /** @type {CloudAnswer | null} */
    this.answer = null;
    /** @type {{ name: string, places: Uint16Array }[]} */
    this.clouds = [];
    /** @type {import("../core/contract.js").Ghost[]} */
    this.ghosts = [];
    /** @type {string[]} methods that may hang at a ghost */
    this.haunted = [];
    this.asked = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {LatestWinsGate<Record<string, unknown>, CloudAnswer>} */
    this.gate = new LatestWinsGate((body, signal) => postJson("/toy/cloud", body, signal), {
      timeout: 60000,
      onAnswer: (answer, _, newer) => !newer && this.#answered(answer),
      onFailure: (error) => error instanceof Refused && showNotices("request", error.problems, "error"),
    });
    page.actions.add({ "cloud-off": () => page.state.set({ cloud: 0 }, "user") });
    page.pictures.map.extras.push(
      (context, map) => this.#drawGhosts(context, map),
      (context, map) => this.draw(context, map),
    );
    page.followers.push(() => this.#showNow());
    document.addEventListener("pothole:painted", ({ detail }) => {
      /** @type {import("../core/contract.js").Paths} */
      const { ghosts, methods } = detail;
      this.ghosts = ghosts ?? [];
      this.haunted = methods.filter((method) => method.makes_ghosts).map((method) => method.name);
      this.ask();
    });
    page.state.listen((changed) => {
      if (DECIDES.some((name) => changed.has(name))) this.ask();
      if (this.answer && changed.has("scheme")) this.#show();
    });
  }

  ask() {
    const { values } = this.page.state;
    by("cloud-section").hidden = !values.cloud;
    clearTimeout(this.timer);
    if (!values.cloud || !this.page.surface) {
      this.gate.cancel();
      this.answer = null;
      this.page.pictures.map.paths.drawLive();
      return;
    }
    const { have: _, ...body } = this.page.request();
    const wish = { ...body, cloud: values.cloud, cloud_spread: values.cloud_spread };
    const key = JSON.stringify({ ...wish, scheme: "" });
    if (key === this.asked && (this.answer || !this.gate.idle)) return;
    this.asked = key;
    by("cloud-section").classList.add("stale");
    this.timer = setTimeout(() => this.gate.ask(wish), PAUSE);
  }

  /** @param {CloudAnswer} answer */
  #answered(answer) {
    this.answer = answer;
    this.clouds = answer.methods.map(({ name, places }) => ({ name, places: decodeShorts(places.bdata) }));
    by("cloud-section").classList.remove("stale");
    this.#show();
    this.page.pictures.map.paths.drawLive();
    this.page.speak(answer.sentence);
    document.dispatchEvent(new CustomEvent("pothole:cloud", { detail: answer }));
  }

  #show() {
    const { answer, page } = this;
    if (!answer) return;
    by("cloud-sentence").textContent = answer.sentence;
    const heads = ["Method", "Reached", "Trapped", "Diverged", "Still moving", "First, median, last arrival"];
    const rows = answer.methods.map(({ name, counts, first, median, last }) => [
      methodName(name, page.looks[name], page.paper),
      ...["reached", "trapped", "diverged", "still moving"].map((outcome) => `${counts[outcome]} of ${answer.walkers}`),
      first === null ? "–" : [first, median, last].map((step) => formatCount(step)).join(", "),
    ]);
    by("cloud-counts").replaceChildren(plainTable("", heads, rows));
    this.#showNow();
  }

  // How many have arrived by the step shown.
  #showNow() {
    if (!this.answer || !this.page.state.get("cloud")) return;
    const { walkers, methods, stride, what } = this.answer;
    const each = methods.map(({ name, arrival }) => {
      const step = this.#stepOf(name);
      return `${name} ${arrival.filter((at) => at >= 0 && at <= step).length}`;
    });
    const every = stride > 1 ? ` Drawn at every ${stride}. step.` : "";
    by("cloud-now").textContent = `By the step shown, of ${walkers} walkers have arrived: ${each.join(", ")}. ${what}${every}`;
  }

  /** @param {string} name */
  #stepOf(name) {
    return this.page.pictures.ownStep(name);
  }

  /**
   * The index of the frame at or before a step.
   * @param {number} step
   */
  #frame(step) {
    const { frames = [0], stride = 1 } = this.answer ?? {};
    return step >= (frames.at(-1) ?? 0) ? frames.length - 1 : Math.floor(step / stride);
  }

  /**
   * @param {Context} context
   * @param {MapView} map
   */
  draw(context, map) {
    if (!this.answer || !this.page.state.get("cloud")) return;
    const { extents, walkers } = this.answer;
    const { visible, colours } = map.paths;
    const [[left, right], [low, high]] = extents;
    const size = 2.6 * display.bold;
    for (const { name, places } of this.clouds) {
      if (visible && !visible.has(name)) continue;
      const look = this.page.looks[name];
      const from = this.#frame(this.#stepOf(name)) * walkers * 2;
      context.globalAlpha = 0.8;
      context.setLineDash([]);
      for (let w = 0; w < walkers; w += 1) {
        const [u, v] = [places[from + 2 * w], places[from + 2 * w + 1]];
        if (u === NOWHERE) continue;
        const at = [left + (u / (NOWHERE - 1)) * (right - left), low + (v / (NOWHERE - 1)) * (high - low)];
        const [x, y] = map.dimension === 1 ? map.pixel([at[0]], at[1]) : map.pixel(at);
        traceMarker(context, look.marker, x, y, size);
        context.fillStyle = look.colour;
        context.fill();
        context.lineWidth = 0.6;
        context.strokeStyle = colours.paper;
        context.stroke();
      }
      context.globalAlpha = 1;
    }
  }

  /**
   * @param {Context} context
   * @param {MapView} map
   */
  #drawGhosts(context, map) {
    const { colours, visible } = map.paths;
    if (!this.ghosts?.length || (visible && !this.haunted.some((name) => visible.has(name)))) return;
    const places = new LabelPlaces({ width: context.canvas.clientWidth, height: context.canvas.clientHeight });
    for (const { position, loss, holds } of this.ghosts) {
      const [x, y] = map.pixel(position, loss);
      for (const { colour, width } of [
        { colour: colours.paper, width: 5 },
        { colour: colours.ink, width: 2 },
      ]) {
        context.strokeStyle = colour;
        context.lineWidth = width * display.bold;
        context.setLineDash(holds || colour === colours.paper ? [] : [2, 2]);
        context.beginPath();
        for (const [dx, dy] of [
          [8, 0],
          [0, 8],
        ]) {
          context.moveTo(x - dx, y - dy);
          context.lineTo(x + dx, y + dy);
        }
        context.stroke();
      }
      context.setLineDash([]);
      const text = holds ? "ghost minimum of SAM" : "ghost (does not hold)";
      drawLabel(context, text, [x, y], [0, -1], colours.ink, colours, places, false);
    }
  }
}

/** @param {import("./main.js").ToyLab} page */
export function addCloud(page) {
  page.cloud = new Cloud(page);
}
