// The two-scale instrument: closed forms beside what the real step does, the cycles that coexist, the window of ρ, and
// the axis along which SAM bounces on the plane.
import { display } from "../core/display.js";
import { make, plainTable } from "../core/dom.js";
import { formatNumber } from "../core/format.js";
import { Chart } from "../draw/chart.js";
import { font } from "../draw/ink.js";
import { Layer } from "../draw/layer.js";
import { drawMarker } from "../draw/markers.js";
import { addInstrument, Instrument } from "./base.js";
import { HeatMap } from "./heat_map.js";
import { makeFigure, makeKey, makeSign } from "./parts.js";

/** @typedef {import("../core/contract.js").TwoScaleAnswer} TwoScaleAnswer */
/** @typedef {import("../draw/shapes.js").Point} Point */

const ON_TWO_SCALES = ["two-scale-quadratic", "two-scale-plane"];
const DASHES = [
  [7, 4],
  [2, 3],
];

/** @extends {Instrument<TwoScaleAnswer>} */
class TwoScales extends Instrument {
  /**
   * @param {import("./base.js").InstrumentsLab} page
   * @param {HTMLElement} place
   * @param {string} key
   */
  constructor(page, place, key) {
    super(page, place, key);
    /** @type {number | null} the radius that is pointed at */
    this.cell = null;
    this.sentence = make("p", { className: "verdict-sentence" });
    this.offer = make("button", { type: "button", className: "button", textContent: "Take the two-scale quadratic as the page’s surface" });
    Object.assign(this.offer.dataset, { action: "preset", value: "two-scale" });
    this.quantities = make("div", { className: "scroll" });
    this.cycles = make("div", { className: "scroll" });
    this.status = make("p", { className: "hint" });
    const orbit = make("div", { className: "loss-stack" });
    this.orbit = new Chart(orbit, { label: "SAM’s last steps in the pothole" });
    const strip = make("div", { className: "ends-stack" });
    this.strip = new HeatMap(strip, {
      label: "What becomes of SAM, by radius. Arrow keys move, Enter goes to the radius.",
      onPoint: (cell, how) => this.#point(cell ? cell[0] : null, how),
      onPick: (i) => page.state.set({ radius: Number(this.answer?.window.radii[i]?.toFixed(2)) }, "map"),
    });
    this.key = make("div", { className: "scale" });
    this.readout = make("p", { className: "hint" });
    this.planes = [0, 1].map(() => {
      const [title, stack, words] = [
        make("span"),
        make("div", { className: "bounce-stack", role: "img" }),
        make("p", { className: "hint" }),
      ];
      return { node: makeFigure(title, stack, words), title, stack, words, layer: new Layer(stack, "heat-canvas") };
    });
    for (const plane of this.planes) new ResizeObserver(() => this.#drawPlanes()).observe(plane.stack);
    place.append(
      this.sentence,
      make("div", {}, this.offer),
      this.quantities,
      make(
        "div",
        { className: "pair" },
        makeFigure(make("span", { textContent: "SAM in the pothole, from the start in view (x − x*, last steps)" }), orbit),
        makeFigure(make("span", { textContent: "What becomes of SAM from the start, by ρ" }), strip, this.key, this.readout),
      ),
      this.cycles,
      make("div", { className: "pair" }, ...this.planes.map(({ node }) => node)),
      this.status,
    );
  }

  /**
   * @override
   * @param {TwoScaleAnswer} answer
   * @param {number} index
   * @param {number} of
   */
  part(answer, index, of) {
    this.cell = null;
    super.part(answer, index, of);
  }

  /** @override */
  get spoken() {
    return this.answer?.sentence ?? "";
  }

  /** @override */
  show() {
    this.offer.hidden = ON_TWO_SCALES.includes(this.page.state.get("surface"));
    if (!this.answer) return;
    // a sign word is one word: no line ends in it
    this.sentence.textContent = this.answer.sentence.replace(/[−+]{2,}/g, (word) => [...word].join("\u2060"));
    this.status.textContent = this.answer.what;
    this.#showQuantities(this.answer);
    this.#showCycles(this.answer);
    this.#showOrbit(this.answer);
    this.#showWindow(this.answer);
    this.#showPlanes(this.answer);
  }

  /** @param {TwoScaleAnswer} answer */
  #showQuantities({ quantities, c, edge }) {
    const told = (/** @type {import("../core/contract.js").Quantity} */ row) => {
      if (row.deviation === null) return "–";
      const grid = row.fineness ? ` (searched to ${formatNumber(100 * row.fineness, 2)} %)` : "";
      return `${row.deviation < 1e-15 ? "0" : formatNumber(row.deviation, 2)}${row.agrees ? "" : " — does not agree"}${grid}`;
    };
    this.quantities.replaceChildren(
      plainTable(
        `c = ηUa = ${formatNumber(c, 4)} with U = 1; cycles attract for 0 < c < 2(1 + μ) = ${formatNumber(edge, 4)}`,
        ["Quantity", "Closed form", "Its value", "Simulated", "Relative deviation", "What it is"],
        quantities.map((row) => [row.label, row.formula, formatNumber(row.closed, 6), formatNumber(row.simulated, 6), told(row), row.kind]),
      ),
    );
  }

  /** @param {TwoScaleAnswer} answer */
  #showCycles({ cycles }) {
    this.cycles.hidden = !cycles.list.length;
    const more = cycles.count > cycles.list.length ? `, ${cycles.list.length} of ${cycles.count} listed` : "";
    const others = cycles.others ? `; ${cycles.others} of the starts settle on none of them` : "";
    this.cycles.replaceChildren(
      plainTable(
        `Cycles of period up to ${cycles.longest}${more}, each with its mirror image; ${cycles.starts} starts at rest across the pothole${others}`,
        [
          "Signs",
          "Period",
          "Amplitude by closed form",
          "Followed by the real step",
          "Relative deviation",
          "Starts that end on it",
          "Start in view",
        ],
        cycles.list.map((row) => [
          row.word,
          String(row.period),
          formatNumber(row.closed, 6),
          formatNumber(row.simulated, 6),
          row.deviation < 1e-15 ? "0" : formatNumber(row.deviation, 2),
          String(row.starts),
          row.mine ? "this one" : "",
        ]),
      ),
    );
  }

  /** @param {TwoScaleAnswer} answer */
  #showOrbit({ cycles }) {
    const place = this.orbit.place;
    place.hidden = !cycles.orbit;
    if (!cycles.orbit) return;
    const { colours, looks } = this.page;
    const { simulated, closed } = cycles.orbit;
    const x = simulated.map((_, k) => k - simulated.length + 1);
    const sam = looks.SAM;
    const dots = { ...sam, colour: colours.ink, marker: "circle" };
    const series = [
      { x, y: simulated, look: { ...sam, width: 2 } },
      { x, y: closed, look: dots, line: false, points: true },
    ];
    this.orbit.show({ x: { title: "Step before the last (line: real step; dots: closed form)" }, y: {}, series }, colours);
    const words = cycles.mine ? `a cycle ${cycles.mine.word} of period ${cycles.mine.period}` : "no short cycle";
    place.setAttribute("aria-label", `SAM’s last ${simulated.length} steps in the pothole: ${words}.`);
  }

  /** @param {TwoScaleAnswer} answer */
  #showWindow(answer) {
    const { radii, ends, lines, counts } = answer.window;
    const names = Object.keys(this.page.tables.ending_colours.window).filter((name) => counts[name]);
    const told = names.map((name) => `${name} at ${counts[name]}`).join(", ");
    this.strip.show(
      {
        words: `of ${radii.length} radii from ${formatNumber(radii[0])} to ${formatNumber(radii.at(-1))} the real step ends: ${told}`,
        x: { values: radii, log: false, title: "Probe radius ρ" },
        y: { values: [0, 1], log: false, title: "", labels: ["", ""] },
        margin: { left: 14, right: 14, top: 6, bottom: 38 },
        colour: (i) => this.page.tables.ending_colours.window[ends[i]],
        hatched: (i) => ends[i] === "diverges" || ends[i] === "hangs at the ghost minimum",
        mark: [this.page.state.get("radius"), 0.5],
        lines: lines.map(({ at }, k) => ({
          points: [
            [at, -0.5],
            [at, 1.5],
          ],
          dash: DASHES[k % 2],
        })),
      },
      this.page.colours,
    );
    this.key.replaceChildren(
      ...names.map((name) => {
        const hatched = name === "hangs at the ghost minimum" ? " (hatched)" : "";
        return makeKey("key-swatch", `${name}${hatched}: ${counts[name]}`, this.page.tables.ending_colours.window[name]);
      }),
      ...lines.map(({ name, at }, k) =>
        makeSign(`${k ? "dotted" : "dashed"}: ${name} = ${formatNumber(at)}, necessary for leaving, not sufficient`),
      ),
    );
    this.#showPoint(answer);
  }

  /**
   * @param {number | null} i
   * @param {"mouse" | "keys"} [how]
   */
  #point(i, how) {
    this.cell = i;
    this.strip.point(i === null ? null : [i, 0]);
    if (!this.answer) return;
    this.#showPoint(this.answer);
    if (how === "keys") this.page.speak(this.readout.textContent, 300);
  }

  /** @param {TwoScaleAnswer} answer */
  #showPoint({ window: { radii, ends, what } }) {
    this.readout.textContent = this.cell === null ? what : `At ρ = ${formatNumber(radii[this.cell])} SAM ${ends[this.cell]}.`;
  }

  /** @param {TwoScaleAnswer} answer */
  #showPlanes(answer) {
    answer.plane.forEach((told, k) => {
      const { title, words, stack } = this.planes[k];
      title.textContent = told.name;
      const products = told.products.map((v) => formatNumber(v)).join(", ");
      const predicted = `U a = (${products}): argmax is axis ${told.expected}.`;
      const seen = !told.stable
        ? ` ηUa = ${formatNumber(told.c)} is beyond 2(1 + μ): the bouncing is not stable, nothing to see.`
        : told.axis === null
          ? " The walker does not bounce here."
          : ` The real step moves along axis ${told.axis} (${formatNumber(100 * (told.share ?? NaN))} % of its motion): ${told.agrees ? "as the closed form says" : "not as the closed form says"}.`;
      words.textContent = predicted + seen;
      stack.setAttribute("aria-label", `SAM with ${told.name}. ${words.textContent}`);
    });
    this.#drawPlanes();
  }

  // The last places on the plane, both axes to one scale.
  #drawPlanes() {
    if (!this.answer) return;
    const { colours, looks } = this.page;
    const reach = Math.max(...this.answer.plane.flatMap(({ path }) => path.flat().map(Math.abs)), 1e-12) * 1.25;
    this.answer.plane.forEach(({ path }, k) => {
      const { layer, stack } = this.planes[k];
      if (stack.offsetParent === null) return;
      layer.fit();
      layer.clear();
      const { context, width, height } = layer;
      const scale = Math.min(width, height) / 2 / reach;
      const at = (/** @type {number[]} */ [x, y]) => /** @type {Point} */ ([width / 2 + x * scale, height / 2 - y * scale]);
      context.font = font(12);
      context.strokeStyle = colours.grid;
      context.fillStyle = colours.quiet;
      context.lineWidth = 1;
      context.setLineDash([]);
      context.strokeRect(width / 2, 4, 0, height - 8);
      context.strokeRect(4, height / 2, width - 8, 0);
      context.textAlign = "right";
      context.fillText("axis 1", width - 6, height / 2 - 6);
      context.textAlign = "left";
      context.fillText("axis 2", width / 2 + 6, 16);
      const look = looks[k ? "LLQR+SAM" : "SAM"];
      context.strokeStyle = look.colour;
      context.lineWidth = 1.4 * display.bold;
      context.globalAlpha = 0.6;
      context.beginPath();
      path.forEach((point) => context.lineTo(...at(point)));
      context.stroke();
      context.globalAlpha = 1;
      for (const point of path) drawMarker(context, look, ...at(point), 4 * display.bold, colours.paper);
    });
  }
}

addInstrument("two-scale", TwoScales);
