// The cut of a notebook's widget: the page's own picture, whose steps the kernel computes.
import { by } from "../core/dom.js";
import { CutView } from "../draw/cut_view.js";
import { ALONG, wordsOf } from "../toy/cut.js";
import { pictureOf } from "../toy/cut_lanes.js";
import { CutRun } from "../toy/cut_run.js";

export class NotebookCut {
  /** @param {import("./lab.js").NotebookLab} lab */
  constructor(lab) {
    this.lab = lab;
    this.view = new CutView(by("cut-stack"));
    this.run = new CutRun({
      ask: () => this.ask(),
      draw: () => this.drawSoon(),
      post: (body, signal) => lab.kernel.ask("cut", body, signal),
    });
    this.scheduled = 0;
    lab.widgets.build(by("cut-controls"), lab.schema.group("cut"));
    new ResizeObserver(() => this.draw()).observe(by("cut-stack"));
  }

  /**
   * New paths, or another line: what is known belongs to the ones before.
   * @param {Record<string, unknown>} asked the state that the paths were asked with
   */
  begin(asked) {
    const line = this.lab.state.get("cut_line");
    this.run.begin({ ...asked, cut_line: line });
    const curve = this.lab.surface?.dimension === 1; // is its own line
    by("cut-controls").hidden = curve;
    by("cut-hint").textContent = curve ? "the loss itself" : ALONG[line];
    this.ask();
  }

  /** Ask for what is not known yet of what is shown. */
  ask() {
    const { lab } = this;
    this.run.ask(lab.map.paths.entries, lab.player, !lab.gate.idle);
  }

  drawSoon() {
    cancelAnimationFrame(this.scheduled);
    this.scheduled = requestAnimationFrame(() => this.draw());
  }

  draw() {
    const { run, lab } = this;
    const entries = run.entries.filter(({ name }) => lab.state.values.methods.includes(name));
    const picture = pictureOf(run.shown, entries, lab.looks, lab.player.step);
    if (!picture) return;
    this.view.show(picture, lab.map.paths.colours);
    by("cut-picture").setAttribute("aria-label", wordsOf(picture, lab.player.step));
  }
}
