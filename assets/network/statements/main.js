// The panel of statements: asked for, trained by the engine from seed after seed, judged anew after each.
import { by, make } from "../../core/dom.js";
import { formatNumber } from "../../core/format.js";
import { claimNode } from "../../draw/claim.js";
import { showTable } from "../../draw/method_table.js";
import { JobRequest } from "../job_request.js";
import { timeInWords } from "../run_bar.js";
import { drawPairs } from "./pairs.js";

/** @typedef {import("../main.js").NetworkLab} Page */
/** @typedef {import("../../core/contract.js").StatementsRow} StatementsRow */
/** @typedef {import("../../core/contract.js").StatementsFound} StatementsFound */
/** @typedef {import("../../core/contract.js").MethodOverSeeds} MethodOverSeeds */

const NOT_YET = "not tested yet";

export class Statements {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** @type {StatementsFound | null} */
    this.found = null;
    this.settings = ""; // that this was asked for at
    this.seeds = 0; // asked for
    /** @type {{ found: StatementsFound, settings: string } | null} what ships with the lab */
    this.recorded = null;
    /** @type {Map<string, string>} settings → the last job asked for at them */
    this.jobs = new Map();
    /** @type {JobRequest<StatementsRow>} */
    this.request = new JobRequest(
      "statements",
      { onRow: (row, job, progress) => this.#row(row, job, progress), onOver: () => this.#show() },
      "/network/statements",
    );
    page.widgets.build(by("statements-controls"), page.schema.group("statements"));
    page.actions.add({
      statements: () => this.ask(),
      "statements-cancel": () => {
        this.request.cancel("Cancelled. It can go on where it was.");
        page.state.set({ statements_asked: "no" }, "run");
      },
    });
    page.state.listen((changed, source) => this.#changed(changed, source));
    document.addEventListener("pothole:scheme", () => this.#show());
  }

  /** What the page's training settings are, in one text. */
  get present() {
    const { state, schema } = this.page;
    const trained = Object.entries(state.values).filter(([name]) => !schema.isViewOnly(name) && name !== "methods");
    return JSON.stringify(trained.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Whether what is shown is what the page's settings ask for. */
  get current() {
    return this.settings === this.present && this.seeds === this.page.state.get("statements_seeds");
  }

  ask() {
    const { state } = this.page;
    if (this.request.busy && this.current) return;
    if (this.settings !== this.present) this.found = null;
    this.settings = this.present;
    this.seeds = state.get("statements_seeds");
    state.set({ statements_asked: "yes" }, "run");
    this.request.ask({ state: { ...state.values }, after: this.jobs.get(this.settings) ?? null });
    this.#show();
  }

  /**
   * @param {Set<string>} changed
   * @param {string} source
   */
  #changed(changed, source) {
    if (source === "open") {
      const found = this.page.shipped?.statements;
      this.recorded = found ? { found, settings: this.present } : null;
    }
    if (source === "open" && this.page.state.get("statements_asked") === "yes" && !this.current) {
      this.ask();
      return;
    }
    if ([...changed].some((name) => name === "statements_seeds" || !this.page.schema.isViewOnly(name))) this.#show();
  }

  /**
   * @param {StatementsRow} row
   * @param {string} job
   * @param {{ total: number, seconds_left: number | null }} progress
   */
  #row({ position, waiting, found }, job, { total, seconds_left: left }) {
    this.jobs.set(this.settings, job);
    const part = total ? position / total : 0;
    by("statements-bar").style.width = `${100 * part}%`;
    by("statements-progress").setAttribute("aria-valuenow", String(Math.round(100 * part)));
    if (found) this.found = found;
    const done = this.found?.seeds.length ?? 0;
    const wait = waiting ? "waits while other work goes first" : left && position < total ? `${timeInWords(left)} left` : "";
    this.request.say([`${done} of ${this.seeds} seeds`, wait].filter(Boolean).join(", "));
    if (found) this.#show();
    if (found && position === total) by("spoken").textContent = inWords(found);
  }

  #show() {
    const { page, current, request } = this;
    const texts = page.tables.statements[page.state.get("preset")] ?? [];
    // Verdicts of another preset are put away; those at other settings of the same stay, in pale.
    const own = speaksOf(this.found, texts) ? this.found : null;
    const recorded = !own && !request.busy && speaksOf(this.recorded?.found, texts) ? this.recorded : null;
    const found = own ?? recorded?.found ?? null;
    const whole = Boolean(own && current && own.seeds.length >= this.seeds);
    const stale = Boolean(found) && (recorded ?? this).settings !== this.present;
    const button = by("statements-ask", HTMLButtonElement);
    button.hidden = request.busy && current;
    button.disabled = whole;
    button.textContent = whole ? "Tested" : stale ? "Test at these settings" : own ? "Go on" : recorded ? "Test here" : "Test";
    by("statements-recorded").hidden = !recorded;
    if (recorded && page.shipped) by("statements-recorded").textContent = recordedInWords(recorded.found, page.shipped);
    by("statements-progress").hidden = !request.busy;
    for (const id of ["statements-claims", "statements-table"]) by(id).classList.toggle("stale", stale);
    by("statements-claims").replaceChildren(
      ...(found
        ? found.claims.map(judgedNode)
        : texts.map((statement) => claimNode({ verdict: NOT_YET, statement, counts: "", detail: "" }))),
    );
    by("statements-table").hidden = !found;
    if (found) showTable(by("statements-table"), COLUMNS, found.methods, page.looks, page.colours.paper);
  }
}

/**
 * Whether these are verdicts on these statements.
 * @param {StatementsFound | null | undefined} found
 * @param {string[]} texts
 */
const speaksOf = (found, texts) => Boolean(found?.claims.every(({ statement }, k) => statement === texts[k]));

/**
 * Where verdicts that nobody has asked for come from.
 * @param {StatementsFound} found
 * @param {import("../../core/contract.js").Replay} shipped
 */
export const recordedInWords = ({ seeds }, { made_by, versions }) =>
  `Recorded: seeds ${seeds[0]} to ${seeds.at(-1)}, trained by ${made_by} with torch ${versions.torch}.`;

/** @param {import("../../core/contract.js").JudgedStatement} claim */
function judgedNode(claim) {
  const pictures = make("div", { className: "pairs-row" }, ...claim.pairs.map(drawPairs));
  return claimNode(claim, pictures);
}

/**
 * The verdicts in a sentence.
 * @param {StatementsFound} found
 */
export function inWords({ seeds, claims }) {
  const count = (/** @type {string} */ verdict) => claims.filter((claim) => claim.verdict === verdict).length;
  const held = `Over ${seeds.length} seeds: ${count("holds")} of ${claims.length} statements hold`;
  return `${held}; not borne out: ${count("does not hold")}; cannot be told: ${count("cannot be told")}.`;
}

/**
 * A mean with its standard error.
 * @param {(number | null)[]} value
 * @param {number} [parts] that 1 has
 */
export const withError = ([mean, error], parts = 1) => {
  if (mean === null) return "–";
  const unit = parts === 100 ? " %" : "";
  return `${formatNumber(parts * mean)}${error ? ` ± ${formatNumber(parts * error, 2)}` : ""}${unit}`;
};

/** @type {import("../../draw/method_table.js").Column<MethodOverSeeds>[]} */
const COLUMNS = [
  ["Method", (row) => row.method],
  ["Training loss", (row) => withError(row.train_loss)],
  ["Test loss", (row) => withError(row.test_loss)],
  ["Test accuracy", (row) => withError(row.test_accuracy, 100)],
  ["Gradient evaluations", (row) => withError(row.evaluations)],
  ["Processor seconds", (row) => withError(row.seconds)],
  ["", (row) => (row.stopped ? `stopped on ${row.stopped} seed${row.stopped > 1 ? "s" : ""}` : "")],
];

/** @param {Page} page */
export function addStatements(page) {
  new Statements(page);
}
