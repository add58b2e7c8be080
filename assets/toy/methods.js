// The page Methods: the server has written its words; here each method gets its run, played when it comes into view.
import { Actions, headerActions } from "../core/actions.js";
import { by } from "../core/dom.js";
import { formatNumber } from "../core/format.js";
import { LatestWinsGate } from "../core/gate.js";
import { postJson, problemsOf, Refused } from "../core/http.js";
import { isUndoable, showLink, writeLink } from "../core/link.js";
import { lessMotion } from "../core/motion.js";
import { showNotices } from "../core/notices.js";
import { makeOpener, openOnReturn } from "../core/opening.js";
import { unfoldOnPaper } from "../core/printing.js";
import { Schema } from "../core/schema.js";
import { FIRST_COLOURS, showScheme } from "../core/scheme.js";
import { State } from "../core/state.js";
import { Ground } from "../draw/ground.js";
import { fillSwatches } from "../draw/swatch.js";
import { entriesOf } from "./entries.js";
import { Miniature } from "./miniature.js";

/** @typedef {import("../core/contract.js").ToyAnswer} ToyAnswer */

const TIMEOUT = 120000; // ms; a new installation compiles the simulation first
const AGAIN = 1000; // ms until what the server did not answer is asked for again
const IN_VIEW = 0.6; // part of a miniature that is on the screen when it plays

export class MethodsPage {
  /** @param {import("../core/contract.js").MethodsTables} tables */
  constructor(tables) {
    this.tables = tables;
    this.looks = tables.looks;
    this.colours = FIRST_COLOURS;
    this.groundLook = tables.grounds.light;
    this.state = new State();
    this.schema = new Schema(tables.controls);
    this.opener = makeOpener("/toy/open");
    this.undoable = false;
    /** @type {import("../lecture/lecture.js").Lecture | null} */
    this.lecture = null;
    const figures = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".miniature"));
    /** @type {Map<Element, Miniature>} */
    this.miniatures = new Map([...figures].map((figure) => [figure, new Miniature(figure)]));
    /** What is drawn anew with the theme. */
    this.pictures = { restyle: () => this.draw() };
    /** @type {LatestWinsGate<Record<string, unknown>, ToyAnswer>} */
    this.gate = new LatestWinsGate((state, signal) => postJson("/toy/compute", state, signal), {
      onAnswer: (answer) => this.answered(answer),
      onFailure: (error, _, newer) => this.failed(error, newer),
      timeout: TIMEOUT,
    });
    this.actions = new Actions({
      ...headerActions(this.state),
      miniature: (name) => [...this.miniatures.values()].find((one) => one.name === name)?.player.toggle(),
    });
    this.state.listen((changed, source) => this.changed(changed, source));
    openOnReturn(this);
    const seen = new IntersectionObserver((entries) => this.seen(entries), { threshold: IN_VIEW });
    const sized = new ResizeObserver(() => this.draw());
    for (const figure of figures) seen.observe(figure);
    if (figures[0]) sized.observe(figures[0]); // all are as wide
    unfoldOnPaper(".method-card details", () => {
      // Runs are printed whole.
      for (const { ready, player } of this.miniatures.values()) if (ready) player.hold(player.steps);
    });
  }

  begin() {
    void this.open({ query: location.search });
  }

  /** @param {{ query: string }} asked */
  open(asked) {
    return this.opener(asked, ({ state, base }) => this.state.replace(state, "open", base));
  }

  /**
   * @param {Set<string>} changed
   * @param {string} source
   */
  changed(changed, source) {
    const { values, base } = this.state;
    showLink(this.state, { entry: isUndoable(changed, source, this.schema), own: ["panel"] });
    if (changed.has("scheme")) this.applyScheme(values.scheme);
    for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("a[data-lab]"))) {
      const name = link.dataset.lab ?? "";
      const shown = this.tables.methods.filter((one) => one === name || this.schema.control("methods").default.includes(one));
      link.href = `/${writeLink({ ...values, methods: shown }, base)}`;
    }
    if ([...changed].some((name) => !this.schema.isViewOnly(name))) this.gate.ask(this.request());
  }

  /** @returns {Record<string, unknown>} */
  request() {
    const state = Object.entries(this.state.values).filter(([name]) => !this.schema.isViewOnly(name));
    return { ...Object.fromEntries(state), methods: this.tables.methods };
  }

  /** @param {ToyAnswer} answer */
  answered({ surface, paths, left_out: leftOut }) {
    showNotices("request", leftOut);
    if (!surface) return;
    const { values } = this.state;
    const numbers = [`η = ${formatNumber(values.learning_rate)}`, `ρ = ${formatNumber(values.radius)}`, `${paths.steps} steps`];
    by("methods-ground").textContent =
      `The small pictures are runs on ${surface.title} from one start, at the toy lab’s settings (${numbers.join(", ")}).`;
    const ground = surface.ground ? new Ground(surface.ground, surface.domain) : null;
    const entries = entriesOf(paths, this.looks);
    for (const one of this.miniatures.values()) {
      const at = entries.findIndex(({ name }) => name === one.name);
      const entry = entries[at];
      const row = paths.methods[at]?.row;
      if (entry && row) one.setRun(surface, ground, entry, { steps: paths.steps, start: paths.start, sentence: row.sentence });
    }
    this.draw();
    for (const one of this.miniatures.values()) this.#playIfShowing(one);
    document.dispatchEvent(new CustomEvent("pothole:painted", { detail: paths }));
  }

  /**
   * @param {unknown} error
   * @param {boolean} newer
   */
  failed(error, newer) {
    showNotices("request", problemsOf(error, "The server does not answer; asking again…"), "error");
    const again = !(error instanceof Refused) || error.status === 429;
    if (again && !newer) setTimeout(() => this.gate.idle && this.gate.ask(this.request()), AGAIN);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  seen(entries) {
    for (const { target, intersectionRatio } of entries) {
      const one = this.miniatures.get(target);
      if (!one) continue;
      const showing = intersectionRatio >= IN_VIEW;
      if (showing === one.showing) continue;
      one.showing = showing;
      if (showing) this.#playIfShowing(one);
      else one.player.pause();
    }
  }

  /** @param {Miniature} one */
  #playIfShowing(one) {
    if (one.showing && one.ready && !lessMotion()) one.player.play();
  }

  /** @param {string} scheme */
  applyScheme(scheme) {
    const { colours, looks } = showScheme(scheme, this.tables.looks);
    this.colours = colours;
    this.looks = looks;
    this.groundLook = this.tables.grounds[scheme] ?? this.groundLook;
    fillSwatches(looks, colours.paper);
    this.draw();
  }

  draw() {
    for (const one of this.miniatures.values()) {
      const look = this.looks[one.name];
      if (look) one.draw(this.colours, look, this.groundLook);
    }
  }
}
