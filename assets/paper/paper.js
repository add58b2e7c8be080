// The page Paper: the server has written its words, verdicts and rows of numbers; here the charts are drawn.
import { Actions, headerActions } from "../core/actions.js";
import { by } from "../core/dom.js";
import { isUndoable, showLink } from "../core/link.js";
import { makeOpener, openOnReturn } from "../core/opening.js";
import { unfoldOnPaper } from "../core/printing.js";
import { Schema } from "../core/schema.js";
import { FIRST_COLOURS, showScheme } from "../core/scheme.js";
import { State } from "../core/state.js";
import { Chart } from "../draw/chart.js";
import { fillSwatches } from "../draw/swatch.js";
import { chartData } from "./chart_data.js";

export class PaperPage {
  /** @param {import("../core/contract.js").PaperTables} tables */
  constructor(tables) {
    this.tables = tables;
    this.looks = tables.looks;
    this.colours = FIRST_COLOURS;
    this.state = new State();
    this.schema = new Schema(tables.controls);
    this.opener = makeOpener("/toy/open");
    /** @type {import("../lecture/lecture.js").Lecture | null} */
    this.lecture = null;
    this.charts = tables.charts.map((told) => ({ told, chart: new Chart(by(told.id), { readout: true }) }));
    /** What is drawn anew with the theme. */
    this.pictures = { restyle: () => this.draw() };
    this.actions = new Actions(headerActions(this.state));
    this.state.listen((changed, source) => this.changed(changed, source));
    openOnReturn(this);
    unfoldOnPaper(".paper-figure details");
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
    showLink(this.state, { entry: isUndoable(changed, source, this.schema), own: ["panel"] });
    if (changed.has("scheme")) this.applyScheme(this.state.values.scheme);
  }

  /** @param {string} scheme */
  applyScheme(scheme) {
    const { colours, looks } = showScheme(scheme, this.tables.looks);
    this.colours = colours;
    this.looks = looks;
    fillSwatches(looks, colours.paper);
    this.draw();
  }

  draw() {
    for (const { told, chart } of this.charts) chart.show(chartData(told, this.looks), this.colours);
  }
}
